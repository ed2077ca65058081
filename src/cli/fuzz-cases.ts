/** Random kube-proxy cases: Services of every type and policy, endpoints in every state, and packets to all of it. */
import type { Flow } from './kube-proxy-case.ts'
import type { Json } from './json-file.ts'
import { generator, pick } from './fuzz-requests.ts'

const NODE = { name: 'test-node', ip: '192.168.0.2', addresses: ['127.0.0.1/8', '192.168.0.2/24', '192.168.1.2/24'] }

export function randomCase(seed: number): Json {
  const below = generator(seed)
  const maybe = (chance: number, value: Json): Json => (below(chance) === 0 ? value : {})
  const services: Json[] = []
  const endpointSlices: Json[] = []
  const flows: Flow[] = []
  const sources = ['10.0.0.2', '203.0.113.2', '192.168.0.2', '192.168.0.9', '10.180.0.1', '10.180.0.20']
  const flow = (destIP: string, destPort: number, protocol: string): void => {
    for (const sourceIP of sources)
      flows.push({ name: `${sourceIP} to ${destIP}:${destPort}/${protocol}`, sourceIP, destIP, destPort, protocol })
  }
  for (let i = 1, n = 1 + below(5); i <= n; i++) {
    const name = `svc${i}`
    const type = pick(below, ['ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer'])
    const clusterIP = `172.30.0.${40 + i}`
    const ports = Array.from({ length: 1 + below(2) }, (_, k) => ({
      name: `p${k}`,
      protocol: pick(below, ['TCP', 'TCP', 'UDP']),
      port: 80 + k,
      ...(type === 'ClusterIP' || (type === 'LoadBalancer' && below(4) === 0) ? {} : { nodePort: 3000 + i * 10 + k }),
    }))
    const externalIP = `192.168.99.${i}`
    const ingress = [
      { ip: `1.2.3.${i}`, ...maybe(3, { ipMode: pick(below, ['VIP', 'Proxy']) }) },
      ...(below(3) === 0 ? [{ ip: `5.6.7.${i}` }] : []),
    ]
    services.push({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'ns' },
      spec: {
        type,
        clusterIP,
        ports,
        ...maybe(3, { externalIPs: [externalIP] }),
        ...maybe(4, { internalTrafficPolicy: 'Local' }),
        ...(type === 'ClusterIP' ? {} : maybe(2, { externalTrafficPolicy: 'Local' })),
        ...maybe(4, { sessionAffinity: 'ClientIP' }),
        ...(type === 'LoadBalancer'
          ? maybe(3, { loadBalancerSourceRanges: pick(below, [['203.0.113.0/25'], ['192.168.0.0/24', '10.0.0.0/8']]) })
          : {}),
      },
      ...(type === 'LoadBalancer' ? { status: { loadBalancer: { ingress } } } : {}),
    })
    const hints = below(4) === 0
    endpointSlices.push({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'ns', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: Array.from({ length: below(5) }, (_, k) => ({
        addresses: [`10.180.${k % 2}.${i === 1 ? k + 1 : i * 10 + k}`],
        // the first of each is here: only from here it sends packets to itself
        nodeName: k === 0 || below(2) === 0 ? NODE.name : 'other-node',
        conditions: pick<Json>(below, [
          { ready: true },
          { ready: true, serving: true, terminating: false },
          { ready: false, serving: true, terminating: true },
          { ready: false, serving: false, terminating: true },
          { ready: false, serving: false, terminating: false },
        ]),
        ...(hints ? { hints: { forZones: [{ name: pick(below, ['a', 'b']) }] } } : {}),
      })),
      ports: ports.map(({ name: port, protocol }) => ({ name: port, protocol, port: 8000 + Number(port.slice(1)) })),
    })
    for (const { port, protocol, nodePort } of ports as { port: number; protocol: string; nodePort?: number }[]) {
      for (const ip of [clusterIP, externalIP, ...ingress.map((one) => one.ip)]) flow(ip, port, protocol)
      if (nodePort !== undefined) for (const ip of ['192.168.0.2', '192.168.1.2']) flow(ip, nodePort, protocol)
    }
  }
  return {
    name: `random-${seed}`,
    input: {
      config: {
        ipFamily: 'IPv4',
        detectLocalMode: pick(below, ['ClusterCIDR', 'ClusterCIDR', null]),
        clusterCIDR: '10.0.0.0/8',
        masqueradeAll: below(5) === 0,
        masqueradeMark: '0x4000',
        nodePortAddresses: pick(below, [['0.0.0.0/0'], ['192.168.0.2/32']]),
        serviceCIDRs: '172.30.0.0/16',
      },
      node: { ...NODE, labels: { 'topology.kubernetes.io/zone': 'a' } },
      services,
      endpointSlices,
    },
    flows,
  }
}
