// The objects that `kubeadm init` applies, in its order: configuration, then the add-ons CoreDNS and kube-proxy
// (cmd/kubeadm/app/phases: uploadconfig, kubelet, bootstraptoken, addons/dns/manifests.go, addons/proxy/manifests.go; 1.36).
// System namespaces, the Service `kubernetes` and the priority classes are the API server's own: apiserver/initial-objects.ts.
import { KUBERNETES_VERSION } from '../images/catalogue.ts'
import { coreDns } from './coredns.ts'
import { kubeProxy } from './kube-proxy-addon.ts'
import { configMap, type ClusterFacts } from './object-shapes.ts'
import type { Manifest } from './static-pods.ts'

export function kubeadmObjects(facts: ClusterFacts): Manifest[] {
  return [...configuration(facts), ...coreDns(facts), ...kubeProxy(facts)]
}

function configuration(facts: ClusterFacts): Manifest[] {
  return [
    configMap('kubeadm-config', { ClusterConfiguration: clusterConfiguration(facts) }),
    configMap('kubelet-config', { kubelet: kubeletConfiguration(facts) }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cluster-info', namespace: 'kube-public' },
      data: {
        kubeconfig: `apiVersion: v1
clusters:
- cluster:
    server: https://${facts.serverIp}:6443
  name: ""
contexts: null
current-context: ""
kind: Config
users: null
`,
      },
    },
  ]
}

function clusterConfiguration(facts: ClusterFacts): string {
  return `apiServer: {}
apiVersion: kubeadm.k8s.io/v1beta4
caCertificateValidityPeriod: 87600h0m0s
certificateValidityPeriod: 8760h0m0s
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
dns: {}
encryptionAlgorithm: RSA-2048
etcd:
  local:
    dataDir: /var/lib/etcd
imageRepository: registry.k8s.io
kind: ClusterConfiguration
kubernetesVersion: ${KUBERNETES_VERSION}
networking:
  dnsDomain: cluster.local
  podSubnet: ${facts.podCIDR}
  serviceSubnet: ${facts.serviceCIDR}
proxy: {}
scheduler: {}
`
}

/** Also the text of /var/lib/kubelet/config.yaml on every node. */
export function kubeletConfiguration(facts: Pick<ClusterFacts, 'dnsIp'>): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: 0s
    cacheUnauthorizedTTL: 0s
cgroupDriver: systemd
clusterDNS:
- ${facts.dnsIp}
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///var/run/containerd/containerd.sock
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
kind: KubeletConfiguration
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
memorySwap: {}
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
`
}
