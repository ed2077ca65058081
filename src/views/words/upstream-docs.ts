/** Addresses of the upstream pages that explain a thing. Shown as text to copy or follow; the lab fetches nothing. */
type Doc = { readonly title: string; readonly address: string }

const kubernetes = (path: string, title: string): Doc => ({ title, address: `https://kubernetes.io/docs/${path}` })

export const DOCS = {
  pod: kubernetes('concepts/workloads/pods/pod-lifecycle/', 'Pod lifecycle'),
  cri: kubernetes('concepts/containers/cri/', 'Container Runtime Interface'),
  images: kubernetes('concepts/containers/images/', 'Images'),
  lease: kubernetes('concepts/architecture/leases/', 'Leases'),
  node: kubernetes('concepts/architecture/nodes/', 'Nodes'),
  status: kubernetes('reference/node/node-status/', 'Node status'),
  taints: kubernetes('concepts/scheduling-eviction/taint-and-toleration/', 'Taints and tolerations'),
  scheduler: kubernetes('concepts/scheduling-eviction/kube-scheduler/', 'Kubernetes scheduler'),
  probes: kubernetes(
    'concepts/configuration/liveness-readiness-startup-probes/',
    'Liveness, readiness and startup probes',
  ),
  service: kubernetes('concepts/services-networking/service/', 'Service'),
  endpointslice: kubernetes('concepts/services-networking/endpoint-slices/', 'EndpointSlices'),
  proxy: kubernetes('reference/networking/virtual-ips/', 'Virtual IPs and Service proxies'),
  cni: kubernetes('concepts/extend-kubernetes/compute-storage-net/network-plugins/', 'Network plugins'),
  volumes: kubernetes('concepts/storage/volumes/', 'Volumes'),
  cgroups: kubernetes('concepts/architecture/cgroups/', 'About cgroup v2'),
  kubelet: kubernetes('reference/command-line-tools-reference/kubelet/', 'kubelet'),
  watch: kubernetes('reference/using-api/api-concepts/', 'Kubernetes API concepts'),
  controllers: kubernetes('concepts/architecture/controller/', 'Controllers'),
  eviction: kubernetes('concepts/scheduling-eviction/node-pressure-eviction/', 'Node-pressure eviction'),
  netns: { title: 'network_namespaces(7)', address: 'https://man7.org/linux/man-pages/man7/network_namespaces.7.html' },
  runc: {
    title: 'OCI runtime specification',
    address: 'https://github.com/opencontainers/runtime-spec/blob/main/runtime.md',
  },
  crictl: kubernetes('tasks/debug/debug-cluster/crictl/', 'Debugging nodes with crictl'),
} as const satisfies Record<string, Doc>
