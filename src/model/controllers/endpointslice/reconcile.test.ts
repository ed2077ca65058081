import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Node, Pod, Service } from '../../apiserver/objects.ts'
import { reconcileSlices } from './reconcile.ts'

const service = (spec: Partial<Service['spec']> = {}, labels?: Record<string, string>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 'svc', resourceVersion: '1', creationTimestamp: '', labels },
  spec: {
    selector: { app: 'web' },
    clusterIP: '10.96.0.7',
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    ...spec,
  },
})
const pod = (
  i: number,
  more: { ready?: boolean; deleting?: boolean; port?: number; phase?: 'Running' | 'Succeeded'; ip?: string } = {},
): Pod => {
  const ip = more.ip ?? `10.244.1.${i}`
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `web-${i}`,
      namespace: 'default',
      uid: `pod-${i}`,
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { app: 'web' },
      ...(more.deleting ? { deletionTimestamp: '2026-06-10T22:00:30Z' } : {}),
    },
    spec: {
      nodeName: 'worker-1',
      containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: more.port ?? 8080 }] }],
    },
    status: {
      phase: more.phase ?? 'Running',
      podIP: ip,
      podIPs: ip === '' ? [] : [{ ip }],
      conditions: [{ type: 'Ready', status: (more.ready ?? true) ? 'True' : 'False' }],
    },
  }
}
const node = (name: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '',
    labels: { 'topology.kubernetes.io/zone': 'a' },
  },
  spec: {},
})
const pods = (n: number, from = 1): Pod[] => Array.from({ length: n }, (_, i) => pod(i + from))
/** What the API server makes of a plan. */
const stored = (svc: Service, list: readonly Pod[], slices: EndpointSlice[] = []): EndpointSlice[] => {
  const plan = reconcileSlices(svc, list, slices, node)
  const kept = slices
    .filter((s) => !plan.delete.includes(s))
    .map((s) => plan.update.find((u) => u.metadata.name === s.metadata.name) ?? s)
  const made = plan.create.map((c, i) => ({
    ...(c as unknown as EndpointSlice),
    metadata: { ...(c['metadata'] as EndpointSlice['metadata']), name: `web-${slices.length + i}` },
  }))
  return [...kept, ...made]
}

describe('EndpointSlices', () => {
  it('list ready, unready and terminating pods by their conditions, and leave out ended ones and those without address', () => {
    const list = [
      pod(1),
      pod(2, { ready: false }),
      pod(3, { deleting: true }),
      pod(4, { phase: 'Succeeded' }),
      pod(5, { ip: '' }),
    ]
    const [slice] = stored(service(), list)
    expect(slice!.endpoints.map((e) => [e.addresses[0], e.conditions])).toEqual([
      ['10.244.1.1', { ready: true, serving: true, terminating: false }],
      ['10.244.1.2', { ready: false, serving: false, terminating: false }],
      ['10.244.1.3', { ready: false, serving: true, terminating: true }],
    ])
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      metadata: {
        generateName: 'web-',
        labels: {
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
      },
    })
    expect(slice!.endpoints[0]).toMatchObject({
      nodeName: 'worker-1',
      zone: 'a',
      targetRef: { kind: 'Pod', name: 'web-1' },
    })
    const open = stored(service({ publishNotReadyAddresses: true }), list)[0]!
    expect(open.endpoints.map((e) => e.conditions!.ready)).toEqual([true, true, true])
  })

  it('a headless Service says so; one without pods has one empty slice, which stays', () => {
    const svc = service({ clusterIP: 'None' }, { team: 'a', 'kubernetes.io/service-name': 'forged' })
    const slices = stored(svc, [])
    expect(slices).toHaveLength(1)
    expect(slices[0]).toMatchObject({ endpoints: [], ports: [] })
    expect(slices[0]!.metadata.labels).toEqual({
      team: 'a',
      'service.kubernetes.io/headless': '',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    })
    expect(reconcileSlices(svc, [], slices, node)).toMatchObject({ create: [], update: [], delete: [] })
    // The first pod turns the empty slice into its own; the last one leaves it empty again.
    const one = reconcileSlices(svc, [pod(1)], slices, node)
    expect([one.create.length, one.update.map((s) => s.metadata.name), one.delete.length]).toEqual([0, ['web-0'], 0])
  })

  it('holds 100 endpoints a slice, fills what it writes anyway, and changes nothing else', () => {
    const svc = service()
    let slices = stored(svc, pods(250))
    expect(slices.map((s) => s.endpoints.length)).toEqual([100, 100, 50])
    // One leaves the first slice, one comes: it takes the free place there.
    const plan = reconcileSlices(svc, pods(250, 2), slices, node)
    expect(plan.update.map((s) => [s.metadata.name, s.endpoints.length])).toEqual([['web-0', 100]])
    slices = stored(svc, pods(250, 2), slices)
    // One comes, none leaves: the slice that would be fullest afterwards among those with room.
    const more = reconcileSlices(svc, pods(251, 2), slices, node)
    expect(more.update.map((s) => [s.metadata.name, s.endpoints.length])).toEqual([['web-2', 51]])
    expect(reconcileSlices(svc, pods(250, 2), slices, node)).toMatchObject({ create: [], update: [], delete: [] })
  })

  it('pods with different numbers for a named port are in different slices; a foreign slice of the name is deleted', () => {
    const svc = service()
    const slices = stored(svc, [pod(1), pod(2, { port: 9090 })])
    expect(slices.map((s) => s.ports![0]!.port)).toEqual([8080, 9090])
    const foreign: EndpointSlice = {
      ...slices[0]!,
      metadata: { ...slices[0]!.metadata, name: 'old', ownerReferences: [] },
    }
    expect(reconcileSlices(svc, [pod(1), pod(2, { port: 9090 })], [...slices, foreign], node).delete).toEqual([foreign])
  })

  it('leaves out a pod whose node is not there and asks to be called again', () => {
    const plan = reconcileSlices(service(), [pod(1)], [], () => undefined)
    expect(plan.nodeless).toEqual(['web-1'])
    expect(plan.create[0]).toMatchObject({ endpoints: [] })
  })

  it('hints at the zone, or at zone and node, of each ready endpoint, and takes hints back', () => {
    const list = [pod(1), pod(2, { ready: false })]
    const hintsOf = (slices: EndpointSlice[]) => slices.flatMap((s) => s.endpoints.map((e) => e.hints))
    const zone = stored(service({ trafficDistribution: 'PreferSameZone' }), list)
    expect(hintsOf(zone)).toEqual([{ forZones: [{ name: 'a' }] }, undefined])
    // Only the hints differ: the slice is written all the same.
    const both = stored(service({ trafficDistribution: 'PreferSameNode' }), list, zone)
    expect(hintsOf(both)).toEqual([{ forZones: [{ name: 'a' }], forNodes: [{ name: 'worker-1' }] }, undefined])
    expect(reconcileSlices(service({ trafficDistribution: 'PreferSameNode' }), list, both, node).update).toEqual([])
    expect(hintsOf(stored(service(), list, both))).toEqual([undefined, undefined])
  })

  it('with topology-mode Auto shares endpoints out by the CPU of the zones, or says why not', () => {
    const zoned = (name: string, zone: string, cpu: string): Node => ({
      ...node(name),
      metadata: { ...node(name).metadata, labels: { 'topology.kubernetes.io/zone': zone } },
      status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: 'True' }] } as Node['status'],
    })
    const nodes = [zoned('worker-1', 'a', '4'), zoned('worker-2', 'b', '4')]
    const svc: Service = service()
    svc.metadata.annotations = { 'service.kubernetes.io/topology-mode': 'Auto' }
    const plan = (n: number) =>
      reconcileSlices(
        svc,
        pods(n),
        [],
        (name) => nodes.find((x) => x.metadata.name === name),
        () => nodes,
      )
    const zones = (plan(6).create[0]!['endpoints'] as EndpointSlice['endpoints']).map(
      (e) => e.hints!.forZones![0]!.name,
    )
    // All six pods are in zone a; b has half the CPU and gets half of them.
    expect(zones.sort()).toEqual(['a', 'a', 'a', 'b', 'b', 'b'])
    expect(plan(6).events.map((e) => e.message)).toEqual(['Topology Aware Hints has been enabled, addressType: IPv4'])
    expect(plan(1).events.map((e) => e.message)).toEqual([
      'Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4',
    ])
  })
})
