import type { MapRules } from '../model/linux/netfilter/ruleset.ts'
import { toCase } from './kube-proxy-case.ts'
import { runCase } from './kube-proxy-case-iptables.ts'
import { traverse } from '../model/linux/netfilter/traverse.ts'
import { comparedRules } from '../model/linux/netfilter/trace.ts'

export interface ManyServices {
  readonly rules: MapRules
  readonly last: string
}

const ip = (n: number, base: number): string => `10.${base + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`

/** What kube-proxy writes for `count` Services with three endpoints each. */
export function manyServices(count: number): ManyServices {
  const services = []
  const endpointSlices = []
  for (let i = 1; i <= count; i++) {
    const name = `svc-${i}`
    services.push({
      metadata: { name, namespace: 'bench' },
      spec: {
        type: 'ClusterIP',
        clusterIP: ip(i, 96),
        ports: [{ name: 'p', port: 80, protocol: 'TCP', targetPort: 8080 }],
      },
    })
    endpointSlices.push({
      metadata: { name: `${name}-1`, namespace: 'bench', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [0, 1, 2].map((k) => ({ addresses: [ip(i * 3 + k, 128)], conditions: { ready: true } })),
      ports: [{ name: 'p', port: 8080, protocol: 'TCP' }],
    })
  }
  const runs = runCase(
    toCase('bench', {
      name: 'bench',
      input: {
        config: { clusterCIDR: '10.128.0.0/9', detectLocalMode: 'ClusterCIDR' },
        node: { name: 'n', ip: '172.18.0.3' },
        services,
        endpointSlices,
      },
    }),
  )
  return { rules: runs[runs.length - 1]!.rules, last: ip(count, 96) }
}

/** One first packet to the last Service, as the live model sends it: the number of rules compared. */
export function tracePacket({ rules, last }: ManyServices): number {
  const traversal = traverse(
    {
      rules,
      links: [{ name: 'eth0', addresses: ['172.18.0.3/16'] }],
      routes: [],
      conntrack: () => undefined,
      sysctls: { ipForward: true, routeLocalnet: false },
    },
    { proto: 'tcp', src: '10.128.9.9', dst: last, sport: 40_000, dport: 80 },
    { local: false, inDev: 'veth0', unknownDevices: true },
    () => 0,
  )
  return comparedRules(traversal.trace)
}
