// Deployments, ReplicaSets, DaemonSets, StatefulSets, Jobs, CronJobs (pkg/apis/apps/validation, pkg/apis/batch/validation).

import { deepEqual } from '../equality.ts'
import type {
  DaemonSet,
  Deployment,
  IntOrString,
  KubeObject,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
} from '../objects.ts'
import { matchesLabelSelector, matchesMap } from '../selectors.ts'
import { forbiddenField, invalidValue, notSupported, required, type FieldError } from './field-errors.ts'
import { emptySelector, immutable, labelErrors, nonNegative, selectorErrors } from './meta.ts'
import { isPercent } from './names.ts'
import { templateErrors } from './pod.ts'

const MISMATCH = '`selector` does not match template `labels`'

function selectorAndTemplate(
  spec: { selector?: LabelSelector; template?: PodTemplateSpec },
  what: string,
  restartPolicies: readonly string[],
): FieldError[] {
  const errors: FieldError[] = []
  const { selector, template } = spec
  if (!selector) errors.push(required('spec.selector'))
  else {
    errors.push(...selectorErrors(selector, 'spec.selector'))
    if (emptySelector(selector))
      errors.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${what}`))
  }
  if (!template) return [...errors, required('spec.template')]
  if (selector && !emptySelector(selector) && !matchesLabelSelector(selector, template.metadata?.labels))
    errors.push(invalidValue('spec.template.metadata.labels', template.metadata?.labels ?? null, MISMATCH))
  // Upstream never reads the pods of a StatefulSet: their volumes come from its claim templates.
  if (what === 'statefulset') errors.push(...labelErrors(template.metadata?.labels, 'spec.template.labels'))
  else errors.push(...templateErrors(template, 'spec.template'))
  const policy = template.spec?.restartPolicy ?? 'Always'
  if (!restartPolicies.includes(policy))
    errors.push(notSupported('spec.template.spec.restartPolicy', policy, restartPolicies))
  return errors
}

function noDeadline(template: PodTemplateSpec | undefined, what: string): FieldError[] {
  return template?.spec?.activeDeadlineSeconds === undefined
    ? []
    : [forbiddenField('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${what} is not Supported`)]
}

/** ValidatePositiveIntOrPercent and IsNotMoreThan100Percent. */
function countOrPercent(value: IntOrString | undefined, path: string, capped: boolean): FieldError[] {
  if (value === undefined) return []
  if (typeof value === 'number') return nonNegative(path, value)
  const wrong = isPercent(value)
  if (wrong.length > 0) return wrong.map((why) => invalidValue(path, value, why))
  return capped && Number(value.slice(0, -1)) > 100 ? [invalidValue(path, value, 'must not be greater than 100%')] : []
}

const isZero = (value: IntOrString | undefined): boolean => value === 0 || value === '0%'

export function deploymentErrors(d: Deployment, old?: Deployment): FieldError[] {
  const spec = d.spec ?? ({} as Deployment['spec'])
  const errors = [
    ...nonNegative('spec.replicas', spec.replicas),
    ...selectorAndTemplate(spec, 'deployment', ['Always']),
  ]
  errors.push(...noDeadline(spec.template, 'ReplicaSet'))
  const strategy = spec.strategy
  if (strategy?.type === 'Recreate') {
    if (strategy.rollingUpdate)
      errors.push(
        forbiddenField('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"),
      )
  } else if (strategy?.type === 'RollingUpdate') {
    const at = 'spec.strategy.rollingUpdate'
    const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {}
    errors.push(...countOrPercent(maxUnavailable, `${at}.maxUnavailable`, true))
    errors.push(...countOrPercent(maxSurge, `${at}.maxSurge`, false))
    if (isZero(maxUnavailable) && isZero(maxSurge))
      errors.push(invalidValue(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  } else if (strategy?.type !== undefined)
    errors.push(notSupported('spec.strategy.type', strategy.type, ['Recreate', 'RollingUpdate']))
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  errors.push(...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit))
  errors.push(...nonNegative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds))
  if (spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0))
    errors.push(
      invalidValue(
        'spec.progressDeadlineSeconds',
        spec.progressDeadlineSeconds,
        'must be greater than minReadySeconds',
      ),
    )
  if (old) errors.push(...immutable('spec.selector', spec.selector, old.spec.selector))
  return errors
}

export function replicaSetErrors(rs: ReplicaSet, old?: ReplicaSet): FieldError[] {
  const spec = rs.spec ?? ({} as ReplicaSet['spec'])
  const errors = [
    ...nonNegative('spec.replicas', spec.replicas),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
  ]
  errors.push(...selectorAndTemplate(spec, 'replicaset', ['Always']), ...noDeadline(spec.template, 'ReplicaSet'))
  if (old) errors.push(...immutable('spec.selector', spec.selector, old.spec.selector))
  return errors
}

export function daemonSetErrors(ds: DaemonSet, old?: DaemonSet): FieldError[] {
  const spec = ds.spec ?? ({} as DaemonSet['spec'])
  const errors = [...selectorAndTemplate(spec, 'daemonset', ['Always']), ...noDeadline(spec.template, 'DaemonSet')]
  errors.push(...nonNegative('spec.minReadySeconds', spec.minReadySeconds))
  const strategy = spec.updateStrategy
  if (strategy?.type === 'RollingUpdate') {
    const at = 'spec.updateStrategy.rollingUpdate'
    const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {}
    errors.push(...countOrPercent(maxUnavailable, `${at}.maxUnavailable`, true))
    errors.push(...countOrPercent(maxSurge, `${at}.maxSurge`, true))
    if (isZero(maxUnavailable) && isZero(maxSurge))
      errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
    if (!isZero(maxUnavailable) && maxSurge !== undefined && !isZero(maxSurge))
      errors.push(invalidValue(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  } else if (strategy?.type !== undefined && strategy.type !== 'OnDelete')
    errors.push(notSupported('spec.updateStrategy.type', strategy.type, ['OnDelete', 'RollingUpdate']))
  errors.push(...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit))
  if (old) errors.push(...immutable('spec.selector', spec.selector, old.spec.selector))
  return errors
}

type Spec = Record<string, unknown>

const STATEFULSET_MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

export function statefulSetErrors(object: KubeObject, old?: KubeObject): FieldError[] {
  const spec = (object.spec ?? {}) as Spec & { selector?: LabelSelector; template?: PodTemplateSpec; replicas?: number }
  const errors: FieldError[] = []
  const management = spec.podManagementPolicy
  if (management !== 'OrderedReady' && management !== 'Parallel')
    errors.push(invalidValue('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"))
  errors.push(...nonNegative('spec.replicas', spec.replicas), ...selectorAndTemplate(spec, 'statefulset', ['Always']))
  if (old) {
    const fixed = (s: unknown): Spec =>
      Object.fromEntries(Object.entries((s ?? {}) as Spec).filter(([key]) => !STATEFULSET_MUTABLE.includes(key)))
    if (!deepEqual(fixed(object.spec), fixed(old.spec)))
      errors.push(
        forbiddenField(
          'spec',
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
      )
  }
  return errors
}

function jobSpecErrors(spec: Spec, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
  ])
    errors.push(...nonNegative(`${path}.${field}`, spec[field] as number | undefined))
  const template = spec.template as PodTemplateSpec | undefined
  if (!template) return [...errors, required(`${path}.template`)]
  errors.push(...templateErrors(template, `${path}.template`))
  const policy = template.spec?.restartPolicy
  const at = `${path}.template.spec.restartPolicy`
  // The default of a pod is Always, which a Job does not allow: so the field has to be written.
  if (policy !== 'OnFailure' && policy !== 'Never') errors.push(notSupported(at, policy ?? '', ['OnFailure', 'Never']))
  return errors
}

export function jobErrors(object: KubeObject, old?: KubeObject): FieldError[] {
  const spec = (object.spec ?? {}) as Spec
  const errors = jobSpecErrors(spec, 'spec')
  const selector = spec.selector as LabelSelector | undefined
  const labels = (spec.template as PodTemplateSpec | undefined)?.metadata?.labels
  if (selector && !matchesLabelSelector(selector, labels))
    errors.push(invalidValue('spec.template.metadata.labels', labels ?? null, MISMATCH))
  if (old) {
    const before = (old.spec ?? {}) as Spec
    for (const field of ['selector', 'template', 'completionMode', 'podFailurePolicy'])
      errors.push(...immutable(`spec.${field}`, spec[field], before[field]))
    if (spec.completionMode !== 'Indexed')
      errors.push(...immutable('spec.completions', spec.completions, before.completions))
  }
  return errors
}

export function cronJobErrors(object: KubeObject): FieldError[] {
  const spec = (object.spec ?? {}) as Spec
  const errors: FieldError[] = []
  const schedule = (spec.schedule as string | undefined) ?? ''
  if (schedule === '') errors.push(required('spec.schedule'))
  else errors.push(...scheduleErrors(schedule))
  const policies = ['Allow', 'Forbid', 'Replace']
  if (!policies.includes(spec.concurrencyPolicy as string))
    errors.push(notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, policies))
  const job = (spec.jobTemplate as { spec?: Spec } | undefined)?.spec
  errors.push(...jobSpecErrors(job ?? {}, 'spec.jobTemplate.spec'))
  if (object.metadata.name.length > 52)
    errors.push(invalidValue('metadata.name', object.metadata.name, 'must be no more than 52 characters'))
  return errors
}

function scheduleErrors(schedule: string): FieldError[] {
  if (/^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/.test(schedule) || /^@every \S+$/.test(schedule))
    return []
  const fields = schedule.trim().split(/\s+/)
  if (fields.length !== 5)
    return [
      invalidValue(
        'spec.schedule',
        schedule,
        `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`,
      ),
    ]
  const bad = fields.find((f) => !/^[\d*?,/\-A-Za-z]+$/.test(f))
  return bad === undefined ? [] : [invalidValue('spec.schedule', schedule, `failed to parse int from ${bad}`)]
}

export function replicationControllerErrors(object: KubeObject): FieldError[] {
  const spec = (object.spec ?? {}) as Spec & { replicas?: number }
  const errors = nonNegative('spec.replicas', spec.replicas)
  const selector = (spec.selector ?? {}) as Record<string, string>
  const template = spec.template as PodTemplateSpec | undefined
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'))
  if (!template) return [...errors, required('spec.template')]
  if (Object.keys(selector).length > 0 && !matchesMap(selector, template.metadata?.labels))
    errors.push(invalidValue('spec.template.metadata.labels', template.metadata?.labels ?? null, MISMATCH))
  return [...errors, ...templateErrors(template, 'spec.template')]
}
