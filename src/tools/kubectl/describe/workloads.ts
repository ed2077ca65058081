import type { Micros } from '../../../sim/contract.ts'
import type { Condition, DaemonSet, Deployment, Event, Pod, ReplicaSet } from '../../../model/apiserver/objects.ts'
import { formatLabels, formatSelector } from '../printers/cells.ts'
import { writePodTemplate } from './pod.ts'
import {
  controllerOf,
  createWriter,
  rfc1123,
  writeAnnotations,
  writeEvents,
  writeLabels,
  type Writer,
} from './writer.ts'

/** `2 Running / 0 Waiting / 0 Succeeded / 0 Failed`, of the pods that a controller owns. */
export function podsStatus(pods: readonly Pod[]): string {
  const count = (phase: string) => pods.filter((pod) => pod.status?.phase === phase).length
  return `${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`
}

function writeConditions(w: Writer, conditions: readonly Condition[] | undefined): void {
  if (!conditions || conditions.length === 0) return
  w.line(0, 'Conditions:')
  w.line(1, 'Type\tStatus\tReason')
  w.line(1, '----\t------\t------')
  for (const c of conditions) w.line(1, `${c.type} \t${c.status}\t${c.reason ?? ''}`)
}

export function describeDeployment(
  d: Deployment,
  sets: { old: readonly ReplicaSet[]; current: ReplicaSet | undefined },
  events: readonly Event[],
  now: Micros,
): string {
  const { metadata, spec } = d
  const status = d.status ?? {}
  const w = createWriter()
  w.line(0, `Name:\t${metadata.name}`)
  w.line(0, `Namespace:\t${metadata.namespace}`)
  w.line(0, `CreationTimestamp:\t${rfc1123(metadata.creationTimestamp)}`)
  writeLabels(w, 'Labels', metadata.labels)
  writeAnnotations(w, 'Annotations', metadata.annotations)
  w.line(0, `Selector:\t${formatSelector(spec.selector)}`)
  w.line(
    0,
    `Replicas:\t${spec.replicas ?? 1} desired | ${status.updatedReplicas ?? 0} updated | ${status.replicas ?? 0} total | ${status.availableReplicas ?? 0} available | ${status.unavailableReplicas ?? 0} unavailable`,
  )
  w.line(0, `StrategyType:\t${spec.strategy?.type ?? 'RollingUpdate'}`)
  w.line(0, `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`)
  if (spec.strategy?.rollingUpdate) {
    const { maxUnavailable = '25%', maxSurge = '25%' } = spec.strategy.rollingUpdate
    w.line(0, `RollingUpdateStrategy:\t${maxUnavailable} max unavailable, ${maxSurge} max surge`)
  }
  writePodTemplate(w, spec.template)
  writeConditions(w, status.conditions)
  const text = (list: readonly ReplicaSet[]) =>
    list
      .map((rs) => `${rs.metadata.name} (${rs.status?.replicas ?? 0}/${rs.spec.replicas ?? 0} replicas created)`)
      .join(', ') || '<none>'
  if (sets.old.length > 0 || sets.current) {
    w.line(0, `OldReplicaSets:\t${text(sets.old)}`)
    w.line(0, `NewReplicaSet:\t${text(sets.current ? [sets.current] : [])}`)
  }
  writeEvents(w, events, now)
  return w.text()
}

export function describeReplicaSet(
  rs: ReplicaSet,
  pods: readonly Pod[],
  events: readonly Event[],
  now: Micros,
): string {
  const w = createWriter()
  w.line(0, `Name:\t${rs.metadata.name}`)
  w.line(0, `Namespace:\t${rs.metadata.namespace}`)
  w.line(0, `Selector:\t${formatSelector(rs.spec.selector)}`)
  writeLabels(w, 'Labels', rs.metadata.labels)
  writeAnnotations(w, 'Annotations', rs.metadata.annotations)
  if (controllerOf(rs.metadata)) w.line(0, `Controlled By:\t${controllerOf(rs.metadata)}`)
  w.line(0, `Replicas:\t${rs.status?.replicas ?? 0} current / ${rs.spec.replicas ?? 1} desired`)
  w.line(0, `Pods Status:\t${podsStatus(pods)}`)
  writePodTemplate(w, rs.spec.template)
  writeConditions(w, rs.status?.conditions)
  writeEvents(w, events, now)
  return w.text()
}

export function describeDaemonSet(ds: DaemonSet, pods: readonly Pod[], events: readonly Event[], now: Micros): string {
  const w = createWriter()
  w.line(0, `Name:\t${ds.metadata.name}`)
  w.line(0, `Namespace:\t${ds.metadata.namespace}`)
  w.line(0, `Selector:\t${formatSelector(ds.spec.selector)}`)
  w.line(0, `Node-Selector:\t${formatLabels(ds.spec.template.spec.nodeSelector)}`)
  writeLabels(w, 'Labels', ds.metadata.labels)
  writeAnnotations(w, 'Annotations', ds.metadata.annotations)
  w.line(0, `Desired Number of Nodes Scheduled: ${ds.status?.desiredNumberScheduled ?? 0}`)
  w.line(0, `Current Number of Nodes Scheduled: ${ds.status?.currentNumberScheduled ?? 0}`)
  w.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${ds.status?.updatedNumberScheduled ?? 0}`)
  w.line(0, `Number of Nodes Scheduled with Available Pods: ${ds.status?.numberAvailable ?? 0}`)
  w.line(0, `Number of Nodes Misscheduled: ${ds.status?.numberMisscheduled ?? 0}`)
  w.line(0, `Pods Status:\t${podsStatus(pods)}`)
  writePodTemplate(w, ds.spec.template)
  writeEvents(w, events, now)
  return w.text()
}
