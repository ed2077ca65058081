import { describe, expect, it } from 'vitest'
import { listConntrack } from '../net/conntrack-table.ts'
import { newStage, serviceOf, sliceOf, type Stage, type StagePod, TWO_NODES } from '../net/stage.ts'
import { expandTrace } from '../netfilter/trace.ts'
import { liveRules } from '../netfilter/live-rules.ts'
import { connectionsOf } from './connections.ts'
import { serverKey } from './records.ts'

const SECOND = 1_000_000
const WEB = ['10.244.1.11', '10.244.2.11', '10.244.2.12'] as const
const PODS: readonly StagePod[] = [
  { name: 'client', node: 'worker-1', ip: '10.244.1.10', tcp: [80] },
  { name: 'web-a', node: 'worker-1', ip: WEB[0], tcp: [80], udp: [53] },
  { name: 'web-b', node: 'worker-2', ip: WEB[1], tcp: [80], udp: [53] },
  { name: 'web-c', node: 'worker-2', ip: WEB[2], tcp: [80], udp: [53] },
]
const HTTP = [{ name: 'http', port: 80, protocol: 'TCP' }]
const place = (ip: string) => ({ ip, node: ip.startsWith('10.244.1') ? 'worker-1' : 'worker-2' })
const SLICE = sliceOf(
  'web',
  WEB.map((ip) => place(ip)),
  HTTP,
)

const web = (spec: object = {}) =>
  serviceOf('web', {
    type: 'NodePort',
    clusterIP: '10.96.0.50',
    ports: [{ name: 'http', port: 80, targetPort: 80, nodePort: 30080, protocol: 'TCP' }],
    ...spec,
  })
const EMPTY = serviceOf('empty', { clusterIP: '10.96.0.60', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] })

function inMode(mode: 'ipvs' | 'iptables', options: Record<string, unknown> = {}, spec: object = {}): Stage {
  const stage = newStage(TWO_NODES, PODS)
  stage.change((world) => {
    for (const { name } of TWO_NODES) world.put('proxySettings', name, { node: name, mode, options })
  })
  stage.startProxies([web(spec), EMPTY], [SLICE])
  return stage
}

type Server = { from: string; peer: string }
function get(stage: Stage, dst = '10.96.0.50', dport = 80, from: Parameters<Stage['connect']>[0]['from'] = CLIENT) {
  const result = stage.connect({
    from,
    proto: 'tcp',
    dst,
    dport,
    request: 'GET /',
    what: 'GET /',
    timeoutMicros: 3 * SECOND,
  })!
  return { ...result, server: result.response as Server }
}
const CLIENT = { node: 'worker-1', netns: 'client' }
const NODE = { node: 'worker-1', netns: '' }
const firstHop = (stage: Stage, flow: string) =>
  stage.machine.reader.by('packets', 'flow', flow)[0]!.hops.find((hop) => hop.netns === '' && hop.node === 'worker-1')!
const service = (stage: Stage, at = 'tcp 10.96.0.50:80') => stage.machine.reader.get('ipvsServices', `worker-1|${at}`)!

describe('a cluster in mode ipvs', () => {
  it('takes a packet through PREROUTING, INPUT, OUTPUT and POSTROUTING, and gives the answer its source back', () => {
    const stage = inMode('ipvs')
    const { ok, server, flow } = get(stage)
    expect(ok).toBe(true)
    // the pod's own address: nothing is masqueraded on the way to a pod of another node
    expect(server).toMatchObject({ from: 'web-c', peer: '10.244.1.10' })
    const hop = firstHop(stage, flow)
    const hooks = [...new Set(hop.trace!.passes.map((pass) => pass.hook))]
    expect(hooks).toEqual(['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'])
    expect(hop.nat).toMatchObject([{ hook: 'INPUT', kind: 'DNAT', from: '10.96.0.50:80', to: '10.244.2.12:80' }])
    const steps = expandTrace(liveRules(stage.machine.reader, 'worker-1'), hop.trace!, true)
    expect(steps.filter((step) => step.table === 'nat').map((step) => step.chain)).toContain('KUBE-SERVICES')
    const reply = stage.machine.reader.by('packets', 'flow', flow).find((packet) => packet.way === 'reply')!
    const back = reply.hops.find((one) => one.netns === '' && one.node === 'worker-1')!
    expect(back.nat).toMatchObject([{ hook: 'FORWARD', kind: 'un-DNAT', to: '10.96.0.50:80' }])
    expect(listConntrack(stage.machine.reader, 'worker-1').find((e) => e.orig.dst === '10.96.0.50')).toMatchObject({
      orig: { src: '10.244.1.10', dst: '10.96.0.50', dport: 80 },
      reply: { src: '10.244.2.12', sport: 80, dst: '10.244.1.10' },
      dnat: false,
      assured: true,
    })
  })

  it('goes round exactly, the last added first', () => {
    const stage = inMode('ipvs')
    const served = Array.from({ length: 30 }, () => get(stage).server.from)
    expect(served.slice(0, 4)).toEqual(['web-c', 'web-b', 'web-a', 'web-c'])
    expect(['web-a', 'web-b', 'web-c'].map((name) => served.filter((one) => one === name).length)).toEqual([10, 10, 10])
    const stats = stage.machine.reader.get('ipvsStats', 'worker-1|tcp 10.96.0.50:80|10.244.2.12:80')
    expect(stats).toMatchObject({ conns: 10 })
  })

  it('does at its edges what a real kernel was seen to do', () => {
    const stage = inMode('ipvs')
    expect(get(stage, '10.96.0.50', 81)).toMatchObject({ ok: false, error: 'refused' })
    expect(get(stage, '10.96.0.60', 80)).toMatchObject({ ok: false, error: 'refused' })
    expect(get(stage, '10.96.0.99', 80)).toMatchObject({ ok: false, error: 'timeout' })
    expect(get(stage, '127.0.0.1', 30080, NODE)).toMatchObject({ ok: false, error: 'refused' })
    expect(get(stage, '172.18.0.3', 30080, { host: 'laptop' }).server.peer).toBe('172.18.0.3')
    expect(get(stage, '10.96.0.50', 80, NODE)).toMatchObject({ ok: true })
    const hop = firstHop(stage, get(stage, '10.96.0.60', 80).flow)
    expect(hop.stoppedBy).toBe('virtual server TCP 10.96.0.60:80: no real server to be had')
  })

  it('masquerades a pod that gets itself, and a node that asks', () => {
    const stage = inMode('ipvs')
    const mine = { node: 'worker-1', netns: 'web-a' }
    const seen = Array.from({ length: 3 }, () => get(stage, '10.96.0.50', 80, mine).server)
    expect(seen).toContainEqual(expect.objectContaining({ from: 'web-a', peer: '10.244.1.1' }))
    expect(seen).toContainEqual(expect.objectContaining({ from: 'web-b', peer: '10.244.1.11' }))
    const asked = Array.from({ length: 3 }, () => get(stage, '10.96.0.50', 80, NODE).server.peer)
    expect([...new Set(asked)].sort()).toEqual(['10.244.1.1', '172.18.0.3'])
  })

  it('has the virtual addresses on kube-ipvs0, and refuses a ping of them since 1.27', () => {
    const stage = inMode('ipvs')
    const link = stage.machine.reader.get('links', 'worker-1||kube-ipvs0')!
    expect(link).toMatchObject({ kind: 'dummy', up: false })
    expect([...link.addresses].sort()).toEqual(['10.96.0.50/32', '10.96.0.60/32'])
    const ping = {
      from: CLIENT,
      proto: 'icmp',
      dst: '10.96.0.50',
      dport: 0,
      what: 'ping',
      timeoutMicros: SECOND,
    } as const
    expect(stage.connect(ping)!.ok).toBe(false)
    stage.change((world) => {
      const id = 'worker-1|filter|KUBE-IPVS-FILTER'
      world.put('chains', id, { ...world.get('chains', id)!, rules: [] })
    })
    expect(stage.connect(ping)!.ok).toBe(true)
  })

  it('keeps a client with its server while the template of persistence lasts', () => {
    const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }
    const stage = inMode('ipvs', {}, sticky)
    expect([get(stage), get(stage), get(stage)].map(({ server }) => server.from)).toEqual(['web-c', 'web-c', 'web-c'])
    const template = 'worker-1|tcp% 10.244.1.10>10.96.0.50:80'
    expect(stage.machine.reader.get('ipvsConns', template)).toMatchObject({ state: 'ASSURED', cport: 0 })
    // connections in TIME_WAIT hold it for two minutes more
    stage.run(stage.machine.now + 90 * SECOND)
    expect(get(stage).server.from).toBe('web-c')
    stage.run(stage.machine.now + 300 * SECOND)
    expect(get(stage).server.from).toBe('web-b')
  })

  it('lets a server that leaves keep its connections, and forgets it when they are over', () => {
    const stage = inMode('ipvs')
    expect(get(stage).server.from).toBe('web-c')
    const two = sliceOf('web', [place(WEB[0]), place(WEB[1])], HTTP)
    stage.watch('endpointslices', 'MODIFIED', two)
    stage.run(stage.machine.now + 2 * SECOND)
    expect(service(stage).servers.find((one) => one.address === WEB[2])).toMatchObject({ weight: 0 })
    expect(Array.from({ length: 4 }, () => get(stage).server.from)).not.toContain('web-c')
    // TIME_WAIT lasts 120 s, and the list is looked through once a minute
    stage.run(stage.machine.now + 200 * SECOND)
    expect(service(stage).servers.map(serverKey)).toEqual(['10.244.2.11:80', '10.244.1.11:80'])
    // one that comes back while it drains is deleted and added anew
    expect(get(stage).server.from).toBeDefined()
    stage.watch('endpointslices', 'MODIFIED', sliceOf('web', [place(WEB[0])], HTTP))
    stage.run(stage.machine.now + 2 * SECOND)
    stage.watch('endpointslices', 'MODIFIED', two)
    stage.run(stage.machine.now + 2 * SECOND)
    expect(service(stage).servers.map((one) => one.weight)).toEqual([1, 1])
  })

  it('counts connections, and chooses by them in wlc', () => {
    const stage = inMode('ipvs', { scheduler: 'wlc' })
    const served = Array.from({ length: 6 }, () => get(stage).server.from)
    expect([...served].sort()).toEqual(['web-a', 'web-a', 'web-b', 'web-b', 'web-c', 'web-c'])
    const { servers } = service(stage)
    expect(servers.map((one) => connectionsOf(stage.machine.reader, 'worker-1|tcp 10.96.0.50:80', one))).toEqual(
      servers.map(() => ({ active: 0, inactive: 2, persistent: 0 })),
    )
  })

  it('takes away what belongs to a Service that is gone', () => {
    const stage = inMode('ipvs')
    stage.watch('services', 'DELETED', web())
    stage.run(stage.machine.now + 3 * SECOND)
    const left = stage.machine.reader.by('ipvsServices', 'node', 'worker-1')
    expect(left.map((one) => one.address)).toEqual(['10.96.0.60'])
    expect(stage.machine.reader.get('links', 'worker-1||kube-ipvs0')!.addresses).toEqual(['10.96.0.60/32'])
    expect(stage.machine.reader.get('ipsets', 'worker-1|KUBE-CLUSTER-IP')!.members).toEqual(['10.96.0.60,tcp:80'])
    expect(stage.machine.reader.get('ipsets', 'worker-1|KUBE-NODE-PORT-TCP')!.members).toEqual([])
  })

  it('leaves everything behind for mode iptables, and nothing for mode nftables', () => {
    const stage = inMode('ipvs')
    expect(get(stage)).toMatchObject({ ok: true })
    const { reader } = stage.machine
    const startIn = (mode: 'iptables' | 'nftables'): void => {
      stage.change((world) => {
        for (const { name } of TWO_NODES) world.put('proxySettings', name, { node: name, mode })
      })
      stage.startProxies([web(), EMPTY], [SLICE])
    }
    startIn('iptables')
    expect(service(stage).servers).toHaveLength(3)
    expect(reader.get('links', 'worker-1||kube-ipvs0')!.addresses).toHaveLength(2)
    const { flow, ok } = get(stage)
    expect(ok).toBe(true)
    // the DNAT of PREROUTING comes before the address is looked up: the packet is forwarded
    expect(firstHop(stage, flow).nat).toMatchObject([{ hook: 'PREROUTING', kind: 'DNAT' }])
    // nobody syncs the old virtual server: a Service that is gone goes on answering
    stage.watch('services', 'DELETED', web())
    stage.run(stage.machine.now + 3 * SECOND)
    const late = get(stage)
    expect(late.ok).toBe(true)
    expect(firstHop(stage, late.flow).nat).toMatchObject([{ hook: 'INPUT', kind: 'DNAT' }])

    startIn('nftables')
    expect(reader.count('ipvsServices', 'node', 'worker-1')).toBe(0)
    expect(reader.get('links', 'worker-1||kube-ipvs0')).toBeUndefined()
    expect(reader.count('ipsets', 'node', 'worker-1')).toBe(0)
    const chains = reader.by('chains', 'node', 'worker-1').map((chain) => chain.name)
    expect(chains.filter((name) => /^KUBE-(IPVS|NODE-PORT$|LOAD|SERVICES|SVC|SOURCE)/.test(name))).toEqual([])
    expect(get(stage)).toMatchObject({ ok: true })
  })
})
