// How long a container gets to end, and what is said about why it must.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer, setTerminationGracePeriod).
import type { Container, Pod } from '../apiserver/objects.ts'
import type { KillReason } from './pod-actions.ts'

/** Seconds that the runtime is always given, so that SIGTERM is never skipped: minimumGracePeriodInSeconds. */
export const minimumGracePeriodSeconds = 2

/** The grace before any override: deletion wins over the spec, a probe's own value over both. */
export function gracePeriodSeconds(pod: Pod, container: Container | undefined, reason?: KillReason): number {
  let grace = minimumGracePeriodSeconds
  if (pod.metadata.deletionGracePeriodSeconds !== undefined) grace = pod.metadata.deletionGracePeriodSeconds
  else if (pod.spec.terminationGracePeriodSeconds !== undefined) {
    grace = pod.spec.terminationGracePeriodSeconds
    const ofProbe =
      reason === 'Startup'
        ? container?.startupProbe?.terminationGracePeriodSeconds
        : reason === 'Liveness'
          ? container?.livenessProbe?.terminationGracePeriodSeconds
          : undefined
    if (ofProbe !== undefined) grace = ofProbe
  }
  return grace
}

export type StopPlan = {
  /** Run the preStop hook at all: only with time to run it in. */
  runPreStop: boolean
  /** The most seconds that the hook may take. */
  preStopSeconds: number
}

export function stopPlan(grace: number, container: Container | undefined): StopPlan {
  const runPreStop = container?.lifecycle?.preStop !== undefined && grace > 0
  return { runPreStop, preStopSeconds: runPreStop ? grace : 0 }
}

/**
 * The timeout of CRI StopContainer: what the hook left over, or an outside order (eviction, shutdown, force delete),
 * but never under two seconds.
 */
export function stopTimeoutSeconds(grace: number, preStopTook: number, override?: number): number {
  const left = override ?? grace - preStopTook
  return Math.max(left, minimumGracePeriodSeconds)
}

/** Event text of a kill with no reason of its own: the pod goes. */
export function killMessage(containerName: string, message = ''): string {
  return message === '' ? `Stopping container ${containerName}` : message
}
