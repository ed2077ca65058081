// Requests and limits (validation.go validateResourceRequirements, pkg/apis/core/helper/helpers.go).

import type { ResourceRequirements } from '../objects.ts'
import { canonicalQuantity, compareQuantities, milliValue } from '../quantity.ts'
import { child, invalidValue, key, notSupported, required, forbiddenField, type FieldError } from './field-errors.ts'
import { isQualifiedName } from './names.ts'

const STANDARD_CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage'])
const STANDARD = new Set([
  ...STANDARD_CONTAINER,
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
])

const isHugePages = (name: string): boolean => name.startsWith('hugepages-')
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')

function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0
}

/** Whole units only: pods, services and the like, and every extended resource. */
const isInteger = (name: string): boolean =>
  isExtended(name) ||
  ['pods', 'services', 'secrets', 'configmaps', 'resourcequotas', 'replicationcontrollers'].includes(name)

export function resourceNameErrors(name: string, path: string): FieldError[] {
  const errors = isQualifiedName(name).map((why) => invalidValue(path, name, why))
  if (errors.length > 0) return errors
  if (!name.includes('/') && !STANDARD.has(name) && !isHugePages(name))
    return [invalidValue(path, name, 'must be a standard resource type or fully qualified')]
  return []
}

function containerResourceNameErrors(name: string, path: string): FieldError[] {
  const errors = resourceNameErrors(name, path)
  if (!name.includes('/')) {
    if (!STANDARD_CONTAINER.has(name) && !isHugePages(name))
      errors.push(invalidValue(path, name, 'must be a standard resource for containers'))
  } else if (!isNative(name) && !isExtended(name))
    errors.push(invalidValue(path, name, "doesn't follow extended resource name standard"))
  return errors
}

const POD_LEVEL = ['cpu', 'hugepages-', 'memory']

function podResourceNameErrors(name: string, path: string): FieldError[] {
  const errors = resourceNameErrors(name, path)
  if (errors.length > 0) return errors
  return name === 'cpu' || name === 'memory' || isHugePages(name) ? [] : [notSupported(path, name, POD_LEVEL)]
}

export function quantityErrors(name: string, value: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (compareQuantities(value, '0') < 0)
    errors.push(invalidValue(path, canonicalQuantity(value), 'must be greater than or equal to 0'))
  if (isInteger(name) && milliValue(value) % 1000 !== 0)
    errors.push(invalidValue(path, canonicalQuantity(value), 'must be an integer'))
  return errors
}

export function requirementErrors(
  requirements: ResourceRequirements | undefined,
  path: string,
  level: 'container' | 'pod' = 'container',
): FieldError[] {
  if (!requirements) return []
  const errors: FieldError[] = []
  const { limits = {}, requests = {} } = requirements
  const limitsAt = child(path, 'limits')
  const requestsAt = child(path, 'requests')
  const nameErrors = level === 'pod' ? podResourceNameErrors : containerResourceNameErrors
  let computed = false
  let huge = false
  for (const name in limits) {
    errors.push(...nameErrors(name, key(limitsAt, name)), ...quantityErrors(name, limits[name]!, key(limitsAt, name)))
    computed ||= name === 'cpu' || name === 'memory'
    huge ||= isHugePages(name)
  }
  for (const name in requests) {
    errors.push(
      ...nameErrors(name, key(requestsAt, name)),
      ...quantityErrors(name, requests[name]!, key(requestsAt, name)),
    )
    const limit = limits[name]
    const request = requests[name]!
    const overcommit = isNative(name) && !isHugePages(name)
    if (limit !== undefined) {
      const order = compareQuantities(request, limit)
      if (!overcommit && order !== 0)
        errors.push(
          invalidValue(
            requestsAt,
            canonicalQuantity(request),
            `must be equal to ${name} limit of ${canonicalQuantity(limit)}`,
          ),
        )
      else if (overcommit && order > 0)
        errors.push(
          invalidValue(
            requestsAt,
            canonicalQuantity(request),
            `must be less than or equal to ${name} limit of ${canonicalQuantity(limit)}`,
          ),
        )
    } else if (!overcommit) errors.push(required(limitsAt, 'Limit must be set for non overcommitable resources'))
    computed ||= name === 'cpu' || name === 'memory'
    huge ||= isHugePages(name)
  }
  if (huge && !computed && level === 'container') errors.push(forbiddenField(path, 'HugePages require cpu or memory'))
  return errors
}
