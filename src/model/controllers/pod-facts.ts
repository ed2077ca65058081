// Facts of a pod that several controllers ask for (pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go).
// A pod record is frozen, so what follows from it is worked out once and kept beside it.
import { parseRfc3339, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { KubeObject, OwnerReference, Pod } from '../apiserver/objects.ts'

export type PodFacts = {
  ready: boolean
  /** When Ready became true; undefined while it is not. */
  readySince: Micros | undefined
  /** Neither finished nor being deleted. */
  active: boolean
  terminating: boolean
  /** Succeeded or Failed. */
  terminal: boolean
  restarts: number
  /** uid of the controller; '' for none. */
  controller: string
}

const memo = new WeakMap<Pod, PodFacts>()

export function podFacts(pod: Pod): PodFacts {
  let facts = memo.get(pod)
  if (!facts) memo.set(pod, (facts = compute(pod)))
  return facts
}

function compute(pod: Pod): PodFacts {
  const condition = pod.status?.conditions?.find((c) => c.type === 'Ready')
  const ready = condition?.status === 'True'
  const terminal = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  const terminating = pod.metadata.deletionTimestamp !== undefined
  let restarts = 0
  for (const c of pod.status?.containerStatuses ?? []) restarts = Math.max(restarts, c.restartCount)
  return {
    ready,
    readySince: ready && condition.lastTransitionTime ? parseRfc3339(condition.lastTransitionTime) : undefined,
    active: !terminal && !terminating,
    terminating,
    terminal,
    restarts,
    controller: controllerOf(pod)?.uid ?? '',
  }
}

/** IsPodAvailable: ready for at least `minReadySeconds`. */
export function podAvailable(pod: Pod, minReadySeconds: number, now: Micros): boolean {
  const { ready, readySince } = podFacts(pod)
  if (!ready) return false
  return minReadySeconds === 0 || (readySince !== undefined && readySince + minReadySeconds * SECOND <= now)
}

/** metav1.GetControllerOf. */
export function controllerOf(object: { metadata: { ownerReferences?: OwnerReference[] } }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((o) => o.controller === true)
}

/** metav1.NewControllerRef. */
export function controllerRef(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** Key of a namespaced object in a work queue and in its table. */
export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  return object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name
}

/** What a controller compares after "has anything that I care about changed": text of the fields, in a fixed order. */
export function addressesOf(pod: Pod): string {
  const ips = pod.status?.podIPs
  return ips ? ips.map((p) => p.ip).join(',') : (pod.status?.podIP ?? '')
}
