// Does this pod need a new sandbox? Upstream: pkg/kubelet/kuberuntime/util/util.go (PodSandboxChanged).
import type { Pod } from '../apiserver/objects.ts'
import type { RuntimePod } from './runtime-status.ts'

export type SandboxChange = {
  changed: boolean
  /** Attempt number that a new sandbox would get, or the one of the sandbox that stays. */
  attempt: number
  sandboxId: string
  why: string
}

export function sandboxChanged(pod: Pod, runtime: RuntimePod): SandboxChange {
  const newest = runtime.sandboxes[0]
  if (newest === undefined) return { changed: true, attempt: 0, sandboxId: '', why: 'no sandbox' }
  const hostNetwork = pod.spec.hostNetwork === true
  const next = newest.attempt + 1
  const ready = runtime.sandboxes.filter((s) => s.state === 'READY').length
  if (ready > 1) return { changed: true, attempt: next, sandboxId: newest.id, why: 'several ready sandboxes' }
  if (newest.state !== 'READY') return { changed: true, attempt: next, sandboxId: newest.id, why: 'sandbox not ready' }
  // The id is left out on purpose upstream: the old sandbox is of the wrong kind.
  if (newest.hostNetwork !== hostNetwork) return { changed: true, attempt: next, sandboxId: '', why: 'network changed' }
  if (!hostNetwork && !newest.ip) return { changed: true, attempt: next, sandboxId: newest.id, why: 'no pod IP' }
  return { changed: false, attempt: newest.attempt, sandboxId: newest.id, why: 'sandbox ready' }
}
