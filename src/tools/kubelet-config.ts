import { parse } from 'yaml'
import { kubeletConfigDefaults } from '../model/kubelet/config.ts'
import type { ModelReader } from '../model/tables.ts'
import { yamlText } from './yaml-text.ts'

/** /var/lib/kubelet/config.yaml as kubeadm writes it: what it sets, and zero for what it leaves to the kubelet. */
export const KUBEADM_KUBELET_CONFIG = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  authentication: {
    anonymous: { enabled: false },
    webhook: { cacheTTL: '0s', enabled: true },
    x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
  },
  authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s', cacheUnauthorizedTTL: '0s' } },
  cgroupDriver: 'systemd',
  clusterDNS: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  cpuManagerReconcilePeriod: '0s',
  evictionPressureTransitionPeriod: '0s',
  fileCheckFrequency: '0s',
  healthzBindAddress: '127.0.0.1',
  healthzPort: 10248,
  httpCheckFrequency: '0s',
  imageMaximumGCAge: '0s',
  imageMinimumGCAge: '0s',
  kind: 'KubeletConfiguration',
  logging: {
    flushFrequency: 0,
    options: { json: { infoBufferSize: '0' }, text: { infoBufferSize: '0' } },
    verbosity: 0,
  },
  memorySwap: {},
  nodeStatusReportFrequency: '0s',
  nodeStatusUpdateFrequency: '0s',
  rotateCertificates: true,
  runtimeRequestTimeout: '0s',
  shutdownGracePeriod: '0s',
  shutdownGracePeriodCriticalPods: '0s',
  staticPodPath: '/etc/kubernetes/manifests',
  streamingConnectionIdleTimeout: '0s',
  syncFrequency: '0s',
  volumeStatsAggPeriod: '0s',
} as const

/** The file as the kubeadm ConfigMap of the scenario has it. */
export function kubeletConfigText(reader: ModelReader): string {
  return reader.get('configmaps', 'kube-system/kubelet-config')?.data?.kubelet ?? yamlText(KUBEADM_KUBELET_CONFIG)
}

/** The effective configuration (`/configz`): the file over the defaults; a zero duration means the default. */
export function kubeletConfiguration(reader: ModelReader): Record<string, unknown> {
  const { apiVersion: _a, kind: _k, logging: _l, ...file } = parse(kubeletConfigText(reader)) as Record<string, unknown>
  const set = Object.entries(file).filter(([key, value]) => !(value === '0s' && key in kubeletConfigDefaults))
  const { syncFrequency, fileCheckFrequency, httpCheckFrequency, port, ...rest } = kubeletConfigDefaults
  return {
    enableServer: true,
    staticPodPath: file.staticPodPath,
    podLogsDir: '/var/log/pods',
    syncFrequency,
    fileCheckFrequency,
    httpCheckFrequency,
    address: '0.0.0.0',
    port,
    ...rest,
    ...Object.fromEntries(set),
    evictionHard: {
      'imagefs.available': '15%',
      'imagefs.inodesFree': '5%',
      'memory.available': '100Mi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
    },
  }
}
