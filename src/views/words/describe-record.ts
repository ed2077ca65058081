/** A record of the replica in words. */
import type { Micros } from '../../sim/contract.ts'
import { parseRfc3339 } from '../../sim/clock.ts'
import type { KubeObject, Node, Pod } from '../../model/apiserver/objects.ts'
import type { Tables } from '../../model/tables.ts'
import type { Replica } from '../contract.ts'
import { shortImage, spellBytes, spellLeft, spellSpan } from '../drawing/spell.ts'
import { getCommand } from './api-words.ts'
import { shortId } from './facts.ts'
import type { Narration } from './narration.ts'
import { say } from './say.ts'
import { DOCS } from './upstream-docs.ts'
import { whyNotReady } from './why-not-ready.ts'

type Describe<K extends keyof Tables> = (record: Tables[K], id: string, replica: Replica, now: Micros) => Narration

const DESCRIBE: { [K in keyof Tables]?: Describe<K> } = {
  pods: (pod, id, replica) => describePod(pod, id, replica),
  sandboxes: (s) => ({
    title: say('thing.sandbox.title', { name: s.metadata.name }),
    says:
      s.stage === 'stopped' || s.stage === 'stopping'
        ? say('thing.sandbox.stopped')
        : s.stage !== 'ready'
          ? say('thing.sandbox.building', { name: s.metadata.name })
          : s.hostNetwork
            ? say('thing.sandbox.host')
            : say('thing.sandbox', { next: s.metadata.attempt + 1 }),
    plane: 'kernel',
    now: () => say('thing.sandbox.now', { attempt: s.metadata.attempt, pid: s.pid || '-', ip: s.ip || '-' }),
    command: { line: `crictl inspectp ${shortId(s.id)}`, node: s.node },
    doc: DOCS.cri,
  }),
  containers: (c, _id, replica) => {
    const backoff = replica
      .by('backoffs', 'node', c.node)
      .find((b) => b.uid === c.podUid && b.container === c.metadata.name)
    const facts = {
      name: c.metadata.name,
      pid: c.pid,
      node: c.node,
      attempt: c.metadata.attempt,
      code: c.exitCode ?? 0,
      reason: c.reason ?? 'Completed',
    }
    const says =
      c.state === 'CONTAINER_RUNNING'
        ? say('thing.container.running', { ...facts, ago: spellSpan(replica.now - (c.startedAt ?? c.createdAt)) })
        : c.state === 'CONTAINER_CREATED'
          ? say('thing.container.created', facts)
          : say('thing.container.exited', facts)
    return {
      title: say('thing.container.title', facts),
      says,
      plane: 'cri',
      now: (now) =>
        c.state === 'CONTAINER_RUNNING'
          ? say('thing.container.pid', { ...facts, span: spellSpan(now - (c.startedAt ?? c.createdAt)) })
          : backoff && backoff.until > now
            ? say('thing.container.backoff', { left: spellLeft(backoff.until - now) })
            : say('thing.container.now', facts),
      command: { line: `crictl inspect ${shortId(c.id)}`, node: c.node },
      doc: DOCS.pod,
    }
  },
  podWorkers: (w) => ({
    title: say('thing.worker.title', { name: w.name }),
    says: say(w.busy ? 'thing.worker.busy' : 'thing.worker.idle', { name: w.name, doing: w.doing || 'SyncPod' }),
    now: (now) =>
      w.busy || w.nextDue === undefined
        ? say('thing.worker.doing', { doing: w.doing || w.state, span: spellSpan(now - w.since) })
        : say('thing.worker.now', { left: spellLeft(w.nextDue - now) }),
    command: { line: 'journalctl -u kubelet -n 20 --no-pager', node: w.node },
    doc: DOCS.kubelet,
  }),
  kubelets: (k, id, replica) => ({
    title: say('thing.kubelet.title'),
    says: say(k.running ? 'thing.kubelet' : 'thing.kubelet.down'),
    plane: 'api',
    now: () => {
      if (k.notReady !== '') return say('thing.kubelet.notready', { why: k.notReady })
      const workers = replica.by('podWorkers', 'node', k.node)
      return say('thing.kubelet.now', { workers: workers.length, busy: workers.filter((w) => w.busy).length })
    },
    command: { line: 'systemctl status kubelet', node: id },
    doc: DOCS.kubelet,
  }),
  probes: (p) => ({
    title: say('thing.probe.title', { probe: p.probe, container: p.container }),
    says: say('thing.probe', { probe: p.probe, container: p.container, pod: p.pod, period: spellSpan(p.periodMicros) }),
    plane: 'packet',
    now: (now) => say('thing.probe.now', { result: p.result, left: spellLeft(p.nextAt - now) }),
    command: { line: `kubectl describe pod ${p.pod} -n ${p.namespace}` },
    doc: DOCS.probes,
  }),
  backoffs: (b) => ({
    title: say('thing.backoff.title', { name: b.container }),
    says: say('thing.backoff'),
    now: (now) => say('thing.backoff.now', { left: spellLeft(b.until - now), all: spellSpan(b.delayMicros) }),
    command: { line: 'crictl ps -a', node: b.node },
    doc: DOCS.pod,
  }),
  pulls: (p, _id, replica) => ({
    title: say('thing.pull.title', { image: shortImage(p.image) }),
    says:
      p.state === 'failed'
        ? say('thing.pull.failed', { image: shortImage(p.image), error: p.error ?? '' })
        : say('thing.pull', {
            image: shortImage(p.image),
            done: p.layers.filter((l) => l.doneAt !== undefined && l.doneAt <= replica.now).length,
            all: p.layers.length,
          }),
    plane: 'store',
    command: { line: 'crictl images', node: p.node },
    doc: DOCS.images,
  }),
  images: (i) => ({
    title: say('thing.image.title', { name: shortImage(i.repoTags[0] ?? i.id) }),
    says: say('thing.image', {
      name: shortImage(i.repoTags[0] ?? i.id),
      layers: i.layers.length,
      size: spellBytes(i.size),
    }),
    plane: 'store',
    command: { line: 'crictl images', node: i.node },
    doc: DOCS.images,
  }),
  links: (l) => ({
    title: l.name,
    says: say(`thing.link.${l.kind}`, {
      name: l.name,
      peer: l.peer ? `${l.peer.name} in ${l.peer.netns || 'the host'}` : '-',
    }),
    plane: 'kernel',
    now: () =>
      say('thing.link.now', {
        mtu: l.mtu,
        state: l.up ? 'up' : 'down',
        addresses: l.addresses.join(', ') || 'no address',
      }),
    command: { line: l.netns === '' ? `ip addr show ${l.name}` : `ip netns exec ${l.netns} ip addr`, node: l.node },
    doc: DOCS.cni,
  }),
  netns: (n) => ({
    title: n.name === '' ? 'host net ns' : n.name,
    says: say('thing.sandbox', { next: 1 }),
    plane: 'kernel',
    command: { line: 'ip netns list', node: n.node },
    doc: DOCS.netns,
  }),
  machines: (m) => ({
    title: say('thing.machine.title', { name: m.name }),
    says: m.cable
      ? say('thing.machine', { name: m.name, cpus: m.cpus, memory: spellBytes(m.memoryKi * 1024), os: m.osImage })
      : say('thing.cable.out', { node: m.name }),
    command: { line: 'ip link show eth0', node: m.name },
    doc: DOCS.node,
  }),
  criCalls: (c) => ({
    title: say('thing.call.title', { method: c.method }),
    says: say('thing.call', { method: c.method, doing: c.doing }),
    plane: 'cri',
    now: (now) => say('thing.call.now', { span: spellSpan(now - c.since) }),
    command: { line: c.method.includes('Image') ? 'crictl images' : 'crictl pods', node: c.node },
    doc: DOCS.cri,
  }),
  nodes: (node, id, replica, now) => describeNode(node, id, replica, now),
  leases: (l, id) => ({
    title: say('thing.lease.title', { name: l.metadata.name }),
    says: say('thing.lease', { name: l.metadata.name }),
    plane: 'api',
    now: (now) =>
      say('thing.lease.now', { ago: spellSpan(now - parseRfc3339(l.spec.renewTime ?? l.metadata.creationTimestamp)) }),
    command: getCommand('leases', id),
    doc: DOCS.lease,
  }),
  services: (s, id, replica) => {
    const ends = endpointsOf(replica, id)
    const headless = s.spec.clusterIP === 'None'
    return {
      title: say('thing.service.title', { name: id }),
      says: say(headless ? 'thing.service.headless' : 'thing.service', { name: id, ip: s.spec.clusterIP }),
      plane: 'api',
      now: () => say('thing.service.now', { ready: ends.filter((e) => e).length, all: ends.length }),
      command: { line: `kubectl describe service ${s.metadata.name} -n ${s.metadata.namespace ?? 'default'}` },
      doc: DOCS.service,
    }
  },
  endpointslices: (s, id) => {
    const ends = s.endpoints ?? []
    return {
      title: say('thing.endpointslice.title', { name: id }),
      says: say('thing.endpointslice', {
        name: id,
        all: ends.length,
        ready: ends.filter((e) => e.conditions?.ready !== false).length,
      }),
      plane: 'api',
      command: getCommand('endpointslices', id),
      doc: DOCS.endpointslice,
    }
  },
  evictions: (e, id) => ({
    title: say('thing.eviction.title', { name: id }),
    says: say('thing.eviction', { name: id }),
    plane: 'api',
    now: (now) => say('thing.eviction.now', { left: spellLeft(e.dueAt - now) }),
    command: { line: `kubectl get pod ${e.name} -n ${e.namespace} -o yaml` },
    doc: DOCS.taints,
  }),
}

export function describeRecord(table: string, id: string, replica: Replica, now: Micros): Narration | undefined {
  const record = replica.get(table as keyof Tables, id)
  if (record === undefined) return { title: say('thing.gone.title'), says: say('thing.gone') }
  const describe = DESCRIBE[table as keyof Tables] as Describe<keyof Tables> | undefined
  if (describe) return describe(record, id, replica, now)
  const object = record as Partial<KubeObject>
  if (typeof object.kind === 'string' && object.metadata) {
    const facts = { kind: object.kind, name: id, version: object.metadata.resourceVersion }
    const spec = object.spec as { replicas?: number } | undefined
    const status = object.status as { readyReplicas?: number } | undefined
    return {
      title: say('thing.object.title', facts),
      says:
        spec?.replicas === undefined
          ? say('thing.object', facts)
          : say('thing.deployment', { ...facts, replicas: spec.replicas, ready: status?.readyReplicas ?? 0 }),
      plane: 'api',
      command: getCommand(table, id),
      doc: DOCS.controllers,
    }
  }
  return { title: say('thing.record.title', { table, id: shortId(id) }), says: say('thing.record', { table }) }
}

function describePod(pod: Pod, id: string, replica: Replica): Narration {
  const statuses = pod.status?.containerStatuses ?? []
  const facts = {
    name: id,
    node: pod.spec.nodeName,
    ip: pod.status?.podIP ?? '-',
    why: whyNotReady(pod, replica) ?? say('why.unknown'),
  }
  const phase = pod.status?.phase ?? 'Pending'
  const ready = pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
  const sentence =
    pod.metadata.deletionTimestamp !== undefined
      ? 'thing.pod.ending'
      : phase === 'Succeeded'
        ? 'thing.pod.succeeded'
        : phase === 'Failed'
          ? 'thing.pod.failed'
          : pod.spec.nodeName === undefined || pod.spec.nodeName === ''
            ? 'thing.pod.unscheduled'
            : phase === 'Running'
              ? ready
                ? 'thing.pod.ready'
                : 'thing.pod.running'
              : 'thing.pod.pending'
  return {
    title: say('thing.pod.running.title', { name: pod.metadata.name }),
    says: say(sentence, facts),
    plane: 'api',
    now: () =>
      say('thing.pod.now', {
        phase,
        ready: statuses.filter((s) => s.ready).length,
        all: pod.spec.containers.length,
        restarts: statuses.reduce((sum, s) => sum + s.restartCount, 0),
      }),
    command: { line: `kubectl describe pod ${pod.metadata.name} -n ${pod.metadata.namespace ?? 'default'}` },
    doc: DOCS.pod,
  }
}

function describeNode(node: Node, id: string, replica: Replica, now: Micros): Narration {
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready')
  const lease = replica.get('leases', `kube-node-lease/${id}`)
  const renewed = lease?.spec.renewTime === undefined ? undefined : parseRfc3339(lease.spec.renewTime)
  const says =
    ready?.status === 'True'
      ? say('thing.node.ready', { name: id, ago: renewed === undefined ? '-' : spellSpan(now - renewed) })
      : ready?.status === 'Unknown'
        ? say('thing.node.unknown', { name: id })
        : say('thing.node.notready', { name: id, why: ready?.message ?? say('why.unknown') })
  return {
    title: say('thing.node.title', { name: id }),
    says,
    plane: 'api',
    now: renewed === undefined ? undefined : (at) => say('thing.lease.now', { ago: spellSpan(at - renewed) }),
    command: { line: `kubectl describe node ${id}` },
    doc: DOCS.status,
  }
}

/** Ready or not, for each endpoint of a Service. */
export function endpointsOf(replica: Replica, service: string): boolean[] {
  return replica
    .by('endpointslices', 'service', service)
    .flatMap((slice) => (slice.endpoints ?? []).map((e) => e.conditions?.ready !== false))
}
