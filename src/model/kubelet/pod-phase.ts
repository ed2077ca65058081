// The phase of a pod from the states of its containers. Upstream: pkg/kubelet/kubelet_pods.go (getPhase).
import type { ContainerStatus, PodPhase, PodSpec } from '../apiserver/objects.ts'
import { isSidecar, restartsAfterExit } from './restart-policy.ts'

export type PhaseInput = {
  spec: PodSpec
  /** Regular and init container statuses together. */
  statuses: readonly ContainerStatus[]
  /** The pod has ended (deleted, evicted, past its deadline): its containers will not be restarted whatever the policy. */
  terminal: boolean
  /** A regular container has been started in the sandbox of now: restarting sidecars no longer make it Pending. */
  hasInitialized: boolean
  staticPod?: boolean
}

export function podPhase(input: PhaseInput): PodPhase {
  const { spec, statuses } = input
  const find = (name: string): ContainerStatus | undefined => statuses.find((s) => s.name === name)
  const inits = spec.initContainers ?? []

  let pendingInit = 0
  let failedInit = 0
  for (const container of inits) {
    if (isSidecar(container)) continue
    const status = find(container.name)
    const ended = status?.state.terminated ?? (status?.state.waiting ? status.lastState.terminated : undefined)
    if (status === undefined || ended === undefined) pendingInit++
    else if (ended.exitCode !== 0 && !restartsAfterExit(container, spec, ended.exitCode)) failedInit++
  }

  let pendingSidecars = 0
  let unknown = 0
  let running = 0
  let waiting = 0
  let stopped = 0
  let stoppedForGood = 0
  let succeeded = 0
  for (const container of inits) {
    if (!isSidecar(container)) continue
    const status = find(container.name)
    if (status === undefined) unknown++
    else if (status.state.running) {
      if (status.started !== true) pendingSidecars++
      running++
    } else if (status.state.terminated || (status.state.waiting && status.lastState.terminated)) {
      // A sidecar that stopped has no say in the phase.
    } else {
      pendingSidecars++
      if (status.state.waiting) waiting++
      else unknown++
    }
  }

  for (const container of spec.containers) {
    const status = find(container.name)
    if (status?.state.running) running++
    else if (status?.state.terminated) {
      stopped++
      const { exitCode } = status.state.terminated
      if (!restartsAfterExit(container, spec, exitCode)) stoppedForGood++
      if (exitCode === 0) succeeded++
    } else if (status?.state.waiting && status.lastState.terminated) {
      stopped++
      if (!restartsAfterExit(container, spec, status.lastState.terminated.exitCode)) stoppedForGood++
    } else if (status?.state.waiting) waiting++
    else unknown++
  }

  if (failedInit > 0) return 'Failed'
  if (pendingInit > 0 || (pendingSidecars > 0 && !input.hasInitialized)) return 'Pending'
  if (waiting > 0) return 'Pending'
  if (running > 0 && unknown === 0) return 'Running'
  if (running === 0 && stopped > 0 && unknown === 0) {
    // A static pod keeps its phase: its end is not the API server's to record.
    if (input.terminal && !input.staticPod) return stopped === succeeded ? 'Succeeded' : 'Failed'
    if (stopped !== stoppedForGood) return 'Running'
    return stopped === succeeded ? 'Succeeded' : 'Failed'
  }
  return 'Pending'
}
