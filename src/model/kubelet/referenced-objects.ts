// ConfigMaps and Secrets that pods of this node use, read when needed and kept for a while.
// Upstream: pkg/kubelet/util/manager (cache based manager with a TTL; the default strategy watches instead).
import { MINUTE } from '../../sim/clock.ts'
import type { ConfigMap, Pod, Secret } from '../apiserver/objects.ts'
import { textOfBase64 } from '../apiserver/base64.ts'
import type { ApiResponse } from '../messages.ts'
import type { KubeletObjectRecord, ModelWorld } from '../tables.ts'
import { apiAtOnce, type Ctx } from './calls.ts'
import { podOf } from './pod-view.ts'
import { worker } from './pod-workers.ts'
import { createContainer } from './start-container.ts'
import { tryMount } from './volumes.ts'

type Resource = 'configmaps' | 'secrets'

const keyOf = (resource: Resource, namespace: string, name: string): string => `${resource}|${namespace}/${name}`

export function lookUp(
  world: ModelWorld,
  node: string,
  uid: string,
  resource: Resource,
  namespace: string,
  name: string,
): 'wait' | 'missing' | Readonly<Record<string, string>> {
  const key = keyOf(resource, namespace, name)
  const id = `${node}|${key}`
  const known = world.get('kubeletObjects', id)
  if (known?.state === 'there' && world.now - known.at < MINUTE) return known.data ?? {}
  // What is missing is asked for again by whoever comes later than this very moment.
  if (known?.state === 'missing' && known.at === world.now) return 'missing'
  const waiting = known?.state === 'asked' ? known.waiting : []
  const record: KubeletObjectRecord = {
    node,
    key,
    at: known?.state === 'asked' ? known.at : world.now,
    state: 'asked',
    waiting: waiting.includes(uid) ? waiting : [...waiting, uid],
  }
  world.put('kubeletObjects', id, record)
  if (known?.state !== 'asked' || world.now - known.at > MINUTE) {
    apiAtOnce(world, node, { verb: 'get', resource, namespace, name }, { who: 'object', key })
  }
  return 'wait'
}

export function onObjectAnswer(world: ModelWorld, node: string, ctx: Ctx, response: ApiResponse): void {
  const id = `${node}|${ctx.key}`
  const known = world.get('kubeletObjects', id)
  if (known === undefined) return
  const secret = ctx.key!.startsWith('secrets|')
  const object = response.object as ConfigMap | Secret | undefined
  const data = object?.data ?? {}
  world.put('kubeletObjects', id, {
    node,
    key: ctx.key!,
    at: world.now,
    waiting: [],
    ...(response.code < 300
      ? {
          state: 'there',
          data: secret ? Object.fromEntries(Object.entries(data).map(([k, v]) => [k, textOfBase64(v)])) : data,
        }
      : { state: 'missing' }),
  })
  for (const uid of known.waiting) resume(world, node, uid)
}

/** A worker that waited for the object goes on with what it was at. */
function resume(world: ModelWorld, node: string, uid: string): void {
  const record = worker(world, node, uid)
  const pod: Pod | undefined = podOf(world, node, uid)
  if (record?.job === undefined || pod === undefined) return
  if (record.job.step === 'volumes') tryMount(world, record, pod)
  else if (record.job.step === 'objects') createContainer(world, record, pod, record.job.start?.imageId ?? '')
}

/** An answer that never came: whoever waits asks again. */
export function retryObjects(world: ModelWorld, node: string, after: number): void {
  for (const record of world.by('kubeletObjects', 'node', node)) {
    if (record.state !== 'asked' || world.now - record.at < after) continue
    world.put('kubeletObjects', `${node}|${record.key}`, undefined)
    for (const uid of record.waiting) resume(world, node, uid)
  }
}
