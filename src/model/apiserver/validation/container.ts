// Containers of all three kinds (validation.go validateContainerCommon, validateContainers, validateInitContainers,
// validateProbe, validateHandler, ValidateEnv).

import type {
  Container,
  ContainerPort,
  EnvVar,
  EphemeralContainer,
  HttpGetAction,
  IntOrString,
  LifecycleHandler,
  PodSpec,
  Probe,
  Volume,
} from '../objects.ts'
import {
  child,
  duplicate,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  required,
  valueNotFound,
  type FieldError,
} from './field-errors.ts'
import { dnsLabelErrors, nonNegative } from './meta.ts'
import {
  isConfigMapKey,
  isDns1123Subdomain,
  isEnvVarName,
  isHttpHeaderName,
  isPortName,
  isPortNumber,
} from './names.ts'
import { requirementErrors } from './resource-requirements.ts'
import { securityContextErrors } from './security.ts'
import { mountErrors } from './volumes.ts'

export type ContainerSurroundings = { spec: PodSpec; volumes: ReadonlyMap<string, Volume> }

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']

export function containerErrors(around: ContainerSurroundings, path: string): FieldError[] {
  const { spec } = around
  const errors: FieldError[] = []
  const at = child(path, 'containers')
  if (!spec.containers?.length) errors.push(required(at))
  const names = new Set<string>()
  spec.containers?.forEach((c, i) => {
    const here = index(at, i)
    errors.push(...commonErrors(c, around, here))
    if (names.has(c.name)) errors.push(duplicate(child(here, 'name'), c.name))
    names.add(c.name)
    errors.push(...lifecycleErrors(c, spec, here), ...probesErrors(c, spec, here), ...restartErrors(c, here))
  })
  errors.push(...hostPortConflicts(spec.containers ?? [], at))
  errors.push(...initContainerErrors(around, names, child(path, 'initContainers')))
  errors.push(...ephemeralErrors(around, names, child(path, 'ephemeralContainers')))
  return errors
}

const INIT_ONLY_ALWAYS = 'may not be set for init containers without restartPolicy=Always'

function initContainerErrors(around: ContainerSurroundings, names: Set<string>, path: string): FieldError[] {
  const errors: FieldError[] = []
  around.spec.initContainers?.forEach((c, i) => {
    const here = index(path, i)
    errors.push(...commonErrors(c, around, here), ...restartErrors(c, here))
    if (names.has(c.name)) errors.push(duplicate(child(here, 'name'), c.name))
    else if (c.name) names.add(c.name)
    errors.push(...hostPortConflicts([c], path))
    if (c.restartPolicy === 'Always')
      errors.push(...lifecycleErrors(c, around.spec, here), ...probesErrors(c, around.spec, here))
    else
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
        if (c[field]) errors.push(forbiddenField(child(here, field), INIT_ONLY_ALWAYS))
  })
  return errors
}

const EPHEMERAL_REFUSED = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
] as const

function ephemeralErrors(around: ContainerSurroundings, names: ReadonlySet<string>, path: string): FieldError[] {
  const errors: FieldError[] = []
  const all = new Set(names)
  around.spec.ephemeralContainers?.forEach((c: EphemeralContainer, i) => {
    const here = index(path, i)
    errors.push(...commonErrors(c, around, here))
    if (all.has(c.name)) errors.push(duplicate(child(here, 'name'), c.name))
    all.add(c.name)
    if (c.targetContainerName && !names.has(c.targetContainerName))
      errors.push(valueNotFound(child(here, 'targetContainerName'), c.targetContainerName))
    for (const field of EPHEMERAL_REFUSED)
      if (c[field] !== undefined)
        errors.push(forbiddenField(child(here, field), 'cannot be set for an Ephemeral Container'))
  })
  return errors
}

function commonErrors(c: Container, around: ContainerSurroundings, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!c.name) errors.push(required(child(path, 'name')))
  else errors.push(...dnsLabelErrors(child(path, 'name'), c.name))
  if (!c.image) errors.push(required(child(path, 'image')))
  const policy = c.terminationMessagePolicy
  if (policy !== undefined && policy !== 'File' && policy !== 'FallbackToLogsOnError')
    errors.push(notSupported(child(path, 'terminationMessagePolicy'), policy, ['File', 'FallbackToLogsOnError']))
  errors.push(...portErrors(c.ports, child(path, 'ports')))
  errors.push(...envErrors(c.env, child(path, 'env')))
  errors.push(...envFromErrors(c, child(path, 'envFrom')))
  errors.push(...mountErrors(c, around.volumes, path))
  if (c.imagePullPolicy !== undefined && !PULL_POLICIES.includes(c.imagePullPolicy))
    errors.push(notSupported(child(path, 'imagePullPolicy'), c.imagePullPolicy, PULL_POLICIES))
  errors.push(...requirementErrors(c.resources, child(path, 'resources')))
  errors.push(...resizeErrors(c, around.spec, child(path, 'resizePolicy')))
  errors.push(
    ...securityContextErrors(c.securityContext, child(path, 'securityContext'), around.spec.hostUsers !== false),
  )
  return errors
}

/** ContainerRestartRules (beta since 1.35): any container may have a policy of its own, and rules beside it. */
function restartErrors(c: Container, path: string): FieldError[] {
  const errors: FieldError[] = []
  const policies = ['Always', 'Never', 'OnFailure']
  if (c.restartPolicy !== undefined && !policies.includes(c.restartPolicy))
    errors.push(notSupported(child(path, 'restartPolicy'), c.restartPolicy, policies))
  if (c.restartPolicyRules?.length && c.restartPolicy === undefined)
    errors.push(required(child(path, 'restartPolicy'), 'must specify restartPolicy when restart rules are used'))
  return errors
}

function portErrors(ports: readonly ContainerPort[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  ports?.forEach((port, i) => {
    const at = index(path, i)
    if (port.name) {
      const wrong = isPortName(port.name)
      if (wrong.length > 0) for (const why of wrong) errors.push(invalidValue(child(at, 'name'), port.name, why))
      else if (names.has(port.name)) errors.push(duplicate(child(at, 'name'), port.name))
      else names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(child(at, 'containerPort')))
    else
      for (const why of isPortNumber(port.containerPort))
        errors.push(invalidValue(child(at, 'containerPort'), port.containerPort, why))
    if (port.hostPort)
      for (const why of isPortNumber(port.hostPort))
        errors.push(invalidValue(child(at, 'hostPort'), port.hostPort, why))
    if (!port.protocol) errors.push(required(child(at, 'protocol')))
    else if (!PROTOCOLS.includes(port.protocol))
      errors.push(notSupported(child(at, 'protocol'), port.protocol, PROTOCOLS))
  })
  return errors
}

function hostPortConflicts(containers: readonly Container[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const taken = new Set<string>()
  containers.forEach((c, i) =>
    c.ports?.forEach((port, p) => {
      if (!port.hostPort) return
      const text = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(text)) errors.push(duplicate(`${path}[${i}].ports[${p}].hostPort`, text))
      taken.add(text)
    }),
  )
  return errors
}

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
const ENV_RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

function envErrors(env: readonly EnvVar[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  env?.forEach((variable, i) => {
    const at = index(path, i)
    if (!variable.name) errors.push(required(child(at, 'name')))
    else for (const why of isEnvVarName(variable.name)) errors.push(invalidValue(child(at, 'name'), variable.name, why))
    const from = variable.valueFrom
    if (!from) return
    const here = child(at, 'valueFrom')
    const sources = Object.keys(from).length
    if (sources === 0)
      errors.push(
        invalidValue(
          here,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
        ),
      )
    else if (variable.value) errors.push(invalidValue(here, '', 'may not be specified when `value` is not empty'))
    else if (sources > 1) errors.push(invalidValue(here, '', 'may not have more than one field specified at a time'))
    if (from.fieldRef) {
      const field = from.fieldRef.fieldPath ?? ''
      if (field === '') errors.push(required(`${here}.fieldRef.fieldPath`))
      else if (!ENV_FIELDS.includes(field) && !/^metadata\.(labels|annotations)\['.+'\]$/.test(field))
        errors.push(
          field.startsWith('metadata.') || field.startsWith('spec.') || field.startsWith('status.')
            ? notSupported(`${here}.fieldRef.fieldPath`, field, ENV_FIELDS)
            : invalidValue(
                `${here}.fieldRef.fieldPath`,
                field,
                `error converting fieldPath: field label not supported: ${field}`,
              ),
        )
    }
    const resource = from.resourceFieldRef?.resource
    if (from.resourceFieldRef) {
      if (!resource) errors.push(required(`${here}.resourceFieldRef.resource`))
      else if (!ENV_RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource))
        errors.push(notSupported(`${here}.resourceFieldRef.resource`, resource, ENV_RESOURCES))
    }
    for (const kind of ['configMapKeyRef', 'secretKeyRef'] as const) {
      const ref = from[kind]
      if (!ref) continue
      for (const why of isDns1123Subdomain(ref.name ?? ''))
        errors.push(invalidValue(`${here}.${kind}.name`, ref.name ?? '', why))
      if (!ref.key) errors.push(required(`${here}.${kind}.key`))
      else for (const why of isConfigMapKey(ref.key)) errors.push(invalidValue(`${here}.${kind}.key`, ref.key, why))
    }
  })
  return errors
}

function envFromErrors(c: Container, path: string): FieldError[] {
  const errors: FieldError[] = []
  c.envFrom?.forEach((source, i) => {
    const at = index(path, i)
    if (source.prefix)
      for (const why of isEnvVarName(source.prefix)) errors.push(invalidValue(child(at, 'prefix'), source.prefix, why))
    if (source.configMapRef && !source.configMapRef.name) errors.push(required(`${at}.configMapRef.name`))
    if (source.secretRef && !source.secretRef.name) errors.push(required(`${at}.secretRef.name`))
    if (!source.configMapRef && !source.secretRef)
      errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (source.configMapRef && source.secretRef)
      errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'))
  })
  return errors
}

const RESIZE_RESOURCES = ['cpu', 'memory']
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer']

function resizeErrors(c: Container, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  c.resizePolicy?.forEach((policy, i) => {
    if (seen.has(policy.resourceName)) errors.push(duplicate(index(path, i), policy.resourceName))
    seen.add(policy.resourceName)
    if (!RESIZE_RESOURCES.includes(policy.resourceName))
      errors.push(notSupported(path, policy.resourceName, RESIZE_RESOURCES))
    if (!RESIZE_POLICIES.includes(policy.restartPolicy))
      errors.push(notSupported(path, policy.restartPolicy, RESIZE_POLICIES))
    if (spec.restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired')
      errors.push(invalidValue(path, policy.restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
  })
  return errors
}

function probesErrors(c: Container, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = c[name]
    if (!probe) continue
    const at = child(path, name)
    errors.push(...probeErrors(probe, spec, at))
    if (name !== 'readinessProbe' && probe.successThreshold !== 1)
      errors.push(invalidValue(child(at, 'successThreshold'), probe.successThreshold, 'must be 1'))
    if (name === 'readinessProbe' && probe.terminationGracePeriodSeconds !== undefined)
      errors.push(
        invalidValue(
          child(at, 'terminationGracePeriodSeconds'),
          probe.terminationGracePeriodSeconds,
          'must not be set for readinessProbes',
        ),
      )
  }
  return errors
}

function probeErrors(probe: Probe, spec: PodSpec, path: string): FieldError[] {
  const errors = handlerErrors(probe, spec, path)
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const)
    errors.push(...nonNegative(child(path, field), probe[field]))
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined && grace <= 0)
    errors.push(invalidValue(child(path, 'terminationGracePeriodSeconds'), grace, 'must be greater than 0'))
  return errors
}

function lifecycleErrors(c: Container, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = c.lifecycle?.[hook]
    if (handler) errors.push(...handlerErrors(handler, spec, `${path}.lifecycle.${hook}`))
  }
  return errors
}

type AnyHandler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

function handlerErrors(handler: AnyHandler, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  let count = 0
  for (const kind of HANDLERS) {
    if (handler[kind] === undefined) continue
    const at = child(path, kind)
    if (count++ > 0) errors.push(forbiddenField(at, 'may not specify more than 1 handler type'))
    else if (kind === 'exec') {
      if (!handler.exec?.command?.length) errors.push(required(child(at, 'command')))
    } else if (kind === 'httpGet') errors.push(...httpErrors(handler.httpGet!, at))
    else if (kind === 'tcpSocket') errors.push(...portOrName(handler.tcpSocket!.port, child(at, 'port')))
    else if (kind === 'grpc') errors.push(...portOrName(handler.grpc!.port, child(at, 'port')))
    else {
      const grace = spec.terminationGracePeriodSeconds
      const seconds = handler.sleep!.seconds
      if (grace !== undefined && (seconds < 0 || seconds > grace))
        errors.push(
          invalidValue(at, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`),
        )
    }
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'))
  return errors
}

function httpErrors(http: HttpGetAction, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!http.path) errors.push(required(child(path, 'path')))
  errors.push(...portOrName(http.port, child(path, 'port')))
  if (http.scheme !== 'HTTP' && http.scheme !== 'HTTPS')
    errors.push(notSupported(child(path, 'scheme'), http.scheme, ['HTTP', 'HTTPS']))
  for (const header of http.httpHeaders ?? [])
    for (const why of isHttpHeaderName(header.name))
      errors.push(invalidValue(child(path, 'httpHeaders'), header.name, why))
  return errors
}

export function portOrName(port: IntOrString | undefined, path: string): FieldError[] {
  const wrong = typeof port === 'string' ? isPortName(port) : isPortNumber(port ?? 0)
  return wrong.map((why) => invalidValue(path, port ?? 0, why))
}
