// The environment of a container. Upstream: pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables, getServiceEnvVarMap),
// pkg/kubelet/envvars/envvars.go, third_party/forked/golang/expansion, pkg/fieldpath/fieldpath.go, pkg/api/v1/resource.
import type { Container, EnvVar, Pod, Service } from '../apiserver/objects.ts'
import { milliValue, quantityValue } from '../apiserver/quantity.ts'

export type EnvFacts = {
  node: string
  hostIP: string
  podIP: string
  nodeCpuMilli: number
  nodeMemoryBytes: number
  /** Data of a ConfigMap or Secret of the pod's namespace; undefined: not there. */
  object: (resource: 'configmaps' | 'secrets', name: string) => Readonly<Record<string, string>> | undefined
  services: readonly Service[]
}

/** `$(NAME)` becomes its value, `$$` a dollar; an unknown name stays as it is written. */
export function expand(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole: string, token: string, name: string | undefined) => {
    if (token === '$') return '$'
    return name !== undefined && name in values ? values[name]! : whole
  })
}

/** What the environment of a container must read from the API, with whether it may be missing. */
export function envReferences(
  spec: Container,
): { resource: 'configmaps' | 'secrets'; name: string; key?: string; optional: boolean }[] {
  const out: { resource: 'configmaps' | 'secrets'; name: string; key?: string; optional: boolean }[] = []
  for (const from of spec.envFrom ?? []) {
    if (from.configMapRef?.name)
      out.push({ resource: 'configmaps', name: from.configMapRef.name, optional: from.configMapRef.optional === true })
    if (from.secretRef?.name)
      out.push({ resource: 'secrets', name: from.secretRef.name, optional: from.secretRef.optional === true })
  }
  for (const { valueFrom } of spec.env ?? []) {
    const map = valueFrom?.configMapKeyRef
    const secret = valueFrom?.secretKeyRef
    if (map?.name) out.push({ resource: 'configmaps', name: map.name, key: map.key, optional: map.optional === true })
    if (secret?.name)
      out.push({ resource: 'secrets', name: secret.name, key: secret.key, optional: secret.optional === true })
  }
  return out
}

export function containerEnv(facts: EnvFacts, pod: Pod, spec: Container): { key: string; value: string }[] {
  const values: Record<string, string> = {}
  for (const from of spec.envFrom ?? []) {
    const data = from.configMapRef?.name
      ? facts.object('configmaps', from.configMapRef.name)
      : from.secretRef?.name
        ? facts.object('secrets', from.secretRef.name)
        : undefined
    for (const [key, value] of Object.entries(data ?? {})) values[`${from.prefix ?? ''}${key}`] = value
  }
  const services = serviceEnv(facts.services, pod)
  for (const env of spec.env ?? []) {
    const value = valueOf(facts, pod, spec, env, { ...services, ...values })
    if (value !== undefined) values[env.name] = value
  }
  // A variable of the pod wins over the one that a Service would give.
  for (const [key, value] of Object.entries(services)) if (!(key in values)) values[key] = value
  return Object.entries(values).map(([key, value]) => ({ key, value }))
}

function valueOf(
  facts: EnvFacts,
  pod: Pod,
  spec: Container,
  env: EnvVar,
  known: Record<string, string>,
): string | undefined {
  const from = env.valueFrom
  if (from === undefined) return expand(env.value ?? '', known)
  if (from.fieldRef) return fieldValue(facts, pod, from.fieldRef.fieldPath)
  if (from.configMapKeyRef?.name)
    return facts.object('configmaps', from.configMapKeyRef.name)?.[from.configMapKeyRef.key]
  if (from.secretKeyRef?.name) return facts.object('secrets', from.secretKeyRef.name)?.[from.secretKeyRef.key]
  if (from.resourceFieldRef) {
    const { containerName, resource, divisor } = from.resourceFieldRef
    const of = containerName
      ? [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === containerName)
      : spec
    return of && resourceValue(facts, of, resource, divisor)
  }
  return ''
}

function fieldValue(facts: EnvFacts, pod: Pod, path: string): string {
  const keyed = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path)
  if (keyed) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2]!] ?? ''
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace ?? 'default'
    case 'metadata.uid':
      return pod.metadata.uid
    case 'spec.nodeName':
      return facts.node
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? 'default'
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIP
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIP
    default:
      return ''
  }
}

/** Limits that are not set are those of the node; the value is a multiple of the divisor, rounded up. */
function resourceValue(facts: EnvFacts, spec: Container, resource: string, divisor: string | undefined): string {
  const [list, name] = resource.split('.') as ['requests' | 'limits', string]
  const set = spec.resources?.[list]?.[name]
  const by = divisor && divisor !== '0' ? divisor : '1'
  if (name === 'cpu') {
    const milli = set === undefined && list === 'limits' ? facts.nodeCpuMilli : milliValue(set)
    return String(Math.ceil(milli / Math.max(1, milliValue(by))))
  }
  const bytes = set === undefined && list === 'limits' && name === 'memory' ? facts.nodeMemoryBytes : quantityValue(set)
  return String(Math.ceil(bytes / Math.max(1, quantityValue(by))))
}

const envName = (name: string): string => name.toUpperCase().replaceAll('-', '_')

/** The docker-link style variables of every Service; `kubernetes` of namespace default always, others with enableServiceLinks. */
function serviceEnv(services: readonly Service[], pod: Pod): Record<string, string> {
  const out: Record<string, string> = {}
  for (const service of services) {
    const { name, namespace = 'default' } = service.metadata
    const master = name === 'kubernetes' && namespace === 'default'
    if (!master && (pod.spec.enableServiceLinks === false || namespace !== (pod.metadata.namespace ?? 'default')))
      continue
    const { clusterIP, ports = [] } = service.spec
    const [first] = ports
    if (!clusterIP || clusterIP === 'None' || first === undefined) continue
    const prefix = envName(name)
    out[`${prefix}_SERVICE_HOST`] = clusterIP
    out[`${prefix}_SERVICE_PORT`] = String(first.port)
    for (const port of ports) if (port.name) out[`${prefix}_SERVICE_PORT_${envName(port.name)}`] = String(port.port)
    const url = (p: { protocol?: string; port: number }): string =>
      `${(p.protocol ?? 'TCP').toLowerCase()}://${clusterIP}:${p.port}`
    out[`${prefix}_PORT`] = url(first)
    for (const port of ports) {
      const protocol = port.protocol ?? 'TCP'
      const long = `${prefix}_PORT_${port.port}_${protocol}`
      out[long] = url(port)
      out[`${long}_PROTO`] = protocol.toLowerCase()
      out[`${long}_PORT`] = String(port.port)
      out[`${long}_ADDR`] = clusterIP
    }
  }
  return out
}
