import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { TestNode } from './test-node.ts'

describe('RunPodSandbox', () => {
  it("makes namespace, network and pause in containerd's order, and shows the sandbox only at the end", () => {
    const n = new TestNode()
    n.entries.length = 0
    const ctx = n.send('RunPodSandbox', {
      config: { metadata: { name: 'a', uid: 'u', namespace: 'default', attempt: 0 } },
    })
    n.run(20_000)
    expect(n.reader.all('sandboxes')[0]?.stage).toBe('cni')
    const early = n.call('ListPodSandbox', {})
    expect(early.response).toEqual({ items: [] })
    n.run(SECOND)
    const id = n.answerOf(ctx)!.response!.pod_sandbox_id as string
    const kinds = n.entries
      .filter((e) => e.event.from !== e.event.to)
      .map((e) => e.event.kind)
      .filter((k) => !k.startsWith('cri.') && !k.startsWith('test'))
    expect(kinds).toEqual([
      'kernel.netns-add',
      'kernel.netns-added',
      'cni.add',
      'kernel.link-add',
      'kernel.link-add',
      'kernel.link-added',
      'kernel.addr-add',
      'kernel.addr-add',
      'kernel.route-add',
      'cni.result',
      'oci.create',
      'kernel.clone',
      'kernel.cloned',
      'oci.result',
      'oci.start',
      'kernel.execve',
      'oci.result',
      'kernel.run',
    ])
    const sandbox = n.reader.get('sandboxes', id)!
    expect(sandbox).toMatchObject({ ip: '10.244.1.2', state: 'SANDBOX_READY', stage: 'ready' })
    const pod = n.reader.get('links', `worker-1|${sandbox.netns}|eth0`)!
    const host = n.reader.get('links', `worker-1||${pod.peer!.name}`)!
    expect([host.master, host.peer!.index, pod.peer!.index]).toEqual(['cni0', pod.index, host.index])
    expect(n.reader.get('links', 'worker-1||cni0')!.addresses).toEqual(['10.244.1.1/24'])
    expect(n.reader.by('routes', 'netns', `worker-1|${sandbox.netns}`).map((r) => [r.dst, r.via ?? r.src])).toEqual([
      ['10.244.1.0/24', '10.244.1.2'],
      ['default', '10.244.1.1'],
    ])
    expect(n.reader.get('processes', `worker-1|${sandbox.pid}`)).toMatchObject({
      comm: 'pause',
      netns: sandbox.netns,
      ppid: sandbox.shimPid,
    })
  })

  it('walks through the range before it gives an address again, and says so when none is left', () => {
    const n = new TestNode()
    const first = n.sandbox('p0')
    n.sandbox('p1')
    n.call('StopPodSandbox', { pod_sandbox_id: first })
    expect(n.reader.get('netns', `worker-1|${n.reader.get('sandboxes', first)!.netns}`)).toBeUndefined()
    expect(n.reader.get('sandboxes', n.sandbox('p2'))!.ip).toBe('10.244.1.4')
    for (let i = 3; i < 253; i++) n.sandbox(`p${i}`)
    expect(n.reader.get('sandboxes', n.sandbox('again'))!.ip).toBe('10.244.1.2')
    const { error } = n.call('RunPodSandbox', {
      config: { metadata: { name: 'full', uid: 'full', namespace: 'default', attempt: 0 } },
    })
    expect(error?.message).toMatch(
      /^failed to setup network for sandbox "[0-9a-f]{64}": plugin type="bridge" name="nodeglass" failed \(add\): failed to allocate for range 0: no IP addresses available in range set: 10\.244\.1\.1-10\.244\.1\.254$/,
    )
    n.run(SECOND)
    expect(n.reader.by('sandboxes', 'pod', 'full')).toEqual([])
    expect(n.reader.count('netns')).toBe(1 + 253)
  })

  it('leaves the host network alone for a host pod', () => {
    const n = new TestNode()
    const id = n.sandbox('host', 'worker-1', {
      linux: { security_context: { namespace_options: { network: 'NODE' } } },
    })
    expect(n.reader.get('sandboxes', id)).toMatchObject({ netns: '', ip: '', hostNetwork: true })
    expect(n.entries.some((e) => e.event.kind === 'cni.add')).toBe(false)
  })
})

describe('containers', () => {
  it('runs an image and costs no more than its share of events', () => {
    const n = new TestNode()
    n.pod('warm', 'nginx:1.27')
    n.run(SECOND)
    n.entries.length = 0
    const id = n.pod('web', 'nginx:1.27')
    n.run(SECOND)
    expect(n.container(id)).toMatchObject({
      state: 'CONTAINER_RUNNING',
      image: 'nginx:1.27',
      behaviour: 'nginx',
      stopSignal: 'SIGQUIT',
    })
    expect(n.reader.all('listeners').map((l) => l.port)).toEqual([80, 80])
    expect(n.entries.length).toBeLessThan(50)
    expect(n.container(id).imageRef).toMatch(/^docker.io\/library\/nginx@sha256:[0-9a-f]{64}$/)
  })

  it('stops by the stop signal, and by SIGKILL what does not heed it', () => {
    const n = new TestNode()
    const polite = n.pod('polite', 'nginx')
    const deaf = n.pod('deaf', 'busybox', { command: ['sleep', '3600'] })
    n.run(SECOND)
    const stopped = n.call('StopContainer', { container_id: polite, timeout: 30 })
    expect(stopped.micros).toBeLessThan(SECOND)
    expect(n.container(polite)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 0, reason: 'Completed', pid: 0 })
    const killed = n.call('StopContainer', { container_id: deaf, timeout: 30 })
    expect(Math.round(killed.micros / SECOND)).toBe(30)
    expect(n.container(deaf)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137, reason: 'Error' })
  })

  it('stops all of a sandbox, and removes it with what it held', () => {
    const n = new TestNode()
    const id = n.pod('web', 'nginx')
    n.run(SECOND)
    const sandbox = n.container(id).sandboxId
    n.call('StopPodSandbox', { pod_sandbox_id: sandbox })
    expect(n.container(id)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 })
    expect(n.reader.get('sandboxes', sandbox)).toMatchObject({ state: 'SANDBOX_NOTREADY', stage: 'stopped' })
    n.call('RemovePodSandbox', { pod_sandbox_id: sandbox })
    n.run(SECOND)
    expect([
      n.reader.count('containers'),
      n.reader.count('sandboxes'),
      n.reader.count('ipReservations'),
      n.reader.count('criCalls'),
      n.reader.count('containerLogs'),
    ]).toEqual([0, 0, 0, 0, 0])
    expect(n.reader.by('processes', 'node', 'worker-1').map((p) => p.comm)).toEqual([
      'systemd',
      'systemd-journal',
      'containerd',
    ])
    expect(n.reader.count('listeners')).toBe(0)
  })

  it('says that a command is not in the image, as runc does', () => {
    const n = new TestNode()
    expect(() => n.pod('x', 'busybox', { command: ['bash'] })).toThrow(
      'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "bash": executable file not found in $PATH',
    )
    expect(n.reader.all('containers')[0]).toMatchObject({
      state: 'CONTAINER_EXITED',
      exitCode: 128,
      reason: 'StartError',
    })
  })

  it('kills a container that takes more memory than it may', () => {
    const n = new TestNode()
    const id = n.pod('hog', 'nodeglass/memory-hog', { memory: 64 << 20 })
    n.run(20 * SECOND)
    expect(n.container(id)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137, reason: 'OOMKilled' })
    expect(n.reader.by('journal', 'unit', 'worker-1|kernel').at(-1)!.text).toContain(
      'Memory cgroup out of memory: Killed process',
    )
  })

  it('a sandbox without its pause is not ready, and its containers run on', () => {
    const n = new TestNode()
    const id = n.pod('web', 'nginx')
    n.input('fault.set', 'faults', { name: 'pause-killed', target: 'default/web', on: true })
    n.run(SECOND)
    expect(n.reader.get('sandboxes', n.container(id).sandboxId)!.state).toBe('SANDBOX_NOTREADY')
    expect(n.container(id).state).toBe('CONTAINER_RUNNING')
  })
})

describe('pulls', () => {
  const pull = (n: TestNode, image: string) => n.call('PullImage', { image: { image } })

  it('takes layers three at a time, fills them to their size in the planned time, and shares layers', () => {
    const n = new TestNode()
    const ctx = n.send('PullImage', { image: { image: 'httpd:2.4' } })
    let most = 0
    while (!n.answerOf(ctx)) {
      n.run(10_000)
      const record = n.reader.all('pulls')[0]
      most = Math.max(most, record?.layers.filter((l) => l.transfer !== undefined).length ?? 0)
      for (const layer of record?.layers ?? [])
        if (layer.transfer !== undefined) expect(layer.doneAt).toBeGreaterThan(n.machine.now - 10_000)
    }
    expect(most).toBe(3)
    const [record] = n.reader.all('pulls')
    const bytes = record!.layers.reduce((sum, l) => sum + l.size, 0)
    // 24 MB a second is the whole link: fair shares waste nothing.
    const wire = Math.max(...record!.layers.map((l) => l.doneAt!)) - record!.resolvedAt!
    expect(wire / SECOND).toBeGreaterThan(bytes / 24_000_000)
    expect(wire / SECOND).toBeLessThan(bytes / 24_000_000 + 0.6)
    const again = pull(n, 'httpd:2.4.58')
    expect(again.error).toBeUndefined()
    expect(
      n.reader.get('pulls', 'worker-1|docker.io/library/httpd:2.4.58')!.layers.filter((l) => l.exists).length,
    ).toBe(4)
  })

  it("fails in the registry's words", () => {
    const n = new TestNode()
    const x = 'docker.io/library/nginx:1.161'
    expect(pull(n, 'nginx:1.161').error).toEqual({
      code: 'NotFound',
      message: `failed to pull and unpack image "${x}": failed to resolve reference "${x}": ${x}: not found`,
    })
    expect(pull(n, 'nginxx').error?.message).toContain(
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    )
    expect(pull(n, 'registry.example.com/a:1').error?.message).toContain(
      'dial tcp: lookup registry.example.com on 172.18.0.1:53: no such host',
    )
    n.input('fault.set', 'faults', { name: 'registry-down', target: 'registry', on: true })
    expect(pull(n, 'nginx:1.27').error?.message).toMatch(
      /failed to do request: Head "https:\/\/registry-1.docker.io\/v2\/library\/nginx\/manifests\/1.27": dial tcp [\d.]+:443: connect: connection refused$/,
    )
    n.input('fault.set', 'faults', { name: 'registry-down', target: 'registry', on: false })
    n.input('fault.set', 'faults', { name: 'registry-rate-limit', target: 'worker-1', on: true })
    expect(pull(n, 'nginx:1.27').error?.message).toContain('429 Too Many Requests\ntoomanyrequests')
    n.input('fault.set', 'faults', { name: 'registry-rate-limit', target: 'worker-1', on: false })
    n.input('fault.set', 'faults', { name: 'link-down', target: 'worker-1', on: true })
    const cut = pull(n, 'nginx:1.27')
    expect(cut.error?.message).toMatch(/i\/o timeout$/)
    expect(cut.micros).toBeGreaterThan(29 * SECOND)
  })

  it('fails when the cable is pulled under it, and an old deadline does not hit the next attempt', () => {
    const n = new TestNode()
    for (const after of [50_000, 150_000, SECOND]) {
      const ctx = n.send('PullImage', { image: { image: 'postgres:16' } })
      n.run(after)
      n.input('fault.set', 'faults', { name: 'link-down', target: 'worker-1', on: true })
      n.run(80 * SECOND)
      expect(n.answerOf(ctx)?.error?.message).toMatch(/i\/o timeout$/)
      n.input('fault.set', 'faults', { name: 'link-down', target: 'worker-1', on: false })
      n.run(0)
    }
    n.input('fault.set', 'faults', { name: 'node-off', target: 'worker-1', on: true })
    n.run(SECOND)
    n.input('fault.set', 'faults', { name: 'node-off', target: 'worker-1', on: false })
    n.run(10 * SECOND)
    expect(pull(n, 'postgres:16').error).toBeUndefined()
  })

  it('is one pull for two who ask, and slows down in the middle when the registry does', () => {
    const n = new TestNode()
    const a = n.send('PullImage', { image: { image: 'postgres:16' } })
    const b = n.send('PullImage', { image: { image: 'docker.io/library/postgres:16' } })
    n.run(SECOND)
    n.input('fault.set', 'faults', { name: 'slow-registry', target: 'registry', on: true })
    n.run(30 * SECOND)
    expect(n.answerOf(a)).toBeUndefined()
    n.input('fault.set', 'faults', { name: 'slow-registry', target: 'registry', on: false })
    n.run(15 * SECOND)
    expect(n.answerOf(a)?.response).toEqual(n.answerOf(b)?.response)
    expect(
      n.entries.filter((e) => e.event.kind === 'registry.request' && (e.event.data as { op: string }).op === 'resolve')
        .length,
    ).toBe(1)
  })
})

it('comes to the same hash twice', () => {
  const run = () => {
    const n = new TestNode(['worker-1', 'worker-2'], 5)
    n.pod('web', 'nginx')
    n.pod('c', 'nodeglass/crasher', { node: 'worker-2' })
    n.run(10 * SECOND)
    return n.machine.hash()
  }
  expect(run()).toBe(run())
})
