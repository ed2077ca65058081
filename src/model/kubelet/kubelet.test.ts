import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../../sim/clock.ts'
import { TestNode } from './test-node.ts'

const running = (n: TestNode, name: string) => (): boolean => n.get(name)?.status?.phase === 'Running'
const ready = (n: TestNode, name: string) => (): boolean =>
  n.get(name)?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
const app = (n: TestNode, name: string, container = 'app') =>
  n.get(name)?.status?.containerStatuses?.find((c) => c.name === container)
const container = (n: TestNode, name: string) =>
  n.machine.reader.all('containers').filter((c) => c.metadata.name === name)

describe('a pod', () => {
  it('comes up in the order sandbox, image, container, and is seen by the next relist', () => {
    const n = new TestNode()
    n.pod('web')
    n.until(running(n, 'web'), 5 * SECOND)
    expect(n.events('web')).toEqual([
      'Pulling: Pulling image "web:1"',
      'Pulled: Successfully pulled image "web:1" in 50ms (50ms including waiting). Image size: 1000 bytes.',
      'Created: Container created',
      'Started: Container started',
    ])
    expect(n.get('web')!.status).toMatchObject({ podIP: expect.stringMatching(/^10\.244/), qosClass: 'BestEffort' })
    expect(n.get('web')!.status!.conditions!.find((c) => c.type === 'Ready')).toEqual({
      type: 'Ready',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: expect.any(String),
    })
  })

  it('leaves in order: SIGTERM and grace, then SIGKILL, then the object', () => {
    const n = new TestNode()
    n.script.stubborn = ['app']
    n.pod('web', { terminationGracePeriodSeconds: 7 })
    n.until(running(n, 'web'))
    n.delete('web')
    const took = n.until(() => n.get('web') === undefined)
    expect(took).toBeGreaterThan(7 * SECOND)
    expect(took).toBeLessThan(10 * SECOND)
    expect(n.events('web').at(-1)).toBe('Killing: Stopping container app')
    expect(n.script.calls.filter((c) => c.startsWith('Stop'))).toEqual(['StopContainer', 'StopPodSandbox'])
    n.run(5 * SECOND)
    expect(n.machine.reader.all('podWorkers')).toEqual([])
  })

  it('runs its preStop hook on the clock of the grace period, which a second deletion shortens', () => {
    const n = new TestNode()
    n.script.stubborn = ['app']
    n.pod('web', {
      terminationGracePeriodSeconds: 60,
      containers: [{ name: 'app', image: 'web:1', lifecycle: { preStop: { sleep: { seconds: 20 } } } }],
    })
    n.until(running(n, 'web'))
    n.delete('web')
    n.run(10 * SECOND)
    expect(n.script.calls).not.toContain('StopContainer')
    n.delete('web', 3)
    const took = n.until(() => n.get('web') === undefined)
    expect(took).toBeLessThan(8 * SECOND)
  })

  it('waits between crashes: at once, 10 s, 20 s, 40 s', () => {
    const n = new TestNode()
    n.script.exits = { app: { after: 100_000, code: 1 } }
    n.pod('crash')
    const runs = new Map<number, { startedAt?: number; finishedAt?: number }>()
    n.run(75 * SECOND, () => {
      for (const c of container(n, 'app')) runs.set(c.metadata.attempt, c)
    })
    // From the end of one run to the start of the next: up to a relist late, and up to half as long again by jitter.
    const waits = [1, 2, 3].map((i) => (runs.get(i)!.startedAt! - runs.get(i - 1)!.finishedAt!) / SECOND)
    expect(waits[0]).toBeLessThan(1.5)
    expect(waits[1]).toBeGreaterThanOrEqual(10)
    expect(waits[1]).toBeLessThan(17)
    expect(waits[2]).toBeGreaterThanOrEqual(20)
    expect(waits[2]).toBeLessThan(32)
    expect(container(n, 'app').length).toBeLessThanOrEqual(2)
    const status = app(n, 'crash')!
    expect(status.restartCount).toBe(3)
    expect(status.state.waiting).toEqual({
      reason: 'CrashLoopBackOff',
      message: `back-off 40s restarting failed container=app pod=crash_default(${n.get('crash')!.metadata.uid})`,
    })
    expect(status.lastState.terminated).toMatchObject({ exitCode: 1, reason: 'Error' })
    expect(n.events('crash').filter((e) => e.startsWith('BackOff'))[0]).toMatch(
      /^BackOff: Back-off restarting failed container app in pod crash_default\(/,
    )
  })

  it('with restartPolicy Never ends as its container does', () => {
    const n = new TestNode()
    n.script.exits = { app: { after: SECOND, code: 3 } }
    n.pod('job', { restartPolicy: 'Never' })
    n.until(() => n.get('job')?.status?.phase === 'Failed', 10 * SECOND)
    expect(app(n, 'job')!.state.terminated).toMatchObject({ exitCode: 3, reason: 'Error' })
    n.run(5 * SECOND)
    expect(n.machine.reader.by('sandboxes', 'node', 'worker-1')[0]!.state).toBe('SANDBOX_NOTREADY')
    n.delete('job')
    n.until(() => n.get('job') === undefined, 10 * SECOND)
  })
})

describe('a pod with a deadline', () => {
  it('is ended with its own grace when its time is over', () => {
    const n = new TestNode()
    n.pod('web', { activeDeadlineSeconds: 20 })
    n.until(running(n, 'web'))
    const took = n.until(() => n.get('web')?.status?.phase === 'Failed', 40 * SECOND)
    expect(took).toBeGreaterThan(18 * SECOND)
    expect(took).toBeLessThan(22 * SECOND)
    expect(n.get('web')!.status).toMatchObject({ reason: 'DeadlineExceeded' })
    n.run(5 * SECOND)
    expect(container(n, 'app')[0]!.state).toBe('CONTAINER_EXITED')
  })
})

describe('init containers and sidecars', () => {
  it('run one after another, a sidecar stays, and ends last', () => {
    const n = new TestNode()
    n.script.exits = { first: { after: SECOND, code: 0 } }
    n.pod('web', {
      initContainers: [
        { name: 'first', image: 'web:1' },
        { name: 'side', image: 'web:1', restartPolicy: 'Always' },
      ],
    })
    n.until(running(n, 'web'), 20 * SECOND)
    const order = n.machine.reader.all('containers').map((c) => c.metadata.name)
    expect(order).toEqual(['first', 'side', 'app'])
    expect(n.get('web')!.status!.initContainerStatuses!.map((s) => [s.name, s.ready, s.started])).toEqual([
      ['first', true, false],
      ['side', true, true],
    ])
    n.delete('web')
    n.until(() => n.get('web') === undefined)
    const end = (name: string): number => container(n, name)[0]!.finishedAt!
    expect(end('side')).toBeGreaterThan(end('app'))
  })

  it('that fail are tried again with back-off, and hold up the rest', () => {
    const n = new TestNode()
    n.script.exits = { first: { after: 100_000, code: 1 } }
    n.pod('web', { initContainers: [{ name: 'first', image: 'web:1' }] })
    n.run(30 * SECOND)
    expect(n.get('web')!.status).toMatchObject({ phase: 'Pending' })
    expect(app(n, 'web')!.state.waiting).toEqual({ reason: 'PodInitializing' })
    expect(n.get('web')!.status!.initContainerStatuses![0]!.state.waiting?.reason).toBe('CrashLoopBackOff')
  })
})

describe('images', () => {
  it('that are not there: ErrImagePull, then ImagePullBackOff, then another try', () => {
    const n = new TestNode()
    n.script.pulls = { 'ghost:1': { error: 'failed to pull: not found' } }
    n.pod('ghost', { containers: [{ name: 'app', image: 'ghost:1' }] })
    n.until(() => app(n, 'ghost')?.state.waiting?.reason === 'ErrImagePull', 5 * SECOND)
    expect(app(n, 'ghost')!.state.waiting!.message).toBe('rpc error: code = NotFound desc = failed to pull: not found')
    n.until(() => n.events('ghost').some((e) => e.startsWith('BackOff')), MINUTE)
    expect(n.events('ghost')).toEqual([
      'Pulling: Pulling image "ghost:1"',
      'Failed: Failed to pull image "ghost:1": rpc error: code = NotFound desc = failed to pull: not found',
      'Failed: Error: ErrImagePull',
      'BackOff: Back-off pulling image "ghost:1"',
    ])
    n.until(() => app(n, 'ghost')?.state.waiting?.reason === 'ImagePullBackOff', 5 * SECOND)
    expect(app(n, 'ghost')!.state.waiting!.message).toBe(
      'Back-off pulling image "ghost:1": ErrImagePull: rpc error: code = NotFound desc = failed to pull: not found',
    )
    n.script.pulls = {}
    n.until(running(n, 'ghost'), 2 * MINUTE)
  })

  it('are pulled one at a time', () => {
    const n = new TestNode()
    n.script.pulls = { 'a:1': { micros: 4 * SECOND }, 'b:1': { micros: SECOND } }
    n.pod('a', { containers: [{ name: 'app', image: 'a:1' }] })
    n.pod('b', { containers: [{ name: 'app', image: 'b:1' }] })
    n.until(running(n, 'b'), 20 * SECOND)
    expect(n.events('b').find((e) => e.startsWith('Pulled'))).toMatch(/in 1s \(5s including waiting\)/)
  })
})

describe('probes', () => {
  const probed = (probe: object): object => ({ containers: [{ name: 'app', image: 'web:1', ...probe }] })
  const exec = (more: object = {}): object => ({ exec: { command: ['check'] }, periodSeconds: 5, ...more })

  it('readiness keeps a running pod from being ready', () => {
    const n = new TestNode()
    n.script.execs = { app: { code: 1, output: 'not yet' } }
    n.pod('web', probed({ readinessProbe: exec() }) as Record<string, unknown>)
    n.run(12 * SECOND)
    expect(n.get('web')!.status!.phase).toBe('Running')
    expect(ready(n, 'web')()).toBe(false)
    expect(n.events('web').at(-1)).toBe('Unhealthy: Readiness probe failed: not yet')
    n.script.execs = {}
    n.until(ready(n, 'web'), 8 * SECOND)
  })

  it('liveness kills after three failures in a row, and the container is restarted', () => {
    const n = new TestNode()
    n.pod('web', probed({ livenessProbe: exec() }) as Record<string, unknown>)
    n.until(running(n, 'web'))
    n.script.execs = { app: { code: 1, output: 'dead' } }
    n.until(() => n.events('web').some((e) => e.startsWith('Killing')), 30 * SECOND)
    n.script.execs = {}
    expect(n.events('web').slice(-2)).toEqual([
      'Unhealthy: Liveness probe failed: dead',
      'Killing: Container app failed liveness probe, will be restarted',
    ])
    n.until(() => app(n, 'web')?.restartCount === 1 && app(n, 'web')?.ready === true, 30 * SECOND)
    expect(app(n, 'web')!.lastState.terminated).toMatchObject({ exitCode: 143 })
  })

  it('startup holds the others back', () => {
    const n = new TestNode()
    n.script.execs = { app: { code: 1 } }
    n.pod(
      'web',
      probed({ startupProbe: exec({ failureThreshold: 30 }), readinessProbe: exec() }) as Record<string, unknown>,
    )
    n.run(20 * SECOND)
    expect(app(n, 'web')).toMatchObject({ started: false, ready: false })
    expect(n.events('web').some((e) => e.includes('Readiness'))).toBe(false)
    n.script.execs = {}
    n.until(ready(n, 'web'), 12 * SECOND)
  })
})

describe('what a pod waits for', () => {
  it('a ConfigMap that is missing, in a volume and in the environment', () => {
    const n = new TestNode()
    n.pod('vol', { volumes: [{ name: 'cfg', configMap: { name: 'later' } }] })
    n.pod('env', {
      containers: [
        {
          name: 'app',
          image: 'web:1',
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'later', key: 'a' } } }],
        },
      ],
    })
    n.run(10 * SECOND)
    expect(n.events('vol')[0]).toBe(
      'FailedMount: MountVolume.SetUp failed for volume "cfg" : configmap "later" not found',
    )
    expect(app(n, 'vol')!.state.waiting!.reason).toBe('ContainerCreating')
    expect(app(n, 'env')!.state.waiting).toEqual({
      reason: 'CreateContainerConfigError',
      message: 'configmap "later" not found',
    })
    n.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'later' }, data: { a: '1' } })
    n.until(() => running(n, 'vol')() && running(n, 'env')(), MINUTE)
    expect(container(n, 'app').some((c) => c.envs.some((e) => e.key === 'A' && e.value === '1'))).toBe(true)
  })

  it('a sandbox that cannot be made', () => {
    const n = new TestNode()
    n.script.sandboxError = 'plugin type="bridge" failed'
    n.pod('web')
    n.run(3 * SECOND)
    expect(n.events('web')).toEqual([
      'FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = plugin type="bridge" failed',
    ])
    delete n.script.sandboxError
    n.until(running(n, 'web'), 30 * SECOND)
  })

  it('room on the node', () => {
    const n = new TestNode()
    const big = { containers: [{ name: 'app', image: 'web:1', resources: { requests: { cpu: '3' } } }] }
    n.pod('one', big)
    n.until(running(n, 'one'))
    n.pod('two', big)
    n.until(() => n.get('two')?.status?.phase === 'Failed', 5 * SECOND)
    expect(n.get('two')!.status).toMatchObject({
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000",
    })
  })
})

describe('the kubelet itself', () => {
  it('stopped: containers run on, leases stop; started again: it finds them and restarts nothing', () => {
    const n = new TestNode()
    n.pod('web')
    n.until(ready(n, 'web'))
    const id = app(n, 'web')!.containerID
    n.input('kubelet.stop', 'worker-1/kubelet', {})
    n.run(30 * SECOND)
    expect(container(n, 'app')[0]!.state).toBe('CONTAINER_RUNNING')
    expect(n.machine.reader.all('podWorkers')).toEqual([])
    const calls = n.script.calls.length
    n.input('kubelet.start', 'worker-1/kubelet', {})
    n.run(20 * SECOND)
    expect(app(n, 'web')!.containerID).toBe(id)
    expect(ready(n, 'web')()).toBe(true)
    expect(n.script.calls.slice(calls).filter((c) => c !== 'PodSandboxStatus' && c !== 'ContainerStatus')).toEqual([])
  })

  it('cut off from the API server: pods run on and are restarted; what it missed it learns afterwards', () => {
    const n = new TestNode()
    n.pod('web')
    n.until(ready(n, 'web'))
    n.input('test.cable', 'cluster', { name: 'worker-1', cable: false })
    n.run(5 * SECOND)
    n.input('test.exit', 'worker-1/containerd', { id: container(n, 'app')[0]!.id, code: 1 })
    n.run(20 * SECOND)
    expect(container(n, 'app').some((c) => c.state === 'CONTAINER_RUNNING' && c.metadata.attempt === 1)).toBe(true)
    n.run(2 * MINUTE)
    expect(n.machine.reader.get('nodes', 'worker-1')!.status!.conditions!.find((c) => c.type === 'Ready')!.status).toBe(
      'Unknown',
    )
    n.input('test.cable', 'cluster', { name: 'worker-1', cable: true })
    n.until(() => app(n, 'web')?.restartCount === 1, 40 * SECOND)
    n.until(
      () =>
        n.machine.reader.get('nodes', 'worker-1')!.status!.conditions!.find((c) => c.type === 'Ready')!.status ===
        'True',
      30 * SECOND,
    )
  })

  it('without a pod network is not ready, and starts only pods of the host network', () => {
    const n = new TestNode()
    n.script.network = false
    n.run(20 * SECOND)
    const condition = n.machine.reader.get('nodes', 'worker-1')!.status!.conditions!.find((c) => c.type === 'Ready')!
    expect(condition).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message:
        'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
    })
    const any = { tolerations: [{ operator: 'Exists' }] }
    n.pod('host', { hostNetwork: true, ...any })
    n.pod('web', any)
    n.until(running(n, 'host'), 10 * SECOND)
    expect(n.get('host')!.status!.podIP).toBe('172.18.0.3')
    expect(n.events('web')[0]).toMatch(/^NetworkNotReady: network is not ready: container runtime network not ready/)
    n.script.network = true
    n.until(running(n, 'web'), 20 * SECOND)
  })

  it('with a runtime that does not answer: the PLEG turns unhealthy after three minutes', () => {
    const n = new TestNode()
    n.pod('web')
    n.until(ready(n, 'web'))
    n.script.hung = true
    n.run(4 * MINUTE)
    const message = n.machine.reader
      .get('nodes', 'worker-1')!
      .status!.conditions!.find((c) => c.type === 'Ready')!.message
    expect(message).toMatch(/container runtime is down/)
    expect(message).toMatch(/PLEG is not healthy: pleg was last seen active \d+m[\d.]+s ago; threshold is 3m0s/)
    expect(n.log().some((l) => l.includes('"Skipping pod synchronization"'))).toBe(true)
    n.script.hung = false
    n.until(() => n.machine.reader.get('kubelets', 'worker-1')!.notReady === '', 3 * MINUTE)
  })

  it('runs the pods of its manifest directory and shows them in the API', () => {
    const n = new TestNode()
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'etcd', namespace: 'kube-system' },
      spec: { hostNetwork: true, containers: [{ name: 'etcd', image: 'etcd:3' }] },
    }
    n.input('kubelet.manifest', 'worker-1/kubelet', { file: 'etcd.yaml', manifest })
    const mirror = () => n.machine.reader.get('pods', 'kube-system/etcd-worker-1')
    n.until(() => mirror()?.status?.phase === 'Running', 10 * SECOND)
    expect(mirror()!.metadata.annotations!['kubernetes.io/config.source']).toBe('file')
    n.request({
      verb: 'delete',
      resource: 'pods',
      namespace: 'kube-system',
      name: 'etcd-worker-1',
      gracePeriodSeconds: 0,
    })
    n.run(5 * SECOND)
    expect(mirror()?.status?.phase).toBe('Running')
    expect(container(n, 'etcd')).toHaveLength(1)
    n.input('kubelet.manifest', 'worker-1/kubelet', { file: 'etcd.yaml' })
    n.run(40 * SECOND)
    expect(mirror()).toBeUndefined()
    expect(container(n, 'etcd').some((c) => c.state === 'CONTAINER_RUNNING')).toBe(false)
  })
})
