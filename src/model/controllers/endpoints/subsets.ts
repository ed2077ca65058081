// What an Endpoints object says of a Service, as a plain function (pkg/controller/endpoint/endpoints_controller.go syncService,
// pkg/api/v1/endpoints/util.go RepackSubsets).
import type { KubeObject, Labels, ObjectReference, Pod, Protocol, Service } from '../../apiserver/objects.ts'
import { matchesMap } from '../../apiserver/selectors.ts'
import { findPort } from '../endpointslice/reconcile.ts'
import { podFacts } from '../pod-facts.ts'

export type EndpointAddress = { ip: string; hostname?: string; nodeName?: string; targetRef?: ObjectReference }
export type SubsetPort = { name?: string; port: number; protocol: Protocol; appProtocol?: string }
export type Subset = { addresses?: EndpointAddress[]; notReadyAddresses?: EndpointAddress[]; ports?: SubsetPort[] }
export type Endpoints = KubeObject & { subsets?: Subset[] }

/** Addresses with the same ports share a subset; ready ones and others stand apart in it. */
export function subsetsOf(service: Service, pods: readonly Pod[]): Subset[] {
  const tolerant = service.spec.publishNotReadyAddresses === true
  const groups = new Map<string, { ports: SubsetPort[]; ready: EndpointAddress[]; others: EndpointAddress[] }>()
  for (const pod of pods) {
    if (!matchesMap(service.spec.selector, pod.metadata.labels)) continue
    const facts = podFacts(pod)
    const ip = pod.status?.podIP
    if (facts.terminal || !ip || (facts.terminating && !tolerant)) continue
    const ports = portsOf(service, pod)
    // A pod that lacks every named port is in no subset; a Service without ports lists plain addresses.
    if (ports.length === 0 && (service.spec.ports?.length ?? 0) > 0) continue
    const key = JSON.stringify(ports)
    let group = groups.get(key)
    if (!group) groups.set(key, (group = { ports, ready: [], others: [] }))
    ;(tolerant || facts.ready ? group.ready : group.others).push(addressOf(pod, ip, service))
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, others }]) => ({
      ...(ready.length > 0 ? { addresses: sorted(ready) } : {}),
      ...(others.length > 0 ? { notReadyAddresses: sorted(others) } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    }))
}

function portsOf(service: Service, pod: Pod): SubsetPort[] {
  const ports: SubsetPort[] = []
  for (const given of service.spec.ports ?? []) {
    const port = findPort(pod, given)
    if (port === undefined) continue
    const { name, protocol = 'TCP', appProtocol } = given
    ports.push({ ...(name ? { name } : {}), port, protocol, ...(appProtocol ? { appProtocol } : {}) })
  }
  return ports
}

function addressOf(pod: Pod, ip: string, service: Service): EndpointAddress {
  const { name, namespace, uid } = pod.metadata
  const named = pod.spec.hostname && pod.spec.subdomain === service.metadata.name
  return {
    ip,
    ...(named ? { hostname: pod.spec.hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

const number = (ip: string): number => ip.split('.').reduce((n, part) => n * 256 + Number(part), 0)
const sorted = (list: EndpointAddress[]): EndpointAddress[] => list.sort((a, b) => number(a.ip) - number(b.ip))

const HEADLESS = 'service.kubernetes.io/headless'
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'

export function endpointsLabels(service: Service): Labels {
  const { [HEADLESS]: _, ...labels } = service.metadata.labels ?? {}
  const headless = !service.spec.clusterIP || service.spec.clusterIP === 'None'
  return { ...labels, ...(headless ? { [HEADLESS]: '' } : {}), [MANAGED_BY]: 'endpoint-controller' }
}
