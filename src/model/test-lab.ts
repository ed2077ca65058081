/** For tests: the whole cluster at the moment that a visitor is shown, with the verbs of somebody at a keyboard. */
import { MINUTE, SECOND } from '../sim/clock.ts'
import type { JournalEntry, Micros } from '../sim/contract.ts'
import type { Machine, Snapshot } from '../sim/machine.ts'
import type { ContainerStatus, KubeObject, Pod } from './apiserver/objects.ts'
import { resourceOfKind } from './apiserver/resources.ts'
import { newMachine, openScenario } from './cluster.ts'
import { wrongSteps } from './invariants.ts'
import type { ConnectRequest } from './linux/net/connect.ts'
import { actorOf } from './linux/net/places.ts'
import type { ApiRequest, ApiResponse } from './messages.ts'
import type { FlowRecord, ModelReader, NetPlace, Tables } from './tables.ts'

type Plain = Record<string, unknown>
const SEED = 5
const opened = new Map<string, Snapshot>()

export const container = (name: string, image: string, more: Plain = {}): Plain => ({ name, image, ...more })
export const shell = (name: string, script: string, more: Plain = {}): Plain =>
  container(name, 'busybox:1.37', { command: ['sh', '-c', script], ...more })

export class TestLab {
  readonly machine: Machine<Tables>
  private tokens = 0

  constructor(scenario = 'default') {
    let state = opened.get(scenario)
    if (!state) opened.set(scenario, (state = openScenario(scenario, SEED).save()))
    this.machine = newMachine(SEED)
    this.machine.restore(state)
  }

  get reader(): ModelReader {
    return this.machine.reader
  }
  get now(): Micros {
    return this.machine.now
  }

  /** Runs for a while; `seen` is asked after every event. */
  run(micros: Micros, seen?: (entry: JournalEntry) => void): void {
    this.until(() => false, micros, seen)
  }

  /** Runs until `done` holds; how long it took, or Infinity. `done` is asked after every event. */
  until(done: () => boolean, limit: Micros = 2 * MINUTE, seen?: (entry: JournalEntry) => void): Micros {
    const start = this.now
    while ((this.machine.nextAt() ?? Infinity) <= start + limit) {
      const entry = this.machine.step()!
      const [wrong] = wrongSteps(entry)
      if (wrong) throw new Error(`${wrong.rule}: ${wrong.says}`)
      seen?.(entry)
      if (done()) return this.now - start
    }
    this.machine.idleUntil(start + limit)
    return Infinity
  }

  /** Asks the API server from the laptop and waits for the answer. A refusal throws, unless it is asked for. */
  ask(request: ApiRequest, refusal = false): ApiResponse {
    const ctx = ++this.tokens
    this.machine.input({
      kind: 'api.request',
      from: 'laptop',
      to: 'apiserver',
      data: { namespace: 'default', ...request, ctx },
    })
    let answer: ApiResponse | undefined
    this.until(
      () => answer !== undefined,
      SECOND,
      ({ event }) => {
        if (event.kind === 'api.response' && event.to === 'laptop' && (event.data as ApiResponse).ctx === ctx)
          answer = event.data as ApiResponse
      },
    )
    if (!answer) throw new Error(`no answer to ${request.verb} ${request.resource}`)
    if (answer.code >= 300 !== refusal) throw new Error(`${answer.code} ${answer.message ?? ''}`)
    return answer
  }

  create(kind: string, name: string, spec: Plain, more: Plain = {}): void {
    const apiVersion = kind === 'Deployment' || kind === 'DaemonSet' ? 'apps/v1' : 'v1'
    const { resource, group } = resourceOfKind(apiVersion, kind)!
    const body = { apiVersion, kind, metadata: { name, namespace: 'default', ...more }, spec } as unknown as KubeObject
    this.ask({ verb: 'create', resource, group, body })
  }

  pod(name: string, containers: Plain[], spec: Plain = {}, labels: Plain = { app: name }): void {
    this.create('Pod', name, { containers, ...spec }, { labels })
  }

  deployment(name: string, replicas: number, containers: Plain[], spec: Plain = {}, podSpec: Plain = {}): void {
    const template = { metadata: { labels: { app: name } }, spec: { containers, ...podSpec } }
    this.create('Deployment', name, { replicas, selector: { matchLabels: { app: name } }, template, ...spec })
  }

  patch(resource: string, name: string, body: Plain): void {
    this.ask({
      verb: 'patch',
      resource,
      ...(resource === 'pods' || resource === 'nodes' || resource === 'services' ? {} : { group: 'apps' }),
      name,
      patchType: 'strategic',
      body,
    })
  }

  delete(resource: string, name: string, more: Partial<ApiRequest> = {}): void {
    this.ask({ verb: 'delete', resource, name, ...more })
  }

  fault(name: string, target: string, on = true): void {
    this.machine.input({ kind: 'fault.set', to: 'faults', data: { name, target, on } })
  }

  get(name: string, namespace = 'default'): Pod | undefined {
    return this.reader.get('pods', `${namespace}/${name}`)
  }
  pods(app: string): Pod[] {
    return this.reader.by('pods', 'namespace', 'default').filter((p) => p.metadata.labels?.['app'] === app)
  }
  status(name: string, of?: string): ContainerStatus | undefined {
    const status = this.get(name)?.status
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
    return all.find((s) => of === undefined || s.name === of)
  }
  isReady(pod: Pod | undefined): boolean {
    return pod?.status?.conditions?.find((c) => c.type === 'Ready')?.status === 'True'
  }
  untilReady(name: string, limit?: Micros): Micros {
    return this.until(() => this.isReady(this.get(name)), limit)
  }
  untilAvailable(name: string, limit?: Micros): Micros {
    return this.until(() => {
      const { metadata, spec, status } = this.reader.get('deployments', `default/${name}`)!
      const all = [status?.updatedReplicas, status?.availableReplicas, status?.replicas]
      return status?.observedGeneration === metadata.generation && all.every((n) => (n ?? 0) === spec.replicas)
    }, limit)
  }
  /** `Reason: message` of the events about an object, in the order in which they were first told. */
  events(name: string): string[] {
    return this.reader
      .all('events')
      .flatMap((e) => (e.involvedObject.name === name ? [`${e.reason}: ${e.message}`] : []))
  }
  /** `address ready` of the endpoints of a Service. */
  endpoints(service: string): string[] {
    return this.reader
      .by('endpointslices', 'service', `default/${service}`)
      .flatMap((slice) => (slice.endpoints ?? []).map((e) => `${e.addresses[0]} ${e.conditions?.ready}`))
      .sort()
  }
  logs(name: string, of = 'a'): string[] {
    const found = this.reader.all('containers').findLast((c) => c.podName === name && c.metadata.name === of)
    return found ? this.reader.by('containerLogs', 'container', found.id).map((line) => line.text) : []
  }

  /** The network namespace of a pod, to open connections from. */
  inside(name: string): NetPlace {
    const sandbox = this.reader
      .all('sandboxes')
      .findLast((s) => s.metadata.name === name && s.state === 'SANDBOX_READY')!
    return { node: sandbox.node, netns: sandbox.netns }
  }
  /** Opens a connection and waits for its end. */
  connect(from: NetPlace, dst: string, dport: number, request?: unknown): FlowRecord {
    const token = `t${++this.tokens}`
    const what = request === undefined ? 'connect' : 'GET /'
    const data: ConnectRequest = {
      proto: 'tcp',
      from,
      dst,
      dport,
      what,
      timeoutMicros: 5 * SECOND,
      ctx: { token },
      ...(request === undefined ? {} : { request }),
    }
    this.machine.input({ kind: 'net.connect', to: actorOf(from), from: 'laptop', data })
    const flow = (): FlowRecord | undefined =>
      this.reader.all('flows').findLast((f) => (f.ctx as { token?: string } | undefined)?.token === token)
    this.until(() => flow()?.endedAt !== undefined, 10 * SECOND)
    return flow()!
  }
}
