/**
 * What Services cost: 10,000 of 10 endpoints each, from the objects to the text that iptables-restore would read, and a
 * packet to the last of them in each mode. The real kube-proxy, in Go, takes 0.6 s and 0.05 to 0.25 s on such a machine.
 */
import { openScenario } from '../model/cluster.ts'
import { namespaceOf } from '../model/linux/net/places.ts'
import type { EndpointSlice, Service } from '../model/apiserver/objects.ts'
import { newNftProxier } from '../model/kube-proxy/nftables/proxier.ts'
import { TableText } from '../model/kube-proxy/nftables/table-text.ts'
import { comparedRules } from '../model/linux/netfilter/trace.ts'
import { traverse } from '../model/linux/netfilter/traverse.ts'
import { MapRules } from '../model/linux/netfilter/ruleset.ts'
import { NftRuleset } from '../model/linux/nft/nft-ruleset.ts'
import { restoreText } from '../model/kube-proxy/iptables/sync.ts'
import { newProxier } from '../model/kube-proxy/proxier.ts'
import { PLAIN } from './kube-proxy-facts.ts'
import { best, type Figure, timed } from './bench-figure.ts'

const SERVICES = 10_000
const ENDPOINTS = 10

const address = (n: number, base: number): string => `10.${base + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`

const service = (i: number): Service =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `service-${i}`, namespace: 'bench' },
    spec: { type: 'ClusterIP', clusterIP: address(i, 96), ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  }) as unknown as Service

const slice = (i: number, moved = 0): EndpointSlice =>
  ({
    metadata: {
      name: `service-${i}-x`,
      namespace: 'bench',
      labels: { 'kubernetes.io/service-name': `service-${i}` },
    },
    addressType: 'IPv4',
    endpoints: Array.from({ length: ENDPOINTS }, (_, k) => ({
      addresses: [address(i * ENDPOINTS + k + (k === 0 ? moved : 0), 128)],
      nodeName: `node-${k}`,
      conditions: { ready: true, serving: true, terminating: false },
    })),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }) as unknown as EndpointSlice

const CONFIG = { ...PLAIN, localDetector: { ifLocal: '-s 10.128.0.0/9', ifNotLocal: '! -s 10.128.0.0/9' } }

export function manyServiceSyncs(): Figure[] {
  let bytes = 0
  let change = Infinity
  let changedLines = 0
  const full = best(3, () => {
    const services = Array.from({ length: SERVICES }, (_, i) => service(i + 1))
    const slices = Array.from({ length: SERVICES }, (_, i) => slice(i + 1))
    const proxier = newProxier({ ...CONFIG })
    const { ms } = timed(() => {
      for (const object of services) proxier.setService(object)
      for (const object of slices) proxier.setSlice(object)
      bytes = restoreText(proxier.sync([])).length
    })
    // what iptables-save would list
    const chains = new Set([...proxier.sync([]).lines].flatMap((line) => /^-A (KUBE-S\S+)/.exec(line)?.[1] ?? []))
    for (let n = 1; n <= 4; n++) {
      const one = slice(SERVICES >> 1, n * 1_000_000)
      const took = timed(() => {
        proxier.setSlice(one)
        const sync = proxier.sync(chains)
        changedLines = restoreText(sync).length
      })
      change = Math.min(change, took.ms)
    }
    return ms
  })
  return [
    {
      what: 'iptables, full sync of 10,000 Services of 10 endpoints',
      ms: full,
      budgetMs: 1000,
      note: `${(bytes / 1e6).toFixed(1)} MB`,
    },
    {
      what: 'iptables, sync after a change of one endpoint',
      ms: change,
      budgetMs: 50,
      note: `${(changedLines / 1e6).toFixed(1)} MB`,
    },
  ]
}

/** A first packet from a pod to the last of 10,000 Services, in mode nftables. */
export function packetsByMap(): Figure[] {
  const proxier = newNftProxier({ ...CONFIG }, '1.36')
  for (let i = 1; i <= SERVICES; i++) {
    proxier.setService(service(i))
    proxier.setSlice(slice(i))
  }
  const nothing = new TableText()
  const first = timed(() => proxier.sync(nothing, 0))
  const kernel = new NftRuleset()
  const { error } = kernel.apply(first.value.lines, { trusted: true })
  if (error) throw new Error(error.message)
  const ns = {
    rules: new MapRules(4),
    links: [{ name: 'eth0', addresses: ['172.18.0.3/16'] }],
    routes: [],
    conntrack: () => undefined,
    sysctls: { ipForward: true, routeLocalnet: false },
    passes: kernel.passes(),
  }
  let looked = ''
  const packet = { proto: 'tcp', src: '10.128.9.9', dst: address(SERVICES, 96), sport: 40_000, dport: 80 }
  const send = (): void => {
    const { trace, nat } = traverse(ns, packet, { local: false, inDev: 'veth0', unknownDevices: true }, () => 0)
    looked = `${comparedRules(trace)} rules compared, ${trace.lookups} look-ups, to ${nat.find((n) => n.kind === 'DNAT')?.to}`
  }
  for (let i = 0; i < 200; i++) send()
  return [
    { what: 'nftables, full sync of 10,000 Services of 10 endpoints', ms: first.ms, budgetMs: 1000 },
    {
      what: 'nftables, a packet through 10,000 Services',
      ms: best(20, () => timed(send).ms),
      budgetMs: 0.1,
      note: looked,
    },
  ]
}

/** The same in a lab: the records of a node whose kube-proxy got 10,000 Services, and a packet that meets them. */
export function packetsInLab(): Figure[] {
  return ['nftables', 'ipvs'].flatMap((mode) => {
    const machine = openScenario('default', 1, { trusted: true })
    const proxy = 'worker-1/kube-proxy'
    machine.input({ kind: 'proxy.settings', to: proxy, data: { mode } })
    while (machine.step()!.event.kind !== 'kube-proxy.start') continue
    const give = (type: string, resource: string, object: unknown): void =>
      void machine.input({ kind: 'api.watch', from: 'apiserver', to: proxy, data: { type, resource, object } })
    for (let i = 1; i <= SERVICES; i++) {
      give('ADDED', 'services', service(i))
      give('ADDED', 'endpointslices', slice(i))
    }
    // until the kernel has answered the last write of a sync
    const pass = (): number => {
      let spent = 0
      for (;;) {
        const { ms, value } = timed(() => machine.step()!)
        const { kind, to, data } = value.event
        if (!SYNCS.test(`${kind} ${to}`)) continue
        spent += ms
        if (to === proxy && (data as { ctx?: { full?: boolean } }).ctx?.full !== undefined) return spent
      }
    }
    const sync = pass()
    let change = Infinity
    for (let n = 1; n <= 6; n++) {
      give('MODIFIED', 'endpointslices', slice(SERVICES >> 1, n * 1_000_000))
      change = Math.min(change, pass())
    }
    const packet = { proto: 'tcp', src: '10.244.1.9', dst: address(SERVICES, 96), sport: 40_000, dport: 80 }
    let said = ''
    const send = (): void => {
      const { trace, nat } = traverse(namespaceOf(machine.reader, 'worker-1', ''), packet, { inDev: 'veth0' }, () => 0)
      said = `${comparedRules(trace)} rules compared, ${trace.lookups ?? 0} look-ups, to ${nat.find((n) => n.kind === 'DNAT')?.to}`
    }
    for (let i = 0; i < 200; i++) send()
    return [
      { what: `${mode} in the lab, first sync of 10,000 Services, proxy and kernel`, ms: sync },
      { what: `${mode} in the lab, sync after a change of one endpoint`, ms: change },
      {
        what: `${mode} in the lab, a packet through 10,000 Services`,
        ms: best(20, () => timed(send).ms),
        budgetMs: 0.1,
        note: said,
      },
    ]
  })
}

const SYNCS = /^(timer.kube-proxy-sync|kernel.(nft-appl|ipvs-appl|iptables-restore)\w*) worker-1/
