import { expect, test } from 'vitest'
import { openScenario } from '../../cluster.ts'
import type { FlowRecord } from '../../tables.ts'
import type { connect } from '../../linux/net/connect.ts'

const SECOND = 1_000_000

test('kube-proxy copies itself: two connections each, endpoints in turn, the node as source', () => {
  const machine = openScenario('shop', 2)
  const run = (until: number): void => {
    while ((machine.nextAt() ?? Infinity) <= until) machine.step()
    machine.idleUntil(until)
  }
  const { reader } = machine
  const client = reader.all('sandboxes').find((s) => s.metadata.name.startsWith('client'))!
  machine.input({ kind: 'proxy.settings', to: `${client.node}/kube-proxy`, data: { mode: 'userspace' } })
  run(machine.now + 20 * SECOND)
  expect(reader.get('kubeProxies', client.node)).toMatchObject({ mode: 'userspace', busy: false })
  const vip = reader.get('services', 'shop/web')!.spec.clusterIP!
  const ask = (): FlowRecord[] => {
    const before = new Set(reader.all('flows').map((flow) => flow.id))
    const data: Parameters<typeof connect>[1] = {
      from: { node: client.node, netns: client.netns },
      proto: 'tcp',
      dst: vip,
      dport: 80,
      what: 'GET /',
      request: { protocol: 'http', method: 'GET', path: '/', host: 'web', userAgent: 'test' },
      timeoutMicros: 10 * SECOND,
    }
    machine.input({ kind: 'net.connect', to: `${client.node}/proc`, data })
    run(machine.now + SECOND / 2)
    return reader.all('flows').filter((flow) => !before.has(flow.id) && flow.proto === 'tcp' && !flow.routine)
  }
  const targets = Array.from({ length: 6 }, () => {
    const flows = ask()
    const outer = flows.find((flow) => flow.dst === vip && flow.what === 'GET /')!
    const inner = flows.find((flow) => flow.what === 'copied by kube-proxy')!
    expect(outer.error).toBeUndefined()
    expect(inner.server!.peerIp).not.toBe(client.ip)
    return inner.dst
  })
  const endpoints = new Set(targets)
  expect(endpoints.size).toBe(3)
  // every third is the same: in turn, not by chance (the lab's own client asks in between, at its own pace)
  expect(new Set(targets.slice(0, 3)).size + new Set(targets.slice(3)).size).toBeGreaterThanOrEqual(4)
})
