// Pods and pod templates (validation.go ValidatePodSpec, ValidatePodCreate, ValidatePodUpdate, ValidatePodTemplateSpec).

import { deepEqual, isRecord } from '../equality.ts'
import type { Container, Pod, PodSpec, PodTemplateSpec } from '../objects.ts'
import { addQuantities, canonicalQuantity, compareQuantities } from '../quantity.ts'
import { containerErrors } from './container.ts'
import {
  child,
  duplicate,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  required,
  type FieldError,
} from './field-errors.ts'
import { annotationErrors, dnsLabelErrors, labelErrors, labelNameErrors, subdomainErrors } from './meta.ts'
import { inRange, IP_MESSAGE, isDns1123Subdomain, isIp } from './names.ts'
import { affinityErrors, spreadErrors, tolerationErrors } from './placement.ts'
import { requirementErrors, resourceNameErrors, quantityErrors } from './resource-requirements.ts'
import { podSecurityErrors } from './security.ts'
import { volumeErrors } from './volumes.ts'

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const MAX_INT32 = 2_147_483_647

/** `isPod` is false for templates, which may leave more open. */
export function podSpecErrors(spec: PodSpec, path: string, isPod: boolean): FieldError[] {
  const { names, errors } = volumeErrors(spec.volumes, child(path, 'volumes'))
  errors.push(...containerErrors({ spec, volumes: names }, path))
  errors.push(...podResourceErrors(spec, path))
  if (spec.hostNetwork) errors.push(...hostNetworkErrors(spec, path, isPod))
  if (spec.restartPolicy !== undefined && !RESTART_POLICIES.includes(spec.restartPolicy))
    errors.push(notSupported(child(path, 'restartPolicy'), spec.restartPolicy, RESTART_POLICIES))
  if (spec.dnsPolicy !== undefined && !DNS_POLICIES.includes(spec.dnsPolicy))
    errors.push(notSupported(child(path, 'dnsPolicy'), spec.dnsPolicy, DNS_POLICIES))
  errors.push(...labelErrors(spec.nodeSelector, child(path, 'nodeSelector')))
  errors.push(...podSecurityErrors(spec, path))
  errors.push(...affinityErrors(spec.affinity, child(path, 'affinity')))
  errors.push(...dnsConfigErrors(spec, child(path, 'dnsConfig')))
  spec.readinessGates?.forEach((gate, i) =>
    errors.push(...labelNameErrors(gate.conditionType ?? '', `${path}.readinessGates[${i}].conditionType`)),
  )
  const gates = new Set<string>()
  spec.schedulingGates?.forEach((gate, i) => {
    const at = index(child(path, 'schedulingGates'), i)
    errors.push(...labelNameErrors(gate.name ?? '', at))
    if (gates.has(gate.name)) errors.push(duplicate(at, gate.name))
    gates.add(gate.name)
  })
  errors.push(...spreadErrors(spec.topologySpreadConstraints, child(path, 'topologySpreadConstraints')))
  if (spec.hostUsers === false)
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
      if (spec[field]) {
        const printed = field === 'hostNetwork' ? field : field.replace('host', 'Host')
        errors.push(forbiddenField(child(path, printed), 'when `pod.Spec.HostUsers` is false'))
      }
  for (const field of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const)
    if (spec[field]) errors.push(...subdomainErrors(child(path, field), spec[field]))
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32))
    errors.push(invalidValue(child(path, 'activeDeadlineSeconds'), deadline, inRange(1, MAX_INT32)))
  for (const field of ['hostname', 'subdomain'] as const)
    if (spec[field]) errors.push(...dnsLabelErrors(child(path, field), spec[field]))
  errors.push(...tolerationErrors(spec.tolerations, child(path, 'tolerations')))
  spec.hostAliases?.forEach((alias, i) => {
    const at = index(child(path, 'hostAliases'), i)
    if (!isIp(alias.ip ?? '')) errors.push(invalidValue(child(at, 'ip'), alias.ip ?? '', IP_MESSAGE))
    alias.hostnames?.forEach((name, h) => errors.push(...subdomainErrors(index(child(at, 'hostnames'), h), name)))
  })
  const preemption = spec.preemptionPolicy
  if (preemption !== undefined && preemption !== 'PreemptLowerPriority' && preemption !== 'Never')
    errors.push(notSupported(child(path, 'preemptionPolicy'), preemption, ['PreemptLowerPriority', 'Never']))
  for (const name in spec.overhead) {
    const at = `${path}.overhead[${name}]`
    errors.push(...resourceNameErrors(name, at), ...quantityErrors(name, spec.overhead[name]!, at))
  }
  if (spec.os !== undefined && spec.os.name !== 'linux' && spec.os.name !== 'windows')
    errors.push(
      spec.os.name
        ? notSupported(`${path}.os`, spec.os.name, ['linux', 'windows'])
        : required(`${path}.os.name`, 'cannot be empty'),
    )
  if (isPod)
    for (const kind of ['containers', 'initContainers'] as const)
      spec[kind]?.forEach((c, i) => {
        if (c.image && c.image.trim() !== c.image)
          errors.push(
            invalidValue(`${path}.${kind}[${i}].image`, c.image, 'must not have leading or trailing whitespace'),
          )
      })
  return errors
}

function hostNetworkErrors(spec: PodSpec, path: string, isPod: boolean): FieldError[] {
  const errors: FieldError[] = []
  spec.containers?.forEach((c, i) =>
    c.ports?.forEach((port, p) => {
      const host = port.hostPort ?? 0
      if ((isPod || host !== 0) && host !== port.containerPort)
        errors.push(
          invalidValue(
            `${path}.containers[${i}].ports[${p}].hostPort`,
            host,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        )
    }),
  )
  return errors
}

function dnsConfigErrors(spec: PodSpec, path: string): FieldError[] {
  const config = spec.dnsConfig
  if (spec.dnsPolicy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if (!config.nameservers?.length)
      return [required(child(path, 'nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
  }
  if (!config) return []
  const errors: FieldError[] = []
  if ((config.nameservers?.length ?? 0) > 3)
    errors.push(invalidValue(child(path, 'nameservers'), config.nameservers, 'must not have more than 3 nameservers'))
  config.nameservers?.forEach((ip, i) => {
    if (!isIp(ip)) errors.push(invalidValue(index(child(path, 'nameservers'), i), ip, IP_MESSAGE))
  })
  if ((config.searches?.length ?? 0) > 32)
    errors.push(invalidValue(child(path, 'searches'), config.searches, 'must not have more than 32 search paths'))
  config.searches?.forEach((given, i) => {
    if (given === '.') return
    const name = given.endsWith('.') ? given.slice(0, -1) : given
    for (const why of isDns1123Subdomain(name.replaceAll('_', 'a')))
      errors.push(invalidValue(index(child(path, 'searches'), i), name, why))
  })
  config.options?.forEach((option, i) => {
    if (!option.name) errors.push(required(index(child(path, 'options'), i), 'must not be empty'))
  })
  return errors
}

/** Pod-level requests must cover what the containers ask for together. */
function podResourceErrors(spec: PodSpec, path: string): FieldError[] {
  const resources = spec.resources
  if (!resources) return []
  const at = child(path, 'resources')
  const errors = requirementErrors(resources, at, 'pod')
  if (resources.claims)
    errors.push(forbiddenField(child(at, 'claims'), 'claims cannot be set for Resources at pod-level'))
  const total: Record<string, string> = {}
  for (const c of spec.containers ?? [])
    for (const name in c.resources?.requests)
      total[name] =
        total[name] === undefined
          ? c.resources.requests[name]!
          : addQuantities(total[name], c.resources.requests[name]!)
  for (const name in total) {
    if (resources.requests?.[name] === undefined && resources.limits?.[name] === undefined) continue
    const own = resources.requests?.[name] ?? '0'
    if (compareQuantities(total[name]!, own) > 0)
      errors.push(
        invalidValue(
          `${at}.requests[${name}]`,
          canonicalQuantity(own),
          `must be greater than or equal to aggregate container requests of ${canonicalQuantity(total[name]!)}`,
        ),
      )
  }
  spec.containers?.forEach((c, i) => {
    for (const name in c.resources?.limits) {
      const limit = resources.limits?.[name]
      const own = c.resources.limits[name]!
      if (limit !== undefined && compareQuantities(own, limit) > 0)
        errors.push(
          invalidValue(
            `${at}.containers[${i}][${name}].limits`,
            canonicalQuantity(own),
            `must be less than or equal to pod limits of ${canonicalQuantity(limit)}`,
          ),
        )
    }
  })
  return errors
}

export function newPodErrors(pod: Pod): FieldError[] {
  const errors = podSpecErrors(pod.spec ?? { containers: [] }, 'spec', true)
  if (pod.spec?.ephemeralContainers?.length)
    errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'))
  if (pod.spec?.nodeName && pod.spec.schedulingGates?.length)
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
  return errors
}

export function templateErrors(template: PodTemplateSpec, path: string): FieldError[] {
  const errors = labelErrors(template.metadata?.labels, child(path, 'labels'))
  errors.push(...annotationErrors(template.metadata?.annotations, child(path, 'annotations')))
  errors.push(...podSpecErrors(template.spec ?? { containers: [] }, child(path, 'spec'), false))
  if (template.spec?.ephemeralContainers?.length)
    errors.push(forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  return errors
}

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

export function podUpdateErrors(pod: Pod, old: Pod): FieldError[] {
  if (deepEqual(pod.spec, old.spec)) return []
  const errors = podSpecErrors(pod.spec, 'spec', true)
  for (const kind of ['containers', 'initContainers'] as const)
    if ((pod.spec[kind]?.length ?? 0) !== (old.spec[kind]?.length ?? 0))
      return [...errors, forbiddenField(`spec.${kind}`, 'pod updates may not add or remove containers')]
  errors.push(...deadlineUpdateErrors(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds))
  for (const t of old.spec.tolerations ?? []) {
    const kept = pod.spec.tolerations?.some((n) =>
      deepEqual({ ...n, tolerationSeconds: undefined }, { ...t, tolerationSeconds: undefined }),
    )
    if (kept) continue
    errors.push(
      forbiddenField('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'),
    )
    break
  }
  pod.spec.schedulingGates?.forEach((gate, i) => {
    if (!old.spec.schedulingGates?.some((g) => g.name === gate.name))
      errors.push(
        forbiddenField(
          `spec.schedulingGates[${i}].name`,
          `only deletion is allowed, but found new scheduling gate '${gate.name}'`,
        ),
      )
  })
  const gated = (old.spec.schedulingGates?.length ?? 0) > 0
  const images = (list: Container[] | undefined, before: Container[] | undefined): Container[] | undefined =>
    list?.map((c, i) => ({ ...c, image: before![i]!.image }))
  const munged: PodSpec = {
    ...pod.spec,
    containers: images(pod.spec.containers, old.spec.containers)!,
    initContainers: images(pod.spec.initContainers, old.spec.initContainers),
    activeDeadlineSeconds: old.spec.activeDeadlineSeconds,
    schedulingGates: old.spec.schedulingGates,
    tolerations: old.spec.tolerations,
    // A gated pod may still be told where it may go.
    ...(gated ? { nodeSelector: old.spec.nodeSelector, affinity: old.spec.affinity } : {}),
  }
  if ((old.spec.terminationGracePeriodSeconds ?? 0) < 0 && munged.terminationGracePeriodSeconds === 1)
    munged.terminationGracePeriodSeconds = old.spec.terminationGracePeriodSeconds
  const differences = specDifferences(old.spec, munged, 'spec')
  if (differences.length > 0)
    errors.push(
      forbiddenField('spec', `pod updates may not change fields other than ${UPDATABLE}\n${differences.join('\n')}`),
    )
  return errors
}

function deadlineUpdateErrors(value: number | undefined, old: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (value === undefined)
    return old === undefined ? [] : [invalidValue(path, null, 'must not update from a positive integer to nil value')]
  if (value < 0 || value > MAX_INT32) return [invalidValue(path, value, inRange(0, MAX_INT32))]
  return old !== undefined && old < value
    ? [invalidValue(path, value, 'must be less than or equal to previous value')]
    : []
}

/** What differs, a line for the old and one for the new. (Upstream prints a Go diff of the whole struct here.) */
function specDifferences(old: unknown, now: unknown, path: string): string[] {
  if (deepEqual(old, now)) return []
  if (isRecord(old) && isRecord(now)) {
    const names = new Set([...Object.keys(old), ...Object.keys(now)])
    return [...names].flatMap((name) => specDifferences(old[name], now[name], child(path, name)))
  }
  if (Array.isArray(old) && Array.isArray(now) && old.length === now.length)
    return old.flatMap((item, i) => specDifferences(item, now[i], index(path, i)))
  const show = (value: unknown): string => (value === undefined ? '(not set)' : JSON.stringify(value))
  return [`  - ${path}: ${show(old)}`, `  + ${path}: ${show(now)}`]
}

/** ValidatePodStatusUpdate: a container that may not run again stays terminated; the QoS class never changes. */
export function podStatusErrors(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = []
  const qos = old.status?.qosClass
  if (qos !== undefined && pod.status?.qosClass !== undefined && pod.status.qosClass !== qos)
    errors.push(invalidValue('status.qosClass', pod.status.qosClass, 'field is immutable'))
  const policy = old.spec.restartPolicy
  if (policy === 'Always') return errors
  old.status?.containerStatuses?.forEach((before, i) => {
    const terminated = before.state.terminated
    if (!terminated || (terminated.exitCode !== 0 && policy === 'OnFailure')) return
    const own = old.spec.containers.find((c) => c.name === before.name)
    if (own?.restartPolicy !== undefined) return
    const now = pod.status?.containerStatuses?.find((s) => s.name === before.name)
    if (now && !now.state.terminated)
      errors.push(
        forbiddenField(`status.containerStatuses[${i}].state`, 'may not be transitioned to non-terminated state'),
      )
  })
  return errors
}
