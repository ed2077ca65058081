// May a container that stopped be started again?
// Upstream: pkg/api/v1/pod/util.go (ContainerShouldRestart), pkg/kubelet/container/helpers.go (ShouldContainerBeRestarted),
// pkg/kubelet/kuberuntime/kuberuntime_manager.go (shouldRestartOnFailure). The gate ContainerRestartRules (beta, on since
// 1.35) is taken as on; RestartAllContainersOnContainerExits (alpha) as off, so that action counts as a plain Restart.
import type { Container, ContainerRestartRule, Pod, PodSpec, RestartPolicy } from '../apiserver/objects.ts'
import { findContainer, type RuntimePod } from './runtime-status.ts'

/** An init container with restartPolicy Always: a native sidecar. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

/** An unset policy means Always: that is what the API server defaults it to. */
export function podRestartPolicy(spec: Pick<PodSpec, 'restartPolicy'>): RestartPolicy {
  return spec.restartPolicy || 'Always'
}

function ruleMatches(rule: ContainerRestartRule, exitCode: number): boolean {
  const listed = (rule.exitCodes?.values ?? []).includes(exitCode)
  if (rule.exitCodes?.operator === 'In') return listed
  if (rule.exitCodes?.operator === 'NotIn') return !listed
  return false
}

function policyRestarts(policy: RestartPolicy, exitCode: number): boolean {
  if (policy === 'Never') return false
  return policy === 'Always' || exitCode !== 0
}

/** The container's own rules first, then its own policy, then the pod's. */
export function restartsAfterExit(
  container: Container,
  spec: Pick<PodSpec, 'restartPolicy'>,
  exitCode: number,
): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    if ((rule.action === 'Restart' || rule.action === 'RestartAllContainers') && ruleMatches(rule, exitCode))
      return true
  }
  return policyRestarts(container.restartPolicy || podRestartPolicy(spec), exitCode)
}

/** Whether the next SyncPod should start this container, seen from the newest attempt that the runtime knows. */
export function shouldBeRestarted(container: Container, pod: Pod, runtime: RuntimePod): boolean {
  // A pod that is being deleted starts nothing any more.
  if (pod.metadata.deletionTimestamp !== undefined) return false
  const status = findContainer(runtime, container.name)
  if (status === undefined) return true
  if (status.state === 'running') return false
  if (status.state !== 'exited') return true
  return restartsAfterExit(container, pod.spec, status.exitCode)
}

export function restartsOnFailure(pod: Pod): boolean {
  return podRestartPolicy(pod.spec) !== 'Never'
}

/**
 * After a failed probe the container still runs, so there is no exit code and only the policies count, not the rules.
 */
export function restartsAfterProbeFailure(container: Container, pod: Pod): boolean {
  if (container.restartPolicy !== undefined) return container.restartPolicy !== 'Never'
  return restartsOnFailure(pod)
}
