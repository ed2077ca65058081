// Services as a client meets them: packets through the rules that kube-proxy wrote, on the machine where they start.
import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../sim/clock.ts'
import { httpGet, type HttpResponse } from './images/payloads.ts'
import type { FlowRecord, NetPlace } from './tables.ts'
import { container, shell, TestLab } from './test-lab.ts'

const PORTS = [{ port: 80, targetPort: 8080 }]
const GET = httpGet('web', '/', 'test')
const body = (flow: FlowRecord): string => (flow.response as HttpResponse).body.trim()

/** Three web pods, a client pod, and the Services that are asked for. */
function shop(services: Record<string, Record<string, unknown>>, replicas = 3): TestLab {
  const lab = new TestLab()
  for (const [name, spec] of Object.entries(services))
    lab.create('Service', name, { selector: { app: 'web' }, ports: PORTS, ...spec })
  lab.deployment('web', replicas, [container('a', 'nodeglass/web:1')])
  lab.pod('client', [shell('a', 'sleep 10000')])
  lab.untilAvailable('web')
  lab.untilReady('client')
  lab.run(3 * SECOND)
  return lab
}
const ipOf = (lab: TestLab, service: string): string =>
  lab.reader.get('services', `default/${service}`)!.spec.clusterIP!
const names = (lab: TestLab): string[] =>
  lab
    .pods('web')
    .map((p) => p.metadata.name)
    .sort()
const ask = (lab: TestLab, from: NetPlace, ip: string, port = 80): FlowRecord => lab.connect(from, ip, port, GET)
const many = (lab: TestLab, from: NetPlace, ip: string, n: number): string[] =>
  [...new Set(Array.from({ length: n }, () => body(ask(lab, from, ip))))].sort()

describe('a ClusterIP', () => {
  it('reaches each of its pods, from a pod and from a node, and the pod behind it sees who asked', () => {
    const lab = shop({ web: {} })
    expect(many(lab, lab.inside('client'), ipOf(lab, 'web'), 20)).toEqual(names(lab))
    expect(many(lab, { node: 'control-plane', netns: '' }, ipOf(lab, 'web'), 20)).toEqual(names(lab))
    const flow = ask(lab, lab.inside('client'), ipOf(lab, 'web'))
    expect(flow.server!.peerIp).toBe(lab.get('client')!.status!.podIP)
  })

  it('reaches the very pod that asks, which then sees its node as the client (hairpin)', () => {
    const lab = shop({ web: {} }, 1)
    const [pod] = lab.pods('web')
    const flow = ask(lab, lab.inside(pod!.metadata.name), ipOf(lab, 'web'))
    expect(body(flow)).toBe(pod!.metadata.name)
    expect(flow.server!.peerIp).not.toBe(pod!.status!.podIP)
  })

  it('with ClientIP affinity keeps to one pod; without endpoints it refuses at once', () => {
    const lab = shop({ sticky: { sessionAffinity: 'ClientIP' }, nobody: { selector: { app: 'nobody' } } })
    expect(many(lab, lab.inside('client'), ipOf(lab, 'sticky'), 12)).toHaveLength(1)
    const flow = ask(lab, lab.inside('client'), ipOf(lab, 'nobody'))
    expect(flow).toMatchObject({ error: 'refused' })
    expect(flow.endedAt! - flow.startedAt).toBeLessThan(SECOND / 10)
  })

  it('forgets a pod that is being deleted at once, and a pod whose container died soon', () => {
    const lab = shop({ web: {} }, 2)
    const [first, second] = lab.pods('web')
    lab.patch('deployments', 'web', { spec: { replicas: 1 } })
    lab.run(3 * SECOND)
    const left = lab.pods('web').find((p) => p.metadata.deletionTimestamp === undefined)!
    expect([first!.metadata.name, second!.metadata.name]).toContain(left.metadata.name)
    expect(many(lab, lab.inside('client'), ipOf(lab, 'web'), 10)).toEqual([left.metadata.name])
  })
})

describe('other types', () => {
  it('a NodePort answers on every node, from outside; with policy Local only where a pod is, and keeps the address', () => {
    const lab = shop({ port: { type: 'NodePort' }, local: { type: 'NodePort', externalTrafficPolicy: 'Local' } }, 1)
    const portOf = (name: string) => lab.reader.get('services', `default/${name}`)!.spec.ports![0]!.nodePort!
    const here = lab.pods('web')[0]!.spec.nodeName!
    for (const machine of lab.reader.all('machines')) {
      expect(body(ask(lab, { host: 'laptop' }, machine.ip, portOf('port')))).toBe(names(lab)[0])
      const flow = ask(lab, { host: 'laptop' }, machine.ip, portOf('local'))
      if (machine.name === here) expect(flow.server!.peerIp).toBe('172.18.0.1')
      else expect(flow.error).toBe('timeout')
    }
  })

  it('a headless one has no address of its own: its name is that of its pods', () => {
    const lab = shop({ web: {}, headless: { clusterIP: 'None' } }, 2)
    lab.pod('looker', [shell('a', 'nslookup headless; nslookup web; nslookup nobody')], { restartPolicy: 'Never' })
    lab.until(() => lab.get('looker')?.status?.phase === 'Failed' || lab.get('looker')?.status?.phase === 'Succeeded')
    const said = lab.logs('looker').join('')
    for (const pod of lab.pods('web')) expect(said).toContain(`Address: ${pod.status!.podIP}`)
    expect(said).toContain(`Address: ${ipOf(lab, 'web')}`)
    expect(said).toMatch(/can't find nobody.*NXDOMAIN/)
    expect(lab.reader.all('chains').some((c) => c.rules.some((rule) => rule.includes('default/headless')))).toBe(false)
  })
})

describe('kube-proxy', () => {
  it('dead, its rules stay and grow old; started again, it writes what it missed', () => {
    const lab = shop({ web: {} }, 2)
    const client = lab.inside('client') as { node: string; netns: string }
    const proxy = lab.reader
      .all('pods')
      .find((p) => p.metadata.labels?.['k8s-app'] === 'kube-proxy' && p.spec.nodeName === client.node)!
    // Cordoned off by a selector that no node has: the DaemonSet takes its pods away.
    lab.ask({
      verb: 'patch',
      resource: 'daemonsets',
      group: 'apps',
      namespace: 'kube-system',
      name: 'kube-proxy',
      patchType: 'strategic',
      body: { spec: { template: { spec: { nodeSelector: { nowhere: 'true' } } } } },
    })
    lab.until(() => lab.get(proxy.metadata.name, 'kube-system') === undefined)
    const before = names(lab)
    for (const pod of lab.pods('web')) lab.delete('pods', pod.metadata.name, { gracePeriodSeconds: 1 })
    lab.until(
      () =>
        names(lab).every((name) => !before.includes(name)) &&
        lab.pods('web').filter((p) => lab.isReady(p)).length === 2,
    )
    lab.run(5 * SECOND)
    // The old addresses are still in the rules of this node, and nobody has them any more.
    expect(ask(lab, client, ipOf(lab, 'web')).error).toBeDefined()
    lab.ask({
      verb: 'patch',
      resource: 'daemonsets',
      group: 'apps',
      namespace: 'kube-system',
      name: 'kube-proxy',
      patchType: 'strategic',
      body: { spec: { template: { spec: { nodeSelector: { nowhere: null } } } } },
    })
    lab.until(() => lab.reader.get('kubeProxies', client.node)?.running === true, MINUTE)
    lab.run(5 * SECOND)
    expect(many(lab, client, ipOf(lab, 'web'), 12)).toEqual(names(lab))
  })
})
