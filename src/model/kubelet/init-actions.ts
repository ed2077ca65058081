// Which init containers and sidecars to start or kill, and whether initialisation is complete.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (computeInitContainerActions).
import type { Pod } from '../apiserver/objects.ts'
import type { ActionFacts, PodActions } from './pod-actions.ts'
import { isSidecar, restartsAfterExit, restartsOnFailure } from './restart-policy.ts'
import { findContainer, type RuntimePod } from './runtime-status.ts'

/**
 * Writes into `actions` and says whether the pod is initialised. Walks backwards, because finished init containers may
 * already be gone from the runtime: the last one with a status tells how far the pod has come.
 */
export function initContainerActions(pod: Pod, runtime: RuntimePod, facts: ActionFacts, actions: PodActions): boolean {
  const inits = pod.spec.initContainers ?? []
  if (inits.length === 0) return true

  // Exited regular containers do not count: after a reboot they belong to the sandbox that was lost.
  let initialized = pod.spec.containers.some((container) => {
    const state = findContainer(runtime, container.name)?.state
    return state === 'created' || state === 'running'
  })
  // Whether everything up to the container under the cursor has been initialised before.
  let previously = initialized
  const start: number[] = []

  for (let i = inits.length - 1; i >= 0; i--) {
    const container = inits[i]!
    const sidecar = isSidecar(container)
    const status = findContainer(runtime, container.name)
    if (status === undefined) {
      if (previously && sidecar) start.push(i)
      continue
    }
    // Once initialised, only sidecars are kept running.
    if (previously && !sidecar) continue

    const kill = (message: string, reason: 'Liveness' | 'Startup' | 'Unknown' | 'SpecChanged'): void => {
      actions.containersToKill.push({ id: status.id, name: container.name, message, reason })
    }
    const last = i === inits.length - 1

    switch (status.state) {
      case 'created':
        // Created and started are one step for the sync loop, so the start must have failed: try again.
        start.push(i)
        break
      case 'running': {
        if (!sidecar) break
        if (container.startupProbe !== undefined) {
          const startup = facts.startup(status.id)
          if (startup === 'Failure') {
            kill(`Init container ${container.name} failed startup probe`, 'Startup')
            start.push(i)
          }
          if (startup !== 'Success') break
        }
        if (last) initialized = true
        else if (!previously) start.push(i + 1)

        if (facts.specChanged(status)) {
          kill(`Init container ${container.name} definition changed`, 'SpecChanged')
          start.push(i)
        } else if (container.livenessProbe !== undefined && facts.liveness(status.id) === 'Failure') {
          kill(`Init container ${container.name} failed liveness probe`, 'Liveness')
          start.push(i)
        }
        break
      }
      case 'exited':
        if (sidecar) {
          start.push(i)
          break
        }
        if (status.exitCode !== 0) {
          if (!restartsAfterExit(container, pod.spec, status.exitCode)) return giveUp(actions)
          start.push(i)
          break
        }
        if (last) initialized = true
        else start.push(i + 1)
        break
      default:
        if (!sidecar && !restartsOnFailure(pod)) return giveUp(actions)
        kill(`Init container is in "unknown" state, try killing it before restart`, 'Unknown')
        start.push(i)
    }
    // The ones before this container have been initialised, or this one would not have a status.
    previously = true
  }

  if (!previously) start.push(0)
  actions.initContainersToStart = start.reverse()
  return initialized
}

function giveUp(actions: PodActions): false {
  actions.killPod = true
  actions.initContainersToStart = []
  return false
}
