/**
 * A run as a link: scenario, seed, inputs with their places, and the moment. What comes in by a link was written by a
 * stranger: it is bounded and checked before anything of it reaches the model, and refused with one clear sentence.
 */
import type { Micros, RecordedInput } from '../sim/contract.ts'

export interface SharedRun {
  scenario: string
  seed: number
  inputs: readonly RecordedInput[]
  at: Micros
  /** Number of executed events: of several that are due at one moment some may have run. */
  executed: number
}

/** Why a link cannot be opened, in words for the person who clicked it. */
export class BadLink extends Error {}

const LONGEST_LINK = 128_000
const LARGEST_JSON = 1_000_000
const MOST_INPUTS = 2_000
const DEEPEST = 48
/** A week of model time and ten million events: far more than any page computes. */
const LATEST: Micros = 7 * 86_400_000_000
const MOST_EVENTS = 10_000_000
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/
const WORD = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,250}$/

export async function encodeRun(run: SharedRun): Promise<string> {
  const inputs = run.inputs.map(({ kind, to, from, data, at, after }) => [
    at,
    after,
    kind,
    to,
    data,
    ...(from ? [from] : []),
  ])
  const json = JSON.stringify({
    v: 1,
    s: run.scenario,
    r: run.seed,
    t: run.at,
    n: run.executed,
    ...(inputs.length > 0 ? { i: inputs } : {}),
  })
  const text = toBase64Url(await pass(new TextEncoder().encode(json), new CompressionStream('deflate-raw'), Infinity))
  if (text.length > LONGEST_LINK)
    throw new BadLink('This run has too many inputs for a link. Export it as a file instead.')
  return text
}

export async function decodeRun(text: string): Promise<SharedRun> {
  if (text.length > LONGEST_LINK) throw new BadLink('This link is longer than any that the lab makes.')
  if (!/^[A-Za-z0-9_-]+$/.test(text))
    throw new BadLink('This link was cut or changed on its way: it holds characters that no link has.')
  let json: string
  try {
    const bytes = await pass(fromBase64Url(text), new DecompressionStream('deflate-raw'), LARGEST_JSON)
    json = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof BadLink) throw error
    throw new BadLink('This link was cut or changed on its way: it cannot be unpacked.')
  }
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new BadLink('This link was cut or changed on its way: what is in it is not a run.')
  }
  return checkRun(value)
}

export function checkRun(value: unknown): SharedRun {
  const run = value as { v?: unknown; s?: unknown; r?: unknown; t?: unknown; n?: unknown; i?: unknown } | null
  if (typeof run !== 'object' || run === null || Array.isArray(run)) throw new BadLink('This link does not hold a run.')
  if (run.v !== 1) throw new BadLink('This link was made by another version of Nodeglass.')
  if (typeof run.s !== 'string' || !NAME.test(run.s)) throw new BadLink('This link names no scenario.')
  const inputs = run.i ?? []
  if (!Array.isArray(inputs) || inputs.length > MOST_INPUTS)
    throw new BadLink(`This link holds more than ${MOST_INPUTS} inputs.`)
  let lastAt = 0
  let lastAfter = 0
  const checked = inputs.map((input: unknown, i): RecordedInput => {
    const bad = (what: string) => new BadLink(`Input ${i + 1} of this link ${what}.`)
    if (!Array.isArray(input)) throw bad('is not an input')
    const [at, after, kind, to, data, from] = input as unknown[]
    if (!whole(at, LATEST) || at < lastAt) throw bad('has no moment')
    if (!whole(after, MOST_EVENTS) || after < lastAfter) throw bad('has no place in the run')
    if (typeof kind !== 'string' || !WORD.test(kind) || typeof to !== 'string' || !WORD.test(to))
      throw bad('goes to nobody')
    if (from !== undefined && (typeof from !== 'string' || !WORD.test(from))) throw bad('comes from nobody')
    if (!plain(data, 0)) throw bad('holds something that is not plain data')
    lastAt = at
    lastAfter = after
    return { at, after, kind, to, data, ...(typeof from === 'string' ? { from } : {}) }
  })
  if (!whole(run.r, 0xffff_ffff)) throw new BadLink('This link has no seed.')
  if (!whole(run.t, LATEST)) throw new BadLink('This link names no moment.')
  const executed = run.n ?? MOST_EVENTS
  if (!whole(executed, MOST_EVENTS)) throw new BadLink('This link has no place in the run.')
  return { scenario: run.s, seed: run.r, at: run.t, executed, inputs: checked }
}

function whole(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most
}

function plain(value: unknown, depth: number): boolean {
  if (depth > DEEPEST) return false
  if (typeof value !== 'object' || value === null)
    return value === undefined || typeof value !== 'number' || Number.isFinite(value)
  if (Array.isArray(value)) return value.every((item) => plain(item, depth + 1))
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && plain(item, depth + 1))
}

/** Runs bytes through a stream and stops it as soon as more comes out than allowed. */
async function pass(
  bytes: Uint8Array<ArrayBuffer>,
  through: ReadableWritablePair<Uint8Array, BufferSource>,
  most: number,
): Promise<Uint8Array> {
  const reader = new Blob([bytes])
    .stream()
    .pipeThrough(through as ReadableWritablePair<Uint8Array, Uint8Array>)
    .getReader()
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > most) {
      await reader.cancel().catch(() => undefined)
      throw new BadLink('This link unpacks to more than a run can be.')
    }
    parts.push(value)
  }
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
