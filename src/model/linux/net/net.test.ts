import { describe, expect, it } from 'vitest'
import { listConntrack } from './conntrack-table.ts'
import { explainFlow } from './explain.ts'
import { liveRules } from '../netfilter/live-rules.ts'
import { printSave } from '../netfilter/print-save.ts'
import { newStage, serviceOf, sliceOf, type StagePod as Pod, TWO_NODES } from './stage.ts'

const web1: Pod = { name: 'web-1', node: 'worker-1', ip: '10.244.1.11', tcp: [8080] }
const web2: Pod = { name: 'web-2', node: 'worker-2', ip: '10.244.2.11', tcp: [8080] }
const client: Pod = { name: 'client', node: 'worker-1', ip: '10.244.1.20' }
const dns: Pod = { name: 'dns', node: 'worker-2', ip: '10.244.2.53', udp: [53] }
const TCP = [{ name: 'main', port: 8080, protocol: 'TCP' }]
const PODS = [web1, web2, client, dns]
const inPod = (pod: Pod) => ({ node: pod.node, netns: pod.name })
const get = { proto: 'tcp', what: 'GET /', request: { q: 1 }, timeoutMicros: 5_000_000 } as const

describe('packets between pods', () => {
  it('reach a pod on the same bridge and on the other node, and come back', () => {
    const stage = newStage(TWO_NODES, PODS)
    const near = stage.connect({ ...get, from: inPod(client), dst: web1.ip, dport: 8080 })
    expect(near).toMatchObject({ ok: true, response: { from: 'web-1', peer: client.ip } })
    const far = stage.connect({ ...get, from: inPod(client), dst: web2.ip, dport: 8080 })
    expect(far).toMatchObject({ ok: true, response: { from: 'web-2', peer: client.ip } })
    expect(far!.totalMicros).toBeGreaterThan(near!.totalMicros)
  })

  it('say refused where nobody listens, unreachable where nobody is, and time out over a pulled cable', () => {
    const stage = newStage(TWO_NODES, PODS)
    expect(stage.connect({ ...get, from: inPod(client), dst: web1.ip, dport: 81 })).toMatchObject({
      ok: false,
      error: 'refused',
      phase: 'connect',
    })
    expect(stage.connect({ ...get, from: inPod(client), dst: '10.244.1.99', dport: 80 })).toMatchObject({
      ok: false,
      error: 'unreachable',
    })
    stage.change((world) => world.put('machines', 'worker-2', { ...world.get('machines', 'worker-2')!, cable: false }))
    const lost = stage.connect({ ...get, from: inPod(client), dst: web2.ip, dport: 8080, timeoutMicros: 10_000_000 })
    expect(lost).toMatchObject({ ok: false, phase: 'connect' })
  })

  it('send a SYN again after 1, 2 and 4 seconds while nothing answers', () => {
    const stage = newStage(TWO_NODES, PODS)
    stage.change((world) =>
      world.put('chains', 'worker-1|filter|FORWARD', {
        node: 'worker-1',
        table: 'filter',
        name: 'FORWARD',
        policy: 'DROP',
        rules: [],
        changedAt: 0,
      }),
    )
    const result = stage.connect({ ...get, from: inPod(client), dst: web2.ip, dport: 8080, timeoutMicros: 8_000_000 })
    expect(result).toMatchObject({ ok: false, error: 'timeout' })
    const sent = stage.machine.reader
      .all('packets')
      .filter((p) => p.what === 'SYN')
      .map((p) => (p.sentAt - stage.machine.reader.all('packets')[0]!.sentAt) / 1e6)
    expect(sent).toEqual([0, 1, 3, 7])
  })
})

describe('a Service', () => {
  const web = serviceOf('web', {
    type: 'NodePort',
    clusterIP: '10.96.0.50',
    ports: [{ name: 'main', port: 80, nodePort: 30080, protocol: 'TCP' }],
  })
  const slice = sliceOf('web', [web1, web2], TCP)

  it('is what the rules make of it: every backend is chosen, the reply is undone by conntrack alone', () => {
    const stage = newStage(TWO_NODES, PODS)
    stage.startProxies([web], [slice])
    const seen = new Set<string>()
    for (let i = 0; i < 12; i++) {
      const result = stage.connect({ ...get, from: inPod(client), dst: '10.96.0.50', dport: 80 })
      expect(result).toMatchObject({ ok: true, response: { peer: client.ip } })
      seen.add((result!.response as { from: string }).from)
    }
    expect([...seen].sort()).toEqual(['web-1', 'web-2'])
    const replies = stage.machine.reader.all('packets').filter((p) => p.way === 'reply')
    expect(replies.length).toBeGreaterThan(0)
    for (const packet of replies)
      for (const hop of packet.hops) expect(hop.matched.filter((step) => step.table === 'nat')).toEqual([])
  })

  it('masquerades hairpin and node port, refuses without endpoints, and follows a change within two syncs', () => {
    const stage = newStage(TWO_NODES, PODS)
    stage.startProxies([web], [sliceOf('web', [web1], TCP)])
    expect(stage.connect({ ...get, from: inPod(web1), dst: '10.96.0.50', dport: 80 })).toMatchObject({
      ok: true,
      response: { from: 'web-1', peer: '10.244.1.1' },
    })
    // by way of the other node: it masquerades, or the reply would miss it
    expect(stage.connect({ ...get, from: { host: 'laptop' }, dst: '172.18.0.4', dport: 30080 })).toMatchObject({
      ok: true,
      response: { from: 'web-1', peer: '172.18.0.4' },
    })
    expect(
      stage.connect({ ...get, from: { node: 'worker-1', netns: '' }, dst: '127.0.0.1', dport: 30080 }),
    ).toMatchObject({ ok: true, response: { from: 'web-1' } })
    stage.watch('endpointslices', 'MODIFIED', sliceOf('web', [], TCP))
    stage.run(stage.machine.now + 2_500_000)
    expect(stage.connect({ ...get, from: inPod(client), dst: '10.96.0.50', dport: 80 })).toMatchObject({
      ok: false,
      error: 'refused',
    })
    const last = stage.machine.reader.all('flows').at(-1)!
    expect(explainFlow(stage.machine.reader, last.id)).toEqual({
      says: 'a pod on worker-1 did not reach 10.96.0.50:80 (connection refused): SYN was rejected, rule 1 of KUBE-SERVICES.',
      way: [
        'worker-1, client: socket to eth0',
        'worker-1: cni0 to nowhere; conntrack NEW; nat rules PREROUTING 1; REJECT by rule 1 of KUBE-SERVICES',
        'SYN rejected: rule 1 of KUBE-SERVICES',
      ],
      command: { line: 'iptables-save -t filter', node: 'worker-1' },
    })
    expect(stage.machine.reader.get('netfilter', 'worker-1')!.removed.some((line) => line.includes('KUBE-SEP-'))).toBe(
      true,
    )
  })

  it('counts what matched, and counts from zero after a restore', () => {
    const stage = newStage(TWO_NODES, PODS)
    stage.startProxies([web], [sliceOf('web', [web1], TCP)])
    const dnat = (): string | undefined =>
      printSave(liveRules(stage.machine.reader, 'worker-1'), { counters: true, table: 'nat' })
        .split('\n')
        .find((line) => line.includes('-j DNAT'))
        ?.split(' ')[0]
    expect(dnat()).toBe('[0:0]')
    for (let i = 0; i < 3; i++) stage.connect({ ...get, from: inPod(client), dst: '10.96.0.50', dport: 80 })
    expect(dnat()).toBe('[3:180]')
    stage.watch('endpointslices', 'MODIFIED', sliceOf('web', [web1], TCP))
    stage.run(stage.machine.now + 2_500_000)
    expect(dnat()).toBe('[0:0]')
  })

  it('answers over UDP, and stale UDP entries go with their endpoint', () => {
    const stage = newStage(TWO_NODES, PODS)
    const ports = [{ name: 'main', port: 53, protocol: 'UDP' }]
    const service = serviceOf('dns', { type: 'ClusterIP', clusterIP: '10.96.0.10', ports })
    stage.startProxies([service], [sliceOf('dns', [dns], ports)])
    const query = {
      from: inPod(client),
      proto: 'udp',
      dst: '10.96.0.10',
      dport: 53,
      request: 'who',
      what: 'query',
      timeoutMicros: 5_000_000,
    } as const
    expect(stage.connect(query)).toMatchObject({ ok: true, response: { from: 'dns' } })
    expect(listConntrack(stage.machine.reader, 'worker-1').filter((e) => e.orig.proto === 'udp')).toMatchObject([
      { dnat: true, seenReply: true },
    ])
    stage.watch('endpointslices', 'MODIFIED', sliceOf('dns', [{ ...dns, ip: '10.244.2.54' }], ports))
    stage.run(stage.machine.now + 2_000_000)
    expect(listConntrack(stage.machine.reader, 'worker-1').filter((e) => e.orig.proto === 'udp')).toEqual([])
  })

  it('gives the same hash twice', () => {
    const hash = (): string => {
      const stage = newStage(TWO_NODES, PODS, 7)
      stage.startProxies([web], [slice])
      for (let i = 0; i < 5; i++) stage.connect({ ...get, from: inPod(client), dst: '10.96.0.50', dport: 80 })
      return stage.machine.hash()
    }
    expect(hash()).toBe(hash())
  })
})

describe('a conntrack table that is full', () => {
  it('takes no new connection where no entry may go, says so in the kernel log, and keeps the old ones', () => {
    const stage = newStage(TWO_NODES, PODS)
    const far = { ...get, from: inPod(client), dst: web2.ip, dport: 8080, timeoutMicros: 500_000 } as const
    expect(stage.connect(far)).toMatchObject({ ok: true })
    stage.machine.input({
      kind: 'kernel.sysctl',
      to: 'worker-1/kernel',
      data: { values: { 'net.netfilter.nf_conntrack_max': '1' } },
    })
    const before = listConntrack(stage.machine.reader, 'worker-1')
    expect(stage.connect(far)).toMatchObject({ ok: false, error: 'timeout' })
    expect(listConntrack(stage.machine.reader, 'worker-1').map((e) => e.orig)).toEqual(before.map((e) => e.orig))
    expect(stage.machine.reader.by('journal', 'unit', 'worker-1|kernel').map((l) => l.text)).toContain(
      'nf_conntrack: nf_conntrack: table full, dropping packet',
    )
    const drops = stage.machine.reader.get('conntrackStats', 'worker-1')!.cpus.map((cpu) => cpu.drop)
    expect(drops.reduce((a, b) => a + b)).toBe(1)
  })
})
