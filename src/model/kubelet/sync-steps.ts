// The order in which a pod is synced and ended. The live pod worker walks these lists; pictures show the words.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go (SyncPod, killPodWithSyncResult),
// pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer), pkg/kubelet/kubelet.go (SyncTerminatingPod, SyncTerminatedPod).

export const syncPodSteps = [
  { step: 'compute', says: 'compute sandbox and container changes' },
  { step: 'killPod', says: 'kill the pod if the sandbox changed' },
  { step: 'killContainers', says: 'kill running containers that should not run' },
  { step: 'createSandbox', says: 'create the sandbox if needed' },
  { step: 'startEphemeral', says: 'start ephemeral containers' },
  { step: 'startInit', says: 'start init containers' },
  { step: 'resize', says: 'resize running containers (in-place)' },
  { step: 'startContainers', says: 'start regular containers' },
] as const

export const terminationSteps = [
  { step: 'event', says: 'Killing event' },
  { step: 'preStop', says: 'preStop hook (only if grace > 0, its time is taken off)' },
  { step: 'sidecarOrder', says: 'sidecars wait for main containers, then stop in reverse order' },
  {
    step: 'stop',
    says: 'CRI StopContainer(timeout = max(remaining, 2)): SIGTERM (or stopSignal), after timeout SIGKILL',
  },
  { step: 'stopSandbox', says: 'StopPodSandbox' },
  { step: 'cleanup', says: 'cleanup, then the API object is removed' },
] as const
