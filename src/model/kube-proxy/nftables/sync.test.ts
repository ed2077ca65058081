import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Service } from '../../apiserver/objects.ts'
import type { ProxierConfig } from '../config.ts'
import type { Layout } from './dialect.ts'
import { newNftProxier } from './proxier.ts'
import { TableText } from './table-text.ts'

const CONFIG: ProxierConfig = {
  family: 4,
  nodeName: 'n1',
  nodeIP: '172.18.0.3',
  nodeAddresses: ['127.0.0.1/8', '172.18.0.3/16'],
  zone: '',
  masqueradeAll: false,
  masqueradeMark: '0x004000',
  localhostNodePorts: true,
  nodePortAddresses: ['172.18.0.3/32'],
  tcpBeLiberal: false,
  randomFully: true,
  nfacct: { invalidDropped: false, localhostNodePorts: false },
  localDetector: { ifLocal: '-s 10.244.0.0/16', ifNotLocal: '! -s 10.244.0.0/16' },
  nodeHints: true,
  serviceCIDRs: '10.96.0.0/12',
}

const service = (name: string, clusterIP: string, spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'd', name } as Service['metadata'],
  spec: { type: 'ClusterIP', clusterIP, ports: [{ port: 80, protocol: 'TCP' }], ...spec } as Service['spec'],
})

const slice = (name: string, ...ips: string[]): EndpointSlice =>
  ({
    metadata: { namespace: 'd', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: ips.map((ip) => ({ addresses: [ip], nodeName: ip.startsWith('10.244.1.') ? 'n1' : 'n2' })),
    ports: [{ port: 8080, protocol: 'TCP' }],
  }) as unknown as EndpointSlice

function lab(layout: Layout = '1.36', config = CONFIG) {
  const proxier = newNftProxier(config, layout)
  const table = new TableText()
  let now = 0
  return {
    proxier,
    table,
    sync(seconds = 0) {
      now += seconds * 1_000_000
      const result = proxier.sync(table, now)
      table.apply(result.deletion)
      table.apply(result.lines)
      return result
    },
  }
}

const short = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(' ip kube-proxy', '').replace(/-[A-Z2-7]{8}-/g, '-'))

describe('a sync in mode nftables', () => {
  it('writes on a change of one endpoint the chain of that Service alone, and the hairpin set', () => {
    const { proxier, sync } = lab()
    proxier.setService(service('a', '10.96.0.5'))
    proxier.setService(service('b', '10.96.0.6'))
    proxier.setSlice(slice('a', '10.244.1.2'))
    proxier.setSlice(slice('b', '10.244.1.3'))
    expect(sync().lines.length).toBeGreaterThan(60)
    proxier.setSlice(slice('a', '10.244.2.2', '10.244.1.9'))
    expect(short(sync().lines)).toEqual([
      'add chain service-d/a/tcp/',
      'flush chain service-d/a/tcp/',
      'add element hairpin-connections { 10.244.1.9 . 10.244.1.9 . tcp . 8080 }',
      'add rule service-d/a/tcp/ meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.244.1.9 . 8080 , 1 : 10.244.2.2 . 8080 }',
      'delete element hairpin-connections { 10.244.1.2 . 10.244.1.2 . tcp . 8080 }',
    ])
    expect(sync(5).lines).toEqual([])
  })

  it('empties the chains of a Service that is gone, and deletes them by a later sync', () => {
    const { proxier, table, sync } = lab()
    proxier.setService(service('a', '10.96.0.5'))
    proxier.setSlice(slice('a', '10.244.1.2'))
    sync()
    proxier.deleteService('d', 'a')
    expect(short(sync(10).lines)).toEqual([
      'flush chain service-d/a/tcp/',
      'delete element cluster-ips { 10.96.0.5 }',
      'delete element service-ips { 10.96.0.5 . tcp . 80 }',
      'delete element hairpin-connections { 10.244.1.2 . 10.244.1.2 . tcp . 8080 }',
    ])
    expect(sync(1).deletion).toEqual([])
    expect(table.chains().some((chain) => chain.includes('/'))).toBe(true)
    expect(short(sync(2).deletion)).toEqual(['delete chain service-d/a/tcp/'])
    expect(table.chains().some((chain) => chain.includes('/'))).toBe(false)
  })

  it('moves an address from service-ips to no-endpoint-services when the last endpoint goes', () => {
    const { proxier, sync } = lab()
    proxier.setService(service('a', '10.96.0.5'))
    proxier.setSlice(slice('a', '10.244.2.2'))
    sync()
    proxier.setSlice(slice('a'))
    expect(short(sync().lines)).toEqual([
      'add element no-endpoint-services { 10.96.0.5 . tcp . 80 comment "d/a" : goto reject-chain }',
      'flush chain service-d/a/tcp/',
      'delete element service-ips { 10.96.0.5 . tcp . 80 }',
    ])
  })

  it('deletes and adds an element whose value changes, as elements cannot be altered', () => {
    const { proxier, sync } = lab()
    proxier.setService(service('a', '10.96.0.5'))
    proxier.setSlice(slice('a', '10.244.1.2'))
    sync()
    proxier.setService(service('a', '10.96.0.5', { internalTrafficPolicy: 'Local' }))
    const lines = short(sync().lines)
    const at = lines.indexOf('delete element service-ips { 10.96.0.5 . tcp . 80 }')
    expect(lines[at + 1]).toBe('add element service-ips { 10.96.0.5 . tcp . 80 : goto local-d/a/tcp/ }')
  })

  it('keeps affinity in a set per endpoint, and deletes the set with the endpoint at once', () => {
    const { proxier, table, sync } = lab()
    proxier.setService(service('a', '10.96.0.5', { sessionAffinity: 'ClientIP' }))
    proxier.setSlice(slice('a', '10.244.1.2', '10.244.2.2'))
    const lines = short(sync().lines)
    expect(lines).toContain(
      'add set affinity-d/a/tcp/__10.244.1.2/8080 { type ipv4_addr ; flags dynamic,timeout ; timeout 10800s ; }',
    )
    expect(lines).toContain(
      'add rule service-d/a/tcp/ ip saddr @affinity-d/a/tcp/__10.244.1.2/8080 goto endpoint-d/a/tcp/__10.244.1.2/8080',
    )
    expect(lines.filter((line) => line.startsWith('add rule endpoint-d/a/tcp/__10.244.1.2/8080'))).toEqual([
      'add rule endpoint-d/a/tcp/__10.244.1.2/8080 update @affinity-d/a/tcp/__10.244.1.2/8080 { ip saddr }',
      'add rule endpoint-d/a/tcp/__10.244.1.2/8080 meta l4proto tcp dnat to 10.244.1.2:8080',
    ])
    expect(table.sets().filter((set) => set.startsWith('affinity-'))).toHaveLength(2)
    proxier.setSlice(slice('a', '10.244.1.2'))
    expect(short(sync().lines)).toContain('delete set affinity-d/a/tcp/__10.244.2.2/8080')
    expect(table.sets().filter((set) => set.startsWith('affinity-'))).toHaveLength(1)
  })

  it('serves node ports on the chosen addresses, never on 127.0.0.1', () => {
    expect(lab('1.36', { ...CONFIG, nodePortAddresses: [] }).sync().lines).toContain(
      'delete set ip kube-proxy nodeport-ips',
    )
    const chosen = lab('1.36', { ...CONFIG, nodePortAddresses: ['127.0.0.0/8', '172.18.0.0/16'] }).sync().lines
    expect(chosen.filter((line) => line.startsWith('add element'))).toEqual([
      'add element ip kube-proxy nodeport-ips { 172.18.0.3 }',
    ])
  })

  it.each(['1.35', '1.36'] as const)('leaves in layout %s the same table by steps as at once', (layout) => {
    const many = lab(layout)
    many.proxier.setService(service('a', '10.96.0.5', { sessionAffinity: 'ClientIP' }))
    many.sync()
    many.proxier.setSlice(slice('a', '10.244.1.2', '10.244.2.2'))
    many.sync(2)
    many.proxier.setService(
      service('b', '10.96.0.7', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] as never }),
    )
    many.proxier.setSlice(slice('b', '10.244.2.7'))
    many.proxier.setSlice(slice('a', '10.244.2.2'))
    many.sync(2)
    many.sync(2)
    const once = lab(layout)
    once.proxier.setService(service('a', '10.96.0.5', { sessionAffinity: 'ClientIP' }))
    once.proxier.setService(
      service('b', '10.96.0.7', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] as never }),
    )
    once.proxier.setSlice(slice('a', '10.244.2.2'))
    once.proxier.setSlice(slice('b', '10.244.2.7'))
    once.sync()
    expect(many.table.dump()).toBe(once.table.dump())
  })
})
