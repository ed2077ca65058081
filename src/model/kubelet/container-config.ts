// What the kubelet asks the runtime to make.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_sandbox.go (generatePodSandboxConfig),
// kuberuntime_container.go (generateContainerConfig), kuberuntime_container_linux.go, pkg/kubelet/kubelet_pods.go (makeMounts).
import type { Container, Pod } from '../apiserver/objects.ts'
import { milliValue, quantityValue } from '../apiserver/quantity.ts'
import type { ContainerConfig, CriMount, LinuxContainerResources, PodSandboxConfig } from '../cri/api.ts'
import { hash32 } from '../../sim/random.ts'
import type { ModelReader, ModelWorld } from '../tables.ts'
import { cgroupPath, podCgroup } from './cm/cgroup-names.ts'
import { milliCpuToQuota, milliCpuToShares, quotaPeriodMicros } from './cm/cpu-values.ts'
import { oomScoreAdj } from './cm/oom-score.ts'
import { containerEnv, envReferences, expand, type EnvFacts } from './container-env.ts'
import { podQos } from './qos.ts'
import { lookUp } from './referenced-objects.ts'
import { containerHashAnnotation, restartCountAnnotation } from './runtime-answers.ts'

const hashes = new WeakMap<object, string>()

/** Changes when the container's spec changes. Upstream hashes name and image alone since 1.31 (HashContainer). */
export function containerHash(spec: Container): string {
  let hash = hashes.get(spec)
  if (hash === undefined) {
    hash = hash32(JSON.stringify([spec.name, spec.image])).toString(16)
    hashes.set(spec, hash)
  }
  return hash
}

/** The directory of a pod under /var/lib/kubelet. */
export const podDirectory = (uid: string): string => `/var/lib/kubelet/pods/${uid}`

export function logDirectory(pod: Pod): string {
  return `/var/log/pods/${pod.metadata.namespace ?? 'default'}_${pod.metadata.name}_${pod.metadata.uid}`
}

function podLabels(pod: Pod): Record<string, string> {
  return {
    'io.kubernetes.pod.name': pod.metadata.name,
    'io.kubernetes.pod.namespace': pod.metadata.namespace ?? 'default',
    'io.kubernetes.pod.uid': pod.metadata.uid,
  }
}

export const nodeDnsServers = ['172.18.0.1']
export const clusterDns = '10.96.0.10'

/** resolv.conf of the pod. pkg/kubelet/network/dns/dns.go. */
export function dnsConfig(pod: Pod): NonNullable<PodSandboxConfig['dns_config']> {
  const { dnsPolicy = 'ClusterFirst', hostNetwork, dnsConfig: own } = pod.spec
  const ns = pod.metadata.namespace ?? 'default'
  let servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  if (dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)) {
    servers = [clusterDns]
    searches = [`${ns}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local']
    options = ['ndots:5']
  } else if (dnsPolicy !== 'None') servers = [...nodeDnsServers]
  if (own) {
    servers = [...new Set([...servers, ...(own.nameservers ?? [])])]
    searches = [...new Set([...searches, ...(own.searches ?? [])])]
    options = [
      ...options,
      ...(own.options ?? []).map((o) => (o.value === undefined ? (o.name ?? '') : `${o.name}:${o.value}`)),
    ]
  }
  return { servers, searches, options }
}

export function sandboxConfig(node: string, pod: Pod, attempt: number): PodSandboxConfig {
  const { spec, metadata } = pod
  const host = spec.hostNetwork === true
  const ports = spec.containers.flatMap((c) => c.ports ?? []).filter((p) => p.hostPort)
  return {
    metadata: { name: metadata.name, uid: metadata.uid, namespace: metadata.namespace ?? 'default', attempt },
    hostname: host ? node : hostnameOf(pod),
    log_directory: logDirectory(pod),
    dns_config: dnsConfig(pod),
    port_mappings: ports.map((p) => ({
      protocol: p.protocol ?? 'TCP',
      container_port: p.containerPort,
      host_port: p.hostPort!,
      ...(p.hostIP ? { host_ip: p.hostIP } : {}),
    })),
    labels: { ...(metadata.labels ?? {}), ...podLabels(pod) },
    annotations: metadata.annotations ?? {},
    linux: {
      cgroup_parent: cgroupPath(podCgroup(podQos(spec), metadata.uid), 'systemd'),
      security_context: {
        namespace_options: {
          network: host ? 'NODE' : 'POD',
          pid: spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER',
          ipc: spec.hostIPC ? 'NODE' : 'POD',
        },
      },
      sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map((s) => [s.name, s.value])),
    },
  }
}

/** A host name may have 63 letters: truncatePodHostnameIfNeeded. */
function hostnameOf(pod: Pod): string {
  return (pod.spec.hostname || pod.metadata.name).slice(0, 63).replace(/[-.]+$/, '')
}

function hostPathOf(pod: Pod, volume: string): string {
  const found = (pod.spec.volumes ?? []).find((v) => v.name === volume)
  if (found?.hostPath) return found.hostPath.path
  const plugin = found?.configMap
    ? 'configmap'
    : found?.secret
      ? 'secret'
      : found?.projected
        ? 'projected'
        : found?.downwardAPI
          ? 'downward-api'
          : found?.persistentVolumeClaim || found?.csi
            ? 'csi'
            : 'empty-dir'
  return `${podDirectory(pod.metadata.uid)}/volumes/kubernetes.io~${plugin}/${volume}`
}

function mountsOf(pod: Pod, spec: Container, containerId: string): CriMount[] {
  const mounts: CriMount[] = (spec.volumeMounts ?? []).map((m) => ({
    container_path: m.mountPath,
    host_path: hostPathOf(pod, m.name) + (m.subPath ? `/${m.subPath}` : ''),
    ...(m.readOnly ? { readonly: true } : {}),
  }))
  if (!pod.spec.hostNetwork)
    mounts.push({ container_path: '/etc/hosts', host_path: `${podDirectory(pod.metadata.uid)}/etc-hosts` })
  const log = spec.terminationMessagePath ?? '/dev/termination-log'
  mounts.push({
    container_path: log,
    host_path: `${podDirectory(pod.metadata.uid)}/containers/${spec.name}/${containerId}`,
  })
  return mounts
}

function resourcesOf(
  world: Pick<ModelReader, 'get'>,
  node: string,
  pod: Pod,
  spec: Container,
): LinuxContainerResources {
  const { requests, limits } = spec.resources ?? {}
  const cpuRequest = requests?.cpu === undefined && limits?.cpu !== undefined ? limits.cpu : requests?.cpu
  const nodeMemory = (world.get('machines', node)?.memoryKi ?? 0) * 1024
  return {
    cpu_shares: milliCpuToShares(milliValue(cpuRequest)),
    cpu_period: quotaPeriodMicros,
    cpu_quota: milliCpuToQuota(milliValue(limits?.cpu)),
    memory_limit_in_bytes: quantityValue(limits?.memory),
    oom_score_adj: oomScoreAdj(pod.spec, spec, nodeMemory),
  }
}

export type StartFacts = { attempt: number; imageId: string; podIP: string }

export function containerConfig(
  world: ModelWorld,
  node: string,
  pod: Pod,
  spec: Container,
  facts: StartFacts,
): ContainerConfig {
  const envs = containerEnv(envFacts(world, node, pod, facts.podIP), pod, spec)
  const values = Object.fromEntries(envs.map((e) => [e.key, e.value]))
  const hash = containerHash(spec)
  return {
    metadata: { name: spec.name, attempt: facts.attempt },
    image: { image: facts.imageId || spec.image, user_specified_image: spec.image },
    ...(spec.command ? { command: spec.command.map((c) => expand(c, values)) } : {}),
    ...(spec.args ? { args: spec.args.map((a) => expand(a, values)) } : {}),
    ...(spec.workingDir ? { working_dir: spec.workingDir } : {}),
    envs,
    mounts: mountsOf(pod, spec, hash),
    labels: { ...podLabels(pod), 'io.kubernetes.container.name': spec.name },
    annotations: {
      [containerHashAnnotation]: hash,
      [restartCountAnnotation]: String(facts.attempt),
      'io.kubernetes.container.terminationMessagePath': spec.terminationMessagePath ?? '/dev/termination-log',
      'io.kubernetes.container.terminationMessagePolicy': spec.terminationMessagePolicy ?? 'File',
      'io.kubernetes.pod.terminationGracePeriod': String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    log_path: `${spec.name}/${facts.attempt}.log`,
    linux: {
      resources: resourcesOf(world, node, pod, spec),
      security_context: { ...pod.spec.securityContext, ...spec.securityContext },
    },
    ...(spec.lifecycle?.stopSignal ? { stop_signal: spec.lifecycle.stopSignal } : {}),
  }
}

export function envFacts(world: ModelWorld, node: string, pod: Pod, podIP: string): EnvFacts {
  const namespace = pod.metadata.namespace ?? 'default'
  const machine = world.get('machines', node)
  return {
    node,
    hostIP: machine?.ip ?? '',
    podIP: pod.spec.hostNetwork ? (machine?.ip ?? '') : podIP,
    nodeCpuMilli: (machine?.cpus ?? 0) * 1000,
    nodeMemoryBytes: (machine?.memoryKi ?? 0) * 1024,
    object: (resource, name) => {
      const found = world.get('kubeletObjects', `${node}|${resource}|${namespace}/${name}`)
      return found?.state === 'there' ? found.data : undefined
    },
    services: world
      .all('services')
      .filter((s) => (s.metadata.namespace ?? 'default') === namespace || s.metadata.name === 'kubernetes'),
  }
}

/** The first thing that the environment names and that is not there; 'wait' while the API server is asked. */
export function missingReference(
  world: ModelWorld,
  node: string,
  uid: string,
  pod: Pod,
  spec: Container,
): string | undefined {
  let waiting = false
  let missing: string | undefined
  for (const { resource, name, key, optional } of envReferences(spec)) {
    const namespace = pod.metadata.namespace ?? 'default'
    const found = lookUp(world, node, uid, resource, namespace, name)
    const word = resource === 'configmaps' ? 'configmap' : 'secret'
    if (found === 'wait') waiting = true
    else if (optional) continue
    else if (found === 'missing') missing ??= `${word} "${name}" not found`
    else if (key !== undefined && !(key in found)) {
      missing ??= `couldn't find key ${key} in ${resource === 'configmaps' ? 'ConfigMap' : 'Secret'} ${namespace}/${name}`
    }
  }
  return waiting ? 'wait' : missing
}
