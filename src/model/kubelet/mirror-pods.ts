// Mirror pods: what the API server shows of the static pods of this node.
// Upstream: pkg/kubelet/pod/mirror_client.go, pkg/kubelet/kubelet.go (tryReconcileMirrorPods).
import type { Pod } from '../apiserver/objects.ts'
import type { ApiResponse } from '../messages.ts'
import type { ModelWorld } from '../tables.ts'
import { api, type Ctx } from './calls.ts'
import { klog } from './klog.ts'
import { podOf } from './pod-view.ts'
import { updatePod } from './pod-workers.ts'
import { sayAgain } from './status-manager.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'

function mirrorOf(world: ModelWorld, node: string, pod: Pod): Pod | undefined {
  return world
    .by('kubeletPods', 'mirror', node)
    .find((m) => m.pod.metadata.name === pod.metadata.name && m.pod.metadata.namespace === pod.metadata.namespace)?.pod
}

/** Makes the mirror if it is not there, and takes away one of an older file. */
export function ensureMirror(world: ModelWorld, node: string, uid: string): void {
  const pod = podOf(world, node, uid)
  if (pod === undefined || !world.get('kubelets', node)!.configSynced) return
  const mirror = mirrorOf(world, node, pod)
  const { namespace = 'default', name } = pod.metadata
  if (mirror !== undefined) {
    // A mirror that somebody deleted is let go and made anew: the static pod itself does not notice.
    if (mirror.metadata.annotations?.[mirrorAnnotation] === uid && mirror.metadata.deletionTimestamp === undefined)
      return
    api(
      world,
      node,
      {
        verb: 'delete',
        resource: 'pods',
        namespace,
        name,
        gracePeriodSeconds: 0,
        preconditions: { uid: mirror.metadata.uid },
      },
      { who: 'mirror', uid, key: 'delete' },
    )
    return
  }
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...metadata } = pod.metadata
  const owner = world.get('nodes', node)
  if (owner === undefined) return
  api(
    world,
    node,
    {
      verb: 'create',
      resource: 'pods',
      namespace,
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...metadata,
          annotations: { ...metadata.annotations, [mirrorAnnotation]: uid },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid: owner.metadata.uid, controller: true }],
        },
        spec: pod.spec,
      },
    },
    { who: 'mirror', uid, key: 'create' },
  )
}

export function onMirrorAnswer(world: ModelWorld, node: string, ctx: Ctx, response: ApiResponse): void {
  if (response.code < 300 || response.reason === 'AlreadyExists') return
  klog(world, node, 'E', 'kubelet.go:3320', 'Failed creating a mirror pod for', {
    err: response.message ?? '',
    podUID: ctx.uid ?? '',
  })
}

/** Somebody deletes the mirror, or has: the static pod runs on, and its worker makes a new one. */
export function mirrorDeleted(world: ModelWorld, node: string, mirror: Pod): void {
  const known = world
    .by('kubeletPods', 'node', node)
    .find(
      (p) =>
        p.source === 'file' &&
        p.pod.metadata.name === mirror.metadata.name &&
        p.pod.metadata.namespace === mirror.metadata.namespace,
    )
  if (known && !known.removed) updatePod(world, node, known.uid, { type: 'sync' })
}

/** A mirror whose file is gone goes as well. Upstream deleteOrphanedMirrorPods. */
export function deleteOrphanMirrors(world: ModelWorld, node: string): void {
  for (const { pod: mirror } of world.by('kubeletPods', 'mirror', node)) {
    const { namespace = 'default', name, uid } = mirror.metadata
    const owner = world
      .by('kubeletPods', 'node', node)
      .some((p) => p.source === 'file' && p.pod.metadata.name === name && p.pod.metadata.namespace === namespace)
    if (owner) continue
    api(
      world,
      node,
      { verb: 'delete', resource: 'pods', namespace, name, gracePeriodSeconds: 0, preconditions: { uid } },
      { who: 'mirror', uid, key: 'delete' },
    )
  }
}

/** A mirror is new and knows nothing: the status of its static pod is said once more. */
export function mirrorAdded(world: ModelWorld, node: string, staticUid: string): void {
  sayAgain(world, node, staticUid)
}
