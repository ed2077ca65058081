// Where the kubelet's pods come from: the API server's watch and the manifest directory.
// Upstream: pkg/kubelet/config (apiserver.go, file.go, common.go applyDefaults, config.go filterInvalidPods and merge).
import type { Pod } from '../apiserver/objects.ts'
import { hexOf } from '../images/digest.ts'
import { rfc3339Nano } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { ApiResponse, ApiWatchEvent } from '../messages.ts'
import type { KubeletPodRecord, ModelWorld, StaticManifestRecord } from '../tables.ts'
import { apiAtOnce, type Ctx } from './calls.ts'
import { timers } from './config.ts'
import { klog } from './klog.ts'
import { mirrorAdded, mirrorDeleted } from './mirror-pods.ts'
import { workerId } from './pod-workers.ts'
import { enqueue } from './sync-loop.ts'

export const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** Lists and watches the pods of this node. Every list is a new generation; what it does not name is gone. */
export function watchPods(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  world.put('kubelets', node, {
    ...kubelet,
    listGeneration: kubelet.listGeneration + 1,
    watchSince: world.now,
    watchBroken: false,
  })
  apiAtOnce(
    world,
    node,
    { verb: 'watch', resource: 'pods', fieldSelector: `spec.nodeName=${node}` },
    { who: 'watch', epoch: kubelet.listGeneration + 1 },
  )
}

/** The API server answers again after something was lost: start the watch anew. */
export function resumeWatch(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  if (kubelet.watchBroken || !kubelet.configSynced) {
    // A first list that is still on its way is given ten seconds.
    const young = kubelet.watchSince !== undefined && world.now - kubelet.watchSince < timers.leaseRenew
    if (kubelet.watchBroken || !young) watchPods(world, node)
  }
}

export function onWatchAnswer(world: ModelWorld, node: string, _ctx: Ctx, response: ApiResponse): void {
  if (response.code < 300) return
  klog(world, node, 'E', 'reflector.go:205', 'Failed to watch', { err: response.message ?? '', type: '*v1.Pod' })
  world.put('kubelets', node, { ...world.get('kubelets', node)!, watchBroken: true })
}

export function onWatchEvent(world: ModelWorld, event: SimEvent<ApiWatchEvent>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || event.data.resource !== 'pods') return
  if (event.data.type === 'BOOKMARK') return listComplete(world, node)
  const pod = event.data.object as unknown as Pod
  const { uid } = pod.metadata
  const id = workerId(node, uid)
  const before = world.get('kubeletPods', id)
  if (event.data.type === 'DELETED') {
    if (before === undefined) return
    if (before.mirrorOf !== undefined) {
      world.put('kubeletPods', id, undefined)
      return mirrorDeleted(world, node, before.pod)
    }
    return enqueue(world, node, 'config', { what: 'REMOVE', uid, name: pod.metadata.name })
  }
  const mirrorOf = pod.metadata.annotations?.[mirrorAnnotation]
  const record: KubeletPodRecord = {
    node,
    uid,
    source: 'api',
    pod,
    generation: kubelet.listGeneration,
    ...(mirrorOf === undefined ? {} : { mirrorOf }),
  }
  world.put('kubeletPods', id, record)
  if (mirrorOf !== undefined) {
    if (before === undefined) mirrorAdded(world, node, mirrorOf)
    if (pod.metadata.deletionTimestamp !== undefined) mirrorDeleted(world, node, pod)
    return
  }
  if (before === undefined) return enqueue(world, node, 'config', { what: 'ADD', uid, name: pod.metadata.name })
  const op = operation(before.pod, pod)
  if (op !== undefined) enqueue(world, node, 'config', { what: op, uid, name: pod.metadata.name })
}

/** Upstream checkAndUpdatePod: what kind of change is it for the kubelet? */
function operation(before: Pod, now: Pod): 'UPDATE' | 'DELETE' | 'RECONCILE' | undefined {
  const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
  const meta = before.metadata
  const changed =
    !same(before.spec, now.spec) ||
    !same(meta.labels, now.metadata.labels) ||
    meta.deletionTimestamp !== now.metadata.deletionTimestamp ||
    meta.deletionGracePeriodSeconds !== now.metadata.deletionGracePeriodSeconds ||
    !same(meta.annotations, now.metadata.annotations)
  if (changed) return now.metadata.deletionTimestamp === undefined ? 'UPDATE' : 'DELETE'
  return before.status === now.status ? undefined : 'RECONCILE'
}

function listComplete(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  if (!kubelet.configSynced) world.put('kubelets', node, { ...kubelet, configSynced: true })
  for (const record of world.by('kubeletPods', 'node', node)) {
    if (record.source !== 'api' || record.generation === kubelet.listGeneration || record.removed) continue
    if (record.mirrorOf !== undefined) {
      world.put('kubeletPods', workerId(node, record.uid), undefined)
      mirrorDeleted(world, node, record.pod)
    } else enqueue(world, node, 'config', { what: 'REMOVE', uid: record.uid, name: record.pod.metadata.name })
  }
}

// ---------------------------------------------------------------- files

/** Every 20 s, and at once when inotify tells of a change. */
export function onFileCheck(world: ModelWorld, event: SimEvent<{ boot: number; once?: boolean }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return
  if (!event.data.once) world.send('timer.kubelet.files', event.to, event.data, { delayMicros: timers.fileCheck })
  const seen = new Set<string>()
  for (const file of world.by('staticManifests', 'node', node)) {
    const pod = staticPod(world, node, file)
    if (pod === undefined) {
      klog(world, node, 'E', 'file.go:187', 'Could not process manifest file', {
        path: `/etc/kubernetes/manifests/${file.file}`,
      })
      continue
    }
    const { uid } = pod.metadata
    seen.add(uid)
    if (world.get('kubeletPods', workerId(node, uid)) !== undefined) continue
    world.because('KL24', { file: file.file, pod: pod.metadata.name })
    world.put('kubeletPods', workerId(node, uid), { node, uid, source: 'file', pod, generation: 0 })
    enqueue(world, node, 'config', { what: 'ADD', uid, name: pod.metadata.name })
  }
  for (const record of world.by('kubeletPods', 'node', node)) {
    if (record.source !== 'file' || seen.has(record.uid) || record.removed) continue
    enqueue(world, node, 'config', { what: 'REMOVE', uid: record.uid, name: record.pod.metadata.name })
  }
}

/** A file becomes a pod of this node: name with the node behind it, a uid from its content. */
function staticPod(world: ModelWorld, node: string, file: StaticManifestRecord): Pod | undefined {
  const manifest = file.manifest as Partial<Pod> | undefined
  if (manifest?.kind !== 'Pod' || !manifest.metadata?.name || !manifest.spec?.containers?.length) return undefined
  // Same content, same uid: an edited file is another pod.
  const uid = hexOf(`${node} ${file.file} ${JSON.stringify(manifest)}`, 32)
  const { metadata, spec } = manifest
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${metadata.name}-${node}`,
      namespace: metadata.namespace ?? 'default',
      uid,
      resourceVersion: '',
      creationTimestamp: '',
      annotations: {
        ...(metadata.annotations ?? {}),
        'kubernetes.io/config.hash': uid,
        'kubernetes.io/config.seen': rfc3339Nano(world.now),
        'kubernetes.io/config.source': 'file',
      },
    },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      ...spec,
      nodeName: node,
      tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
    status: { phase: 'Pending' },
  }
}

/** Input `kubelet.manifest`, to NODE/kubelet: somebody wrote or removed a file in /etc/kubernetes/manifests. */
export function onManifest(world: ModelWorld, event: SimEvent<{ file: string; manifest?: unknown }>): void {
  const node = placeOf(event.to)
  const { file, manifest } = event.data
  world.put('staticManifests', `${node}|${file}`, manifest === undefined ? undefined : { node, file, manifest })
  const kubelet = world.get('kubelets', node)
  if (kubelet?.running)
    world.send('timer.kubelet.files', event.to, { boot: kubelet.boot, once: true }, { delayMicros: 1000 })
}
