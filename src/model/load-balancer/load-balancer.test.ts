// Load balancers as a client outside meets them: packets to an address of no machine.
import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import type { EndpointSlice, Service } from '../apiserver/objects.ts'
import { httpGet, type HttpResponse } from '../images/payloads.ts'
import type { FlowRecord } from '../tables.ts'
import { unsettled } from '../settled.ts'
import { TestLab } from '../test-lab.ts'
import { candidatesFor } from './election.ts'
import { inPool, nextFree, POOL } from './pool.ts'

const EXTERNAL = { host: 'external' } as const
const serviceOf = (lab: TestLab, name: string): Service => lab.reader.get('services', `shop/${name}`)!
const ipOf = (lab: TestLab, name: string): string | undefined =>
  serviceOf(lab, name).status?.loadBalancer.ingress?.[0]?.ip
const body = (flow: FlowRecord): string => (flow.response as HttpResponse | undefined)?.body.trim() ?? flow.error!
const ask = (lab: TestLab, ip: string, path = '/'): FlowRecord =>
  lab.connect(EXTERNAL, ip, 80, httpGet(ip, path, 'test'))
const patch = (lab: TestLab, resource: string, name: string, body: Record<string, unknown>, group?: string): void =>
  void lab.ask({ verb: 'patch', patchType: 'merge', namespace: 'shop', resource, name, body, ...(group ? { group } : {}) }) // prettier-ignore
const toldOf = (lab: TestLab, reason: string): string[] =>
  lab.reader.all('events').flatMap((e) => (e.reason === reason ? [e.message ?? ''] : []))
const nodesOfWeb = (lab: TestLab): string[] =>
  lab.reader.by('pods', 'namespace', 'shop').flatMap((p) => (p.metadata.labels?.['app'] === 'web' && p.metadata.deletionTimestamp === undefined ? [p.spec.nodeName!] : [])) // prettier-ignore

describe('MetalLB', () => {
  it('gives an address, and one node with an endpoint answers for it; the pod sees the client', () => {
    const lab = new TestLab('services')
    expect(unsettled(lab.reader)).toEqual([])
    const ip = ipOf(lab, 'web-lb')!
    expect(ip).toBe('172.18.255.200')
    const owner = lab.reader.get('neighbours', ip)!.node
    expect(toldOf(lab, 'IPAllocated')).toEqual([`Assigned IP ["${ip}"]`])
    expect(toldOf(lab, 'nodeAssigned')).toEqual([`announcing from node "${owner}" with protocol "layer2"`])
    const flow = ask(lab, ip, '/clientip')
    expect(body(flow)).toMatch(/^203\.0\.113\.10:/)
    // The packet came to that node as it was sent, and kube-proxy's rules took it there.
    const first = lab.reader.get('packets', flow.packets[0]!)!
    expect(first.hops[0]).toMatchObject({ node: owner, before: { dst: ip, dport: 80 } })
    expect(first.hops[0]!.nat.map((n) => n.kind)).toEqual(['DNAT'])
  })

  it('follows the endpoints of a Service with policy Local, and goes on in seconds when the node dies', () => {
    const lab = new TestLab('services')
    const ip = ipOf(lab, 'web-lb')!
    const owner = () => lab.reader.get('neighbours', ip)?.node
    const before = owner()!
    const other = before === 'worker-1' ? 'worker-2' : 'worker-1'
    lab.fault('node-off', before)
    lab.run(SECOND)
    expect(ask(lab, ip).error).toBe('timeout')
    expect(lab.until(() => owner() === other, 15 * SECOND)).toBeLessThan(10 * SECOND)
    expect(body(ask(lab, ip))).toMatch(/^web-/)
    // Nothing local anywhere: nobody announces it.
    patch(lab, 'deployments', 'web', { spec: { replicas: 0 } }, 'apps')
    lab.run(5 * SECOND)
    expect(owner()).toBeUndefined()
  })

  it('gives addresses back, keeps one that is asked for, and leaves Services of another class pending', () => {
    const lab = new TestLab('services')
    const ports = [{ port: 80 }]
    const create = (name: string, spec: Record<string, unknown>): void =>
      void lab.ask({ verb: 'create', resource: 'services', namespace: 'shop', body: { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'LoadBalancer', ports, selector: { app: 'web' }, ...spec } } as never }) // prettier-ignore
    create('a', {})
    create('b', { loadBalancerIP: '172.18.255.240' })
    create('c', { loadBalancerClass: 'example.com/lb' })
    create('d', { loadBalancerIP: '10.0.0.1' })
    lab.run(2 * SECOND)
    expect(['a', 'b', 'c', 'd'].map((name) => ipOf(lab, name))).toEqual(['172.18.255.201', '172.18.255.240', undefined, undefined]) // prettier-ignore
    expect(toldOf(lab, 'AllocationFailed')).toEqual([
      'Failed to allocate IP for "shop/d": ["10.0.0.1"] is not allowed in config',
    ])
    patch(lab, 'services', 'a', { spec: { type: 'ClusterIP' } })
    lab.run(2 * SECOND)
    expect(serviceOf(lab, 'a').metadata.annotations ?? {}).toEqual({})
    create('e', {})
    lab.run(2 * SECOND)
    expect(ipOf(lab, 'e')).toBe('172.18.255.201')
  })

  it('elects the same node wherever the question is asked', () => {
    const slice = { endpoints: [{ addresses: ['10.244.1.2'], nodeName: 'worker-2', conditions: { ready: true } }] }
    const slices = [slice as unknown as EndpointSlice]
    const service = { spec: { externalTrafficPolicy: 'Cluster' } } as Service
    const order = candidatesFor(service, '172.18.255.200', slices, ['worker-1', 'worker-2', 'worker-3']).nodes
    expect(candidatesFor(service, '172.18.255.200', slices, ['worker-3', 'worker-1', 'worker-2']).nodes).toEqual(order)
    expect(new Set([200, 201, 202, 203, 204, 205, 206].map((n) => candidatesFor(service, `172.18.255.${n}`, slices, order).nodes[0])).size).toBeGreaterThan(1) // prettier-ignore
    const local = { spec: { externalTrafficPolicy: 'Local' } } as Service
    expect(candidatesFor(local, '172.18.255.200', slices, order).nodes).toEqual(['worker-2'])
    expect(nextFree(POOL, new Set(['172.18.255.200']))).toBe('172.18.255.201')
    expect(inPool(POOL, '172.18.255.251')).toBe(false)
  })
})

describe('the cloud', () => {
  it('sends to nodes whose health check says 200; one that does not ask loses what goes elsewhere', () => {
    const lab = new TestLab('services-cloud')
    const ip = ipOf(lab, 'web-lb')!
    const many = (): string[] => Array.from({ length: 12 }, () => ask(lab, ip).error ?? 'ok')
    const answering = (): string[] => {
      const { targets } = lab.reader.get('cloudBalancers', ip)!
      return Object.keys(targets).filter((node) => targets[node]!.healthy).sort() // prettier-ignore
    }
    expect(answering()).toEqual(['worker-1', 'worker-2'])
    patch(lab, 'deployments', 'web', { spec: { replicas: 1 } }, 'apps')
    lab.run(40 * SECOND)
    expect(answering()).toEqual(nodesOfWeb(lab))
    expect(new Set(many())).toEqual(new Set(['ok']))
    lab.fault('lb-ignores-health-checks', 'cloud')
    const said = many()
    expect(said.filter((s) => s === 'timeout').length).toBeGreaterThan(2)
    expect(said.filter((s) => s === 'ok').length).toBeGreaterThan(2)
    // With policy Cluster every node takes part, and the pod no longer sees the client.
    patch(lab, 'services', 'web-lb', { spec: { externalTrafficPolicy: 'Cluster' } })
    lab.run(12 * SECOND)
    expect(new Set(many())).toEqual(new Set(['ok']))
  })

  it('as a proxy speaks with a node port in its own name, for clients outside and inside', () => {
    const lab = new TestLab('services-cloud')
    const ip = ipOf(lab, 'web-lb')!
    expect(body(ask(lab, ip, '/clientip'))).toMatch(/^203\.0\.113\.10:/)
    patch(lab, 'services', 'web-lb', { metadata: { annotations: { 'cloud.nodeglass/ip-mode': 'Proxy' } } })
    lab.run(3 * SECOND)
    expect(serviceOf(lab, 'web-lb').status!.loadBalancer.ingress).toEqual([{ ip, ipMode: 'Proxy' }])
    const outside = ask(lab, ip, '/clientip')
    expect(body(outside)).toMatch(/^203\.0\.113\.30:/)
    const nodePort = serviceOf(lab, 'web-lb').spec.ports![0]!.nodePort!
    expect(lab.reader.get('packets', outside.packets[0]!)!.hops[0]!.before).toMatchObject({ dport: nodePort })
    // kube-proxy knows nothing of the address now: a pod's packet leaves its node and comes back from outside.
    const pod = lab.reader.by('pods', 'namespace', 'shop').find((p) => p.metadata.labels?.['app'] === 'client')!
    const inside = lab.connect(lab.inside(pod.metadata.name), ip, 80, httpGet(ip, '/clientip', 'test'))
    expect(body(inside)).toMatch(/^203\.0\.113\.30:/)
  })

  it('takes a Service away only when its load balancer is gone', () => {
    const lab = new TestLab('services-cloud')
    const ip = ipOf(lab, 'web-lb')!
    lab.ask({ verb: 'delete', resource: 'services', namespace: 'shop', name: 'web-lb' })
    expect(serviceOf(lab, 'web-lb').metadata.finalizers).toEqual(['service.kubernetes.io/load-balancer-cleanup'])
    lab.run(5 * SECOND)
    expect([serviceOf(lab, 'web-lb'), lab.reader.get('cloudBalancers', ip)]).toEqual([undefined, undefined])
    expect(toldOf(lab, 'DeletedLoadBalancer')).toEqual(['Deleted load balancer'])
    expect(ask(lab, ip).error).toBeDefined()
  })
})
