import { describe, expect, it } from 'vitest'
import { TestNode } from '../cri/test-node.ts'
import { SECOND } from '../../sim/clock.ts'
import type { RouteRecord } from '../tables.ts'
import { cgroupFile, containerCgroupPath } from './cgroup.ts'
import { JOURNAL_LINES_PER_UNIT } from './journal.ts'
import { machineFiles } from './machine-files.ts'
import { longestPrefix, lookupRoute } from './routes.ts'

const route = (dst: string, dev: string): RouteRecord => ({ node: 'n', netns: '', dst, dev })

describe('routes', () => {
  it('the longest prefix wins, whatever the order', () => {
    const table = [
      route('default', 'a'),
      route('10.244.0.0/16', 'b'),
      route('10.244.1.0/24', 'c'),
      route('10.244.1.7/32', 'd'),
    ]
    for (const routes of [table, [...table].reverse()]) {
      expect(longestPrefix(routes, '10.244.1.7')?.dev).toBe('d')
      expect(longestPrefix(routes, '10.244.1.8')?.dev).toBe('c')
      expect(longestPrefix(routes, '10.244.2.1')?.dev).toBe('b')
      expect(longestPrefix(routes, '192.0.2.1')?.dev).toBe('a')
    }
    expect(longestPrefix([route('10.0.0.0/8', 'x')], '192.0.2.1')).toBeUndefined()
  })

  it('a link that goes down takes its routes; up again, only the connected one is back', () => {
    const n = new TestNode(['worker-1', 'worker-2'])
    const ways = () =>
      n.reader
        .by('routes', 'netns', 'worker-1|')
        .filter((r) => r.dev === 'eth0')
        .map((r) => r.dst)
    expect(ways()).toEqual(['172.18.0.0/16', 'default', '10.244.2.0/24'])
    n.input('kernel.link-set', 'worker-1/kernel', { netns: '', dev: 'eth0', up: false })
    n.run(0)
    expect(lookupRoute(n.reader, 'worker-1', '', '172.18.0.4')).toBeUndefined()
    n.input('kernel.link-set', 'worker-1/kernel', { netns: '', dev: 'eth0', up: true })
    n.run(0)
    expect(ways()).toEqual(['172.18.0.0/16'])
  })
})

describe('processes', () => {
  it('a port is held by one socket', () => {
    const n = new TestNode()
    const first = n.pod('one', 'nginx')
    n.run(SECOND)
    const { sandboxId, imageId } = n.container(first)
    const config = { metadata: { name: 'two', attempt: 0 }, image: { image: imageId }, log_path: 'two/0.log' }
    const second = n.call('CreateContainer', { pod_sandbox_id: sandboxId, config }).response!.container_id as string
    n.call('StartContainer', { container_id: second })
    n.run(SECOND)
    expect(n.container(second)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 1 })
    expect(n.log(second).at(-1)).toContain('98: Address already in use')
    expect(n.container(first).state).toBe('CONTAINER_RUNNING')
  })

  it('the cgroup says what was asked for', () => {
    const n = new TestNode()
    const id = n.pod('web', 'nginx', { memory: 64 << 20 })
    n.run(SECOND)
    const container = n.container(id)
    expect(containerCgroupPath(n.reader, container)).toBe(
      `/kubepods.slice/kubepods-poduid_web.slice/cri-containerd-${id}.scope`,
    )
    expect(cgroupFile(n.reader, container, 'memory.max')).toBe(`${64 << 20}\n`)
    expect(cgroupFile(n.reader, container, 'cgroup.procs')).toBe(`${container.pid}\n`)
    expect(Number(cgroupFile(n.reader, container, 'memory.current'))).toBeGreaterThan(1 << 20)
    const files = machineFiles(n.reader, 'worker-1')
    expect(JSON.parse(files.get('/etc/cni/net.d/10-nodeglass.conflist')!()).plugins[0].ipam.ranges).toEqual([
      [{ subnet: '10.244.1.0/24' }],
    ])
    expect(files.get('/run/cni-ipam-state/nodeglass/10.244.1.2')!()).toBe(`${container.sandboxId}\r\neth0`)
    expect(files.get(container.logPath)!()).toMatch(/^2026-06-10T22:00:\d\d\.\d{9}Z stderr F /)
  })

  it('the journal of a unit is bounded', () => {
    const n = new TestNode()
    for (let i = 0; i < 130; i++) n.call('StopPodSandbox', { pod_sandbox_id: n.sandbox(`p${i}`) })
    const lines = n.reader.by('journal', 'unit', 'worker-1|containerd')
    expect(lines.length).toBe(JOURNAL_LINES_PER_UNIT)
    expect(lines.at(-1)!.text).toMatch(
      /^time="2026-06-10T22:0\d:\d\d\.\d{9}Z" level=info msg="StopPodSandbox for \\"[0-9a-f]{64}\\" returns successfully"$/,
    )
  })
})
