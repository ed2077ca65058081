// The words of the events that the kubelet records on pods and nodes.
// Upstream: pkg/kubelet/events/event.go (reasons) and the places that record them: kuberuntime_manager.go,
// kuberuntime_container.go, images/image_manager.go, prober/prober.go, kubelet.go, lifecycle/predicate.go.
import { goDuration } from './durations.ts'
import type { Micros } from '../../sim/contract.ts'

export type EventText = { type: 'Normal' | 'Warning'; reason: string; message: string }

const normal = (reason: string, message: string): EventText => ({ type: 'Normal', reason, message })
const warning = (reason: string, message: string): EventText => ({ type: 'Warning', reason, message })

/** Durations of pulls are cut to milliseconds (image_manager.go). */
const millis = (d: Micros): string => goDuration(d - (d % 1000))

export const podEvents = {
  pulling: (image: string) => normal('Pulling', `Pulling image "${image}"`),
  pulled: (image: string, pull: Micros, withWaiting: Micros, bytes: number) =>
    normal(
      'Pulled',
      `Successfully pulled image "${image}" in ${millis(pull)} (${millis(withWaiting)} including waiting). Image size: ${bytes} bytes.`,
    ),
  /** Wording of gate KubeletEnsureSecretPulledImages (on since 1.35); before: no ending. */
  alreadyPresent: (image: string, ensureSecretPulled = true) =>
    normal(
      'Pulled',
      `Container image "${image}" already present on machine${ensureSecretPulled ? ' and can be accessed by the pod' : ''}`,
    ),
  created: () => normal('Created', 'Container created'),
  started: () => normal('Started', 'Container started'),
  killing: (message: string) => normal('Killing', message),
  preempting: () => warning('Preempting', 'Preempted in order to admit critical pod'),
  failedPull: (image: string, err: string) => warning('Failed', `Failed to pull image "${image}": ${err}`),
  failed: (reason: string) => warning('Failed', `Error: ${reason}`),
  backOffPull: (image: string) => normal('BackOff', `Back-off pulling image "${image}"`),
  inspectFailed: (image: string, err: string) => warning('InspectFailed', `Failed to inspect image "${image}": ${err}`),
  errImageNeverPull: (image: string) =>
    warning('ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`),
  backOffStart: (container: string, pod: string) =>
    warning('BackOff', `Back-off restarting failed container ${container} in pod ${pod}`),
  unhealthy: (probe: 'Liveness' | 'Readiness' | 'Startup', output: string) =>
    warning('Unhealthy', `${probe} probe failed: ${output}`),
  probeErrored: (probe: 'Liveness' | 'Readiness' | 'Startup', err: string) =>
    warning('Unhealthy', `${probe} probe errored and resulted in unknown state: ${err}`),
  probeWarning: (probe: 'Liveness' | 'Readiness' | 'Startup', output: string) =>
    warning('ProbeWarning', `${probe} probe warning: ${output}`),
  failedCreateSandbox: (err: string) => warning('FailedCreatePodSandBox', `Failed to create pod sandbox: ${err}`),
  failedSandboxStatus: (err: string) => warning('FailedPodSandBoxStatus', `Unable to get pod sandbox status: ${err}`),
  sandboxChanged: () => normal('SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.'),
  failedMount: (err: string) => warning('FailedMount', `Unable to attach or mount volumes: ${err}`),
  mountVolumeFailed: (volume: string, err: string) =>
    warning('FailedMount', `MountVolume.SetUp failed for volume "${volume}" : ${err}`),
  failedPostStart: (message: string) => warning('FailedPostStartHook', message),
  failedPreStop: (message: string) => warning('FailedPreStopHook', message),
  exceededGrace: () =>
    warning('ExceededGracePeriod', 'Container runtime did not kill the pod within specified grace period.'),
  networkNotReady: (err: string) => warning('NetworkNotReady', `network is not ready: ${err}`),
  failedSync: (err: string) => warning('FailedSync', `error determining status: ${err}`),
  failedKillPod: (err: string) => warning('FailedKillPod', `error killing pod: ${err}`),
  deadlineExceeded: () => normal('DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'),
  outOf: (resource: string, message: string) => warning(`OutOf${resource}`, message),
  /** Admission: the reason is that of the plugin that refused. */
  refused: (reason: string, message: string) => warning(reason, message),
} as const

export const nodeEvents = {
  starting: () => normal('Starting', 'Starting kubelet.'),
  allocatableEnforced: () => normal('NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods'),
  status: (node: string, reason: string) => normal(reason, `Node ${node} status is now: ${reason}`),
  rebooted: (node: string, bootId: string) => warning('Rebooted', `Node ${node} has been rebooted, boot id: ${bootId}`),
  systemOom: (process: string, pid: number) =>
    warning('SystemOOM', `System OOM encountered, victim process: ${process}, pid: ${pid}`),
} as const

/** `name_namespace(uid)`, as kubelet messages name a pod: pkg/kubelet/util/format/pod.go. */
export function formatPod(pod: { metadata: { name: string; namespace?: string; uid: string } }): string {
  return `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`
}

/** Message of a container that waits out its back-off: kuberuntime_manager.go doBackOff. */
export function crashLoopMessage(backoff: Micros, container: string, pod: string): string {
  return `back-off ${goDuration(backoff)} restarting failed container=${container} pod=${pod}`
}

/** lifecycle/predicate.go InsufficientResourceError: the numbers are milli-units for cpu, plain for the rest. */
export function insufficientMessage(resource: string, requested: number, used: number, capacity: number): string {
  return `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`
}
