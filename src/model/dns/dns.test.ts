import { describe, expect, it } from 'vitest'
import type { EndpointSlice, Service } from '../apiserver/objects.ts'
import { answerFromZone, answerOutside, type Zone } from './coredns.ts'
import { candidates, clusterResolv, printResolv } from './resolv-conf.ts'

const services: Record<string, Partial<Service['spec']>> = {
  'shop/web': {
    clusterIP: '10.96.1.1',
    clusterIPs: ['10.96.1.1'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' } as never],
  },
  'shop/db': { clusterIP: 'None' },
  'shop/far': { type: 'ExternalName', externalName: 'example.com' },
}
const slice = {
  endpoints: [
    { addresses: ['10.244.1.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.2.7'], conditions: { ready: true } },
    { addresses: ['10.244.2.9'], conditions: { ready: false } },
  ],
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
} as unknown as EndpointSlice
const serviceOf = (name: string): Service =>
  ({ metadata: { name, namespace: 'shop' }, spec: services[`shop/${name}`] }) as unknown as Service
const zone: Zone = {
  service: (namespace, name) => (services[`${namespace}/${name}`] ? serviceOf(name) : undefined),
  slices: () => [slice],
  hasNamespace: (namespace) => namespace === 'shop',
  all: () => ['web', 'db'].map((name) => ({ service: serviceOf(name) })),
}
const ask = (name: string, type: 'A' | 'AAAA' | 'SRV' | 'PTR' = 'A') => {
  const answer = answerFromZone(zone, { protocol: 'dns', name, type })
  return answer && [answer.rcode, ...answer.answers.map((a) => a.value)]
}

describe('CoreDNS', () => {
  it.each([
    ['web.shop.svc.cluster.local', 'A', ['NOERROR', '10.96.1.1']],
    ['WEB.shop.svc.cluster.local.', 'A', ['NOERROR', '10.96.1.1']],
    ['web.shop.svc.cluster.local', 'AAAA', ['NOERROR']],
    ['db.shop.svc.cluster.local', 'A', ['NOERROR', '10.244.1.5', '10.244.2.7']],
    ['db-0.db.shop.svc.cluster.local', 'A', ['NOERROR', '10.244.1.5']],
    ['10-244-2-7.db.shop.svc.cluster.local', 'A', ['NOERROR', '10.244.2.7']],
    ['far.shop.svc.cluster.local', 'A', ['NOERROR', 'example.com.', '203.0.113.10']],
    [
      '_sql._tcp.db.shop.svc.cluster.local',
      'SRV',
      ['NOERROR', '0 50 5432 db-0.db.shop.svc.cluster.local.', '0 50 5432 10-244-2-7.db.shop.svc.cluster.local.'],
    ],
    ['1.1.96.10.in-addr.arpa', 'PTR', ['NOERROR', 'web.shop.svc.cluster.local.']],
    [
      '7.2.244.10.in-addr.arpa',
      'PTR',
      ['NOERROR', '10-244-2-7.web.shop.svc.cluster.local.', '10-244-2-7.db.shop.svc.cluster.local.'],
    ],
    ['9.9.9.9.in-addr.arpa', 'PTR', undefined],
    ['_http._tcp.web.shop.svc.cluster.local', 'SRV', ['NOERROR', '0 100 80 web.shop.svc.cluster.local.']],
    ['nope.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['shop.svc.cluster.local', 'A', ['NOERROR']],
    ['other.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['10-244-3-4.shop.pod.cluster.local', 'A', ['NOERROR', '10.244.3.4']],
    ['example.com', 'A', undefined],
  ] as const)('%s %s', (name, type, want) => {
    expect(ask(name, type)).toEqual(want)
  })

  it('passes on what is not its own', () => {
    expect(answerOutside({ protocol: 'dns', name: 'nobody.knows.test', type: 'A' }).rcode).toBe('NXDOMAIN')
    expect(answerOutside({ protocol: 'dns', name: 'example.com', type: 'A' }).answers[0]?.value).toBe('203.0.113.10')
  })
})

describe('the resolver', () => {
  const conf = clusterResolv('shop')
  it('tries the search list first for names with fewer than five dots', () => {
    expect(candidates('web', conf)[0]).toBe('web.shop.svc.cluster.local')
    expect(candidates('web.shop', conf)[1]).toBe('web.shop.svc.cluster.local')
    expect(candidates('example.com', conf).at(-1)).toBe('example.com')
    expect(candidates('example.com.', conf)).toEqual(['example.com'])
    expect(candidates('a.b.c.d.e.f', conf)[0]).toBe('a.b.c.d.e.f')
  })
  it('is configured as the kubelet writes it', () => {
    expect(printResolv(conf)).toBe(
      'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    )
  })
})
