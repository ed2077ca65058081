/** Why a pod is not Ready, from its status and from what the kubelet is doing: the nearest reason, in words. */
import type { Pod } from '../../model/apiserver/objects.ts'
import type { Replica } from '../contract.ts'
import { say } from './say.ts'

export function whyNotReady(pod: Pod, replica: Replica): string | undefined {
  return reasonsNotReady(pod, replica)[0]
}

/** All that stands between the pod and Ready, the nearest first. */
export function reasonsNotReady(pod: Pod, replica: Replica): string[] {
  const reasons: string[] = []
  const scheduled = pod.status?.conditions?.find((c) => c.type === 'PodScheduled')
  if (scheduled?.status === 'False') reasons.push(scheduled.message ?? scheduled.reason ?? say('why.not.scheduled'))
  const node = pod.spec.nodeName
  if (!node) return reasons
  const worker = replica.get('podWorkers', `${node}|${pod.metadata.uid}`)
  for (const status of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]) {
    const { waiting, terminated, running } = status.state
    if (waiting?.reason && waiting.reason !== 'PodInitializing' && waiting.reason !== 'ContainerCreating') {
      reasons.push(
        waiting.message
          ? say('why.pod.waiting.message', { name: status.name, reason: waiting.reason, message: waiting.message })
          : say('why.pod.waiting', { name: status.name, reason: waiting.reason }),
      )
    } else if (terminated && terminated.exitCode !== 0) {
      reasons.push(say('why.pod.exited', { name: status.name, code: terminated.exitCode }))
    } else if (running && !status.ready) {
      const probe = replica.get('probes', `${node}|${pod.metadata.uid}|${status.name}|readiness`)
      reasons.push(
        probe?.lastOutput
          ? say('why.pod.probe.fails', { name: status.name, output: probe.lastOutput })
          : say('why.pod.probe.not-yet', { name: status.name }),
      )
    }
  }
  if (reasons.length === 0 && worker?.doing) reasons.push(worker.doing)
  for (const gate of pod.spec.readinessGates ?? []) {
    const condition = pod.status?.conditions?.find((c) => c.type === gate.conditionType)
    if (condition?.status !== 'True') reasons.push(say('why.pod.gate', { gate: gate.conditionType }))
  }
  const ready = pod.status?.conditions?.find((c) => c.type === 'Ready')
  if (reasons.length === 0 && ready?.status !== 'True' && ready?.message) reasons.push(ready.message)
  return reasons
}
