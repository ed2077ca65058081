import { describe, expect, it } from 'vitest'
import { newStage, serviceOf, sliceOf, type Stage, type StagePod, TWO_NODES } from '../net/stage.ts'
import { listConntrack } from '../net/conntrack-table.ts'
import { maglevTable } from './maglev.ts'

const near: StagePod = { name: 'near', node: 'worker-1', ip: '10.244.1.11', tcp: [8080] }
const far: StagePod = { name: 'far', node: 'worker-2', ip: '10.244.2.11', tcp: [8080] }
const client: StagePod = { name: 'client', node: 'worker-1', ip: '10.244.1.20' }
const TCP = [{ name: 'main', port: 8080, protocol: 'TCP' }]
const VIP = '10.96.0.50'
const get = { proto: 'tcp', what: 'GET /', request: { q: 1 }, timeoutMicros: 5_000_000 } as const

function stageOf(pods: readonly StagePod[], backends: readonly StagePod[], spec: object = {}): Stage {
  const stage = newStage(TWO_NODES, pods)
  for (const { name } of TWO_NODES)
    stage.machine.input({ kind: 'proxy.settings', to: `${name}/kube-proxy`, data: { mode: 'ebpf' } })
  const service = serviceOf('web', {
    type: 'NodePort',
    clusterIP: VIP,
    ports: [{ name: 'main', port: 80, targetPort: 8080, protocol: 'TCP', nodePort: 30080 }],
    ...spec,
  })
  stage.startProxies([service], [sliceOf('web', backends, TCP)])
  stage.run(stage.machine.now + 3_000_000)
  return stage
}
const inPod = { node: client.node, netns: client.name }

describe('the socket load balancer', () => {
  it('translates in connect(): no packet carries the Service address, no rule is compared', () => {
    const stage = stageOf([near, far, client], [near, far])
    const seen = new Set<string>()
    for (let i = 0; i < 12; i++) {
      const result = stage.connect({ ...get, from: inPod, dst: VIP, dport: 80 })
      expect(result).toMatchObject({ ok: true, response: { peer: client.ip } })
      seen.add((result!.response as { from: string }).from)
    }
    expect([...seen].sort()).toEqual(['far', 'near'])
    const packets = stage.machine.reader.all('packets')
    expect(packets.filter((p) => p.header.dst === VIP || p.header.src === VIP)).toEqual([])
    expect(packets.flatMap((p) => p.hops).every((hop) => hop.compared === 0)).toBe(true)
    expect(stage.machine.reader.all('flows').at(-1)!.socketLb).toMatchObject({ ip: VIP, port: 80, backends: 2 })
  })

  it('says no route to host at once where a Service has no backend', () => {
    const stage = stageOf([client], [])
    expect(stage.connect({ ...get, from: inPod, dst: VIP, dport: 80 })).toMatchObject({
      ok: false,
      error: 'unreachable',
    })
  })
})

describe('a node port from outside', () => {
  const outside = { ...get, from: { host: 'laptop' }, dst: '172.18.0.3', dport: 30080 } as const

  it('reaches a pod of this node with its source, one of another node with the node as source', () => {
    for (const [backend, peer] of [
      [near, '172.18.0.1'],
      [far, '172.18.0.3'],
    ] as const) {
      const stage = stageOf([near, far, client], [backend])
      expect(stage.connect(outside)).toMatchObject({ ok: true, response: { from: backend.name, peer } })
      // nothing of it in the kernel's own connection tracking
      expect(listConntrack(stage.machine.reader, 'worker-1').filter((e) => e.orig.dport === 30080)).toEqual([])
    }
  })

  it('with policy Local stays on the node, and is dropped where there is no endpoint', () => {
    const local = { externalTrafficPolicy: 'Local' }
    expect(stageOf([near, far], [near, far], local).connect(outside)).toMatchObject({ response: { from: 'near' } })
    expect(stageOf([near, far], [far], local).connect(outside)).toMatchObject({ ok: false, error: 'timeout' })
  })
})

describe('Maglev', () => {
  it('gives equal shares, and moves few slots when a backend goes', () => {
    const five = maglevTable(['a', 'b', 'c', 'd', 'e'])
    const share = new Map<string, number>()
    for (const name of five) share.set(name, (share.get(name) ?? 0) + 1)
    for (const n of share.values()) expect(Math.abs(n - five.length / 5)).toBeLessThan(five.length * 0.01)
    const four = maglevTable(['a', 'b', 'd', 'e'])
    const moved = five.filter((name, i) => name !== 'c' && four[i] !== name).length
    expect(moved / five.length).toBeLessThan(0.1)
  })
})
