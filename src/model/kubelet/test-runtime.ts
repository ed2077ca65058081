// For tests of the kubelet: the real API server and kubelets, and a runtime that answers CRI calls at once and does as
// it is told. What it holds are the ordinary tables of the runtime, with only the fields that the kubelet reads.
import { SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import { placeOf } from '../../sim/contract.ts'
import type { ContainerConfig, CriMethod, PodSandboxConfig } from '../cri/api.ts'
import { sendOver, type CriRequest } from '../messages.ts'
import type { ContainerRecord, ModelComponent, ModelWorld, SandboxRecord } from '../tables.ts'

export type RuntimeScript = {
  network: boolean
  hung: boolean
  /** Image -> what pulling it does. Default: 50 ms. */
  pulls: Record<string, { error?: string; micros?: Micros }>
  /** Container name -> how it ends by itself. */
  exits: Record<string, { after: Micros; code: number }>
  /** Container name -> outcome of ExecSync. */
  execs: Record<string, { code: number; output?: string }>
  /** Container names that do not heed SIGTERM. */
  stubborn: string[]
  sandboxError?: string
  /** Every call that came, in order. */
  calls: string[]
}

const latency = 60

/** The same entry for the same record, as the real runtime gives it. */
const entries = new WeakMap<object, object>()
function remembered(record: object, make: () => object): object {
  let entry = entries.get(record)
  if (!entry) entries.set(record, (entry = make()))
  return entry
}

export function scriptedRuntime(script: RuntimeScript): ModelComponent {
  const reply = (
    world: ModelWorld,
    event: { from: string; data: CriRequest },
    response: object,
    after: Micros = 200,
  ): void => {
    world.send(
      'cri.response',
      event.from,
      { method: event.data.method, ctx: event.data.ctx, ...response },
      { delayMicros: after + latency },
    )
  }
  const ok = (response: object): object => ({ response })
  const failed = (code: string, message: string): object => ({ error: { code, message } })

  return {
    roles: ['containerd', 'kernel', 'laptop', 'wire', 'cluster'],
    rules: [],
    tables: {
      machines: { owner: 'test' },
      faults: { owner: 'test' },
      sandboxes: { owner: 'test', indexes: { node: (r) => r.node, pod: (r) => r.metadata.uid } },
      containers: { owner: 'test', indexes: { node: (r) => r.node, pod: (r) => r.podUid } },
      images: { owner: 'test', indexes: { node: (r) => r.node } },
      journal: { owner: 'test', indexes: { unit: (r) => `${r.node}|${r.unit}` } },
      units: { owner: 'test', indexes: { node: (r) => r.node } },
      processes: { owner: 'test', indexes: { node: (r) => r.node, container: (r) => r.containerId } },
      listeners: { owner: 'test', indexes: { netns: (r) => `${r.node}|${r.netns}`, node: (r) => r.node } },
    },
    handlers: {
      'test.machine': (world, event) =>
        world.put('machines', (event.data as { name: string }).name, event.data as never),
      'test.cable': (world, event) => {
        const { name, cable } = event.data as { name: string; cable: boolean }
        world.put('machines', name, { ...world.get('machines', name)!, cable })
      },
      'test.request': (world, event) => void sendOver(world, 'api.request', 'apiserver', event.data),
      'api.response': () => {},
      'wire.lost': () => {},
      'test.exit': (world, event) => {
        const { id, code } = event.data as { id: string; code: number }
        const c = world.get('containers', id)
        if (c?.state !== 'CONTAINER_RUNNING') return
        const reason = code === 0 ? 'Completed' : 'Error'
        world.put('containers', id, { ...c, state: 'CONTAINER_EXITED', exitCode: code, finishedAt: world.now, reason })
      },
      'test.stopped': (world, event) => {
        const { id, answer } = event.data as { id: string; answer: { from: string; data: CriRequest } }
        const c = world.get('containers', id)
        if (c?.state === 'CONTAINER_RUNNING') {
          const code = script.stubborn.includes(c.metadata.name) ? 137 : 143
          world.put('containers', id, {
            ...c,
            state: 'CONTAINER_EXITED',
            exitCode: code,
            finishedAt: world.now,
            reason: 'Error',
          })
        }
        reply(world, answer, ok({}), 0)
      },
      'test.pulled': (world, event) => {
        const { node, image, answer } = event.data as {
          node: string
          image: string
          answer: { from: string; data: CriRequest }
        }
        const id = `sha256:${image}`
        world.put('images', `${node}|${id}`, {
          node,
          id,
          repoTags: [image],
          repoDigests: [],
          size: 1000,
          layers: [],
          pinned: false,
          pulledAt: world.now,
        })
        reply(world, answer, ok({ image_ref: id }), 0)
      },
      'cri.request': (world, event) => {
        if (script.hung) return
        const node = placeOf(event.to)
        const data = event.data as CriRequest
        const body = data.request as Record<string, any> // eslint-disable-line @typescript-eslint/no-explicit-any -- each case knows its method
        const asked = { from: event.from, data }
        const method = data.method as CriMethod
        if (!method.startsWith('List') && method !== 'Status') script.calls.push(method)
        const container = (): ContainerRecord | undefined => world.get('containers', body['container_id'] as string)
        const sandbox = (): SandboxRecord | undefined => world.get('sandboxes', body['pod_sandbox_id'] as string)
        switch (method) {
          case 'Status':
            return reply(
              world,
              asked,
              ok({
                status: {
                  conditions: [
                    { type: 'RuntimeReady', status: true, reason: '', message: '' },
                    script.network
                      ? { type: 'NetworkReady', status: true, reason: '', message: '' }
                      : {
                          type: 'NetworkReady',
                          status: false,
                          reason: 'NetworkPluginNotReady',
                          message: 'Network plugin returns error: cni plugin not initialized',
                        },
                  ],
                },
              }),
            )
          case 'ListPodSandbox':
            return reply(
              world,
              asked,
              ok({
                items: world
                  .by('sandboxes', 'node', node)
                  .map((s) =>
                    remembered(s, () => ({ id: s.id, metadata: s.metadata, state: s.state, created_at: s.createdAt })),
                  ),
              }),
            )
          case 'ListContainers':
            return reply(
              world,
              asked,
              ok({
                containers: world.by('containers', 'node', node).map((c) =>
                  remembered(c, () => ({
                    id: c.id,
                    pod_sandbox_id: c.sandboxId,
                    metadata: c.metadata,
                    image: { image: c.image },
                    image_ref: c.imageRef,
                    state: c.state,
                    created_at: c.createdAt,
                    pod_uid: c.podUid,
                  })),
                ),
              }),
            )
          case 'RunPodSandbox': {
            if (script.sandboxError) return reply(world, asked, failed('Unknown', script.sandboxError))
            const config = body['config'] as unknown as PodSandboxConfig
            const n = world.serial('test sandbox')
            const id = `sandbox${n}`
            const hostNetwork = config.linux?.security_context?.namespace_options?.network === 'NODE'
            const ip = hostNetwork ? '' : `10.244.${1 + Math.floor(n / 250)}.${2 + (n % 250)}`
            const record = {
              id,
              node,
              metadata: config.metadata,
              state: 'SANDBOX_READY',
              createdAt: world.now,
              ip,
              hostNetwork,
            }
            world.put('sandboxes', id, record as unknown as SandboxRecord)
            return reply(world, asked, ok({ pod_sandbox_id: id }), 200_000)
          }
          case 'PodSandboxStatus': {
            const s = sandbox()
            if (!s) return reply(world, asked, failed('NotFound', 'no such sandbox'))
            const network = s.hostNetwork ? ('NODE' as const) : ('POD' as const)
            return reply(
              world,
              asked,
              ok({
                status: {
                  id: s.id,
                  metadata: s.metadata,
                  state: s.state,
                  created_at: s.createdAt,
                  network: { ip: s.ip },
                  linux: { namespaces: { options: { network } } },
                  labels: {},
                  annotations: {},
                  runtime_handler: '',
                },
              }),
            )
          }
          case 'StopPodSandbox': {
            const s = sandbox()
            if (s) world.put('sandboxes', s.id, { ...s, state: 'SANDBOX_NOTREADY' })
            return reply(world, asked, ok({}), 100_000)
          }
          case 'RemovePodSandbox':
            world.put('sandboxes', body['pod_sandbox_id'] as string, undefined)
            return reply(world, asked, ok({}))
          case 'ImageStatus': {
            const { image } = body['image'] as { image: string }
            const found = world.get('images', `${node}|sha256:${image}`)
            return reply(
              world,
              asked,
              ok(
                found
                  ? { image: { id: found.id, repo_tags: [], repo_digests: [], size: found.size, pinned: false } }
                  : {},
              ),
            )
          }
          case 'PullImage': {
            const { image } = body['image'] as { image: string }
            const pull = script.pulls[image]
            if (pull?.error) return reply(world, asked, failed('NotFound', pull.error), 30_000)
            world.send('test.pulled', event.to, { node, image, answer: asked }, { delayMicros: pull?.micros ?? 50_000 })
            return
          }
          case 'CreateContainer': {
            const config = body['config'] as unknown as ContainerConfig
            const s = sandbox()!
            const id = `container${world.serial('test container')}`
            const record = {
              id,
              node,
              sandboxId: s.id,
              podUid: s.metadata.uid,
              podName: s.metadata.name,
              namespace: s.metadata.namespace,
              metadata: config.metadata,
              image: config.image.user_specified_image ?? '',
              imageRef: config.image.image,
              state: 'CONTAINER_CREATED',
              createdAt: world.now,
              annotations: config.annotations ?? {},
              envs: config.envs ?? [],
            }
            world.put('containers', id, record as unknown as ContainerRecord)
            return reply(world, asked, ok({ container_id: id }))
          }
          case 'StartContainer': {
            const c = container()!
            world.put('containers', c.id, { ...c, state: 'CONTAINER_RUNNING', startedAt: world.now })
            const exit = script.exits[c.metadata.name]
            if (exit) world.send('test.exit', event.to, { id: c.id, code: exit.code }, { delayMicros: exit.after })
            return reply(world, asked, ok({}))
          }
          case 'StopContainer': {
            const c = container()
            const stubborn = c !== undefined && script.stubborn.includes(c.metadata.name)
            const timeout = (body['timeout'] as unknown as number) * SECOND
            world.send(
              'test.stopped',
              event.to,
              { id: c?.id ?? '', answer: asked },
              { delayMicros: stubborn ? timeout : 5_000 },
            )
            return
          }
          case 'RemoveContainer':
            world.put('containers', body['container_id'] as string, undefined)
            return reply(world, asked, ok({}))
          case 'ContainerStatus': {
            const c = container()
            if (!c) return reply(world, asked, failed('NotFound', 'no such container'))
            return reply(
              world,
              asked,
              ok({
                status: {
                  id: c.id,
                  metadata: c.metadata,
                  state: c.state,
                  created_at: c.createdAt,
                  started_at: c.startedAt,
                  finished_at: c.finishedAt,
                  exit_code: c.exitCode ?? 0,
                  image: { image: c.image },
                  image_ref: c.imageRef,
                  image_id: c.imageRef,
                  reason: c.reason ?? '',
                  message: '',
                  labels: {},
                  annotations: c.annotations,
                  mounts: [],
                  log_path: '',
                  resources: { linux: {} },
                },
              }),
            )
          }
          case 'ExecSync': {
            const c = container()
            const done = script.execs[c?.metadata.name ?? ''] ?? { code: 0 }
            return reply(world, asked, ok({ stdout: done.output ?? '', stderr: '', exit_code: done.code }), 3_000)
          }
          default:
            return reply(world, asked, failed('Unimplemented', method))
        }
      },
    },
  }
}
