// Which pods belong to a controller: those it owns and whose labels still match are kept, an orphan that matches is
// adopted, one whose labels changed is released (pkg/controller/controller_ref_manager.go, ClaimPods).
import { matchesLabelSelector } from '../apiserver/selectors.ts'
import type { KubeObject, LabelSelector, Pod } from '../apiserver/objects.ts'
import type { ApiRequest } from '../messages.ts'
import type { ModelWorld } from '../tables.ts'
import { controllerRef, podFacts } from './pod-facts.ts'

export type Claim = {
  pods: Pod[]
  /** Patches that adopt or release; while there are any, the count of pods is not final. */
  requests: ApiRequest[]
}

export function claimPods(world: ModelWorld, owner: KubeObject, selector: LabelSelector): Claim {
  const pods: Pod[] = []
  const requests: ApiRequest[] = []
  const dying = owner.metadata.deletionTimestamp !== undefined
  for (const pod of world.by('pods', 'owner', owner.metadata.uid)) {
    if (matchesLabelSelector(selector, pod.metadata.labels)) pods.push(pod)
    else if (!dying && !podFacts(pod).terminating) requests.push(ownerPatch(pod, undefined))
  }
  if (!dying)
    for (const seen of world.by('podsSeen', 'orphan', owner.metadata.namespace ?? '')) {
      if (seen.terminating || !matchesLabelSelector(selector, seen.labels)) continue
      const pod = world.by('pods', 'uid', seen.uid)[0]
      if (pod && podFacts(pod).controller === '' && podFacts(pod).active) requests.push(ownerPatch(pod, owner))
    }
  return { pods, requests }
}

function ownerPatch(pod: Pod, owner: KubeObject | undefined): ApiRequest {
  const others = (pod.metadata.ownerReferences ?? []).filter((o) => o.controller !== true)
  return {
    verb: 'patch',
    resource: 'pods',
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    patchType: 'merge',
    body: {
      metadata: { uid: pod.metadata.uid, ownerReferences: owner ? [...others, controllerRef(owner)] : others },
    },
  }
}
