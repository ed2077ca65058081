// Object metadata, labels and selectors (staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go,
// pkg/apis/meta/v1/validation).

import { deepEqual } from '../equality.ts'
import type { KubeObject, Labels, LabelSelector, ObjectMeta } from '../objects.ts'
import {
  child,
  forbiddenField,
  IMMUTABLE,
  index,
  invalidValue,
  required,
  tooLong,
  type FieldError,
} from './field-errors.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isPathSegment,
  isQualifiedName,
  maskTrailingDash,
  type NameRule,
} from './names.ts'

const ANNOTATIONS_MAX = 256 * 1024
const noRule: NameRule = () => []

/** Which names a kind may have. Everything not here is a DNS subdomain. */
const NAME_RULES: Record<string, NameRule> = {
  Namespace: isDns1123Label,
  // RelaxedServiceNameValidation: since 1.36 a Service may start with a digit.
  Service: isDns1123Label,
  ...Object.fromEntries(
    ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].map((kind) => [kind, isPathSegment]),
  ),
  Event: noRule,
}

export function labelErrors(labels: Labels | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const key in labels) {
    for (const why of isQualifiedName(key)) errors.push(invalidValue(path, key, why))
    const value = labels[key]!
    if (value !== '') for (const why of isLabelValue(value)) errors.push(invalidValue(path, value, why))
  }
  return errors
}

export function annotationErrors(annotations: Labels | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const key in annotations) {
    for (const why of isQualifiedName(key.toLowerCase())) errors.push(invalidValue(path, key, why))
    size += key.length + annotations[key]!.length
  }
  if (size > ANNOTATIONS_MAX) errors.push(tooLong(path, ANNOTATIONS_MAX))
  return errors
}

export function labelNameErrors(name: string, path: string): FieldError[] {
  return isQualifiedName(name).map((why) => invalidValue(path, name, why))
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

function finalizerErrors(finalizers: readonly string[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  finalizers?.forEach((name, i) => {
    for (const why of isQualifiedName(name)) errors.push(invalidValue(path, name, why))
    if (!name.includes('/') && !STANDARD_FINALIZERS.has(name))
      errors.push(
        invalidValue(index(path, i), name, 'name is neither a standard finalizer name nor is it fully qualified'),
      )
  })
  return errors
}

function ownerErrors(meta: ObjectMeta): FieldError[] {
  const path = 'metadata.ownerReferences'
  const errors: FieldError[] = []
  let first = ''
  meta.ownerReferences?.forEach((ref, i) => {
    const at = index(path, i)
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const)
      if (!ref[field]) errors.push(required(child(at, field), 'must not be empty'))
    if (!ref.controller) return
    const name = `${ref.kind}/${ref.name}`
    if (first === '') first = name
    else
      errors.push(
        invalidValue(
          path,
          meta.ownerReferences,
          `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${name}`,
        ),
      )
  })
  return errors
}

export function metaErrors(object: KubeObject, namespaced: boolean): FieldError[] {
  const meta = object.metadata
  const rule = NAME_RULES[object.kind] ?? isDns1123Subdomain
  const errors: FieldError[] = []
  if (meta.generateName)
    for (const why of rule(maskTrailingDash(meta.generateName)))
      errors.push(invalidValue('metadata.generateName', meta.generateName, why))
  if (!meta.name) errors.push(required('metadata.name', 'name or generateName is required'))
  else for (const why of rule(meta.name)) errors.push(invalidValue('metadata.name', meta.name, why))
  if (namespaced) {
    if (!meta.namespace) errors.push(required('metadata.namespace'))
    else
      for (const why of isDns1123Label(meta.namespace))
        errors.push(invalidValue('metadata.namespace', meta.namespace, why))
  } else if (meta.namespace) errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'))
  errors.push(...labelErrors(meta.labels, 'metadata.labels'))
  errors.push(...annotationErrors(meta.annotations, 'metadata.annotations'))
  errors.push(...ownerErrors(meta))
  errors.push(...finalizerErrors(meta.finalizers, 'metadata.finalizers'))
  return errors
}

export function metaUpdateErrors(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  if (old.deletionTimestamp !== undefined) {
    const added = (meta.finalizers ?? []).filter((f) => !old.finalizers?.includes(f))
    if (added.length > 0)
      errors.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
        ),
      )
  }
  for (const field of ['name', 'namespace', 'uid'] as const)
    if (meta[field] !== old[field]) errors.push(invalidValue(`metadata.${field}`, meta[field], IMMUTABLE))
  if (meta.labels !== old.labels) errors.push(...labelErrors(meta.labels, 'metadata.labels'))
  if (meta.annotations !== old.annotations) errors.push(...annotationErrors(meta.annotations, 'metadata.annotations'))
  errors.push(...ownerErrors(meta))
  if (meta.finalizers !== old.finalizers) errors.push(...finalizerErrors(meta.finalizers, 'metadata.finalizers'))
  return errors
}

export function selectorErrors(selector: LabelSelector | undefined, path: string): FieldError[] {
  const errors = labelErrors(selector?.matchLabels, child(path, 'matchLabels'))
  selector?.matchExpressions?.forEach((e, i) => {
    const at = index(child(path, 'matchExpressions'), i)
    if (e.operator === 'In' || e.operator === 'NotIn') {
      if (!e.values?.length)
        errors.push(required(child(at, 'values'), "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (e.operator === 'Exists' || e.operator === 'DoesNotExist') {
      if (e.values?.length)
        errors.push(
          forbiddenField(child(at, 'values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        )
    } else errors.push(invalidValue(child(at, 'operator'), e.operator ?? '', 'not a valid selector operator'))
    errors.push(...labelNameErrors(e.key ?? '', child(at, 'key')))
    e.values?.forEach((value, v) => {
      for (const why of isLabelValue(value)) errors.push(invalidValue(index(child(at, 'values'), v), value, why))
    })
  })
  return errors
}

export const emptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0

export function immutable(path: string, value: unknown, old: unknown): FieldError[] {
  return deepEqual(value, old) ? [] : [invalidValue(path, value, IMMUTABLE)]
}

export function nonNegative(path: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : []
}

export const dnsLabelErrors = (path: string, value: string): FieldError[] =>
  isDns1123Label(value).map((why) => invalidValue(path, value, why))

export const subdomainErrors = (path: string, value: string): FieldError[] =>
  isDns1123Subdomain(value).map((why) => invalidValue(path, value, why))
