import type { Micros } from '../../../sim/contract.ts'
import type { EndpointSlice, Event, Service } from '../../../model/apiserver/objects.ts'
import type { Endpoints } from '../../../model/controllers/endpoints/subsets.ts'
import { formatLabels } from '../printers/cells.ts'
import { createWriter, writeAnnotations, writeEvents, writeLabels } from './writer.ts'

/** Ready addresses of a port in all slices, three of them named. */
function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  if (slices.length === 0) return '<none>'
  const ready = slices.flatMap((slice) => {
    const addresses = slice.endpoints.filter((e) => e.conditions?.ready !== false).map((e) => e.addresses[0]!)
    if (!slice.ports || slice.ports.length === 0) return addresses
    return slice.ports
      .filter((p) => (p.name ?? '') === portName)
      .flatMap((p) => addresses.map((a) => (a.includes(':') ? `[${a}]:${p.port}` : `${a}:${p.port}`)))
  })
  const shown = ready.slice(0, 3).join(',')
  return ready.length > 3 ? `${shown} + ${ready.length - 3} more...` : shown
}

export function describeService(
  service: Service,
  slices: readonly EndpointSlice[],
  events: readonly Event[],
  now: Micros,
): string {
  const { metadata, spec } = service
  const w = createWriter()
  w.line(0, `Name:\t${metadata.name}`)
  w.line(0, `Namespace:\t${metadata.namespace}`)
  writeLabels(w, 'Labels', metadata.labels)
  writeAnnotations(w, 'Annotations', metadata.annotations)
  w.line(0, `Selector:\t${formatLabels(spec.selector)}`)
  w.line(0, `Type:\t${spec.type ?? 'ClusterIP'}`)
  if (spec.ipFamilyPolicy) w.line(0, `IP Family Policy:\t${spec.ipFamilyPolicy}`)
  w.line(0, `IP Families:\t${spec.ipFamilies?.join(',') || '<none>'}`)
  w.line(0, `IP:\t${spec.clusterIP ?? ''}`)
  w.line(0, `IPs:\t${spec.clusterIPs?.join(',') || '<none>'}`)
  if (spec.externalIPs?.length) w.line(0, `External IPs:\t${spec.externalIPs.join(',')}`)
  if (spec.loadBalancerIP) w.line(0, `Desired LoadBalancer IP:\t${spec.loadBalancerIP}`)
  if (spec.externalName) w.line(0, `External Name:\t${spec.externalName}`)
  const ingress = service.status?.loadBalancer.ingress ?? []
  if (ingress.length > 0)
    w.line(
      0,
      `LoadBalancer Ingress:\t${ingress.map((i) => (i.ip ? `${i.ip}${i.ipMode ? ` (${i.ipMode})` : ''}` : (i.hostname ?? ''))).join(', ')}`,
    )
  for (const port of spec.ports ?? []) {
    const name = port.name || '<unset>'
    const protocol = port.protocol ?? 'TCP'
    w.line(0, `Port:\t${name}\t${port.port}/${protocol}`)
    w.line(0, `TargetPort:\t${port.targetPort ?? port.port}/${protocol}`)
    if (port.appProtocol) w.line(0, `AppProtocol:\t${port.appProtocol}`)
    if (port.nodePort) w.line(0, `NodePort:\t${name}\t${port.nodePort}/${protocol}`)
    w.line(0, `Endpoints:\t${endpointsText(slices, port.name ?? '')}`)
  }
  w.line(0, `Session Affinity:\t${spec.sessionAffinity ?? 'None'}`)
  if (spec.externalTrafficPolicy) w.line(0, `External Traffic Policy:\t${spec.externalTrafficPolicy}`)
  if (spec.internalTrafficPolicy) w.line(0, `Internal Traffic Policy:\t${spec.internalTrafficPolicy}`)
  if (spec.healthCheckNodePort) w.line(0, `HealthCheck NodePort:\t${spec.healthCheckNodePort}`)
  if (spec.loadBalancerSourceRanges?.length)
    w.line(0, `LoadBalancer Source Ranges:\t${spec.loadBalancerSourceRanges.join(',')}`)
  if (spec.trafficDistribution) w.line(0, `Traffic Distribution:\t${spec.trafficDistribution}`)
  writeEvents(w, events, now)
  return w.text()
}

/** describeEndpoints */
export function describeEndpoints(endpoints: Endpoints, events: readonly Event[], now: Micros): string {
  const w = createWriter()
  w.line(0, `Name:\t${endpoints.metadata.name}`)
  w.line(0, `Namespace:\t${endpoints.metadata.namespace}`)
  writeLabels(w, 'Labels', endpoints.metadata.labels)
  writeAnnotations(w, 'Annotations', endpoints.metadata.annotations)
  w.line(0, 'Subsets:')
  const ips = (list: readonly { ip: string }[] = []): string => list.map((a) => a.ip).join(',') || '<none>'
  for (const { addresses, notReadyAddresses, ports = [] } of endpoints.subsets ?? []) {
    w.line(1, `Addresses:\t${ips(addresses)}`)
    w.line(1, `NotReadyAddresses:\t${ips(notReadyAddresses)}`)
    if (ports.length > 0) {
      w.line(1, 'Ports:')
      w.line(2, 'Name\tPort\tProtocol')
      w.line(2, '----\t----\t--------')
      for (const port of ports) w.line(2, `${port.name || '<unset>'}\t${port.port}\t${port.protocol ?? 'TCP'}`)
    }
    w.line(0, '')
  }
  writeEvents(w, events, now)
  return w.text()
}

export function describeEndpointSlice(slice: EndpointSlice, events: readonly Event[], now: Micros): string {
  const w = createWriter()
  w.line(0, `Name:\t${slice.metadata.name}`)
  w.line(0, `Namespace:\t${slice.metadata.namespace}`)
  writeLabels(w, 'Labels', slice.metadata.labels)
  writeAnnotations(w, 'Annotations', slice.metadata.annotations)
  w.line(0, `AddressType:\t${slice.addressType}`)
  if (!slice.ports || slice.ports.length === 0) w.line(0, 'Ports: <unset>')
  else {
    w.line(0, 'Ports:')
    w.line(1, 'Name\tPort\tProtocol')
    w.line(1, '----\t----\t--------')
    for (const port of slice.ports)
      w.line(1, `${port.name || '<unset>'}\t${port.port ?? '<unset>'}\t${port.protocol ?? 'TCP'}`)
  }
  w.line(0, slice.endpoints.length === 0 ? 'Endpoints: <none>' : 'Endpoints:')
  for (const endpoint of slice.endpoints) {
    w.line(1, `- Addresses:\t${endpoint.addresses.join(', ') || '<none>'}`)
    w.line(2, 'Conditions:')
    w.line(3, `Ready:\t${endpoint.conditions?.ready ?? '<unset>'}`)
    w.line(2, `Hostname:\t${endpoint.hostname ?? '<unset>'}`)
    if (endpoint.targetRef) w.line(2, `TargetRef:\t${endpoint.targetRef.kind}/${endpoint.targetRef.name}`)
    w.line(2, `NodeName:\t${endpoint.nodeName ?? '<unset>'}`)
    w.line(2, `Zone:\t${endpoint.zone ?? '<unset>'}`)
  }
  writeEvents(w, events, now)
  return w.text()
}
