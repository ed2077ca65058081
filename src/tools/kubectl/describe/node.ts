import type { Micros } from '../../../sim/contract.ts'
import type { Event, Lease, Node, Pod, ResourceList } from '../../../model/apiserver/objects.ts'
import { addQuantities, compareQuantities, milliValue, quantityValue } from '../../../model/apiserver/quantity.ts'
import { nodeRoles } from '../printers/kinds.ts'
import {
  createWriter,
  rfc1123,
  since,
  writeAnnotations,
  writeEvents,
  writeLabels,
  writeList,
  type Writer,
} from './writer.ts'

/** describe.go describeNode: its sections in its order. */
export function describeNode(
  node: Node,
  lease: Lease | undefined,
  pods: readonly Pod[],
  events: readonly Event[],
  now: Micros,
): string {
  const { metadata, spec } = node
  const status = node.status ?? {}
  const w = createWriter()
  w.line(0, `Name:\t${metadata.name}`)
  w.line(0, `Roles:\t${nodeRoles(node).join(',') || '<none>'}`)
  writeLabels(w, 'Labels', metadata.labels)
  writeAnnotations(w, 'Annotations', metadata.annotations)
  w.line(0, `CreationTimestamp:\t${rfc1123(metadata.creationTimestamp)}`)
  const taints = [...(spec.taints ?? [])].sort((a, b) => (`${a.effect},${a.key}` < `${b.effect},${b.key}` ? -1 : 1))
  writeList(w, 'Taints', taints.map((t) => `${t.key}${t.value ? `=${t.value}` : ''}:${t.effect}`)) // prettier-ignore
  w.line(0, `Unschedulable:\t${spec.unschedulable ?? false}`)
  if (lease) {
    w.line(0, 'Lease:')
    w.line(1, `HolderIdentity:\t${lease.spec.holderIdentity ?? '<unset>'}`)
    w.line(1, `AcquireTime:\t${lease.spec.acquireTime ? rfc1123(lease.spec.acquireTime) : '<unset>'}`)
    w.line(1, `RenewTime:\t${lease.spec.renewTime ? rfc1123(lease.spec.renewTime) : '<unset>'}`)
  } else w.line(0, `Lease:\tFailed to get lease: leases.coordination.k8s.io "${metadata.name}" not found`)
  if (status.conditions?.length) {
    w.line(0, 'Conditions:')
    w.line(1, 'Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage')
    w.line(1, '----\t------\t-----------------\t------------------\t------\t-------')
    for (const c of status.conditions) {
      w.line(
        1,
        `${c.type} \t${c.status} \t${rfc1123(c.lastHeartbeatTime)} \t${rfc1123(c.lastTransitionTime)} \t${c.reason ?? ''} \t${c.message ?? ''}`,
      )
    }
  }
  w.line(0, 'Addresses:')
  for (const { type, address } of status.addresses ?? []) w.line(1, `${type}:\t${address}`)
  for (const [title, list] of [
    ['Capacity', status.capacity],
    ['Allocatable', status.allocatable],
  ] as const) {
    // prettier-ignore
    if (Object.keys(list ?? {}).length === 0) continue
    w.line(0, `${title}:`)
    for (const name of Object.keys(list!).sort()) w.line(0, `  ${name}:\t${list![name]}`)
  }
  const info = status.nodeInfo
  w.line(0, 'System Info:')
  w.line(0, `  Machine ID:\t${info?.machineID ?? ''}`)
  w.line(0, `  System UUID:\t${info?.systemUUID ?? ''}`)
  w.line(0, `  Boot ID:\t${info?.bootID ?? ''}`)
  w.line(0, `  Kernel Version:\t${info?.kernelVersion ?? ''}`)
  w.line(0, `  OS Image:\t${info?.osImage ?? ''}`)
  w.line(0, `  Operating System:\t${info?.operatingSystem ?? ''}`)
  w.line(0, `  Architecture:\t${info?.architecture ?? ''}`)
  w.line(0, `  Container Runtime Version:\t${info?.containerRuntimeVersion ?? ''}`)
  w.line(0, `  Kubelet Version:\t${info?.kubeletVersion ?? ''}`)
  if (spec.podCIDR) w.line(0, `PodCIDR:\t${spec.podCIDR}`)
  if (spec.podCIDRs?.length) w.line(0, `PodCIDRs:\t${spec.podCIDRs.join(',')}`)
  if (spec.providerID) w.line(0, `ProviderID:\t${spec.providerID}`)
  writePods(w, node, pods, now)
  writeEvents(w, events, now)
  return w.text()
}

/** resourcehelper.PodRequests and PodLimits: app containers and sidecars added up, init containers by their peak, overhead on top. */
export function podTotals(pod: Pod, kind: 'requests' | 'limits'): ResourceList {
  const { spec } = pod
  if (spec.resources?.[kind]) return spec.resources[kind]
  const sum: Record<string, string> = {}
  const add = (list: ResourceList | undefined) => {
    for (const name in list) sum[name] = sum[name] === undefined ? list[name]! : addQuantities(sum[name], list[name]!)
  }
  for (const container of spec.containers) add(container.resources?.[kind])
  const sidecars: Record<string, string> = {}
  const peaks: Record<string, string> = {}
  for (const init of spec.initContainers ?? []) {
    const list = init.resources?.[kind] ?? {}
    if (init.restartPolicy === 'Always') {
      add(list)
      for (const name in list)
        sidecars[name] = sidecars[name] === undefined ? list[name]! : addQuantities(sidecars[name], list[name]!)
    }
    for (const name in list) {
      const need =
        init.restartPolicy === 'Always'
          ? sidecars[name]!
          : sidecars[name] === undefined
            ? list[name]!
            : addQuantities(sidecars[name], list[name]!)
      if (peaks[name] === undefined || compareQuantities(need, peaks[name]) > 0) peaks[name] = need
    }
  }
  for (const name in peaks)
    if (sum[name] === undefined || compareQuantities(peaks[name]!, sum[name]) > 0) sum[name] = peaks[name]!
  if (kind === 'requests' || Object.keys(sum).length > 0) add(spec.overhead)
  return sum
}

function writePods(w: Writer, node: Node, pods: readonly Pod[], now: Micros): void {
  const room = node.status?.allocatable ?? node.status?.capacity ?? {}
  const share = (name: string, quantity: string | undefined): string => {
    const value = name === 'cpu' ? milliValue(quantity) : quantityValue(quantity)
    const whole = name === 'cpu' ? milliValue(room[name]) : quantityValue(room[name])
    return `${quantity ?? '0'} (${whole === 0 ? 0 : Math.trunc((value / whole) * 100)}%)`
  }
  w.line(0, `Non-terminated Pods:\t(${pods.length} in total)`)
  w.line(1, 'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge')
  w.line(1, '---------\t----\t\t------------\t----------\t---------------\t-------------\t---')
  const total = { requests: {} as Record<string, string>, limits: {} as Record<string, string> }
  for (const pod of pods) {
    const requests = podTotals(pod, 'requests')
    const limits = podTotals(pod, 'limits')
    for (const [sum, list] of [
      [total.requests, requests],
      [total.limits, limits],
    ] as const) {
      // prettier-ignore
      for (const name in list) sum[name] = sum[name] === undefined ? list[name]! : addQuantities(sum[name], list[name]!)
    }
    const cells = [
      share('cpu', requests.cpu),
      share('cpu', limits.cpu),
      share('memory', requests.memory),
      share('memory', limits.memory),
    ]
    w.line(
      1,
      `${pod.metadata.namespace}\t${pod.metadata.name}\t\t${cells.join('\t')}\t${since(pod.metadata.creationTimestamp, now)}`,
    )
  }
  w.line(0, 'Allocated resources:')
  w.line(0, '  (Total limits may be over 100 percent, i.e., overcommitted.)')
  w.line(1, 'Resource\tRequests\tLimits')
  w.line(1, '--------\t--------\t------')
  const huge = Object.keys(room).filter((name) => name.startsWith('hugepages-')).sort() // prettier-ignore
  for (const name of ['cpu', 'memory', 'ephemeral-storage', ...huge]) {
    w.line(1, `${name}\t${share(name, total.requests[name])}\t${share(name, total.limits[name])}`)
  }
  const standard = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods', 'storage'])
  for (const name of Object.keys(room)
    .filter((n) => !standard.has(n) && !n.startsWith('hugepages-'))
    .sort()) {
    // prettier-ignore
    w.line(1, `${name}\t${total.requests[name] ?? '0'}\t${total.limits[name] ?? '0'}`)
  }
}
