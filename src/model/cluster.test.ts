// What somebody who knows Kubernetes would try in a cluster, and what they would see: pods, their ends, their nodes.
import { describe, expect, it } from 'vitest'
import { MINUTE, parseRfc3339, SECOND } from '../sim/clock.ts'
import { container, shell, TestLab } from './test-lab.ts'

const web = (more: Record<string, unknown> = {}) => container('a', 'nodeglass/web:1', more)
const waiting = (lab: TestLab, name: string) => lab.status(name)?.state?.waiting?.reason

describe('a pod', () => {
  it('comes up: conditions in order, the image by its full name, events in order', () => {
    const lab = new TestLab()
    lab.pod('a', [container('a', 'nginx:1.29')])
    expect(lab.untilReady('a')).toBeLessThan(10 * SECOND)
    const { status, metadata } = lab.get('a')!
    const at = (type: string) => parseRfc3339(status!.conditions!.find((c) => c.type === type)!.lastTransitionTime!)
    expect(status!.conditions!.map((c) => c.type).sort()).toEqual([
      'ContainersReady',
      'Initialized',
      'PodReadyToStartContainers',
      'PodScheduled',
      'Ready',
    ])
    expect(at('PodScheduled')).toBeLessThanOrEqual(at('Initialized'))
    expect(at('Initialized')).toBeLessThan(at('Ready'))
    expect(parseRfc3339(metadata.creationTimestamp)).toBeLessThanOrEqual(parseRfc3339(status!.startTime!))
    expect(status!.containerStatuses![0]).toMatchObject({
      image: 'docker.io/library/nginx:1.29',
      imageID: expect.stringMatching(/^docker\.io\/library\/nginx@sha256:/) as string,
      ready: true,
      started: true,
      restartCount: 0,
      lastState: {},
    })
    expect(lab.events('a').map((e) => e.split(':')[0])).toEqual([
      'Scheduled',
      'Pulling',
      'Pulled',
      'Created',
      'Started',
    ])
  })

  it('that crashes is started again at once, then after 10, 20, 40 s, up to five minutes; success has no back-off', () => {
    const lab = new TestLab()
    lab.pod('crash', [shell('a', 'sleep 1; exit 3')])
    const starts: number[] = []
    const ends: number[] = []
    lab.run(16 * MINUTE, ({ changes }) => {
      for (const { table, from, to } of changes) {
        if (table !== 'containers' || !to || (to as { podName: string }).podName !== 'crash') continue
        const [a, b] = [from, to] as { state?: string; startedAt?: number; finishedAt?: number }[]
        if (a?.state !== b!.state && b!.state === 'CONTAINER_RUNNING') starts.push(b!.startedAt!)
        if (a?.state !== b!.state && b!.state === 'CONTAINER_EXITED') ends.push(b!.finishedAt!)
      }
    })
    const waits = starts.slice(1).map((start, i) => (start - ends[i]!) / SECOND)
    expect(waits[0]).toBeLessThan(2)
    for (const [i, least] of [10, 20, 40, 80, 160, 300].entries()) {
      expect(waits[i + 1]).toBeGreaterThanOrEqual(least)
      expect(waits[i + 1]).toBeLessThan(least * 1.5 + 2)
    }
    expect(lab.status('crash')).toMatchObject({
      restartCount: starts.length - 1,
      lastState: { terminated: { exitCode: 3, reason: 'Error' } },
    })
    expect(lab.status('crash')!.state!.waiting!.message).toMatch(
      /^back-off 5m0s restarting failed container=a pod=crash_default\(/,
    )
    const backOff = lab.reader.all('events').find((e) => e.reason === 'BackOff')!
    expect(backOff.count).toBeGreaterThan(10)
  })

  it('whose image cannot be pulled changes between two reasons, and starts once the name is right', () => {
    const lab = new TestLab()
    lab.pod('typo', [container('a', 'nginx:no-such-tag')])
    const reasons: string[] = []
    lab.run(40 * SECOND, () => {
      const reason = waiting(lab, 'typo')
      if (reason && reasons.at(-1) !== reason) reasons.push(reason)
    })
    expect(reasons.slice(0, 5)).toEqual([
      'ContainerCreating',
      'ErrImagePull',
      'ImagePullBackOff',
      'ErrImagePull',
      'ImagePullBackOff',
    ])
    expect(lab.events('typo')).toContain('BackOff: Back-off pulling image "nginx:no-such-tag"')
    lab.patch('pods', 'typo', { spec: { containers: [{ name: 'a', image: 'nginx:1.29' }] } })
    expect(lab.untilReady('typo')).toBeLessThan(MINUTE)
  })

  it('that takes more memory than its limit is killed by the kernel: 137, OOMKilled', () => {
    const lab = new TestLab()
    lab.pod('hog', [container('a', 'nodeglass/memory-hog:1', { resources: { limits: { memory: '40Mi' } } })])
    lab.until(() => (lab.status('hog')?.restartCount ?? 0) > 0)
    expect(lab.status('hog')!.lastState.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' })
    const node = lab.get('hog')!.spec.nodeName!
    expect(
      lab.reader
        .by('journal', 'unit', `${node}|kernel`)
        .some((line) => /Memory cgroup out of memory: Killed process/.test(line.text)),
    ).toBe(true)
  })
})

describe('probes', () => {
  it('readiness opens and closes the door of the Service, and restarts nothing', () => {
    const lab = new TestLab()
    lab.create('Service', 'door', { selector: { app: 'door' }, ports: [{ port: 80 }] })
    lab.pod('door', [
      shell('a', 'sleep 6; touch /tmp/ok; sleep 8; rm /tmp/ok; sleep 1000', {
        readinessProbe: { exec: { command: ['cat', '/tmp/ok'] }, periodSeconds: 1, failureThreshold: 2 },
      }),
    ])
    lab.until(() => lab.get('door')?.status?.phase === 'Running')
    expect(lab.endpoints('door')[0] ?? 'false').toMatch(/false$/)
    expect(lab.untilReady('door')).toBeLessThan(10 * SECOND)
    expect(lab.until(() => /true$/.test(lab.endpoints('door')[0] ?? ''))).toBeLessThan(SECOND)
    expect(lab.until(() => /false$/.test(lab.endpoints('door')[0] ?? ''))).toBeLessThan(12 * SECOND)
    expect(lab.status('door')!.restartCount).toBe(0)
    expect(lab.events('door')).toContain(
      "Unhealthy: Readiness probe failed: cat: can't open '/tmp/ok': No such file or directory\n",
    )
  })

  it('liveness restarts the container: twice at once, then with back-off', () => {
    const lab = new TestLab()
    lab.pod('live', [
      container('a', 'nginx:1.29', {
        livenessProbe: { httpGet: { path: '/nope', port: 80 }, periodSeconds: 2, failureThreshold: 2 },
      }),
    ])
    lab.until(() => lab.status('live')?.restartCount === 2)
    expect(lab.until(() => waiting(lab, 'live') === 'CrashLoopBackOff')).toBeLessThan(8 * SECOND)
    expect(lab.events('live')).toContain('Killing: Container a failed liveness probe, will be restarted')
    expect(lab.events('live')).toContain('Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 404')
  })

  it('liveness waits for the startup probe, whose failure restarts as well', () => {
    const lab = new TestLab()
    const livenessProbe = { httpGet: { path: '/nope', port: 80 }, periodSeconds: 1, failureThreshold: 1 }
    lab.pod('slow', [
      container('a', 'nginx:1.29', {
        startupProbe: { tcpSocket: { port: 81 }, periodSeconds: 3, failureThreshold: 4 },
        livenessProbe,
      }),
    ])
    lab.until(() => lab.status('slow')?.state?.running !== undefined)
    expect(lab.status('slow')).toMatchObject({ started: false, ready: false })
    expect(lab.until(() => lab.status('slow')?.restartCount === 1)).toBeGreaterThan(8 * SECOND)
    expect(lab.events('slow').some((e) => e.startsWith('Unhealthy: Liveness'))).toBe(false)
    expect(lab.events('slow')).toContain('Killing: Container a failed startup probe, will be restarted')
  })
})

describe('order', () => {
  it('init containers one by one, a sidecar stays; at the end the sidecar goes last', () => {
    const lab = new TestLab()
    const loop = (word: string) => `trap 'echo bye ${word}; exit 0' TERM; while true; do sleep 1; done`
    lab.pod('multi', [shell('main', loop('main')), shell('other', loop('other'))], {
      initContainers: [
        shell('first', 'sleep 2'),
        { ...shell('side', loop('side')), restartPolicy: 'Always' },
        shell('second', 'exit 0'),
      ],
    })
    lab.untilReady('multi')
    const ran = lab.reader.all('containers').filter((c) => c.podName === 'multi')
    expect(ran.map((c) => c.metadata.name)).toEqual(['first', 'side', 'second', 'main', 'other'])
    expect(ran[1]!.startedAt).toBeGreaterThan(ran[0]!.finishedAt!)
    expect(ran[3]!.startedAt).toBeGreaterThan(ran[2]!.finishedAt!)
    const ended: string[] = []
    lab.delete('pods', 'multi')
    lab.until(
      () => lab.get('multi') === undefined,
      MINUTE,
      ({ changes }) => {
        for (const { table, from, to } of changes) {
          const [a, b] = [from, to] as { state?: string; metadata: { name: string } }[]
          if (table === 'containers' && a?.state === 'CONTAINER_RUNNING' && b?.state === 'CONTAINER_EXITED')
            ended.push(b.metadata.name)
        }
      },
    )
    expect(ended.slice(0, 2).sort()).toEqual(['main', 'other'])
    expect(ended[2]).toBe('side')
  })

  it('preStop, SIGTERM, the rest of the grace, SIGKILL', () => {
    const lab = new TestLab()
    lab.pod(
      'deaf',
      [
        container('a', 'nodeglass/ignores-sigterm:1', {
          lifecycle: { preStop: { exec: { command: ['sleep', '4'] } } },
        }),
      ],
      { terminationGracePeriodSeconds: 9 },
    )
    lab.untilReady('deaf')
    lab.run(3 * SECOND)
    const signals: string[] = []
    lab.delete('pods', 'deaf')
    const start = lab.now
    let code: number | undefined
    lab.until(
      () => lab.get('deaf') === undefined,
      MINUTE,
      ({ event, changes }) => {
        if (event.kind === 'kernel.kill')
          signals.push(`${(event.data as { signal: string }).signal} ${Math.round((lab.now - start) / SECOND)}`)
        for (const { table, to } of changes)
          if (table === 'containers' && (to as { exitCode?: number } | undefined)?.exitCode !== undefined)
            code = (to as { exitCode: number }).exitCode
      },
    )
    expect(signals.slice(0, 2)).toEqual(['SIGTERM 4', 'SIGKILL 9'])
    expect(code).toBe(137)
    expect((lab.now - start) / SECOND).toBeLessThan(12)
  })

  it('a forced deletion takes the object at once; the node ends what runs a little later', () => {
    const lab = new TestLab()
    lab.pod('forced', [web()])
    lab.untilReady('forced')
    lab.delete('pods', 'forced', { gracePeriodSeconds: 0 })
    expect(lab.get('forced')).toBeUndefined()
    const alive = () =>
      lab.reader.all('containers').some((c) => c.podName === 'forced' && c.state === 'CONTAINER_RUNNING')
    expect(alive()).toBe(true)
    expect(lab.until(() => !alive())).toBeLessThan(40 * SECOND)
    expect(
      lab.until(() => !lab.reader.all('sandboxes').some((s) => s.metadata.name === 'forced'), 3 * MINUTE),
    ).toBeLessThan(3 * MINUTE)
  })
})

describe('a Deployment', () => {
  it('rolls within maxSurge and maxUnavailable, and its status adds up at every moment', () => {
    const lab = new TestLab()
    const readinessProbe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 }
    lab.deployment('web', 4, [web({ readinessProbe })], {
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    })
    lab.untilAvailable('web')
    lab.patch('deployments', 'web', { spec: { template: { metadata: { annotations: { again: 'yes' } } } } })
    let least = Infinity
    let most = 0
    lab.until(
      () =>
        lab.reader
          .by('replicasets', 'namespace', 'default')
          .some((rs) => rs.spec.replicas === 0 && (rs.status?.replicas ?? 0) === 0),
      2 * MINUTE,
      () => {
        const pods = lab.pods('web').filter((p) => p.metadata.deletionTimestamp === undefined)
        least = Math.min(least, pods.filter((p) => lab.isReady(p)).length)
        most = Math.max(most, pods.length)
        const {
          replicas = 0,
          updatedReplicas = 0,
          readyReplicas = 0,
          availableReplicas = 0,
        } = lab.reader.get('deployments', 'default/web')!.status!
        expect(replicas).toBeLessThanOrEqual(5)
        expect(updatedReplicas).toBeLessThanOrEqual(replicas)
        expect(availableReplicas).toBeLessThanOrEqual(readyReplicas)
      },
    )
    expect(least).toBe(3)
    expect(most).toBe(5)
    lab.untilAvailable('web')
    expect(lab.reader.by('replicasets', 'namespace', 'default')).toHaveLength(2)
  })

  it('with a typo in its image gets stuck at 25 % and keeps the rest, until it is undone', () => {
    const lab = new TestLab()
    lab.deployment('web', 4, [container('a', 'nginx:1.29')], { progressDeadlineSeconds: 30 })
    lab.untilAvailable('web')
    lab.patch('deployments', 'web', {
      spec: { template: { spec: { containers: [{ name: 'a', image: 'nginx:typo' }] } } },
    })
    lab.run(50 * SECOND)
    const { status } = lab.reader.get('deployments', 'default/web')!
    expect(status).toMatchObject({
      replicas: 5,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 2,
    })
    expect(status!.conditions!.find((c) => c.type === 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
    })
    lab.patch('deployments', 'web', {
      spec: { template: { spec: { containers: [{ name: 'a', image: 'nginx:1.29' }] } } },
    })
    expect(lab.untilAvailable('web')).toBeLessThan(20 * SECOND)
  })

  it('a DaemonSet stands on every node that it tolerates, cordoned or not', () => {
    const lab = new TestLab()
    lab.patch('nodes', 'worker-2', { spec: { unschedulable: true } })
    const selector = { matchLabels: { app: 'agent' } }
    const template = {
      metadata: { labels: { app: 'agent' } },
      spec: { containers: [web()], tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }] },
    }
    lab.create('DaemonSet', 'agent', { selector, template })
    lab.until(() => lab.reader.get('daemonsets', 'default/agent')?.status?.numberReady === 3, 30 * SECOND)
    expect(
      lab
        .pods('agent')
        .map((p) => p.spec.nodeName)
        .sort(),
    ).toEqual(['control-plane', 'worker-1', 'worker-2'])
  })
})

describe('a node', () => {
  const ready = (lab: TestLab, node: string) =>
    lab.reader.get('nodes', node)!.status!.conditions!.find((c) => c.type === 'Ready')!

  it('that falls silent is NotReady after 50 s, its pods leave the Services, and go after five minutes', () => {
    const lab = new TestLab()
    lab.create('Service', 'web', { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] })
    lab.deployment('web', 2, [web()])
    lab.untilAvailable('web')
    const there = lab.pods('web').find((p) => p.spec.nodeName === 'worker-1')!
    lab.fault('link-down', 'worker-1')
    const took = lab.until(() => ready(lab, 'worker-1').status === 'Unknown')
    // The last renewal is up to ten seconds old; the controller looks every five, and counts from what it noticed.
    expect(took / SECOND).toBeGreaterThanOrEqual(40)
    expect(took / SECOND).toBeLessThanOrEqual(60)
    expect(ready(lab, 'worker-1')).toMatchObject({
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    })
    lab.run(6 * SECOND)
    expect(lab.isReady(lab.get(there.metadata.name))).toBe(false)
    expect(lab.endpoints('web')).toContain(`${there.status!.podIP} false`)
    expect(
      lab.reader
        .get('nodes', 'worker-1')!
        .spec.taints!.map((t) => `${t.key}:${t.effect}`)
        .sort(),
    ).toEqual(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule'])
    const gone = lab.until(() => lab.get(there.metadata.name)?.metadata.deletionTimestamp !== undefined, 6 * MINUTE)
    expect((gone + 6 * SECOND) / SECOND).toBeGreaterThanOrEqual(299)
    expect((gone + 6 * SECOND) / SECOND).toBeLessThan(310)
    // Nobody there can say that it has ended: the object stays, its replacement runs.
    lab.run(40 * SECOND)
    expect(lab.get(there.metadata.name)).toBeDefined()
    expect(lab.pods('web').filter((p) => lab.isReady(p))).toHaveLength(2)
    lab.fault('link-down', 'worker-1', false)
    expect(lab.until(() => lab.get(there.metadata.name) === undefined)).toBeLessThan(45 * SECOND)
    expect(
      lab.until(
        () =>
          ready(lab, 'worker-1').status === 'True' &&
          (lab.reader.get('nodes', 'worker-1')!.spec.taints ?? []).length === 0,
      ),
    ).toBeLessThan(30 * SECOND)
  })

  it('that was away for two minutes keeps its pods: not one restart, Ready again', () => {
    const lab = new TestLab()
    lab.deployment('web', 2, [web()])
    lab.untilAvailable('web')
    const before = lab.pods('web').map((p) => `${p.metadata.name} ${p.status!.containerStatuses![0]!.containerID}`)
    lab.fault('kubelet-stopped', 'worker-1')
    lab.run(2 * MINUTE)
    expect(lab.pods('web').filter((p) => lab.isReady(p))).toHaveLength(1)
    lab.fault('kubelet-stopped', 'worker-1', false)
    expect(lab.until(() => lab.pods('web').every((p) => lab.isReady(p)))).toBeLessThan(30 * SECOND)
    expect(lab.pods('web').map((p) => `${p.metadata.name} ${p.status!.containerStatuses![0]!.containerID}`)).toEqual(
      before,
    )
    expect(lab.pods('web').every((p) => p.status!.containerStatuses![0]!.restartCount === 0)).toBe(true)
  })

  it('whose pod loses its pause gets sandbox attempt 1 with another address, which the Service learns', () => {
    const lab = new TestLab()
    lab.create('Service', 'one', { selector: { app: 'one' }, ports: [{ port: 80, targetPort: 8080 }] })
    lab.pod('one', [web()])
    lab.untilReady('one')
    const ip = lab.get('one')!.status!.podIP
    lab.fault('pause-killed', 'default/one')
    expect(
      lab.until(() => lab.isReady(lab.get('one')) && lab.get('one')!.status!.podIP !== ip, 20 * SECOND),
    ).toBeLessThan(20 * SECOND)
    lab.run(SECOND)
    const alive = lab.reader.all('sandboxes').filter((s) => s.metadata.name === 'one' && s.state === 'SANDBOX_READY')
    expect(alive.map((s) => s.metadata.attempt)).toEqual([1])
    expect(lab.status('one')!.restartCount).toBe(1)
    expect(lab.endpoints('one')).toEqual([`${lab.get('one')!.status!.podIP} true`])
    expect(lab.events('one')).toContain('SandboxChanged: Pod sandbox changed, it will be killed and re-created.')
    expect(lab.reader.all('ipReservations').filter((r) => r.ip === ip)).toEqual([])
  })

  it('keeps its static pods: a deleted mirror comes back, and nothing was restarted', () => {
    const lab = new TestLab()
    const name = 'kube-scheduler-control-plane'
    const mirror = () => lab.get(name, 'kube-system')
    const before = mirror()!
    lab.delete('pods', name, { namespace: 'kube-system' })
    expect(
      lab.until(
        () => mirror() !== undefined && mirror()!.metadata.uid !== before.metadata.uid && lab.isReady(mirror()),
      ),
    ).toBeLessThan(15 * SECOND)
    expect(mirror()!.status!.containerStatuses![0]!.containerID).toBe(before.status!.containerStatuses![0]!.containerID)
    expect(mirror()!.status!.containerStatuses![0]!.restartCount).toBe(0)
  })
})
