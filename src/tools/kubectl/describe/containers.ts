import type {
  Container,
  ContainerPort,
  ContainerState,
  ContainerStatus,
  EnvVar,
  Pod,
  Probe,
  ResourceRequirements,
} from '../../../model/apiserver/objects.ts'
import { milliValue, quantityValue } from '../../../model/apiserver/quantity.ts'
import { rfc1123, type Writer } from './writer.ts'

/** `Containers:`, one block each. `pod` is absent in a template: then there is no state to show. */
export function writeContainers(
  w: Writer,
  label: string,
  containers: readonly Container[],
  statuses: readonly ContainerStatus[] | undefined,
  pod: Pod | undefined,
  space = '',
): void {
  w.line(0, `${space}${label}:${containers.length === 0 ? ' <none>' : ''}`)
  for (const container of containers) {
    const status = statuses?.find((s) => s.name === container.name)
    w.line(1, `${space === '' ? '' : ' '}${container.name}:`)
    if (status) w.line(2, `Container ID:\t${status.containerID ?? ''}`)
    w.line(2, `Image:\t${container.image}`)
    if (status) w.line(2, `Image ID:\t${status.imageID}`)
    writePorts(w, 'Port', container.ports, (p) => p.containerPort)
    writePorts(w, 'Host Port', container.ports, (p) => p.hostPort ?? 0)
    if (container.securityContext?.seccompProfile)
      w.line(2, `SeccompProfile:\t${container.securityContext.seccompProfile.type}`)
    writeWords(w, 'Command', container.command)
    writeWords(w, 'Args', container.args)
    if (status) {
      writeState(w, 'State', status.state)
      if (status.lastState?.terminated) writeState(w, 'Last State', status.lastState)
      w.line(2, `Ready:\t${status.ready ? 'True' : 'False'}`)
      w.line(2, `Restart Count:\t${status.restartCount}`)
    }
    writeResources(w, container.resources, 2)
    for (const [name, probe] of [
      ['Liveness', container.livenessProbe],
      ['Readiness', container.readinessProbe],
      ['Startup', container.startupProbe],
    ] as const) {
      // prettier-ignore
      if (probe) w.line(2, `${name}:\t${probeText(probe)}`)
    }
    writeEnvironment(w, container, pod)
    writeMounts(w, container)
  }
}

function writePorts(
  w: Writer,
  title: string,
  ports: readonly ContainerPort[] | undefined,
  number: (port: ContainerPort) => number,
): void {
  const text = (ports ?? [])
    .map((port) => `${number(port)}/${port.protocol ?? 'TCP'}${port.name ? ` (${port.name})` : ''}`)
    .join(', ')
  w.line(2, text.includes(',') ? `${title}s:\t${text}` : `${title}:\t${text === '' ? '<none>' : text}`)
}

function writeWords(w: Writer, title: string, words: readonly string[] | undefined): void {
  if (!words || words.length === 0) return
  w.line(2, `${title}:`)
  for (const word of words) for (const line of word.split('\n')) w.line(3, line)
}

function writeState(w: Writer, title: string, state: ContainerState): void {
  if (state.running) {
    w.line(2, `${title}:\tRunning`)
    w.line(3, `Started:\t${rfc1123(state.running.startedAt)}`)
  } else if (state.terminated) {
    const { reason, message, exitCode, signal, startedAt, finishedAt } = state.terminated
    w.line(2, `${title}:\tTerminated`)
    if (reason) w.line(3, `Reason:\t${reason}`)
    if (message) w.line(3, `Message:\t${message}`)
    w.line(3, `Exit Code:\t${exitCode}`)
    if (signal && signal > 0) w.line(3, `Signal:\t${signal}`)
    w.line(3, `Started:\t${rfc1123(startedAt)}`)
    w.line(3, `Finished:\t${rfc1123(finishedAt)}`)
  } else {
    w.line(2, `${title}:\tWaiting`)
    if (state.waiting?.reason) w.line(3, `Reason:\t${state.waiting.reason}`)
  }
}

export function writeResources(w: Writer, resources: ResourceRequirements | undefined, level: number): void {
  for (const [title, list] of [
    ['Limits', resources?.limits],
    ['Requests', resources?.requests],
  ] as const) {
    // prettier-ignore
    const names = Object.keys(list ?? {}).sort()
    if (names.length > 0) w.line(level, `${title}:`)
    for (const name of names) w.line(level + 1, `${name}:\t${list![name]}`)
  }
}

export function probeText(probe: Probe): string {
  const times = `delay=${probe.initialDelaySeconds ?? 0}s timeout=${probe.timeoutSeconds ?? 1}s period=${probe.periodSeconds ?? 10}s successThreshold=${probe.successThreshold ?? 1} failureThreshold=${probe.failureThreshold ?? 3}`
  if (probe.exec) return `exec [${(probe.exec.command ?? []).join(' ')}] ${times}`
  if (probe.httpGet) {
    const { scheme = 'HTTP', host = '', port, path = '' } = probe.httpGet
    return `http-get ${scheme.toLowerCase()}://${host}:${port}${path} ${times}`
  }
  if (probe.tcpSocket) return `tcp-socket ${probe.tcpSocket.host ?? ''}:${probe.tcpSocket.port} ${times}`
  if (probe.grpc) return `grpc <pod>:${probe.grpc.port} ${probe.grpc.service ?? ''} ${times}`
  return `unknown ${times}`
}

function writeEnvironment(w: Writer, container: Container, pod: Pod | undefined): void {
  const from = container.envFrom ?? []
  if (from.length > 0) w.line(2, 'Environment Variables from:')
  for (const source of from) {
    const reference = source.configMapRef ?? source.secretRef
    const kind = source.configMapRef ? 'ConfigMap' : 'Secret'
    w.line(
      3,
      `${reference?.name ?? ''}\t${kind}${source.prefix ? ` with prefix '${source.prefix}'` : ''}\tOptional: ${reference?.optional ?? false}`,
    )
  }
  const env = container.env ?? []
  w.line(2, `Environment:${env.length === 0 ? '\t<none>' : ''}`)
  for (const variable of env) for (const line of variableLines(variable, container, pod)) w.line(3, line)
}

function variableLines(variable: EnvVar, container: Container, pod: Pod | undefined): string[] {
  const { name, value = '', valueFrom } = variable
  if (!valueFrom) return value.split('\n').map((line, i) => `${i === 0 ? `${name}:` : ''}\t${line}`)
  if (valueFrom.fieldRef) {
    const { apiVersion = 'v1', fieldPath } = valueFrom.fieldRef
    return [`${name}:\t${pod ? fieldText(pod, fieldPath) : ''} (${apiVersion}:${fieldPath})`]
  }
  if (valueFrom.resourceFieldRef) {
    const { resource } = valueFrom.resourceFieldRef
    const text = resourceText(container, resource)
    return [`${name}:\t${text === '0' && resource.startsWith('limits.') ? 'node allocatable' : text} (${resource})`]
  }
  const secret = valueFrom.secretKeyRef
  const key = secret ?? valueFrom.configMapKeyRef
  if (!key) return []
  return [
    `${name}:\t<set to the key '${key.key}' ${secret ? 'in secret' : 'of config map'} '${key.name ?? ''}'>\tOptional: ${key.optional ?? false}`,
  ]
}

function fieldText(pod: Pod, path: string): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path)
  if (keyed) return pod.metadata[keyed[1] as 'labels']?.[keyed[2]!] ?? ''
  const value = path.split('.').reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], pod)
  return typeof value === 'string' ? value : ''
}

function resourceText(container: Container, resource: string): string {
  const [list, name] = resource.split('.') as ['limits' | 'requests', string]
  const quantity = container.resources?.[list]?.[name]
  if (quantity === undefined) return '0'
  return name === 'cpu' ? String(Math.ceil(milliValue(quantity) / 1000)) : String(quantityValue(quantity))
}

function writeMounts(w: Writer, container: Container): void {
  const mounts = [...(container.volumeMounts ?? [])].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1))
  w.line(2, `Mounts:${mounts.length === 0 ? '\t<none>' : ''}`)
  for (const mount of mounts) {
    const flags = [mount.readOnly ? 'ro' : 'rw', ...(mount.subPath ? [`path="${mount.subPath}"`] : [])]
    w.line(3, `${mount.mountPath} from ${mount.name} (${flags.join(',')})`)
  }
}
