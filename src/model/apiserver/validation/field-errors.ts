// field.Error of upstream as plain records, with its wording (util/validation/field/errors.go).

import type { StatusCause } from '../status-errors.ts'

export type FieldError = StatusCause

/** strconv.Quote, for the characters that manifests hold. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (value === undefined || value === null) return 'null'
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value)
}

const withDetail = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`)

export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: withDetail('Required value', detail),
})

export const invalidValue = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: withDetail(`Invalid value: ${show(value)}`, detail),
})

export const duplicate = (field: string, value: unknown, detail = ''): FieldError => ({
  reason: 'FieldValueDuplicate',
  field,
  message: withDetail(`Duplicate value: ${show(value)}`, detail),
})

export const forbiddenField = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: withDetail('Forbidden', detail),
})

export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${show(value)}: supported values: ${supported.map(quote).join(', ')}`,
})

export const valueNotFound = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueNotFound',
  field,
  message: `Not found: ${show(value)}`,
})

export const tooLong = (field: string, max: number): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${max} bytes`,
})

export const IMMUTABLE = 'field is immutable'

export const child = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
export const index = (path: string, i: number): string => `${path}[${i}]`
export const key = (path: string, k: string): string => `${path}[${k}]`

/** The steps of a printed path: `spec.containers[0].resources.limits[cpu]`. */
export function pathSteps(path: string): (string | number)[] {
  const steps: (string | number)[] = []
  const pattern = /([^.[\]]+)|\[([^\]]*)\]/g
  for (let match = pattern.exec(path); match; match = pattern.exec(path)) {
    if (match[1] !== undefined) steps.push(match[1])
    else steps.push(/^\d+$/.test(match[2]!) ? Number(match[2]) : match[2]!)
  }
  return steps
}
