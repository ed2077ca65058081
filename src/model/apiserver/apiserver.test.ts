import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { Machine } from '../../sim/machine.ts'
import type { ApiRequest, ApiResponse, ApiWatchEvent } from '../messages.ts'
import type { MachineRecord, ModelComponent, Tables } from '../tables.ts'
import { apiserver } from './apiserver.ts'
import { garbageCollector } from './garbage.ts'
import { initialObjects } from './initial-objects.ts'
import type { KubeObject, Pod, Service } from './objects.ts'

/** A cluster that consists of an API server alone, and of clients that note what they are told. */
function cluster() {
  const heard: Record<string, (ApiWatchEvent | ApiResponse)[]> = {}
  const note = (world: { event: { to: string } }, event: { data: unknown }): void =>
    void (heard[world.event.to] ??= []).push(event.data as ApiWatchEvent)
  const clients: ModelComponent = {
    roles: ['laptop', 'kubelet', 'scheduler', 'wire', 'controller-manager', 'plug'],
    handlers: {
      'api.response': note,
      'api.watch': note,
      'wire.lost': () => {},
      plug: (world, event) => {
        const { name, cable } = event.data as { name: string; cable: boolean }
        world.put('machines', name, { ...world.get('machines', name)!, cable })
      },
    },
    rules: [],
    tables: { machines: { owner: 'test' } },
  }
  const gc: ModelComponent = { ...garbageCollector }
  const machine = new Machine<Tables>([apiserver, gc, clients], { seed: 7 })
  const boot: ModelComponent = {
    roles: ['boot'],
    handlers: {
      boot: (world) => {
        for (const name of ['control-plane', 'worker-1'])
          world.put('machines', name, { name, cable: true } as MachineRecord)
      },
    },
    rules: [],
  }
  ;(machine as unknown as { add(c: ModelComponent): void }).add(boot)
  machine.input({ kind: 'boot', to: 'boot', data: {} })
  machine.input({ kind: 'api.seed', to: 'apiserver', data: { objects: initialObjects() } })
  const run = (until = machine.now + 1 * SECOND): void => {
    for (let next = machine.nextAt(); next !== undefined && next <= until; next = machine.nextAt()) machine.step()
    machine.idleUntil(until)
  }
  run()
  const ask = (request: ApiRequest, from = 'laptop'): ApiResponse => {
    machine.input({ kind: 'api.request', to: 'apiserver', from, data: request })
    run()
    return heard[from]!.filter((e): e is ApiResponse => 'code' in e).at(-1)!
  }
  const watched = (who: string): string[] =>
    (heard[who] ?? []).flatMap((e) => ('type' in e ? [`${e.type} ${e.object.metadata.name ?? ''}`] : []))
  const plug = (name: string, cable: boolean): void => {
    machine.input({ kind: 'plug', to: 'plug', data: { name, cable } })
    run()
  }
  return { machine, run, ask, watched, plug, heard }
}

const pod = (name: string, more: object = {}): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...more },
  }) as unknown as KubeObject

describe('the API server', () => {
  it('stores a pod with its defaults and what admission adds', () => {
    const { ask } = cluster()
    const made = ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod('web') })
    expect(made.code).toBe(201)
    const stored = made.object as Pod
    expect(stored.metadata).toMatchObject({ namespace: 'default', generation: 1 })
    expect(stored.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(stored.spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      priority: 0,
      enableServiceLinks: true,
    })
    expect(stored.spec.containers[0]).toMatchObject({ imagePullPolicy: 'Always', terminationMessagePolicy: 'File' })
    expect(stored.spec.volumes![0]!.name).toMatch(/^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(stored.spec.tolerations).toHaveLength(2)
    expect(stored.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
    expect(ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod('web') }).message).toBe(
      'pods "web" already exists',
    )
    expect(ask({ verb: 'get', resource: 'pods', namespace: 'default', name: 'no' }).message).toBe('pods "no" not found')
    expect(ask({ verb: 'create', resource: 'pods', namespace: 'none', body: pod('web') }).message).toBe(
      'namespaces "none" not found',
    )
  })

  it('refuses a write with an old version', () => {
    const { ask } = cluster()
    const first = ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod('web') }).object!
    const labelled = { ...first, metadata: { ...first.metadata, labels: { app: 'other' } } }
    expect(ask({ verb: 'update', resource: 'pods', namespace: 'default', name: 'web', body: labelled }).code).toBe(200)
    const stale = ask({ verb: 'update', resource: 'pods', namespace: 'default', name: 'web', body: labelled })
    expect([stale.code, stale.message]).toEqual([
      409,
      'Operation cannot be fulfilled on pods "web": the object has been modified; please apply your changes to the latest version and try again',
    ])
  })

  it('tells a watch what is there, then what enters, changes in and leaves its selection', () => {
    const { ask, watched } = cluster()
    ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod('a', { nodeName: 'worker-1' }) })
    ask({ verb: 'watch', resource: 'pods', fieldSelector: 'spec.nodeName=worker-1' }, 'worker-1/kubelet')
    ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod('b') })
    const bind = (node: string) =>
      ask({
        verb: 'create',
        resource: 'pods',
        namespace: 'default',
        name: 'b',
        subresource: 'binding',
        body: { target: { name: node } },
      })
    expect(bind('worker-1').code).toBe(201)
    expect(bind('worker-2').message).toBe(
      'Operation cannot be fulfilled on pods/binding "b": pod b is already assigned to node "worker-1"',
    )
    ask({ verb: 'delete', resource: 'pods', namespace: 'default', name: 'b' })
    ask({ verb: 'delete', resource: 'pods', namespace: 'default', name: 'b', gracePeriodSeconds: 0 })
    expect(watched('worker-1/kubelet')).toEqual(['ADDED a', 'BOOKMARK ', 'ADDED b', 'MODIFIED b', 'DELETED b'])
  })

  it('marks a pod on a node and removes one without a node', () => {
    const { ask, machine } = cluster()
    ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod('on', { nodeName: 'worker-1' }) })
    ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod('off') })
    const marked = ask({ verb: 'delete', resource: 'pods', namespace: 'default', name: 'on' }).object!
    expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 30, generation: 2 })
    ask({ verb: 'delete', resource: 'pods', namespace: 'default', name: 'off' })
    expect(machine.reader.all('pods').map((p) => p.metadata.name)).toEqual(['on'])
  })

  it('keeps for a watcher that is cut off what it misses', () => {
    const { ask, watched, plug, run, machine } = cluster()
    ask({ verb: 'watch', resource: 'pods' }, 'worker-1/kubelet')
    plug('worker-1', false)
    for (const name of ['a', 'b']) ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod(name) })
    ask({ verb: 'delete', resource: 'pods', namespace: 'default', name: 'b' })
    expect(watched('worker-1/kubelet')).toEqual(['BOOKMARK '])
    plug('worker-1', true)
    run(machine.now + 2 * SECOND)
    expect(watched('worker-1/kubelet')).toEqual(['BOOKMARK ', 'ADDED a'])
  })

  it('collects what a deleted owner leaves', () => {
    const { ask, machine, run } = cluster()
    const owner = ask({
      verb: 'create',
      resource: 'replicasets',
      namespace: 'default',
      body: {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name: 'rs' },
        spec: {
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: pod('x').spec },
        },
      } as unknown as KubeObject,
    }).object!
    const owned = pod('rs-1')
    owned.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: owner.metadata.uid, controller: true },
    ]
    ask({ verb: 'create', resource: 'pods', namespace: 'default', body: owned })
    ask({ verb: 'delete', resource: 'replicasets', namespace: 'default', name: 'rs', propagationPolicy: 'Foreground' })
    run()
    expect(machine.reader.count('pods')).toBe(0)
    expect(machine.reader.count('replicasets')).toBe(0)
  })

  it('gives Services addresses and ports, and keeps them on update', () => {
    const { ask } = cluster()
    const body = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] },
    } as unknown as KubeObject
    const made = ask({ verb: 'create', resource: 'services', namespace: 'default', body }).object as Service
    expect(made.spec.clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\./)
    expect(made.spec.ports![0]).toMatchObject({ protocol: 'TCP', targetPort: 80 })
    expect(made.spec.ports![0]!.nodePort).toBeGreaterThanOrEqual(30086)
    const again = ask({
      verb: 'patch',
      patchType: 'apply',
      resource: 'services',
      namespace: 'default',
      name: 'web',
      body,
    })
    expect((again.object as Service).spec).toEqual(made.spec)
    expect(again.warnings![0]).toMatch(/^resource services\/web is missing the kubectl.kubernetes.io\/last-applied/)
    const taken = {
      ...body,
      metadata: { name: 'other' },
      spec: { ...(body.spec as object), clusterIP: made.spec.clusterIP },
    }
    expect(
      ask({ verb: 'create', resource: 'services', namespace: 'default', body: taken as unknown as KubeObject }).message,
    ).toBe(
      `Service "other" is invalid: spec.clusterIPs: Invalid value: ["${made.spec.clusterIP}"]: failed to allocate IP ${made.spec.clusterIP}: provided IP is already allocated`,
    )
  })

  it('applies as kubectl does: what the manifest dropped goes, what others set stays', () => {
    const { ask } = cluster()
    const apply = (spec: object, labels?: object) =>
      ask({
        verb: 'patch',
        patchType: 'apply',
        resource: 'deployments',
        namespace: 'default',
        name: 'web',
        body: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', labels },
          spec: {
            selector: { matchLabels: { app: 'web' } },
            template: {
              metadata: { labels: { app: 'web' } },
              spec: { containers: [{ name: 'c', image: 'nginx', tty: true }] },
            },
            ...spec,
          },
        } as unknown as KubeObject,
      })
    const first = apply({ minReadySeconds: 5 }, { team: 'a' })
    expect([first.code, first.warnings]).toEqual([
      201,
      ['spec.template.spec.containers[0].tty: not modelled: there are no terminals in containers'],
    ])
    expect(apply({ minReadySeconds: 5 }, { team: 'a' }).object!.metadata.resourceVersion).toBe(
      first.object!.metadata.resourceVersion,
    )
    ask({
      verb: 'patch',
      patchType: 'merge',
      resource: 'deployments',
      subresource: 'scale',
      namespace: 'default',
      name: 'web',
      body: { spec: { replicas: 4 } },
    })
    const changed = apply({}, undefined).object as unknown as { metadata: object; spec: { replicas: number } }
    expect(changed.spec).toMatchObject({ replicas: 4 })
    expect(changed.spec).not.toHaveProperty('minReadySeconds')
    expect(changed.metadata).not.toHaveProperty('labels.team')
    expect(apply({ selector: { matchLabels: { app: 'x' } } }).message).toContain('field is immutable')
    expect(apply({ bogus: 1 }).message).toBe('strict decoding error: unknown field "spec.bogus"')
  })

  it('evicts only as far as a budget allows', () => {
    const { ask } = cluster()
    for (const name of ['a', 'b']) {
      ask({ verb: 'create', resource: 'pods', namespace: 'default', body: pod(name, { nodeName: 'worker-1' }) })
      ask({
        verb: 'patch',
        patchType: 'merge',
        resource: 'pods',
        subresource: 'status',
        namespace: 'default',
        name,
        body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      })
    }
    ask({
      verb: 'create',
      resource: 'poddisruptionbudgets',
      namespace: 'default',
      body: {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'pdb' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      } as unknown as KubeObject,
    })
    const evict = (name: string) =>
      ask({ verb: 'create', resource: 'pods', subresource: 'eviction', namespace: 'default', name, body: {} })
    expect(evict('a').code).toBe(201)
    const refused = evict('b')
    expect([refused.code, refused.message]).toEqual([
      429,
      `Cannot evict pod as it would violate the pod's disruption budget.`,
    ])
    expect(refused.causes![0]!.message).toBe('The disruption budget pdb needs 1 healthy pods and has 1 currently')
  })

  it('forgets Events after an hour', () => {
    const { ask, machine, run } = cluster()
    ask({
      verb: 'create',
      resource: 'events',
      namespace: 'default',
      body: {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'e' },
        involvedObject: { name: 'x' },
      } as unknown as KubeObject,
    })
    run(machine.now + 3590 * SECOND)
    expect(machine.reader.count('events')).toBe(1)
    run(machine.now + 20 * SECOND)
    expect(machine.reader.count('events')).toBe(0)
  })
})
