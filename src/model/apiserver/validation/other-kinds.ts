// Kinds that are stored and read by people: the mistakes that people make in them
// (pkg/apis/{core,networking,policy,rbac,storage,autoscaling,scheduling}/validation).

import { deepEqual } from '../equality.ts'
import type { ConfigMap, IntOrString, KubeObject, LabelSelector, Lease, Node, Secret } from '../objects.ts'
import { compareQuantities } from '../quantity.ts'
import {
  child,
  forbiddenField,
  IMMUTABLE,
  index,
  invalidValue,
  notSupported,
  required,
  tooLong,
  type FieldError,
} from './field-errors.ts'
import { immutable, nonNegative, selectorErrors, subdomainErrors } from './meta.ts'
import { CIDR_MESSAGE, isCidr, isPercent, isPortName, isPortNumber, isWildcardSubdomain } from './names.ts'
import { taintErrors } from './placement.ts'
import { quantityErrors, resourceNameErrors } from './resource-requirements.ts'
import { dataKeyErrors } from './volumes.ts'

const MAX_DATA = 1024 * 1024
type Spec = Record<string, unknown>
const specOf = (o: KubeObject): Spec => (o.spec ?? {}) as Spec

function size(data: Record<string, string> | undefined): number {
  let total = 0
  for (const key in data) total += data[key]!.length
  return total
}

export function configMapErrors(map: ConfigMap, old?: ConfigMap): FieldError[] {
  const errors = [...dataKeyErrors(map.data, 'data'), ...dataKeyErrors(map.binaryData, 'binaryData')]
  for (const key in map.data)
    if (map.binaryData?.[key] !== undefined)
      errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  if (size(map.data) + size(map.binaryData) > MAX_DATA) errors.push(tooLong('', MAX_DATA))
  if (old) errors.push(...frozen(map, old, ['data', 'binaryData']))
  return errors
}

function frozen(now: ConfigMap | Secret, old: ConfigMap | Secret, fields: readonly string[]): FieldError[] {
  if (!old.immutable) return []
  const errors: FieldError[] = []
  const why = 'field is immutable when `immutable` is set'
  if (!now.immutable) errors.push(forbiddenField('immutable', why))
  for (const field of fields)
    if (!deepEqual(now[field as 'data'], old[field as 'data'])) errors.push(forbiddenField(field, why))
  return errors
}

const SECRET_KEYS: Record<string, readonly string[]> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

export function secretErrors(secret: Secret, old?: Secret): FieldError[] {
  const errors = dataKeyErrors(secret.data, 'data')
  if (size(secret.data) > MAX_DATA * 1.4) errors.push(tooLong('data', MAX_DATA))
  const type = secret.type ?? ''
  for (const key of SECRET_KEYS[type] ?? []) if (secret.data?.[key] === undefined) errors.push(required(`data[${key}]`))
  if (type === 'kubernetes.io/basic-auth' && secret.data?.username === undefined && secret.data?.password === undefined)
    errors.push(required('data[username]'), required('data[password]'))
  const account = 'kubernetes.io/service-account.name'
  if (type === 'kubernetes.io/service-account-token' && !secret.metadata.annotations?.[account])
    errors.push(required(`metadata.annotations[${account}]`))
  if (old) errors.push(...immutable('type', secret.type, old.type), ...frozen(secret, old, ['data']))
  return errors
}

export function nodeErrors(node: Node, old?: Node): FieldError[] {
  const errors = taintErrors(node.spec?.taints, 'metadata.taints')
  node.spec?.podCIDRs?.forEach((cidr, i) => {
    if (!isCidr(cidr)) errors.push(invalidValue(index('spec.podCIDRs', i), cidr, CIDR_MESSAGE))
  })
  if (old?.spec?.podCIDRs?.length && !deepEqual(old.spec.podCIDRs, node.spec?.podCIDRs))
    errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
  if (old?.spec?.providerID && old.spec.providerID !== node.spec?.providerID)
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  return errors
}

export function leaseErrors(lease: Lease): FieldError[] {
  const spec = lease.spec ?? {}
  const errors = nonNegative('spec.leaseTransitions', spec.leaseTransitions)
  if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
    errors.push(invalidValue('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'))
  if (spec.holderIdentity === '') errors.push(invalidValue('spec.holderIdentity', '', 'must not be empty'))
  return errors
}

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

function accessModes(spec: Spec): FieldError[] {
  const modes = (spec.accessModes ?? []) as string[]
  if (modes.length === 0) return [required('spec.accessModes', 'at least 1 access mode is required')]
  return modes.filter((m) => !ACCESS_MODES.includes(m)).map((m) => notSupported('spec.accessModes', m, ACCESS_MODES))
}

export function claimErrors(claim: KubeObject, old?: KubeObject): FieldError[] {
  const spec = specOf(claim)
  const errors = accessModes(spec)
  const requests = ((spec.resources ?? {}) as { requests?: Record<string, string> }).requests
  if (requests?.storage === undefined) errors.push(required('spec.resources[storage]'))
  else if (compareQuantities(requests.storage, '0') <= 0)
    errors.push(invalidValue('spec.resources[storage]', requests.storage, 'must be greater than zero'))
  if (spec.storageClassName) errors.push(...subdomainErrors('spec.storageClassName', spec.storageClassName as string))
  if (old) {
    const rest = (s: Spec): Spec => ({
      ...s,
      resources: undefined,
      volumeName: undefined,
      volumeAttributesClassName: undefined,
    })
    if (!deepEqual(rest(spec), rest(specOf(old))))
      errors.push(
        forbiddenField(
          'spec',
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      )
  }
  return errors
}

const VOLUME_FIELDS = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

export function volumeObjectErrors(volume: KubeObject): FieldError[] {
  const spec = specOf(volume)
  const errors = accessModes(spec)
  const capacity = (spec.capacity ?? {}) as Record<string, string>
  if (Object.keys(capacity).length === 0) errors.push(required('spec.capacity'))
  else if (capacity.storage === undefined) errors.push(notSupported('spec.capacity', capacity, ['storage']))
  const policies = ['Delete', 'Recycle', 'Retain']
  if (!policies.includes(spec.persistentVolumeReclaimPolicy as string))
    errors.push(notSupported('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, policies))
  const sources = Object.keys(spec).filter((k) => !VOLUME_FIELDS.has(k))
  if (sources.length === 0) errors.push(required('spec', 'must specify a volume type'))
  for (const extra of sources.slice(1))
    errors.push(forbiddenField(`spec.${extra}`, 'may not specify more than 1 volume type'))
  return errors
}

export function budgetErrors(pdb: KubeObject): FieldError[] {
  const spec = specOf(pdb) as { minAvailable?: IntOrString; maxUnavailable?: IntOrString; selector?: LabelSelector }
  const errors: FieldError[] = []
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
    errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'))
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field]
    if (value === undefined) continue
    if (typeof value === 'number') errors.push(...nonNegative(`spec.${field}`, value))
    else errors.push(...isPercent(value).map((why) => invalidValue(`spec.${field}`, value, why)))
  }
  return [...errors, ...selectorErrors(spec.selector, 'spec.selector')]
}

type Rule = { host?: string; http?: { paths?: { path?: string; pathType?: string; backend?: Spec }[] } }
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']

export function ingressErrors(ingress: KubeObject): FieldError[] {
  const spec = specOf(ingress) as { rules?: Rule[]; defaultBackend?: Spec; ingressClassName?: string }
  const errors: FieldError[] = []
  if (!spec.rules?.length && !spec.defaultBackend)
    errors.push(invalidValue('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  if (spec.defaultBackend) errors.push(...backendErrors(spec.defaultBackend, 'spec.defaultBackend'))
  spec.rules?.forEach((rule, i) => {
    const at = index('spec.rules', i)
    if (rule.host?.includes('*'))
      for (const why of isWildcardSubdomain(rule.host)) errors.push(invalidValue(child(at, 'host'), rule.host, why))
    else if (rule.host) errors.push(...subdomainErrors(child(at, 'host'), rule.host))
    if (rule.http && !rule.http.paths?.length) errors.push(required(`${at}.http.paths`))
    rule.http?.paths?.forEach((path, p) => {
      const here = `${at}.http.paths[${p}]`
      if (!path.pathType) errors.push(required(child(here, 'pathType'), 'pathType must be specified'))
      else if (!PATH_TYPES.includes(path.pathType))
        errors.push(notSupported(child(here, 'pathType'), path.pathType, PATH_TYPES))
      else if (path.pathType !== 'ImplementationSpecific' && !path.path?.startsWith('/'))
        errors.push(invalidValue(child(here, 'path'), path.path ?? '', 'must be an absolute path'))
      errors.push(...backendErrors(path.backend ?? {}, child(here, 'backend')))
    })
  })
  return errors
}

function backendErrors(backend: Spec, path: string): FieldError[] {
  const service = backend.service as { name?: string; port?: { name?: string; number?: number } } | undefined
  if (backend.resource && service) return [invalidValue(path, '', 'cannot set both resource and service backends')]
  if (backend.resource) return []
  if (!service) return [required(child(path, 'service'), 'must specify a backend: service or resource')]
  const errors: FieldError[] = []
  if (!service.name) errors.push(required(`${path}.service.name`))
  const { name, number } = service.port ?? {}
  if (name && number) errors.push(invalidValue(path, '', 'cannot set both port name & port number'))
  else if (name) for (const why of isPortName(name)) errors.push(invalidValue(`${path}.service.port.name`, name, why))
  else if (number)
    for (const why of isPortNumber(number)) errors.push(invalidValue(`${path}.service.port.number`, number, why))
  else errors.push(required(path, 'port name or number is required'))
  return errors
}

type PolicyRule = {
  ports?: { port?: IntOrString; endPort?: number; protocol?: string }[]
  from?: Peer[]
  to?: Peer[]
}
type Peer = {
  ipBlock?: { cidr?: string; except?: string[] }
  podSelector?: LabelSelector
  namespaceSelector?: LabelSelector
}

export function networkPolicyErrors(policy: KubeObject): FieldError[] {
  const spec = specOf(policy) as {
    podSelector?: LabelSelector
    ingress?: PolicyRule[]
    egress?: PolicyRule[]
    policyTypes?: string[]
  }
  const errors = selectorErrors(spec.podSelector, 'spec.podSelector')
  for (const side of ['ingress', 'egress'] as const)
    spec[side]?.forEach((rule, i) => {
      const at = `spec.${side}[${i}]`
      rule.ports?.forEach((port, p) => {
        const here = `${at}.ports[${p}]`
        if (typeof port.port === 'number')
          for (const why of isPortNumber(port.port)) errors.push(invalidValue(`${here}.port`, port.port, why))
        else if (typeof port.port === 'string')
          for (const why of isPortName(port.port)) errors.push(invalidValue(`${here}.port`, port.port, why))
        if (port.endPort !== undefined && typeof port.port === 'number' && port.endPort < port.port)
          errors.push(invalidValue(`${here}.endPort`, port.endPort, 'must be greater than or equal to `port`'))
      })
      const key = side === 'ingress' ? 'from' : 'to'
      rule[key]?.forEach((peer, p) => errors.push(...peerErrors(peer, `${at}.${key}[${p}]`)))
    })
  spec.policyTypes?.forEach((type, i) => {
    if (type !== 'Ingress' && type !== 'Egress')
      errors.push(notSupported(`spec.policyTypes[${i}]`, type, ['Egress', 'Ingress']))
  })
  return errors
}

function peerErrors(peer: Peer, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (!peer.ipBlock && !peer.podSelector && !peer.namespaceSelector) return [required(at, 'must specify a peer')]
  if (peer.ipBlock) {
    if (peer.podSelector || peer.namespaceSelector)
      errors.push(forbiddenField(at, 'may not specify both ipBlock and another peer'))
    const cidr = peer.ipBlock.cidr ?? ''
    if (cidr === '') errors.push(required(`${at}.ipBlock.cidr`))
    else if (!isCidr(cidr)) errors.push(invalidValue(`${at}.ipBlock.cidr`, cidr, CIDR_MESSAGE))
  }
  errors.push(...selectorErrors(peer.podSelector, `${at}.podSelector`))
  return [...errors, ...selectorErrors(peer.namespaceSelector, `${at}.namespaceSelector`)]
}

export function autoscalerErrors(hpa: KubeObject): FieldError[] {
  const spec = specOf(hpa) as {
    minReplicas?: number
    maxReplicas?: number
    scaleTargetRef?: { kind?: string; name?: string }
  }
  const errors: FieldError[] = []
  const { minReplicas = 1, maxReplicas = 0 } = spec
  if (minReplicas < 1) errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'))
  if (maxReplicas < minReplicas)
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  if (!spec.scaleTargetRef?.kind) errors.push(required('spec.scaleTargetRef.kind'))
  if (!spec.scaleTargetRef?.name) errors.push(required('spec.scaleTargetRef.name'))
  return errors
}

export function roleErrors(role: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  const rules = (role.rules ?? []) as {
    verbs?: string[]
    nonResourceURLs?: string[]
    apiGroups?: string[]
    resources?: string[]
  }[]
  rules.forEach((rule, i) => {
    const at = index('rules', i)
    if (!rule.verbs?.length) errors.push(required(child(at, 'verbs'), 'verbs must contain at least one value'))
    if (rule.nonResourceURLs?.length) {
      if (role.kind === 'Role')
        errors.push(
          invalidValue(
            child(at, 'nonResourceURLs'),
            rule.nonResourceURLs,
            'namespaced rules cannot apply to non-resource URLs',
          ),
        )
      return
    }
    if (!rule.apiGroups?.length)
      errors.push(required(child(at, 'apiGroups'), 'resource rules must supply at least one api group'))
    if (!rule.resources?.length)
      errors.push(required(child(at, 'resources'), 'resource rules must supply at least one resource'))
  })
  return errors
}

export function roleBindingErrors(binding: KubeObject, old?: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  const ref = (binding.roleRef ?? {}) as { kind?: string; name?: string; apiGroup?: string }
  const kinds = binding.kind === 'RoleBinding' ? ['ClusterRole', 'Role'] : ['ClusterRole']
  if (!kinds.includes(ref.kind ?? '')) errors.push(notSupported('roleRef.kind', ref.kind ?? '', kinds))
  if (!ref.name) errors.push(required('roleRef.name'))
  ;((binding.subjects ?? []) as { kind?: string; name?: string; namespace?: string }[]).forEach((subject, i) => {
    const at = index('subjects', i)
    if (!subject.name) errors.push(required(child(at, 'name')))
    if (subject.kind === 'ServiceAccount') {
      if (!subject.namespace) errors.push(required(child(at, 'namespace')))
    } else if (subject.kind !== 'User' && subject.kind !== 'Group')
      errors.push(notSupported(child(at, 'kind'), subject.kind ?? '', ['Group', 'ServiceAccount', 'User']))
  })
  if (old && !deepEqual(ref, old.roleRef)) errors.push(invalidValue('roleRef', ref, 'cannot change roleRef'))
  return errors
}

export function storageClassErrors(sc: KubeObject, old?: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  if (!sc.provisioner) errors.push(required('provisioner'))
  if (sc.reclaimPolicy !== 'Delete' && sc.reclaimPolicy !== 'Retain')
    errors.push(notSupported('reclaimPolicy', sc.reclaimPolicy, ['Delete', 'Retain']))
  const modes = ['Immediate', 'WaitForFirstConsumer']
  if (!modes.includes(sc.volumeBindingMode as string))
    errors.push(notSupported('volumeBindingMode', sc.volumeBindingMode, modes))
  if (old) {
    if (!deepEqual(sc.parameters, old.parameters))
      errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'))
    if (sc.provisioner !== old.provisioner)
      errors.push(forbiddenField('provisioner', 'updates to provisioner are forbidden.'))
    if (sc.reclaimPolicy !== old.reclaimPolicy)
      errors.push(forbiddenField('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'))
    errors.push(...immutable('volumeBindingMode', sc.volumeBindingMode, old.volumeBindingMode))
  }
  return errors
}

const USER_PRIORITY_MAX = 1_000_000_000

export function priorityClassErrors(pc: KubeObject, old?: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  const value = pc.value as number | undefined
  const name = pc.metadata.name
  if (name.startsWith('system-')) {
    if (name !== 'system-cluster-critical' && name !== 'system-node-critical')
      errors.push(
        forbiddenField(
          'metadata.name',
          "priority class names with 'system-' prefix are reserved for system use only. error: " +
            `${name} is not a known system priority class`,
        ),
      )
  } else if ((value ?? 0) > USER_PRIORITY_MAX)
    errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`))
  if (old && old.value !== value) errors.push(invalidValue('value', value, IMMUTABLE))
  return errors
}

export function limitRangeErrors(range: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  const limits = (specOf(range).limits ?? []) as (Record<string, Record<string, string>> & { type?: unknown })[]
  limits.forEach((item, i) => {
    const at = index('spec.limits', i)
    for (const field of ['max', 'min', 'default', 'defaultRequest'])
      for (const name in item[field]) errors.push(...resourceNameErrors(name, `${at}.${field}[${name}]`))
    for (const name in item.min) {
      const max = item.max?.[name]
      if (max !== undefined && compareQuantities(item.min[name]!, max) > 0)
        errors.push(
          invalidValue(
            `${at}.min[${name}]`,
            item.min[name],
            `min value ${item.min[name]} is greater than max value ${max}`,
          ),
        )
    }
  })
  return errors
}

export function quotaErrors(quota: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  const hard = (specOf(quota).hard ?? {}) as Record<string, string>
  for (const name in hard) {
    const at = `spec.hard[${name}]`
    const counted = name.startsWith('count/') || name.includes('.storageclass.storage.k8s.io/')
    if (!counted) errors.push(...resourceNameErrors(name, at))
    errors.push(...quantityErrors(name, hard[name]!, at))
  }
  return errors
}

export function runtimeClassErrors(rc: KubeObject, old?: KubeObject): FieldError[] {
  const handler = (rc.handler as string | undefined) ?? ''
  if (old && old.handler !== handler) return [invalidValue('handler', handler, IMMUTABLE)]
  return handler === '' ? [required('handler')] : []
}

export function eventErrors(event: KubeObject): FieldError[] {
  const involved = (event.involvedObject ?? {}) as { namespace?: string }
  const expected = involved.namespace ?? 'default'
  return event.metadata.namespace !== expected && involved.namespace !== undefined
    ? [invalidValue('involvedObject.namespace', involved.namespace, 'does not match event.namespace')]
    : []
}
