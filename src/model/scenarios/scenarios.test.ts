import { parseAllDocuments } from 'yaml'
import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { TestCluster } from '../controllers/test-cluster.ts'
import { SCENARIOS } from './scenarios.ts'
import { SHOP_MANIFEST, SHOP_OBJECTS } from './shop.ts'

describe('scenarios', () => {
  it('have machines with addresses of their own, and inputs in order before they open', () => {
    for (const s of Object.values(SCENARIOS)) {
      for (const of of ['name', 'ip', 'podCIDR', 'bootID', 'machineID', 'systemUUID'] as const)
        expect(new Set(s.machines.map((m) => m[of])).size).toBe(s.machines.length)
      const times = s.inputs.map((i) => i.atMicros)
      expect(times).toEqual([...times].sort((a, b) => a - b))
      expect(times.every((t) => t <= s.openAt)).toBe(true)
    }
    expect(SCENARIOS['big']!.machines).toHaveLength(11)
  })

  it('the shop is the same as text and as objects', () => {
    expect(parseAllDocuments(SHOP_MANIFEST).map((d) => d.toJS() as unknown)).toEqual(SHOP_OBJECTS)
  })

  it('what kubeadm leaves is accepted by the API server, and comes to life: CoreDNS, kube-proxy, the shop', () => {
    const c = new TestCluster({
      startMicros: SECOND,
      nodes: {
        'control-plane': { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] },
        'worker-1': {},
        'worker-2': {},
      },
    })
    // A refused request from the laptop makes the test cluster throw.
    for (const object of SCENARIOS['shop']!.objects) c.create(object)
    c.run(10 * SECOND)
    for (const input of SCENARIOS['shop']!.inputs) {
      c.machine.input({ kind: 'test.request', to: 'laptop', data: input.data })
      c.run(SECOND)
    }
    c.run(20 * SECOND)
    const ready = (ns: string): [string, number][] =>
      c.reader
        .all('deployments')
        .filter((d) => d.metadata.namespace === ns)
        .map((d) => [d.metadata.name, d.status?.readyReplicas ?? 0])
    expect(ready('kube-system')).toEqual([['coredns', 2]])
    expect(ready('shop')).toEqual([
      ['web', 3],
      ['client', 1],
    ])
    expect(c.reader.get('daemonsets', 'kube-system/kube-proxy')!.status).toMatchObject({
      desiredNumberScheduled: 3,
      numberReady: 3,
      updatedNumberScheduled: 3,
    })
    const dns = c.reader
      .by('pods', 'namespace', 'kube-system')
      .filter((p) => p.metadata.labels!['k8s-app'] === 'kube-dns')
    // They do not like each other's node.
    expect(new Set(dns.map((p) => p.spec.nodeName)).size).toBe(2)
    const slice = c.reader.by('endpointslices', 'service', 'kube-system/kube-dns')[0]!
    expect(slice.endpoints).toHaveLength(2)
    expect(slice.ports!.map((p) => `${p.name} ${p.port}/${p.protocol}`).sort()).toEqual([
      'dns 53/UDP',
      'dns-tcp 53/TCP',
      'metrics 9153/TCP',
    ])
    expect(c.reader.get('services', 'kube-system/kube-dns')!.spec.clusterIP).toBe('10.96.0.10')
    expect(c.reader.get('services', 'default/kubernetes')!.spec.clusterIP).toBe('10.96.0.1')
    expect(c.events('FailedCreate')).toEqual([])
  })
})
