// The files that kubeadm writes to /etc/kubernetes/manifests of the control plane
// (cmd/kubeadm/app/phases/controlplane/manifests.go, phases/etcd/local.go, util/staticpod/utils.go; 1.36).
import { ETCD_IMAGE, KUBERNETES_VERSION } from '../images/catalogue.ts'

export type Manifest = { apiVersion: string; kind: string; metadata: Record<string, unknown>; [field: string]: unknown }

const PKI = '/etc/kubernetes/pki'

type Probe = Record<string, unknown>
type Part = {
  name: string
  image: string
  command: string[]
  cpu: string
  memory?: string
  annotations?: Record<string, string>
  port: number
  scheme: 'HTTPS' | 'HTTP'
  host: string
  liveness: string
  readiness?: string
  startup: string
  /** name -> [path on the host, readOnly, type] */
  mounts: Record<string, [path: string, readOnly: boolean, type: string]>
}

/** ComponentPod, LivenessProbe, ReadinessProbe, StartupProbe. */
function staticPod(part: Part): Manifest {
  const get = (path: string): Probe => ({
    httpGet: { host: part.host, path, port: 'probe-port', scheme: part.scheme },
  })
  const mounts = Object.entries(part.mounts)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(part.annotations ? { annotations: part.annotations } : {}),
      labels: { component: part.name, tier: 'control-plane' },
      name: part.name,
      namespace: 'kube-system',
    },
    spec: {
      containers: [
        {
          name: part.name,
          image: part.image,
          imagePullPolicy: 'IfNotPresent',
          command: part.command,
          ports: [{ name: 'probe-port', containerPort: part.port, protocol: 'TCP' }],
          resources: { requests: { cpu: part.cpu, ...(part.memory ? { memory: part.memory } : {}) } },
          livenessProbe: {
            ...get(part.liveness),
            initialDelaySeconds: 10,
            periodSeconds: 10,
            timeoutSeconds: 15,
            failureThreshold: 8,
          },
          ...(part.readiness
            ? { readinessProbe: { ...get(part.readiness), periodSeconds: 1, timeoutSeconds: 15, failureThreshold: 3 } }
            : {}),
          startupProbe: {
            ...get(part.startup),
            initialDelaySeconds: 10,
            periodSeconds: 10,
            timeoutSeconds: 15,
            failureThreshold: 24,
          },
          volumeMounts: mounts.map(([name, [path, readOnly]]) => ({
            name,
            mountPath: path,
            ...(readOnly ? { readOnly } : {}),
          })),
        },
      ],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      volumes: mounts.map(([name, [path, , type]]) => ({ name, hostPath: { path, type } })),
    },
  }
}

export type ControlPlaneOptions = { node: string; ip: string; serviceCIDR: string; podCIDR: string }

/** File name -> what is in it. */
export function controlPlaneManifests(o: ControlPlaneOptions): Record<string, Manifest> {
  const image = (name: string): string => `registry.k8s.io/${name}:${KUBERNETES_VERSION}`
  const certificates: Part['mounts'] = {
    'ca-certs': ['/etc/ssl/certs', true, 'DirectoryOrCreate'],
    'etc-ca-certificates': ['/etc/ca-certificates', true, 'DirectoryOrCreate'],
    'k8s-certs': [PKI, true, 'DirectoryOrCreate'],
    'usr-local-share-ca-certificates': ['/usr/local/share/ca-certificates', true, 'DirectoryOrCreate'],
    'usr-share-ca-certificates': ['/usr/share/ca-certificates', true, 'DirectoryOrCreate'],
  }
  return {
    'etcd.yaml': staticPod({
      name: 'etcd',
      image: ETCD_IMAGE,
      annotations: { 'kubeadm.kubernetes.io/etcd.advertise-client-urls': `https://${o.ip}:2379` },
      command: [
        'etcd',
        `--advertise-client-urls=https://${o.ip}:2379`,
        `--cert-file=${PKI}/etcd/server.crt`,
        '--client-cert-auth=true',
        '--data-dir=/var/lib/etcd',
        '--feature-gates=InitialCorruptCheck=true',
        `--initial-advertise-peer-urls=https://${o.ip}:2380`,
        `--initial-cluster=${o.node}=https://${o.ip}:2380`,
        `--key-file=${PKI}/etcd/server.key`,
        `--listen-client-urls=https://127.0.0.1:2379,https://${o.ip}:2379`,
        '--listen-metrics-urls=http://127.0.0.1:2381',
        `--listen-peer-urls=https://${o.ip}:2380`,
        `--name=${o.node}`,
        `--peer-cert-file=${PKI}/etcd/peer.crt`,
        '--peer-client-cert-auth=true',
        `--peer-key-file=${PKI}/etcd/peer.key`,
        `--peer-trusted-ca-file=${PKI}/etcd/ca.crt`,
        '--snapshot-count=10000',
        `--trusted-ca-file=${PKI}/etcd/ca.crt`,
        '--watch-progress-notify-interval=5s',
      ],
      cpu: '100m',
      memory: '100Mi',
      port: 2381,
      scheme: 'HTTP',
      host: '127.0.0.1',
      liveness: '/livez',
      readiness: '/readyz',
      startup: '/readyz',
      mounts: {
        'etcd-data': ['/var/lib/etcd', false, 'DirectoryOrCreate'],
        'etcd-certs': [`${PKI}/etcd`, false, 'DirectoryOrCreate'],
      },
    }),
    'kube-apiserver.yaml': staticPod({
      name: 'kube-apiserver',
      image: image('kube-apiserver'),
      annotations: { 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${o.ip}:6443` },
      command: [
        'kube-apiserver',
        `--advertise-address=${o.ip}`,
        '--allow-privileged=true',
        '--authorization-mode=Node,RBAC',
        `--client-ca-file=${PKI}/ca.crt`,
        '--enable-admission-plugins=NodeRestriction',
        '--enable-bootstrap-token-auth=true',
        `--etcd-cafile=${PKI}/etcd/ca.crt`,
        `--etcd-certfile=${PKI}/apiserver-etcd-client.crt`,
        `--etcd-keyfile=${PKI}/apiserver-etcd-client.key`,
        '--etcd-servers=https://127.0.0.1:2379',
        `--kubelet-client-certificate=${PKI}/apiserver-kubelet-client.crt`,
        `--kubelet-client-key=${PKI}/apiserver-kubelet-client.key`,
        '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
        `--proxy-client-cert-file=${PKI}/front-proxy-client.crt`,
        `--proxy-client-key-file=${PKI}/front-proxy-client.key`,
        '--requestheader-allowed-names=front-proxy-client',
        `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
        '--requestheader-extra-headers-prefix=X-Remote-Extra-',
        '--requestheader-group-headers=X-Remote-Group',
        '--requestheader-username-headers=X-Remote-User',
        '--secure-port=6443',
        '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
        `--service-account-key-file=${PKI}/sa.pub`,
        `--service-account-signing-key-file=${PKI}/sa.key`,
        `--service-cluster-ip-range=${o.serviceCIDR}`,
        `--tls-cert-file=${PKI}/apiserver.crt`,
        `--tls-private-key-file=${PKI}/apiserver.key`,
      ],
      cpu: '250m',
      port: 6443,
      scheme: 'HTTPS',
      host: o.ip,
      liveness: '/livez',
      readiness: '/readyz',
      startup: '/livez',
      mounts: certificates,
    }),
    'kube-controller-manager.yaml': staticPod({
      name: 'kube-controller-manager',
      image: image('kube-controller-manager'),
      command: [
        'kube-controller-manager',
        '--allocate-node-cidrs=true',
        '--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf',
        '--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf',
        '--bind-address=127.0.0.1',
        `--client-ca-file=${PKI}/ca.crt`,
        `--cluster-cidr=${o.podCIDR}`,
        '--cluster-name=kubernetes',
        `--cluster-signing-cert-file=${PKI}/ca.crt`,
        `--cluster-signing-key-file=${PKI}/ca.key`,
        '--controllers=*,bootstrapsigner,tokencleaner',
        '--kubeconfig=/etc/kubernetes/controller-manager.conf',
        '--leader-elect=true',
        `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
        `--root-ca-file=${PKI}/ca.crt`,
        `--service-account-private-key-file=${PKI}/sa.key`,
        `--service-cluster-ip-range=${o.serviceCIDR}`,
        '--use-service-account-credentials=true',
      ],
      cpu: '200m',
      port: 10257,
      scheme: 'HTTPS',
      host: '127.0.0.1',
      liveness: '/healthz',
      startup: '/healthz',
      mounts: {
        ...certificates,
        'flexvolume-dir': ['/usr/libexec/kubernetes/kubelet-plugins/volume/exec', false, 'DirectoryOrCreate'],
        kubeconfig: ['/etc/kubernetes/controller-manager.conf', true, 'FileOrCreate'],
      },
    }),
    'kube-scheduler.yaml': staticPod({
      name: 'kube-scheduler',
      image: image('kube-scheduler'),
      command: [
        'kube-scheduler',
        '--authentication-kubeconfig=/etc/kubernetes/scheduler.conf',
        '--authorization-kubeconfig=/etc/kubernetes/scheduler.conf',
        '--bind-address=127.0.0.1',
        '--kubeconfig=/etc/kubernetes/scheduler.conf',
        '--leader-elect=true',
      ],
      cpu: '100m',
      port: 10259,
      scheme: 'HTTPS',
      host: '127.0.0.1',
      liveness: '/livez',
      readiness: '/readyz',
      startup: '/livez',
      mounts: { kubeconfig: ['/etc/kubernetes/scheduler.conf', true, 'FileOrCreate'] },
    }),
  }
}
