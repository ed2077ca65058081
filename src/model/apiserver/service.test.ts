import { describe, expect, it } from 'vitest'
import { Machine } from '../../sim/machine.ts'
import type { ApiRequest, ApiResponse } from '../messages.ts'
import type { MachineRecord, ModelComponent, Tables } from '../tables.ts'
import { apiserver } from './apiserver.ts'
import { initialObjects } from './initial-objects.ts'
import type { KubeObject, Service, ServiceSpec } from './objects.ts'

function server() {
  const answers: ApiResponse[] = []
  const laptop: ModelComponent = {
    roles: ['laptop'],
    rules: [],
    tables: { machines: { owner: 'test' } },
    handlers: {
      'api.response': (_, event) => void answers.push(event.data as ApiResponse),
      boot: (world) => world.put('machines', 'control-plane', { name: 'control-plane', cable: true } as MachineRecord),
    },
  }
  const machine = new Machine<Tables>([apiserver, laptop], { seed: 3 })
  const run = (): void => {
    for (let i = 0; i < 50 && machine.nextAt() !== undefined && machine.nextAt()! < machine.now + 1e6; i++)
      machine.step()
  }
  machine.input({ kind: 'boot', to: 'laptop', data: {} })
  machine.input({ kind: 'api.seed', to: 'apiserver', data: { objects: initialObjects('172.18.0.2') } })
  run()
  const ask = (request: Partial<ApiRequest>): ApiResponse => {
    const data = { resource: 'services', namespace: 'default', ...request }
    machine.input({ kind: 'api.request', from: 'laptop', to: 'apiserver', data })
    run()
    return answers.at(-1)!
  }
  const create = (name: string, spec: object): ApiResponse =>
    ask({
      verb: 'create',
      body: { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec } as unknown as KubeObject,
    })
  const patch = (name: string, body: object, more: Partial<ApiRequest> = {}): ApiResponse =>
    ask({ verb: 'patch', patchType: 'merge', name, body: body as Record<string, unknown>, ...more })
  return { ask, create, patch }
}
const specOf = (answer: ApiResponse): ServiceSpec => (answer.object as Service).spec
const PORTS = [{ port: 80 }]

describe('a Service', () => {
  it('that listens to the outside with policy Local gets a health check port, and keeps what it was given', () => {
    const { create, patch } = server()
    const made = specOf(create('lb', { type: 'LoadBalancer', ports: PORTS, externalTrafficPolicy: 'Local' }))
    expect(made).toMatchObject({ allocateLoadBalancerNodePorts: true, internalTrafficPolicy: 'Cluster' })
    expect(made.healthCheckNodePort).toBeGreaterThanOrEqual(30_086)
    expect(made.ports![0]!.nodePort).not.toBe(made.healthCheckNodePort)
    expect(patch('lb', { spec: { healthCheckNodePort: 31_000 } }).message).toBe(
      'Service "lb" is invalid: spec.healthCheckNodePort: Forbidden: field is immutable',
    )
    const cluster = specOf(patch('lb', { spec: { externalTrafficPolicy: 'Cluster' } }))
    expect(cluster.healthCheckNodePort).toBeUndefined()
    expect(cluster.ports).toEqual(made.ports)
  })

  it('loses with its type what belonged to the type alone', () => {
    const { create, patch } = server()
    const made = specOf(create('web', { type: 'LoadBalancer', ports: PORTS, loadBalancerClass: 'x.io/lb' }))
    patch('web', { status: { loadBalancer: { ingress: [{ ip: '172.18.255.200' }] } } }, { subresource: 'status' })
    const node = patch('web', { spec: { type: 'NodePort' } }).object as Service
    expect(node.spec.ports).toEqual(made.ports)
    expect([node.spec.loadBalancerClass, node.spec.allocateLoadBalancerNodePorts]).toEqual([undefined, undefined])
    expect(node.status).toEqual({ loadBalancer: {} })
    const cluster = specOf(patch('web', { spec: { type: 'ClusterIP' } }))
    expect(cluster).toMatchObject({ clusterIP: made.clusterIP, ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] })
    expect([cluster.ports![0]!.nodePort, cluster.externalTrafficPolicy]).toEqual([undefined, undefined])
    const name = specOf(patch('web', { spec: { type: 'ExternalName', externalName: 'external.lab' } }))
    expect([name.clusterIP, name.clusterIPs, name.ipFamilies, name.ipFamilyPolicy]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    const back = specOf(patch('web', { spec: { type: 'ClusterIP', externalName: null } }))
    expect(back).toMatchObject({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
    expect(back.clusterIP).not.toBe(made.clusterIP)
  })

  it('takes its addresses and ports from the ranges, once', () => {
    const { create } = server()
    expect(create('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] }).code).toBe(201)
    const said = (spec: object): string => create('b', spec).message!.replace('Service "b" is invalid: ', '')
    expect(said({ type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })).toBe(
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    )
    expect(said({ type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })).toBe(
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    )
    expect(said({ clusterIP: '10.0.0.1', ports: PORTS })).toBe(
      'spec.clusterIPs: Invalid value: ["10.0.0.1"]: failed to allocate IP 10.0.0.1: the provided network does not match the current range',
    )
    expect(
      said({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30_080, ports: PORTS }),
    ).toBe(
      'Internal error occurred: failed to allocate requested HealthCheck NodePort 30080: provided port is already allocated',
    )
    // DNS: one number for both protocols.
    const dns = specOf(create('dns', { type: 'NodePort', ports: [{ name: 'u', port: 53, protocol: 'UDP' }, { name: 't', port: 53 }] })) // prettier-ignore
    expect(dns.ports![0]!.nodePort).toBe(dns.ports![1]!.nodePort)
    const quiet = specOf(create('q', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: PORTS }))
    expect(quiet.ports![0]!.nodePort).toBeUndefined()
  })

  it('has IPv4 alone here, but for a headless one without a selector', () => {
    const { create } = server()
    expect(create('a', { ipFamilyPolicy: 'RequireDualStack', ports: PORTS }).message).toBe(
      'Service "a" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    )
    expect(create('b', { ipFamilies: ['IPv6'], ports: PORTS }).message).toBe(
      'Service "b" is invalid: spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    )
    expect(specOf(create('c', { ipFamilyPolicy: 'PreferDualStack', ports: PORTS }))).toMatchObject({
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'PreferDualStack',
    })
    expect(specOf(create('d', { clusterIP: 'None' }))).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    })
  })

  it('has its status checked, and warnings for what has no effect', () => {
    const { create, patch } = server()
    create('a', { ports: PORTS })
    const status = { status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } }
    expect(patch('a', status, { subresource: 'status' }).message).toBe(
      'Service "a" is invalid: status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is "LoadBalancer"',
    )
    create('b', { type: 'LoadBalancer', ports: PORTS })
    const b = patch('b', status, { subresource: 'status' }).object as Service
    expect(b.status!.loadBalancer.ingress).toEqual([{ ip: '1.2.3.4', ipMode: 'VIP' }])
    expect(create('c', { clusterIP: 'None', sessionAffinity: 'ClientIP', trafficDistribution: 'PreferClose' }).warnings).toEqual([
      'spec.SessionAffinity is ignored for headless services',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ]) // prettier-ignore
    expect(patch('a', { spec: { clusterIP: '10.96.0.77' } }).message).toBe(
      'Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set',
    )
  })
})
