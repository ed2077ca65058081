/**
 * What must hold after every event, whatever the manifests and faults are. A violation is a mistake of the model, never
 * of the learner. The fuzzer and the tests call `violations` after events; it costs the size of the world.
 */
import type { JournalEntry } from '../sim/contract.ts'
import type { Pod } from './apiserver/objects.ts'
import type { ContainerRecord, ModelReader, SandboxRecord } from './tables.ts'

export interface Violation {
  readonly rule: string
  readonly says: string
}

type Check = (reader: ModelReader) => string[]

const CHECKS: Readonly<Record<string, Check>> = {
  'two live sandboxes never share an address': (reader) => {
    const holder = new Map<string, string>()
    return reader.all('sandboxes').flatMap((sandbox) => {
      if (sandbox.hostNetwork || sandbox.ip === '' || sandbox.state !== 'SANDBOX_READY') return []
      const other = holder.get(sandbox.ip)
      holder.set(sandbox.ip, sandbox.id)
      return other === undefined
        ? []
        : [`${sandbox.ip} belongs to ${other.slice(0, 13)} and ${sandbox.id.slice(0, 13)}`]
    })
  },
  'a running container has a process, and its sandbox exists': (reader) =>
    reader.all('containers').flatMap((container) => {
      // Without power nobody is there to notice.
      if (container.state !== 'CONTAINER_RUNNING' || reader.get('machines', container.node)?.off) return []
      const name = `${container.namespace}/${container.podName}/${container.metadata.name}`
      const process = reader.get('processes', `${container.node}|${container.pid}`)
      return [
        ...(process === undefined ? [`${name} has no process ${container.pid}`] : []),
        ...(reader.get('sandboxes', container.sandboxId) === undefined ? [`${name} has no sandbox`] : []),
      ]
    }),
  'an exited container has an exit code and an end': (reader) =>
    reader
      .all('containers')
      .filter((c) => c.state === 'CONTAINER_EXITED' && (c.exitCode === undefined || c.finishedAt === undefined))
      .map((c) => `${c.namespace}/${c.podName}/${c.metadata.name} attempt ${c.metadata.attempt}`),
  'a pod keeps the node it was bound to, and that node exists in the machine room': (reader) =>
    reader.all('pods').flatMap((pod) => {
      const node = pod.spec.nodeName
      return node === undefined || node === '' || reader.get('machines', node)
        ? []
        : [`${pod.metadata.namespace}/${pod.metadata.name} is on ${node}`]
    }),
  'containers of one pod and name run at most once': (reader) => {
    const seen = new Set<string>()
    return reader.all('containers').flatMap((container) => {
      if (container.state !== 'CONTAINER_RUNNING') return []
      const key = `${container.node} ${container.podUid} ${container.metadata.name}`
      if (seen.has(key)) return [key]
      seen.add(key)
      return []
    })
  },
  'a veth has its peer': (reader) =>
    reader.all('links').flatMap((link) => {
      if (link.kind !== 'veth' || !link.peer) return []
      return reader.get('links', `${link.node}|${link.peer.netns}|${link.peer.name}`)
        ? []
        : [`${link.node} ${link.netns || 'host'} ${link.name}`]
    }),
  'no object is older than the version the API server has given out': (reader) => {
    const last = reader.get('counters', 'resourceVersion')?.value ?? Infinity
    return reader
      .all('pods')
      .filter((pod) => Number(pod.metadata.resourceVersion) > last)
      .map((pod) => pod.metadata.name)
  },
  'an endpoint that is terminating is not ready, unless its Service publishes every address': (reader) =>
    reader.all('endpointslices').flatMap((slice) => {
      const service = slice.metadata.labels?.['kubernetes.io/service-name']
      const published =
        service !== undefined &&
        reader.get('services', `${slice.metadata.namespace}/${service}`)?.spec.publishNotReadyAddresses === true
      return (slice.endpoints ?? []).flatMap((endpoint) =>
        endpoint.conditions?.ready === true && endpoint.conditions.terminating === true && !published
          ? [`${slice.metadata.name} lists ${endpoint.addresses[0]} as ready and terminating`]
          : [],
      )
    }),
}

export function violations(reader: ModelReader): Violation[] {
  return Object.entries(CHECKS).flatMap(([rule, check]) => check(reader).map((says) => ({ rule, says })))
}

type Step<R> = (before: R, after: R) => string | undefined

/** What one write may never do to a record, by table. */
const STEPS: {
  pods: Readonly<Record<string, Step<Pod>>>
  containers: Readonly<Record<string, Step<ContainerRecord>>>
  sandboxes: Readonly<Record<string, Step<SandboxRecord>>>
} = {
  pods: {
    'a pod never changes its node': (a, b) =>
      a.spec.nodeName && a.spec.nodeName !== b.spec.nodeName ? `${a.spec.nodeName} to ${b.spec.nodeName}` : undefined,
    'a deletion is never taken back': (a, b) =>
      a.metadata.deletionTimestamp && !b.metadata.deletionTimestamp ? 'deletionTimestamp is gone' : undefined,
    // Not so a static pod: a kubelet that starts again knows nothing of its deadline.
    'a finished pod stays finished': (a, b) =>
      a.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined &&
      (a.status?.phase === 'Succeeded' || a.status?.phase === 'Failed') &&
      b.status?.phase !== a.status.phase
        ? `${a.status.phase} to ${b.status?.phase}`
        : undefined,
    // Init containers of a sandbox that is gone are purged and count anew; an edited static pod is another one.
    'restarts only add up': (a, b) => {
      if (a.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return undefined
      for (const status of a.status?.containerStatuses ?? []) {
        const now = b.status?.containerStatuses?.find((s) => s.name === status.name)
        if (now && now.restartCount < status.restartCount)
          return `${status.name}: ${status.restartCount} to ${now.restartCount}`
      }
      return undefined
    },
    'each version is newer': (a, b) =>
      Number(b.metadata.resourceVersion) > Number(a.metadata.resourceVersion)
        ? undefined
        : `${a.metadata.resourceVersion} to ${b.metadata.resourceVersion}`,
    'a pod with a node was never unscheduled': (a, b) =>
      a.spec.nodeName && !b.spec.nodeName ? a.spec.nodeName : undefined,
  },
  containers: {
    'an exited container never runs again': (a, b) =>
      a.state === 'CONTAINER_EXITED' && b.state !== a.state ? b.state : undefined,
    'an exit code is final': (a, b) =>
      a.exitCode !== undefined && a.exitCode !== b.exitCode ? `${a.exitCode} to ${b.exitCode}` : undefined,
  },
  sandboxes: {
    'a dead sandbox never comes back': (a, b) =>
      a.stage === 'stopped' && b.state === 'SANDBOX_READY' ? 'ready again' : undefined,
    'a ready sandbox keeps its address': (a, b) =>
      a.stage === 'ready' && b.stage === 'ready' && a.ip !== b.ip ? `${a.ip} to ${b.ip}` : undefined,
  },
}

/** The same for what one event did; costs only what it wrote. */
export function wrongSteps(entry: JournalEntry): Violation[] {
  const out: Violation[] = []
  for (const { table, id, from, to } of entry.changes) {
    const steps = (STEPS as Readonly<Record<string, Readonly<Record<string, Step<never>>>>>)[table]
    if (!steps || !from || !to) continue
    // The same name, another pod.
    if (table === 'pods' && (from as Pod).metadata.uid !== (to as Pod).metadata.uid) continue
    for (const [rule, step] of Object.entries(steps)) {
      const says = step(from as never, to as never)
      if (says !== undefined) out.push({ rule, says: `${id}: ${says}` })
    }
  }
  return out
}
