/**
 * Rows of facts/ipvs-static.json. A sentence holds when what a run of the model gives stands in it, and it tells of nothing
 * that the run did not give.
 */
import type { EndpointSlice, Service } from '../model/apiserver/objects.ts'
import type { ProxierConfig } from '../model/kube-proxy/config.ts'
import { IPVS_CHAINS } from '../model/kube-proxy/ipvs/chains.ts'
import { type Desired, desiredState } from '../model/kube-proxy/ipvs/desired.ts'
import { DUMMY } from '../model/kube-proxy/ipvs/mode.ts'
import { ipvsOptions, startOps } from '../model/kube-proxy/ipvs/options.ts'
import { setName, SETS } from '../model/kube-proxy/ipvs/sets.ts'
import { DRAINS } from '../model/kube-proxy/ipvs/servers.ts'
import { newTracker } from '../model/kube-proxy/proxier.ts'
import type { CaseRow } from './kube-proxy-case.ts'
import type { Json } from './json-file.ts'

export function ipvsFacts(json: Json, config: ProxierConfig): CaseRow[] {
  const rows: CaseRow[] = []
  const add = (name: string, expected: unknown, run: () => unknown): void =>
    void (json[name] !== undefined && rows.push({ name, expected, run }))
  add('dummyInterface', ['10.0.0.1', '198.51.100.1', '203.0.113.1'], () =>
    json.dummyInterface.startsWith(DUMMY) ? [...sample(config, {}).bound].sort() : DUMMY,
  )
  add('scheduler', { unset: 'rr', mh: 'mh flag-2', sh: 'sh ', persistent: [10_800] }, () => {
    const of = (scheduler: string): string => {
      const [server] = sample(config, { scheduler }).servers
      return `${server!.scheduler} ${server!.flags.join()}`
    }
    const persistent = [...new Set(sample(config, {}).servers.map((server) => server.persistentSeconds))]
    return { unset: ipvsOptions({}).scheduler, mh: of('mh'), sh: of('sh'), persistent }
  })
  // what older kernels alone get is not set: the lab's is a new one
  const wanted = Object.entries((json.sysctls ?? {}) as Record<string, unknown>)
    .filter(([, value]) => !String(value).includes('older kernels'))
    .map(([name, value]) => `${name.replace('strictARP ', '').replaceAll('/', '.')}=${value}`)
  add('sysctls', wanted.sort(), () =>
    startOps(ipvsOptions({ strictARP: true }))
      .flatMap((op) => (op.op === 'sysctl' ? Object.entries(op.values) : []))
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
  )
  add('iptablesChains', [...(json.iptablesChains ?? [])].sort(), () =>
    [...new Set([...IPVS_CHAINS.nat, ...IPVS_CHAINS.filter])].sort(),
  )
  add('ipsets', json.ipsets, () => Object.fromEntries(SETS.map(({ name, type }) => [name, type])))
  add('ipv6SetNames', true, () => {
    const names = SETS.map(({ name }) => setName(name, 6))
    const most = Number(/(\d+) characters/.exec(json.ipv6SetNames)?.[1])
    return (
      names.every((name) => name.startsWith('KUBE-6-') && name.length <= most) && new Set(names).size === SETS.length
    )
  })
  add('gracefulTermination', ['tcp'], () => (['tcp', 'udp', 'sctp'] as const).filter((proto) => DRAINS.has(proto)))
  return rows
}

/** A Service with every kind of address, and sticky. */
function sample(config: ProxierConfig, options: { scheduler?: string }): Desired {
  const tracker = newTracker(config)
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.0.0.1',
      externalIPs: ['198.51.100.1'],
      sessionAffinity: 'ClientIP',
      ports: [{ name: 'p', protocol: 'TCP', port: 80, nodePort: 30080 }],
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
  }
  const slice = {
    metadata: { namespace: 'default', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.5'] }],
    ports: [{ name: 'p', protocol: 'TCP', port: 8080 }],
  }
  tracker.setService(service as unknown as Service)
  tracker.setSlice(slice as unknown as EndpointSlice)
  const { nodeAddresses } = config
  return desiredState({ config, services: tracker.services(), scheduler: options.scheduler ?? 'rr', nodeAddresses })
}
