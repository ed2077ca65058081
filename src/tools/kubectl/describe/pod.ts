import type { Micros } from '../../../sim/contract.ts'
import type { Event, Pod, PodTemplateSpec } from '../../../model/apiserver/objects.ts'
import { podQos } from '../../../model/kubelet/qos.ts'
import { writeContainers, writeResources } from './containers.ts'
import { writeSpread, writeTolerations, writeVolumes } from './volumes.ts'
import {
  controllerOf,
  createWriter,
  rfc1123,
  since,
  writeAnnotations,
  writeEvents,
  writeLabels,
  type Writer,
} from './writer.ts'

/** describe.go describePod: its sections in its order. */
export function describePod(pod: Pod, events: readonly Event[], now: Micros): string {
  const { metadata, spec } = pod
  const status = pod.status ?? {}
  const w = createWriter()
  w.line(0, `Name:\t${metadata.name}`)
  w.line(0, `Namespace:\t${metadata.namespace}`)
  if (spec.priority !== undefined) w.line(0, `Priority:\t${spec.priority}`)
  if (spec.priorityClassName) w.line(0, `Priority Class Name:\t${spec.priorityClassName}`)
  if (spec.runtimeClassName) w.line(0, `Runtime Class Name:\t${spec.runtimeClassName}`)
  if (spec.serviceAccountName) w.line(0, `Service Account:\t${spec.serviceAccountName}`)
  w.line(0, spec.nodeName ? `Node:\t${spec.nodeName}/${status.hostIP ?? ''}` : 'Node:\t<none>')
  if (status.startTime) w.line(0, `Start Time:\t${rfc1123(status.startTime)}`)
  writeLabels(w, 'Labels', metadata.labels)
  writeAnnotations(w, 'Annotations', metadata.annotations)
  if (metadata.deletionTimestamp && status.phase !== 'Failed' && status.phase !== 'Succeeded') {
    w.line(0, `Status:\tTerminating (lasts ${since(metadata.deletionTimestamp, now)})`)
    w.line(0, `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds ?? 0}s`)
  } else w.line(0, `Status:\t${status.phase ?? ''}`)
  if (status.reason) w.line(0, `Reason:\t${status.reason}`)
  if (status.message) w.line(0, `Message:\t${status.message}`)
  if (spec.securityContext?.seccompProfile) w.line(0, `SeccompProfile:\t${spec.securityContext.seccompProfile.type}`)
  w.line(0, `IP:\t${status.podIP ?? ''}`)
  const ips = status.podIPs ?? []
  w.line(0, ips.length === 0 ? 'IPs:\t<none>' : 'IPs:')
  for (const { ip } of ips) w.line(1, `IP:\t${ip}`)
  if (controllerOf(metadata)) w.line(0, `Controlled By:\t${controllerOf(metadata)}`)
  if (status.nominatedNodeName) w.line(0, `NominatedNodeName:\t${status.nominatedNodeName}`)
  if (spec.resources) {
    w.line(0, 'Resources:')
    writeResources(w, spec.resources, 1)
  }
  if (spec.initContainers?.length)
    writeContainers(w, 'Init Containers', spec.initContainers, status.initContainerStatuses, pod)
  writeContainers(w, 'Containers', spec.containers, status.containerStatuses, pod)
  if (spec.ephemeralContainers?.length)
    writeContainers(w, 'Ephemeral Containers', spec.ephemeralContainers, status.ephemeralContainerStatuses, pod)
  if (spec.readinessGates?.length) {
    w.line(0, 'Readiness Gates:')
    w.line(1, 'Type\tStatus')
    for (const gate of spec.readinessGates) {
      const met = status.conditions?.find((c) => c.type === gate.conditionType)?.status ?? '<none>'
      w.line(1, `${gate.conditionType} \t${met} `)
    }
  }
  if (status.conditions?.length) {
    w.line(0, 'Conditions:')
    w.line(1, 'Type\tStatus')
    for (const condition of status.conditions) w.line(1, `${condition.type} \t${condition.status} `)
  }
  writeVolumes(w, spec.volumes)
  w.line(0, `QoS Class:\t${status.qosClass ?? podQos(spec)}`)
  writeLabels(w, 'Node-Selectors', spec.nodeSelector)
  writeTolerations(w, spec.tolerations)
  writeSpread(w, spec.topologySpreadConstraints)
  writeEvents(w, events, now)
  return w.text()
}

/** DescribePodTemplate, under Deployments and the like. */
export function writePodTemplate(w: Writer, template: PodTemplateSpec): void {
  const { spec, metadata } = template
  w.line(0, 'Pod Template:')
  writeLabels(w, '  Labels', metadata?.labels)
  if (Object.keys(metadata?.annotations ?? {}).length > 0) writeAnnotations(w, '  Annotations', metadata!.annotations)
  if (spec.serviceAccountName) w.line(1, `Service Account:\t${spec.serviceAccountName}`)
  if (spec.initContainers?.length)
    writeContainers(w, 'Init Containers', spec.initContainers, undefined, undefined, '  ')
  writeContainers(w, 'Containers', spec.containers, undefined, undefined, '  ')
  writeVolumes(w, spec.volumes, '  ')
  writeSpread(w, spec.topologySpreadConstraints, '  ')
  if (spec.priorityClassName) w.line(1, `Priority Class Name:\t${spec.priorityClassName}`)
  writeLabels(w, '  Node-Selectors', spec.nodeSelector)
  writeTolerations(w, spec.tolerations, '  Tolerations')
}
