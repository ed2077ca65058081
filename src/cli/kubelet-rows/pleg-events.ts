import { nodeLifecycleEvents } from '../../model/controllers/node-lifecycle/decisions.ts'
import { parseGoDuration } from '../../model/kubelet/durations.ts'
import { insufficientMessage, nodeEvents, podEvents } from '../../model/kubelet/event-texts.ts'
import { killMessage } from '../../model/kubelet/kill-container.ts'
import {
  isSyncPodWorthy,
  plegChannelCapacity,
  plegHealthError,
  plegState,
  podEventsBetween,
  stateEvents,
  type PodSnapshot,
} from '../../model/kubelet/pleg-events.ts'
import { configHandlers } from '../../model/kubelet/sync-loop.ts'
import { TestNode } from '../../model/kubelet/test-node.ts'
import { SECOND } from '../../sim/clock.ts'
import { notRunnable, type Row, type RowRunner } from '../conformance-row.ts'
import { constantOf, sameDuration } from './node.ts'

function plegEvents({ input }: Row): unknown {
  if (input.old !== undefined) return stateEvents(input.old, input.new)
  if (input.runtimeState !== undefined) return plegState(input.runtimeState)
  if (input.previous !== undefined) {
    const before = input.previous as Record<string, PodSnapshot>
    const now = input.now as Record<string, PodSnapshot>
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((uid) =>
      podEventsBetween(uid, before[uid] ?? {}, now[uid] ?? {}).map((e) => [e.podUid, e.type, e.containerId]),
    )
  }
  if (input.event !== undefined) return { sync: isSyncPodWorthy(input.event) }
  return notRunnable
}

function plegFacts(row: Row): unknown {
  const { input, expected } = row
  if (input.sinceLastRelist !== undefined) {
    const error = plegHealthError(input.sinceLastRelist === null ? undefined : parseGoDuration(input.sinceLastRelist))
    return { healthy: error === undefined, ...(error === undefined ? {} : { error }) }
  }
  if (input.op !== undefined) return configHandlers[input.op]?.upstream ?? notRunnable
  if (input.constant === 'plegChannelCapacity') return plegChannelCapacity
  const known = input.constant ?? input.config
  if (known !== undefined) return sameDuration(expected, constantOf(known))
  return notRunnable
}

/** Reasons of the events of a pod that really starts: scheduler, kubelet and API server live, the runtime scripted. */
function orderOfStart(imagePresent: boolean): string[] {
  const node = new TestNode()
  const image = { containers: [{ name: 'app', image: 'web:1' }], nodeName: undefined }
  if (imagePresent) node.pod('first', image)
  node.run(5 * SECOND)
  node.pod('second', image)
  node.run(5 * SECOND)
  return node.machine.reader
    .all('events')
    .filter((e) => e.involvedObject.name === 'second')
    .map((e) => e.reason ?? '')
}

const prefix = /^(Liveness|Readiness|Startup|readiness|liveness|startup)/

function events({ name, input }: Row): unknown {
  const say = name.toLowerCase()
  const from = (event: object, who: string) => ({ ...event, from: who })
  const kubelet = (event: object) => from(event, 'kubelet')
  const probe = prefix.exec(name)?.[1]
  if (probe && input.output !== undefined) {
    const kind = `${probe[0]!.toUpperCase()}${probe.slice(1)}` as 'Liveness'
    return kubelet(podEvents.unhealthy(kind, input.output))
  }
  if (input.imagePresent !== undefined) return orderOfStart(input.imagePresent)
  if (say.startsWith('pulling')) return kubelet(podEvents.pulling(input.image))
  if (say.startsWith('pulled, already'))
    return kubelet(podEvents.alreadyPresent(input.image, !say.includes('gate off')))
  if (say.startsWith('pulled')) {
    return kubelet(
      podEvents.pulled(input.image, parseGoDuration(input.pull), parseGoDuration(input.withWaiting), input.size),
    )
  }
  if (say.startsWith('created')) return kubelet(podEvents.created())
  if (say.startsWith('started')) return kubelet(podEvents.started())
  if (say.startsWith('pull failed, second')) return kubelet(podEvents.failed('ErrImagePull'))
  if (say.startsWith('pull failed')) return kubelet(podEvents.failedPull(input.image, input.err))
  if (say.startsWith('pull back-off, second')) return kubelet(podEvents.failed('ImagePullBackOff'))
  if (say.startsWith('pull back-off')) return kubelet(podEvents.backOffPull(input.image))
  if (say.startsWith('inspect failed')) return kubelet(podEvents.inspectFailed(input.image, input.err))
  if (say.startsWith('never pull') || say.includes('errimageneverpull'))
    return kubelet(podEvents.errImageNeverPull(input.image))
  if (say.startsWith('crash loop')) return kubelet(podEvents.backOffStart(input.container, input.pod))
  if (say.startsWith('killing, deletion')) return kubelet(podEvents.killing(killMessage(input.container)))
  if (say.startsWith('killing, liveness')) {
    return kubelet(podEvents.killing(`Container ${input.container} failed liveness probe, will be restarted`))
  }
  if (say.startsWith('killing, startup')) {
    return kubelet(podEvents.killing(`Container ${input.container} failed startup probe, will be restarted`))
  }
  if (say.startsWith('sandbox failed')) return kubelet(podEvents.failedCreateSandbox(input.err))
  if (say.startsWith('sandbox changed')) return kubelet(podEvents.sandboxChanged())
  if (say.startsWith('volumes')) return kubelet(podEvents.failedMount(input.err))
  if (say.startsWith('network not ready')) return kubelet(podEvents.networkNotReady(input.err))
  if (say.startsWith('kernel oom')) return from(nodeEvents.systemOom(input.process, input.pid), 'kubelet (on the Node)')
  if (say.startsWith('preempted')) return kubelet(podEvents.preempting())
  if (say.startsWith('admission: out of')) {
    const { resource, requested, used, capacity } = input
    return kubelet(podEvents.outOf(resource, insufficientMessage(resource, requested, used, capacity)))
  }
  if (say.startsWith('pod on a not ready node')) return from(nodeLifecycleEvents.podOnNotReadyNode(), 'node-controller')
  if (say.startsWith('taint eviction cancelled')) {
    return from(nodeLifecycleEvents.deletionCancelled(input.pod), 'taint-eviction-controller')
  }
  if (say.startsWith('taint eviction'))
    return from(nodeLifecycleEvents.deletionMark(input.pod), 'taint-eviction-controller')
  return notRunnable
}

export const plegAndEventRows: Record<string, RowRunner> = {
  F_pleg_events: plegEvents,
  F_pleg_facts: plegFacts,
  I_events: events,
}
