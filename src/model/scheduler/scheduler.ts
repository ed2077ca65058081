// kube-scheduler: one pod at a time gets the best of the nodes that fit, and a Binding says so
// (pkg/scheduler/schedule_one.go, pkg/scheduler/eventhandlers.go).
import { rfc3339, rfc3339Micro } from '../../sim/clock.ts'
import type { Rule } from '../../sim/contract.ts'
import type { KubeObject, Node, Pod } from '../apiserver/objects.ts'
import { START } from '../controllers/controllers.ts'
import { request, SCHEDULER_LIMITS, sendThrottled, THROTTLED } from '../controllers/client.ts'
import { eventName, referenceTo } from '../controllers/event-recorder.ts'
import { keyOf } from '../controllers/pod-facts.ts'
import { sendOver, type ApiRequest, type ApiResponse, type ApiWatchEvent } from '../messages.ts'
import type { ModelComponent, ModelHandler, ModelWorld, SchedulingRecord } from '../tables.ts'
import { fitError, prepare, refuse, refuseByNode, type Refusal } from './filters.ts'
import { addPod, CYCLE, kick, moveOn, onDue, popActive, QUEUE_DUE, removePod, requeue, setAside } from './queue.ts'
import { emptyRoom, nodeText, place, roomOf, unplace } from './room.ts'
import { scoreNodes, type Candidate } from './scores.ts'

const ACTOR = 'scheduler'
const NAME = 'default-scheduler'
/** Events go through a client of their own. */
const EVENTS = 'default-scheduler-events'

export const schedulerRules: readonly Rule[] = [
  {
    id: 'SC1',
    says: 'Of the nodes that pass every filter the one with the highest score gets the pod; among equals one is drawn.',
    source: 'pkg/scheduler/schedule_one.go schedulePod, selectHost',
  },
  {
    id: 'SC2',
    says: 'Only one node passes the filters: it gets the pod without scoring.',
    source: 'pkg/scheduler/schedule_one.go schedulePod',
  },
  {
    id: 'SC3',
    says: 'No node passes the filters: the pod is set aside until something changes that the refusing filters care about.',
    source: 'pkg/scheduler/schedule_one.go handleSchedulingFailure',
  },
  {
    id: 'SC4',
    says: 'The pod counts on its node from the decision on, before the API server knows of it.',
    source: 'pkg/scheduler/backend/cache/cache.go AssumePod',
  },
  {
    id: 'SC5',
    says: 'A change that may help brings a pod back, after a backoff of 1 s that doubles to 10 s.',
    source: 'pkg/scheduler/backend/queue/scheduling_queue.go MoveAllToActiveOrBackoffQueue',
  },
]

const start: ModelHandler = (world) => {
  const watches: ApiRequest[] = [
    { verb: 'watch', resource: 'nodes' },
    // Pods that have ended take no room: the informer leaves them out.
    { verb: 'watch', resource: 'pods', fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' },
  ]
  for (const w of watches) sendOver(world, 'api.request', 'apiserver', { ...w, userAgent: 'kube-scheduler', ctx: {} })
}

const onWatch: ModelHandler = (world, event) => {
  const change = event.data as ApiWatchEvent
  if (change.type === 'BOOKMARK') return
  if (change.resource === 'nodes') onNode(world, change.type, change.object as unknown as Node)
  else onPod(world, change.type, change.object as unknown as Pod)
}

function onNode(world: ModelWorld, type: ApiWatchEvent['type'], node: Node): void {
  const name = node.metadata.name
  const room = world.get('nodeRoom', name)
  if (type === 'DELETED') {
    // Its pods keep their places until they are gone.
    if (room) world.put('nodeRoom', name, room.pods === 0 ? undefined : { ...room, seen: '' })
    return
  }
  const seen = nodeText(node)
  if (room?.seen === seen) return
  world.put('nodeRoom', name, { ...(room ?? emptyRoom(name)), seen })
  moveOn(world, 'node', (s) => {
    const pod = world.get('pods', `${s.namespace}/${s.name}`)
    return pod !== undefined && refuseByNode(pod, node) === undefined
  })
}

function onPod(world: ModelWorld, type: ApiWatchEvent['type'], pod: Pod): void {
  const key = keyOf(pod)
  if (type === 'DELETED') {
    const held = world.get('scheduling', key)
    if (held?.uid === pod.metadata.uid) removePod(world, key)
    if (unplace(world, pod.metadata.uid)) moveOn(world, 'pod gone', () => true)
    return
  }
  if (pod.spec.nodeName) {
    const assumed = world.get('placements', pod.metadata.uid)
    place(world, pod, pod.spec.nodeName, false)
    if (world.get('scheduling', key)) removePod(world, key)
    if (!assumed || assumed.assumed) moveOn(world, 'pod placed', () => true)
    return
  }
  if ((pod.spec.schedulerName ?? NAME) !== NAME || pod.metadata.deletionTimestamp !== undefined) return
  const held = world.get('scheduling', key)
  if (!held || held.uid !== pod.metadata.uid) {
    if (held) removePod(world, key)
    addPod(world, pod)
    return
  }
  if (held.state === 'gated' && !pod.spec.schedulingGates?.length) {
    removePod(world, key)
    addPod(world, pod)
  } else if (held.state === 'unschedulable' && held.generation !== (pod.metadata.generation ?? 0))
    requeue(world, { ...held, generation: pod.metadata.generation ?? 0 })
}

/** scheduleOne. */
const onCycle: ModelHandler = (world) => {
  const loop = world.get('schedulerLoop', 'loop')!
  const next = popActive(world)
  world.put('schedulerLoop', 'loop', { cycles: loop.cycles + (next ? 1 : 0) })
  if (!next) return
  const key = `${next.namespace}/${next.name}`
  const pod = world.get('pods', key)
  if (!pod || pod.metadata.uid !== next.uid || pod.metadata.deletionTimestamp !== undefined || pod.spec.nodeName)
    removePod(world, key)
  else schedule(world, next, pod)
  if (world.by('scheduling', 'state', 'active').length > 0) kick(world)
}

function schedule(world: ModelWorld, s: SchedulingRecord, pod: Pod): void {
  const key = keyOf(pod)
  const nodes = new Map(world.all('nodes').map((n) => [n.metadata.name, n]))
  const prepared = prepare(world, pod, nodes)
  const candidates: Candidate[] = []
  const refusals: Refusal[] = []
  const facts: Record<string, unknown> = {}
  for (const [name, node] of nodes) {
    const room = roomOf(world, name)
    const no = refuse(prepared, node, room)
    if (!no) candidates.push({ node, room })
    else {
      refusals.push(no)
      facts[name] = `${no.plugin}: ${no.facts}`
    }
  }
  if (candidates.length === 0) {
    fail(world, s, pod, refusals, facts)
    return
  }
  const node = select(world, pod, candidates, nodes, prepared.demand, facts)
  place(world, pod, node, true)
  world.put('scheduling', key, {
    ...s,
    state: 'binding',
    node,
    attempts: s.attempts + 1,
    causes: [],
    message: undefined,
  })
  request(
    world,
    NAME,
    SCHEDULER_LIMITS,
    {
      verb: 'create',
      resource: 'pods',
      subresource: 'binding',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
        target: { kind: 'Node', name: node },
      },
      ctx: { bind: key, uid: pod.metadata.uid, node },
    },
    s.causes,
  )
}

function select(
  world: ModelWorld,
  pod: Pod,
  candidates: readonly Candidate[],
  nodes: ReadonlyMap<string, Node>,
  demand: ReturnType<typeof prepare>['demand'],
  facts: Record<string, unknown>,
): string {
  const key = keyOf(pod)
  if (candidates.length === 1) {
    const name = candidates[0]!.node.metadata.name
    world.because('SC2', { pod: key, node: name, nodes: { ...facts, [name]: 'passes every filter' } })
    return name
  }
  const scores = scoreNodes(world, pod, demand, candidates, nodes)
  const most = Math.max(...scores.map((x) => x.total))
  const best: string[] = []
  candidates.forEach(({ node }, i) => {
    const { total, parts } = scores[i]!
    facts[node.metadata.name] = { score: total, ...parts }
    if (total === most) best.push(node.metadata.name)
  })
  const chosen = best[best.length === 1 ? 0 : world.random('scheduler ties', best.length)]!
  world.because('SC1', { pod: key, node: chosen, score: most, equals: best.length, nodes: facts })
  return chosen
}

/** handleSchedulingFailure: set aside, an Event, and the pod's condition. */
function fail(
  world: ModelWorld,
  s: SchedulingRecord,
  pod: Pod,
  refusals: readonly Refusal[],
  facts: Record<string, unknown>,
): void {
  const message = fitError(refusals)
  world.because('SC3', { pod: keyOf(pod), nodes: facts })
  const event = tellFailure(world, s, pod, message)
  const plugins = [...new Set(refusals.map((r) => r.plugin))]
  const aside = setAside(world, { ...s, event }, plugins, message)
  const held = pod.status?.conditions?.find((c) => c.type === 'PodScheduled')
  if (held?.status === 'False' && held.reason === 'Unschedulable' && held.message === message) return
  request(
    world,
    NAME,
    SCHEDULER_LIMITS,
    {
      verb: 'patch',
      patchType: 'strategic',
      resource: 'pods',
      subresource: 'status',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      body: {
        metadata: { uid: pod.metadata.uid },
        status: {
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              lastProbeTime: null,
              lastTransitionTime: held?.status === 'False' ? held.lastTransitionTime : rfc3339(world.now),
              reason: 'Unschedulable',
              message,
            },
          ],
        },
      },
      ctx: { event: true },
    },
    aside.causes,
  )
}

const onResponse: ModelHandler = (world, event) => {
  const answer = event.data as ApiResponse
  const ctx = answer.ctx as { bind?: string; uid?: string; node?: string } | undefined
  if (ctx?.bind === undefined) return
  const pod = world.get('pods', ctx.bind)
  if (answer.code < 400) {
    if (pod)
      tell(world, pod, {
        reason: 'Scheduled',
        type: 'Normal',
        action: 'Binding',
        message: `Successfully assigned ${ctx.bind} to ${ctx.node}`,
      })
    return
  }
  unplace(world, ctx.uid!)
  const s = world.get('scheduling', ctx.bind)
  if (!s || s.uid !== ctx.uid) return
  if (!pod || pod.metadata.uid !== ctx.uid) {
    removePod(world, ctx.bind)
    return
  }
  const message = `binding rejected: ${answer.message ?? answer.reason ?? ''}`
  const told = tellFailure(world, s, pod, message)
  requeue(world, setAside(world, { ...s, event: told }, [], message))
}

type Told = { reason: string; type: 'Normal' | 'Warning'; action: string; message: string }

/** Events of the events.k8s.io API: one Event, and a series when the same thing happens again. */
function tell(world: ModelWorld, pod: Pod, told: Told): string {
  const name = eventName(world, pod.metadata.name)
  request(world, EVENTS, SCHEDULER_LIMITS, {
    verb: 'create',
    resource: 'events',
    namespace: pod.metadata.namespace,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: pod.metadata.namespace },
      involvedObject: referenceTo(pod as KubeObject),
      reason: told.reason,
      message: told.message,
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      type: told.type,
      eventTime: rfc3339Micro(world.now),
      action: told.action,
      reportingComponent: NAME,
      reportingInstance: `${NAME}-control-plane`,
    },
    ctx: { event: true },
  })
  return name
}

function tellFailure(
  world: ModelWorld,
  s: SchedulingRecord,
  pod: Pod,
  message: string,
): { name: string; count: number } {
  if (!s.event) {
    const name = tell(world, pod, { reason: 'FailedScheduling', type: 'Warning', action: 'Scheduling', message })
    return { name, count: 1 }
  }
  const count = s.event.count + 1
  request(world, EVENTS, SCHEDULER_LIMITS, {
    verb: 'patch',
    patchType: 'merge',
    resource: 'events',
    namespace: pod.metadata.namespace,
    name: s.event.name,
    body: { series: { count, lastObservedTime: rfc3339Micro(world.now) } },
    ctx: { event: true },
  })
  return { name: s.event.name, count }
}

export const scheduler: ModelComponent = {
  roles: [ACTOR],
  handlers: {
    [START]: start,
    'api.watch': onWatch,
    'api.response': onResponse,
    [CYCLE]: onCycle,
    [QUEUE_DUE]: (world, event) => onDue(world, (event.data as { key: string }).key, event.id),
    [THROTTLED]: sendThrottled,
  },
  rules: schedulerRules,
  tables: {
    scheduling: { owner: ACTOR, indexes: { state: (s) => s.state } },
    nodeRoom: { owner: ACTOR },
    placements: {
      owner: ACTOR,
      indexes: {
        node: (p) => p.node,
        namespace: (p) => p.namespace,
        antiAffinity: (p) => (p.antiAffinity.length > 0 ? 'yes' : undefined),
      },
    },
    siblings: { owner: ACTOR },
    schedulerLoop: { owner: ACTOR },
  },
}
