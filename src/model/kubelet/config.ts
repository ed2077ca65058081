// The defaults that a kubelet of 1.36 runs with, and the constants that its clocks use.
// Upstream: staging/src/k8s.io/kubelet/config/v1beta1/types.go, pkg/kubelet/apis/config/v1beta1/defaults.go,
// pkg/kubelet/kubelet.go, pkg/kubelet/kubelet_node_status.go, component-helpers apimachinery/lease/controller.go.
import { HOUR, MILLI, MINUTE, SECOND } from '../../sim/clock.ts'

/** KubeletConfiguration fields as they are written in YAML. */
export const kubeletConfigDefaults = {
  syncFrequency: '1m0s',
  fileCheckFrequency: '20s',
  httpCheckFrequency: '20s',
  nodeStatusUpdateFrequency: '10s',
  nodeStatusReportFrequency: '5m0s',
  nodeLeaseDurationSeconds: 40,
  imageMinimumGCAge: '2m0s',
  imageMaximumGCAge: '0s',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  volumeStatsAggPeriod: '1m0s',
  cgroupsPerQOS: true,
  cgroupDriver: 'cgroupfs',
  cpuManagerPolicy: 'none',
  cpuManagerReconcilePeriod: '10s',
  memoryManagerPolicy: 'None',
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  runtimeRequestTimeout: '2m0s',
  hairpinMode: 'promiscuous-bridge',
  maxPods: 110,
  podPidsLimit: -1,
  resolvConf: '/etc/resolv.conf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  maxOpenFiles: 1000000,
  contentType: 'application/vnd.kubernetes.protobuf',
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  eventRecordQPS: 50,
  eventBurst: 100,
  registryPullQPS: 5,
  registryBurst: 10,
  serializeImagePulls: true,
  evictionPressureTransitionPeriod: '5m0s',
  evictionMaxPodGracePeriod: 0,
  enableControllerAttachDetach: true,
  enforceNodeAllocatable: ['pods'],
  shutdownGracePeriod: '0s',
  shutdownGracePeriodCriticalPods: '0s',
  streamingConnectionIdleTimeout: '4h0m0s',
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  healthzBindAddress: '127.0.0.1',
  healthzPort: 10248,
  port: 10250,
  readOnlyPort: 0,
  oomScoreAdj: -999,
  registerNode: true,
  failSwapOn: true,
  failCgroupV1: true,
  memoryThrottlingFactor: 0.9,
  makeIPTablesUtilChains: true,
  rotateCertificates: false,
  configMapAndSecretChangeDetectionStrategy: 'Watch',
} as const

/** The clocks of the kubelet. Go names where they have one. */
export const timers = {
  /** syncCh of syncLoop. */
  syncTick: SECOND,
  housekeepingPeriod: 2 * SECOND,
  housekeepingWarningDuration: SECOND,
  genericPlegRelistPeriod: SECOND,
  genericPlegRelistThreshold: 3 * MINUTE,
  eventedPlegRelistPeriod: 300 * SECOND,
  eventedPlegRelistThreshold: 10 * MINUTE,
  runtimeCacheRefreshPeriod: 2 * SECOND,
  backOffPeriod: 10 * SECOND,
  backOffOnTransientErrorPeriod: SECOND,
  maxWaitForContainerRuntime: 30 * SECOND,
  initialBackoff: 10 * SECOND,
  maxCrashLoopBackOff: 300 * SECOND,
  maxImageBackOff: 300 * SECOND,
  evictionMonitoringPeriod: 10 * SECOND,
  containerGCPeriod: MINUTE,
  imageGCPeriod: 5 * MINUTE,
  resyncInterval: MINUTE,
  fileCheck: 20 * SECOND,
  nodeStatusUpdate: 10 * SECOND,
  nodeStatusReport: 5 * MINUTE,
  leaseRenew: 10 * SECOND,
  runtimeStateCheck: 5 * SECOND,
  fastStatusUpdateMax: MINUTE,
  statusManagerSync: 10 * SECOND,
  nodeLabelCheck: HOUR,
  /** Loop of syncLoop while the runtime is in error: 100 ms doubling to 5 s. */
  errorSleepBase: 100 * MILLI,
  errorSleepMax: 5 * SECOND,
} as const

/** Jitter factors are in hundredths: Go's wait.Jitter(d, f) adds up to f of d. */
export const workerResyncJitterPercent = 50
export const workerBackOffJitterPercent = 50
export const leaseJitterPercent = 4

export const leaseRenewIntervalFraction = 0.25
export const maxUpdateRetries = 5
export const nodeStatusUpdateRetry = 5
/** Lease client timeout: the renew interval, and not more. kubelet.go: heartbeatClient.Timeout = nodeStatusUpdateFrequency, or the lease timeout when shorter. */
export const heartbeatTimeout = 10 * SECOND
/** Longest wait between tries to create the lease: 100 ms doubling to this. */
export const leaseMaxBackoff = 7 * SECOND
export const leaseInitialBackoff = 100 * MILLI
