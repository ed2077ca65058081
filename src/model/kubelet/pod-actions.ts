// What must be done to bring a running pod to its spec.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions, podActions).
import type { Pod } from '../apiserver/objects.ts'
import { initContainerActions } from './init-actions.ts'
import {
  isSidecar,
  podRestartPolicy,
  restartsAfterProbeFailure,
  restartsOnFailure,
  shouldBeRestarted,
} from './restart-policy.ts'
import { findContainer, type RuntimeContainer, type RuntimePod } from './runtime-status.ts'
import { sandboxChanged } from './sandbox-changed.ts'

export type ProbeResult = 'Success' | 'Failure' | 'Unknown'

/** What the caches beside the runtime say: newest probe results per container id, and which specs changed. */
export type ActionFacts = {
  liveness: (containerId: string) => ProbeResult | undefined
  startup: (containerId: string) => ProbeResult | undefined
  /** True when the running container was made from another version of its spec. */
  specChanged: (container: RuntimeContainer) => boolean
}

export type KillReason = 'Liveness' | 'Startup' | 'Unknown' | 'SpecChanged'
export type ContainerToKill = { id: string; name: string; message: string; reason: KillReason }

export type PodActions = {
  /** Stop every container and the sandbox. Set together with createSandbox when the sandbox is replaced. */
  killPod: boolean
  createSandbox: boolean
  /** The sandbox that is there now; empty for a new pod. */
  sandboxId: string
  attempt: number
  initContainersToStart: number[]
  ephemeralContainersToStart: number[]
  containersToStart: number[]
  containersToKill: ContainerToKill[]
}

export const noFacts: ActionFacts = {
  liveness: () => undefined,
  startup: () => undefined,
  specChanged: () => false,
}

export function computePodActions(pod: Pod, runtime: RuntimePod, facts: ActionFacts = noFacts): PodActions {
  const sandbox = sandboxChanged(pod, runtime)
  const actions: PodActions = {
    killPod: sandbox.changed,
    createSandbox: sandbox.changed,
    sandboxId: sandbox.sandboxId,
    attempt: sandbox.attempt,
    initContainersToStart: [],
    ephemeralContainersToStart: [],
    containersToStart: [],
    containersToKill: [],
  }
  if (sandbox.changed) {
    fromNewSandbox(pod, runtime, actions)
    return actions
  }

  // Ephemeral containers may start before initialisation is complete, and are never started twice.
  for (const [i, container] of (pod.spec.ephemeralContainers ?? []).entries()) {
    if (findContainer(runtime, container.name) === undefined) actions.ephemeralContainersToStart.push(i)
  }

  const initialized = initContainerActions(pod, runtime, facts, actions)
  if (actions.killPod || !initialized) return actions

  let kept = 0
  for (const [i, container] of pod.spec.containers.entries()) {
    const status = findContainer(runtime, container.name)
    if (status === undefined || status.state !== 'running') {
      if (!shouldBeRestarted(container, pod, runtime)) continue
      actions.containersToStart.push(i)
      if (status?.state === 'unknown') {
        // It may run without being seen: never let two instances of one container live side by side.
        const message = `Container is in "unknown" state, try killing it before restart`
        actions.containersToKill.push({ id: status.id, name: container.name, message, reason: 'Unknown' })
      }
      continue
    }
    let message: string
    let reason: KillReason
    let restart = restartsAfterProbeFailure(container, pod)
    if (facts.specChanged(status)) {
      message = `Container ${container.name} definition changed`
      reason = 'SpecChanged'
      restart = true
    } else if (facts.liveness(status.id) === 'Failure') {
      message = `Container ${container.name} failed liveness probe`
      reason = 'Liveness'
    } else if (facts.startup(status.id) === 'Failure') {
      message = `Container ${container.name} failed startup probe`
      reason = 'Startup'
    } else {
      kept++
      continue
    }
    if (restart) {
      message += ', will be restarted'
      actions.containersToStart.push(i)
    }
    actions.containersToKill.push({ id: status.id, name: container.name, message, reason })
  }

  if (kept === 0 && actions.containersToStart.length === 0) {
    // Nothing runs and nothing will: end the pod. Sidecars must not keep it alive.
    actions.killPod = true
    actions.initContainersToStart = []
  }
  return actions
}

function fromNewSandbox(pod: Pod, runtime: RuntimePod, actions: PodActions): void {
  // Containers were there and must not come back: end the old sandbox, make no new one.
  if (!restartsOnFailure(pod) && actions.attempt !== 0 && runtime.containers.length > 0) {
    actions.createSandbox = false
    return
  }
  const toStart: number[] = []
  for (const [i, container] of pod.spec.containers.entries()) {
    const status = findContainer(runtime, container.name)
    const succeeded = status?.state === 'exited' && status.exitCode === 0
    if (podRestartPolicy(pod.spec) === 'OnFailure' && succeeded) continue
    toStart.push(i)
  }
  if (toStart.length === 0) {
    // Any regular container ever made means that all init containers are done.
    if (anyRegularContainerCreated(pod, runtime)) {
      actions.createSandbox = false
      return
    }
  }
  if ((pod.spec.initContainers ?? []).length > 0) {
    actions.initContainersToStart = [0]
    return
  }
  actions.containersToStart = toStart
}

export function anyRegularContainerCreated(pod: Pod, runtime: RuntimePod): boolean {
  return pod.spec.containers.some((container) => findContainer(runtime, container.name) !== undefined)
}

export function hasSidecar(pod: Pod): boolean {
  return (pod.spec.initContainers ?? []).some(isSidecar)
}
