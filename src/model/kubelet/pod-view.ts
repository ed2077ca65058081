// A pod as its worker sees it: spec, runtime view, probe results, and the status that follows from them.
import type { Pod, PodStatus } from '../apiserver/objects.ts'
import { rfc3339 } from '../../sim/clock.ts'
import type { ModelWorld, PodWorkerRecord, ProbeRecord } from '../tables.ts'
import type { ActionFacts, ProbeResult } from './pod-actions.ts'
import { generatePodStatus } from './pod-status.ts'
import { podQos } from './qos.ts'
import { emptyRuntimePod, type RuntimePod } from './runtime-status.ts'
import { containerHash } from './container-config.ts'
import { currentStatus } from './status-manager.ts'
import { joined } from '../../sim/joined.ts'

export function runtimeOf(world: ModelWorld, node: string, uid: string): RuntimePod {
  return world.get('podCache', joined(node, uid)) ?? emptyRuntimePod(uid)
}

export function podOf(world: ModelWorld, node: string, uid: string): Pod | undefined {
  return world.get('kubeletPods', joined(node, uid))?.pod
}

const resultWords = { success: 'Success', failure: 'Failure', unknown: 'Unknown' } as const

/** The newest result for a container id; undefined where no probe has looked at that container yet. */
export function probeResult(
  world: ModelWorld,
  node: string,
  uid: string,
  probe: ProbeRecord['probe'],
): (containerId: string) => ProbeResult | undefined {
  const records = world.by('probes', 'pod', joined(node, uid)).filter((p) => p.probe === probe)
  return (containerId) => {
    const record = records.find((p) => p.containerId === containerId)
    return record && resultWords[record.result]
  }
}

export function actionFacts(world: ModelWorld, node: string, pod: Pod): ActionFacts {
  const { uid } = pod.metadata
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  return {
    liveness: probeResult(world, node, uid, 'liveness'),
    startup: probeResult(world, node, uid, 'startup'),
    specChanged: (container) => {
      if (container.hash === undefined) return false
      const spec = all.find((c) => c.name === container.name)
      return spec !== undefined && containerHash(spec) !== container.hash
    },
  }
}

/** `terminal`: nothing of the pod will be started again. */
export function makeStatus(world: ModelWorld, record: PodWorkerRecord, pod: Pod, terminal: boolean): PodStatus {
  const { node, uid } = record
  const probed = (name: string, probe: ProbeRecord['probe']): boolean =>
    world.get('probes', `${node}|${uid}|${name}|${probe}`) !== undefined
  return generatePodStatus(pod, runtimeOf(world, node, uid), currentStatus(world, node, pod), {
    readiness: probeResult(world, node, uid, 'readiness'),
    startup: probeResult(world, node, uid, 'startup'),
    probed,
    failure: (name) => record.failures[name],
    qosClass: pod.status?.qosClass ?? podQos(pod.spec),
    hostIP: world.get('machines', node)?.ip ?? '',
    ...(record.ended ? { ended: record.ended } : {}),
    terminal,
    staticPod: record.isStatic,
    now: rfc3339(world.now),
  })
}
