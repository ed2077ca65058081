// Exponential back-off per key, for crash loops and image pulls.
// Upstream: staging/src/k8s.io/client-go/util/flowcontrol/backoff.go (Next, IsInBackOffSince, hasExpired) and
// pkg/kubelet/kubelet.go (newCrashLoopBackOff, MaxCrashLoopBackOff, the fixed reset after 600 s).
import { MINUTE, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'

export type BackoffEntry = {
  /** The wait that the next failure has to sit out. */
  backoff: Micros
  lastUpdate: Micros
}

export type BackoffPolicy = {
  initial: Micros
  max: Micros
  /** An entry that was not touched for longer than this is forgotten. */
  resetAfter: Micros
}

/** A run of ten minutes clears the record, whatever the cap is: kubelet.go sets HasExpiredFunc to 600 s. */
const crashLoopReset = 10 * MINUTE

export const crashLoopPolicy: BackoffPolicy = { initial: 10 * SECOND, max: 300 * SECOND, resetAfter: crashLoopReset }
/** Image pulls keep the library's own rule: stable after twice the cap. */
export const imagePullPolicy: BackoffPolicy = { initial: 10 * SECOND, max: 300 * SECOND, resetAfter: 600 * SECOND }

/** KubeletConfiguration crashLoopBackOff.maxContainerRestartPeriod lowers the cap, and the start when it is below it. */
export function crashLoopPolicyFor(maxContainerRestartPeriod?: Micros): BackoffPolicy {
  const max = maxContainerRestartPeriod ?? crashLoopPolicy.max
  return { initial: Math.min(crashLoopPolicy.initial, max), max, resetAfter: crashLoopReset }
}

/** Gate ReduceDefaultCrashLoopBackOffDecay (alpha, off): start at 1 s, cap at 60 s. */
export const reducedCrashLoopPolicy: BackoffPolicy = { initial: SECOND, max: 60 * SECOND, resetAfter: crashLoopReset }

function expired(entry: BackoffEntry, since: Micros, policy: BackoffPolicy): boolean {
  return since - entry.lastUpdate > policy.resetAfter
}

/** `since`: when the thing failed (a container's finishedAt). */
export function inBackoff(
  entry: BackoffEntry | undefined,
  since: Micros,
  now: Micros,
  policy: BackoffPolicy = crashLoopPolicy,
): boolean {
  if (entry === undefined || expired(entry, since, policy)) return false
  return now - since < entry.backoff
}

/** The entry after one more try: called at the moment of the try, so the first failure costs no wait. */
export function nextBackoff(
  entry: BackoffEntry | undefined,
  since: Micros,
  now: Micros,
  policy: BackoffPolicy = crashLoopPolicy,
): BackoffEntry {
  if (entry === undefined || expired(entry, since, policy)) return { backoff: policy.initial, lastUpdate: now }
  return { backoff: Math.min(entry.backoff * 2, policy.max), lastUpdate: now }
}

/** Upstream Backoff.GC: entries that no one has touched for twice the cap. */
export function staleBackoff(entry: BackoffEntry, now: Micros, policy: BackoffPolicy = crashLoopPolicy): boolean {
  return now - entry.lastUpdate > 2 * policy.max
}
