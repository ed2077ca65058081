/**
 * What must hold once every fault is healed and the cluster was left alone for a while: all that was asked for is there,
 * and nothing is left of what is gone. The fuzzer and the tests ask; every line is a mistake of the model.
 */
import { MINUTE } from '../sim/clock.ts'
import type { Pod } from './apiserver/objects.ts'
import { matchesMap } from './apiserver/selectors.ts'
import { wrongRules, wrongWays } from './settled-rules.ts'
import { staleEndpoints, unbalanced } from './load-balancer/settled.ts'
import type { ModelReader } from './tables.ts'

type Check = (reader: ModelReader) => string[]

const nameOf = (object: { metadata: { namespace?: string; name: string } }): string =>
  object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`

const condition = (
  object: { status?: { conditions?: { type: string; status: string }[] } },
  type: string,
): string | undefined => object.status?.conditions?.find((c) => c.type === type)?.status

const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
const isReady = (pod: Pod): boolean => condition(pod as never, 'Ready') === 'True'

/** Pods that a node still has to do with: those of the API, and those of its manifest directory. */
function podUids(reader: ModelReader): Set<string> {
  const uids = new Set(reader.all('pods').map((pod) => pod.metadata.uid))
  for (const pod of reader.all('pods')) {
    const hash = pod.metadata.annotations?.['kubernetes.io/config.hash']
    if (hash) uids.add(hash)
  }
  return uids
}

const nodes: Check = (reader) =>
  reader.all('nodes').flatMap((node) => {
    const ready = condition(node as never, 'Ready')
    const taints = (node.spec.taints ?? []).filter(
      (t) => t.key.startsWith('node.kubernetes.io/') && t.key !== 'node.kubernetes.io/unschedulable',
    )
    return [
      ...(ready === 'True' ? [] : [`node ${nameOf(node)} is Ready ${ready}`]),
      ...taints.map((t) => `node ${nameOf(node)} keeps the taint ${t.key}`),
    ]
  })

const workloads: Check = (reader) => [
  ...reader.all('deployments').flatMap((d) => {
    const want = d.spec.replicas ?? 1
    const s = d.status ?? {}
    const right =
      (s.replicas ?? 0) === want &&
      (s.updatedReplicas ?? 0) === want &&
      (s.availableReplicas ?? 0) === want &&
      s.observedGeneration === d.metadata.generation
    if (right && condition(d as never, 'Available') === 'True') return []
    return [
      `deployment ${nameOf(d)} wants ${want}: ${JSON.stringify({ ...s, generation: d.metadata.generation, conditions: s.conditions?.map((c) => `${c.type}=${c.status} ${c.reason}`) })}`,
    ]
  }),
  ...reader.all('daemonsets').flatMap((d) => {
    const s = d.status
    if (
      s &&
      s.numberAvailable === s.desiredNumberScheduled &&
      s.updatedNumberScheduled === s.desiredNumberScheduled &&
      s.currentNumberScheduled === s.desiredNumberScheduled &&
      (s.numberMisscheduled ?? 0) === 0
    )
      return []
    return [`daemonset ${nameOf(d)}: ${JSON.stringify(s)}`]
  }),
  ...reader.all('replicasets').flatMap((rs) => {
    const pods = reader
      .by('pods', 'owner', rs.metadata.uid)
      .filter((p) => !isTerminal(p) && p.metadata.deletionTimestamp === undefined)
    return pods.length === (rs.spec.replicas ?? 1)
      ? []
      : [`replicaset ${nameOf(rs)} wants ${rs.spec.replicas} and has ${pods.length}`]
  }),
]

const leaving: Check = (reader) => [
  ...reader
    .all('pods')
    .filter((p) => p.metadata.deletionTimestamp !== undefined)
    .map((p) => `pod ${nameOf(p)} is still Terminating`),
  ...reader
    .all('namespaces')
    .filter((n) => n.metadata.deletionTimestamp !== undefined)
    .map((n) => `namespace ${nameOf(n)} is still Terminating`),
  ...reader
    .all('pods')
    .flatMap((p) =>
      reader.get('namespaces', p.metadata.namespace ?? '') ? [] : [`pod ${nameOf(p)} outlives its namespace`],
    ),
]

/** A pod's status says what the runtime has: that is the kubelet's whole purpose. */
const statuses: Check = (reader) =>
  reader.all('pods').flatMap((pod) => {
    if (!pod.spec.nodeName || isTerminal(pod)) return []
    const uid = pod.metadata.annotations?.['kubernetes.io/config.hash'] ?? pod.metadata.uid
    const sandbox = reader.by('sandboxes', 'pod', uid).find((s) => s.state === 'SANDBOX_READY')
    // A worker in the middle of a hook or a stop has no eyes for the rest.
    if (reader.get('podWorkers', `${pod.spec.nodeName}|${uid}`)?.busy) return []
    const out: string[] = []
    if (sandbox && !sandbox.hostNetwork && sandbox.stage === 'ready' && pod.status?.podIP !== sandbox.ip)
      out.push(`pod ${nameOf(pod)} says ${pod.status?.podIP}, its sandbox has ${sandbox.ip}`)
    for (const status of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
      const id = (status.containerID ?? '').replace('containerd://', '')
      const container = id === '' ? undefined : reader.get('containers', id)
      if (status.state?.running && container?.state !== 'CONTAINER_RUNNING')
        out.push(`pod ${nameOf(pod)}: ${status.name} is said to run and is ${container?.state ?? 'gone'}`)
      if (
        !status.state?.running &&
        reader
          .by('containers', 'pod', uid)
          .some(
            (c) =>
              c.metadata.name === status.name &&
              c.state === 'CONTAINER_RUNNING' &&
              reader.now - (c.startedAt ?? 0) > 5_000_000,
          )
      )
        out.push(`pod ${nameOf(pod)}: ${status.name} runs and is said to be ${JSON.stringify(status.state)}`)
    }
    return out
  })

const endpoints: Check = (reader) =>
  reader.all('services').flatMap((service) => {
    if (!service.spec.selector || service.spec.type === 'ExternalName') return []
    const key = nameOf(service)
    const want = reader
      .by('pods', 'namespace', service.metadata.namespace!)
      .filter((p) => !isTerminal(p) && p.status?.podIP && matchesMap(service.spec.selector, p.metadata.labels))
      .map((p) => `${p.status!.podIP} ${isReady(p) || service.spec.publishNotReadyAddresses === true}`)
      .sort()
    const have = reader
      .by('endpointslices', 'service', key)
      .filter(
        (slice) =>
          slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io',
      )
      .flatMap((slice) => (slice.endpoints ?? []).map((e) => `${e.addresses[0]} ${e.conditions?.ready}`))
      .sort()
    return want.join() === have.join() ? [] : [`endpoints of ${key}: pods ${want.join()} slices ${have.join()}`]
  })

/** Nothing of a pod that is gone is left on a node. */
const leftovers: Check = (reader) => {
  const known = podUids(reader)
  const out: string[] = []
  const gone = (what: string, uid: string): void => {
    if (!known.has(uid)) out.push(`${what} of the pod ${uid}, which is gone`)
  }
  for (const s of reader.all('sandboxes'))
    gone(
      `sandbox ${s.metadata.namespace}/${s.metadata.name} attempt ${s.metadata.attempt} ${s.state} on ${s.node}`,
      s.metadata.uid,
    )
  for (const c of reader.all('containers'))
    gone(`container ${c.namespace}/${c.podName}/${c.metadata.name} ${c.state} on ${c.node}`, c.podUid)
  for (const table of ['podWorkers', 'probes', 'backoffs', 'kubeletPods', 'podCache', 'podStatuses'] as const)
    for (const record of reader.all(table)) gone(`${table} on ${record.node}`, record.uid)
  for (const e of reader.all('evictions'))
    if (!reader.get('pods', `${e.namespace}/${e.name}`)) out.push(`eviction of ${e.namespace}/${e.name}, which is gone`)
  for (const s of reader.all('scheduling'))
    if (!reader.get('pods', `${s.namespace}/${s.name}`))
      out.push(`scheduling of ${s.namespace}/${s.name}, which is gone`)
  for (const p of reader.all('placements'))
    if (reader.get('pods', `${p.namespace}/${p.name}`)?.metadata.uid !== p.uid)
      out.push(`placement of ${p.namespace}/${p.name}, which is gone`)
  if (reader.count('podsSeen') > reader.count('pods'))
    out.push(`podsSeen holds ${reader.count('podsSeen')} of ${reader.count('pods')} pods`)

  const sandboxes = new Map(reader.all('sandboxes').map((s) => [s.id, s]))
  for (const n of reader.all('netns')) {
    if (n.name === '') continue
    const s = sandboxes.get(n.sandboxId)
    if (!s || s.state !== 'SANDBOX_READY')
      out.push(`netns ${n.node} ${n.name} belongs to ${s ? 'a dead sandbox' : 'no sandbox'}`)
  }
  for (const link of reader.all('links'))
    if (!reader.get('netns', `${link.node}|${link.netns}`))
      out.push(`link ${link.node} ${link.netns} ${link.name} is in no namespace`)
    else if (
      link.netns === '' &&
      link.kind === 'veth' &&
      !reader.get('links', `${link.node}|${link.peer?.netns}|${link.peer?.name}`)
    )
      out.push(`veth ${link.node} ${link.name} has no peer`)
  for (const route of reader.all('routes'))
    if (!reader.get('netns', `${route.node}|${route.netns}`))
      out.push(`route ${route.node} ${route.netns} ${route.dst} is in no namespace`)
  for (const listener of reader.all('listeners'))
    if (!reader.get('processes', `${listener.node}|${listener.pid}`))
      out.push(`listener ${listener.node} ${listener.netns} ${listener.port} has no process`)
  for (const r of reader.all('ipReservations')) {
    const s = sandboxes.get(r.containerId)
    if (!s || s.state !== 'SANDBOX_READY' || s.ip !== r.ip)
      out.push(`address ${r.ip} on ${r.node} is reserved for ${s ? `a sandbox ${s.state} with ${s.ip}` : 'no sandbox'}`)
  }
  for (const p of reader.all('processes')) {
    if (p.zombie) out.push(`zombie ${p.node} ${p.pid} ${p.comm}`)
    if (p.comm === 'containerd-shim') {
      const id = p.cmdline[p.cmdline.indexOf('-id') + 1]!
      if (sandboxes.get(id)?.state !== 'SANDBOX_READY')
        out.push(`shim ${p.node} ${p.pid} of ${sandboxes.has(id) ? 'a dead sandbox' : 'no sandbox'}`)
    } else if (p.containerId !== undefined) {
      const alive =
        sandboxes.get(p.containerId)?.state === 'SANDBOX_READY' ||
        reader.get('containers', p.containerId)?.state === 'CONTAINER_RUNNING'
      if (!alive) out.push(`process ${p.node} ${p.pid} ${p.comm} of a container that is gone`)
    }
  }
  for (const log of reader.all('containerLogs'))
    if (!reader.get('containers', log.container)) out.push(`log of ${log.container}, which is gone`)
  for (const call of reader.all('criCalls'))
    if (reader.now - call.since > MINUTE)
      out.push(`CRI call ${call.method} on ${call.node} waits since ${call.since}: ${call.doing}`)
  for (const w of reader.all('workqueue'))
    if (w.state === 'working' && reader.now - w.since > MINUTE)
      out.push(`${w.controller} works on ${w.key} since ${w.since}`)
  return out
}

/** What the scheduler thinks a node has given out, and the ways between nodes. */
const books: Check = (reader) => {
  const out: string[] = []
  for (const room of reader.all('nodeRoom')) {
    const placed = reader.all('placements').filter((p) => p.node === room.node)
    const bound = reader.by('pods', 'node', room.node).filter((p) => !isTerminal(p))
    const sum = (of: 'milliCpu' | 'memory'): number => placed.reduce((total, p) => total + p[of], 0)
    if (room.pods !== placed.length || room.milliCpu !== sum('milliCpu') || room.memory !== sum('memory'))
      out.push(
        `room of ${room.node}: ${room.pods} pods, ${room.milliCpu}m; placements: ${placed.length}, ${sum('milliCpu')}m`,
      )
    if (placed.length !== bound.length)
      out.push(`${room.node} has ${bound.length} pods and ${placed.length} placements`)
  }
  const machines = reader.all('machines')
  for (const a of machines)
    for (const b of machines) {
      if (a === b) continue
      const cidr = reader.get('nodes', b.name)?.spec.podCIDR
      if (cidr && reader.get('routes', `${a.name}||${cidr}`)?.via !== b.ip)
        out.push(`${a.name} has no route to the pods of ${b.name}`)
    }
  return out
}

/** What may grow with use has an end. */
const bounds: Check = (reader) => {
  const out: string[] = []
  let waiting = 0
  const kinds = new Map<string, number>()
  for (const event of reader.pending()) {
    waiting++
    kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1)
  }
  const size = reader.count('pods') + reader.count('machines')
  if (waiting > 200 + 20 * size) {
    const most = [...kinds].sort((a, b) => b[1] - a[1])[0]!
    out.push(`${waiting} events wait, ${most[1]} of them ${most[0]}`)
  }
  const watchers = new Map<string, number>()
  for (const w of reader.all('watches')) {
    const key = `${w.watcher} ${w.resource} ${w.namespace ?? ''} ${w.labelSelector ?? ''} ${w.fieldSelector ?? ''}`
    watchers.set(key, (watchers.get(key) ?? 0) + 1)
    if (w.stalled) out.push(`watch of ${key} is still stalled`)
  }
  for (const [key, n] of watchers) if (n > 1) out.push(`${n} watches of ${key}`)
  const most = { flows: 400, packets: 1_200, conntrack: 20_000, journal: 20_000, events: 5_000 } as const
  for (const [table, limit] of Object.entries(most)) {
    const n = reader.count(table as keyof typeof most)
    if (n > limit) out.push(`${table} holds ${n} records`)
  }
  return out
}

/** What is asked for is there. False lines of `leftovers` and `bounds` are leaks; of the others, something that never came. */
export function unsettled(reader: ModelReader): string[] {
  const mine = [nodes, leaving, workloads, statuses, endpoints, wrongRules, wrongWays, leftovers, books, bounds]
  return [...mine, staleEndpoints, unbalanced].flatMap((check) => check(reader))
}
