/**
 * What the worker tells the page, listened to beside the page itself. Tests wait on the model (its clock, its events,
 * its records), never on wall time, and need no hook in the product for it.
 */
import { expect, type Page } from '@playwright/test'
import type { Ask, Frame, Pace } from '../../src/lab/protocol.ts'
import type { SimEvent } from '../../src/sim/contract.ts'

/** A frame without its records and events. */
export type Transport = Pick<
  Frame,
  | 'seq'
  | 'now'
  | 'shown'
  | 'executed'
  | 'head'
  | 'playing'
  | 'spinning'
  | 'branch'
  | 'branches'
  | 'scenario'
  | 'seed'
  | 'stopped'
> & { frames: number; moved: number; pace: Pace; busy: boolean; bookmarks: number }

interface Heard {
  worker?: Worker
  frames: number
  /** Messages between two actors that were seen to run or to leave. */
  moved: number
  /** The frame that brought the first of them. */
  movedBy: number
  bookmarks: number
  frame?: Frame
  tables: Map<string, Map<string, object>>
  events: SimEvent[]
  answers: Map<number, unknown>
  /** What the terminals have printed. */
  printed: string
  /** What the Content-Security-Policy has refused. */
  refused: string[]
  /** What a frame has told the page around it. */
  told: unknown[]
}

declare global {
  interface Window {
    heard?: Heard
  }
}

/** Runs in the page before anything of it. */
function listen(): void {
  const heard: Heard = {
    frames: 0,
    moved: 0,
    movedBy: Infinity,
    bookmarks: 0,
    tables: new Map(),
    events: [],
    answers: new Map(),
    printed: '',
    refused: [],
    told: [],
  }
  window.heard = heard
  document.addEventListener('securitypolicyviolation', (event) =>
    heard.refused.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
  )
  const take = (frame: Frame): void => {
    heard.frames++
    heard.frame = frame
    if (frame.whole) heard.tables.clear()
    for (const table of frame.reset) heard.tables.get(table)?.clear()
    for (const [table, id, record] of frame.changes) {
      const rows = heard.tables.get(table) ?? new Map<string, object>()
      heard.tables.set(table, rows)
      if (record) rows.set(id, record)
      else rows.delete(id)
    }
    const messages = [...frame.events, ...frame.scheduled].filter((event) => event.from !== event.to)
    heard.moved += messages.length
    if (heard.moved > 0) heard.movedBy = Math.min(heard.movedBy, heard.frames)
    if (frame.bookmarks) heard.bookmarks = frame.bookmarks.length
    heard.events = [...(frame.whole ? [] : heard.events), ...frame.events].slice(-4000)
  }
  window.addEventListener('message', ({ data }) => heard.told.push(data))
  const Real = window.Worker
  window.Worker = class extends Real {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options)
      if (options?.name !== 'model') return
      heard.worker = this
      this.addEventListener('message', ({ data }) => {
        if (data.t === 'frame') take(data.frame)
        else if (data.t === 'answer') heard.answers.set(data.id, data.answer)
        else if (data.t === 'terminal') heard.printed += data.text
      })
    }
  }
}

export interface PodSeen {
  readonly name: string
  readonly namespace: string
  readonly node: string | undefined
  readonly phase: string | undefined
  readonly ready: boolean
}

export class Model {
  private asked = 1_000_000
  private readonly page: Page
  constructor(page: Page) {
    this.page = page
  }

  /** Before the page is opened. */
  async listen(): Promise<void> {
    await this.page.addInitScript(listen)
  }

  transport(): Promise<Transport | undefined> {
    return this.page.evaluate(() => {
      const { heard } = window
      if (!heard?.frame) return undefined
      const { changes, events, scheduled, settled, density, bookmarks, busy, ...rest } = heard.frame
      void [changes, events, scheduled, settled, density, bookmarks]
      return { ...rest, frames: heard.frames, moved: heard.moved, bookmarks: heard.bookmarks, busy: busy !== undefined }
    })
  }
  async now(): Promise<number> {
    return (await this.transport())?.now ?? -1
  }
  async playing(): Promise<boolean> {
    return (await this.transport())?.playing ?? false
  }

  pods(): Promise<PodSeen[]> {
    return this.page.evaluate(() =>
      [...(window.heard?.tables.get('pods')?.values() ?? [])].map((record) => {
        const { metadata, spec, status } = record as {
          metadata: { name: string; namespace: string }
          spec: { nodeName?: string }
          status?: { phase?: string; conditions?: { type: string; status: string }[] }
        }
        const ready = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
        return { name: metadata.name, namespace: metadata.namespace, node: spec.nodeName, phase: status?.phase, ready }
      }),
    )
  }
  async pod(name: string): Promise<PodSeen | undefined> {
    return (await this.pods()).find((pod) => pod.name === name)
  }

  /** Kinds of the messages that ran, newest last. */
  kinds(): Promise<string[]> {
    return this.page.evaluate(() => window.heard?.events.map((event) => event.kind) ?? [])
  }

  /** Asks the worker, beside what the page asks. */
  async ask<T>(ask: Ask): Promise<T> {
    const id = this.asked++
    await this.page.evaluate(([id, ask]) => window.heard!.worker!.postMessage({ t: 'ask', id, ask }), [
      id,
      ask,
    ] as const)
    const answer = await this.page.waitForFunction((id) => window.heard!.answers.get(id), id)
    const { ok, value, message } = (await answer.jsonValue()) as { ok: boolean; value: T; message?: string }
    if (!ok) throw new Error(message)
    return value
  }

  /** Fast, for what takes minutes of model time. The learner has a menu and keys for it. */
  async speed(factor: number): Promise<void> {
    await this.page.evaluate(
      (factor) => window.heard!.worker!.postMessage({ t: 'pace', pace: { mode: 'speed', factor } }),
      factor,
    )
  }

  async seek(at: number): Promise<void> {
    await this.page.evaluate((at) => window.heard!.worker!.postMessage({ t: 'seek', at }), at)
    await expect
      .poll(async () => {
        const seen = await this.transport()
        return seen?.busy ? -1 : seen?.now
      })
      .toBe(at)
  }
}
