// Where a pod may go: affinity, tolerations, spread, taints (validation.go validateAffinity, ValidateTolerations,
// validateTopologySpreadConstraints, validateNodeTaints).

import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../objects.ts'
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
import { labelNameErrors, selectorErrors } from './meta.ts'
import { isDns1123Label, isDns1123Subdomain, isLabelValue } from './names.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

export function tolerationErrors(tolerations: readonly Toleration[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  tolerations?.forEach((t, i) => {
    const at = index(path, i)
    if (t.key) errors.push(...labelNameErrors(t.key, child(at, 'key')))
    if (!t.key && t.operator !== 'Exists')
      errors.push(
        invalidValue(
          child(at, 'operator'),
          t.operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    if (t.tolerationSeconds !== undefined && t.effect !== 'NoExecute')
      errors.push(
        invalidValue(child(at, 'effect'), t.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      )
    const operator = t.operator ?? 'Equal'
    if (operator === 'Equal') {
      const wrong = isLabelValue(t.value ?? '')
      if (wrong.length > 0) errors.push(invalidValue(child(at, 'operator'), t.value, wrong.join(';')))
    } else if (operator === 'Exists') {
      if (t.value)
        errors.push(invalidValue(child(at, 'operator'), t.value, "value must be empty when `operator` is 'Exists'"))
    } else if (operator !== 'Lt' && operator !== 'Gt')
      errors.push(notSupported(child(at, 'operator'), operator, ['Equal', 'Exists']))
    if (t.effect && !EFFECTS.includes(t.effect)) errors.push(notSupported(child(at, 'effect'), t.effect, EFFECTS))
  })
  return errors
}

export function taintErrors(taints: readonly Taint[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  taints?.forEach((t, i) => {
    const at = index(path, i)
    errors.push(...labelNameErrors(t.key ?? '', child(at, 'key')))
    const wrong = isLabelValue(t.value ?? '')
    if (wrong.length > 0) errors.push(invalidValue(child(at, 'value'), t.value, wrong.join(';')))
    if (!t.effect) errors.push(required(child(at, 'effect')))
    else if (!EFFECTS.includes(t.effect)) errors.push(notSupported(child(at, 'effect'), t.effect, EFFECTS))
    const id = `${t.key}:${t.effect}`
    if (seen.has(id)) errors.push(duplicate(at, t, 'taints must be unique by key and effect pair'))
    seen.add(id)
  })
  return errors
}

export function affinityErrors(affinity: Affinity | undefined, path: string): FieldError[] {
  if (!affinity) return []
  const errors: FieldError[] = []
  const node = affinity.nodeAffinity
  if (node?.[REQUIRED])
    errors.push(...nodeSelectorErrors(node[REQUIRED].nodeSelectorTerms, `${path}.nodeAffinity.${REQUIRED}`))
  node?.[PREFERRED]?.forEach((term, i) => {
    const at = `${path}.nodeAffinity.${PREFERRED}[${i}]`
    errors.push(...weightErrors(term.weight, at), ...termErrors(term.preference ?? {}, `${at}.preference`, false))
  })
  for (const side of ['podAffinity', 'podAntiAffinity'] as const)
    if (affinity[side]) errors.push(...podAffinityErrors(affinity[side], child(path, side)))
  return errors
}

function weightErrors(weight: number | undefined, at: string): FieldError[] {
  return weight === undefined || weight <= 0 || weight > 100
    ? [invalidValue(child(at, 'weight'), weight ?? 0, 'must be in the range 1-100')]
    : []
}

function nodeSelectorErrors(terms: readonly NodeSelectorTerm[] | undefined, path: string): FieldError[] {
  const at = child(path, 'nodeSelectorTerms')
  if (!terms?.length) return [required(at, 'must have at least one node selector term')]
  return terms.flatMap((term, i) => termErrors(term, index(at, i), true))
}

function termErrors(term: NodeSelectorTerm, path: string, checkValues: boolean): FieldError[] {
  const errors: FieldError[] = []
  term.matchExpressions?.forEach((r, i) =>
    errors.push(...requirementErrors(r, index(child(path, 'matchExpressions'), i), checkValues)),
  )
  term.matchFields?.forEach((r, i) => {
    const at = index(child(path, 'matchFields'), i)
    if (r.operator === 'In' || r.operator === 'NotIn') {
      if (r.values?.length !== 1)
        errors.push(
          required(
            child(at, 'values'),
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
          ),
        )
    } else errors.push(invalidValue(child(at, 'operator'), r.operator ?? '', 'not a valid selector operator'))
    if (r.key !== 'metadata.name')
      errors.push(invalidValue(child(at, 'key'), r.key ?? '', 'not a valid field selector key'))
    else
      r.values?.forEach((v, k) => {
        for (const why of isDns1123Subdomain(v)) errors.push(invalidValue(index(child(at, 'values'), k), v, why))
      })
  })
  return errors
}

function requirementErrors(r: NodeSelectorRequirement, path: string, checkValues: boolean): FieldError[] {
  const errors: FieldError[] = []
  const values = child(path, 'values')
  switch (r.operator) {
    case 'In':
    case 'NotIn':
      if (!r.values?.length) errors.push(required(values, "must be specified when `operator` is 'In' or 'NotIn'"))
      break
    case 'Exists':
    case 'DoesNotExist':
      if (r.values?.length)
        errors.push(forbiddenField(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
      break
    case 'Gt':
    case 'Lt':
      if (r.values?.length !== 1)
        errors.push(required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
      break
    default:
      errors.push(invalidValue(child(path, 'operator'), r.operator ?? '', 'not a valid selector operator'))
  }
  errors.push(...labelNameErrors(r.key ?? '', child(path, 'key')))
  if (checkValues)
    r.values?.forEach((v, i) => {
      for (const why of isLabelValue(v)) errors.push(invalidValue(index(values, i), v, why))
    })
  return errors
}

function podAffinityErrors(affinity: PodAffinity, path: string): FieldError[] {
  const errors: FieldError[] = []
  affinity[REQUIRED]?.forEach((term, i) => errors.push(...podTermErrors(term, `${path}.${REQUIRED}[${i}]`)))
  affinity[PREFERRED]?.forEach((weighted, i) => {
    const at = `${path}.${PREFERRED}[${i}]`
    errors.push(
      ...weightErrors(weighted.weight, at),
      ...podTermErrors(weighted.podAffinityTerm ?? {}, `${at}.podAffinityTerm`),
    )
  })
  return errors
}

function podTermErrors(term: Partial<PodAffinityTerm>, path: string): FieldError[] {
  const errors = selectorErrors(term.labelSelector, child(path, 'labelSelector'))
  errors.push(...selectorErrors(term.namespaceSelector, child(path, 'namespaceSelector')))
  for (const name of term.namespaces ?? [])
    for (const why of isDns1123Label(name)) errors.push(invalidValue(child(path, 'namespace'), name, why))
  const key = child(path, 'topologyKey')
  if (!term.topologyKey) errors.push(required(key, 'can not be empty'))
  errors.push(...labelNameErrors(term.topologyKey ?? '', key))
  return errors
}

const SCHEDULE_ACTIONS = ['DoNotSchedule', 'ScheduleAnyway']

export function spreadErrors(constraints: readonly TopologySpreadConstraint[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  constraints?.forEach((c, i) => {
    const at = index(path, i)
    if (c.maxSkew === undefined || c.maxSkew <= 0)
      errors.push(invalidValue(child(at, 'maxSkew'), c.maxSkew ?? 0, 'must be greater than zero'))
    if (!c.topologyKey) errors.push(required(child(at, 'topologyKey'), 'can not be empty'))
    else errors.push(...labelNameErrors(c.topologyKey, child(at, 'topologyKey')))
    if (!SCHEDULE_ACTIONS.includes(c.whenUnsatisfiable))
      errors.push(notSupported(child(at, 'whenUnsatisfiable'), c.whenUnsatisfiable ?? '', SCHEDULE_ACTIONS))
    const id = `{${c.topologyKey}, ${c.whenUnsatisfiable}}`
    if (seen.has(id)) errors.push(duplicate(child(at, '{topologyKey, whenUnsatisfiable}'), id))
    seen.add(id)
    if (c.minDomains !== undefined) {
      if (c.minDomains <= 0)
        errors.push(invalidValue(child(at, 'minDomains'), c.minDomains, 'must be greater than zero'))
      if (c.whenUnsatisfiable !== 'DoNotSchedule')
        errors.push(
          invalidValue(
            child(at, 'minDomains'),
            c.minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${c.whenUnsatisfiable}`,
          ),
        )
    }
    errors.push(...selectorErrors(c.labelSelector, child(at, 'labelSelector')))
  })
  return errors
}
