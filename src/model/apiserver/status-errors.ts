// metav1.Status errors with the API server's texts (staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go).

import { qualifiedResource, type ApiResource } from './resources.ts'

export type StatusCause = { reason: string; message: string; field: string }
export type StatusError = {
  code: number
  reason: string
  message: string
  causes?: readonly StatusCause[]
}

type Named = Pick<ApiResource, 'resource' | 'group'>

export const notFound = (r: Named, name: string): StatusError => ({
  code: 404,
  reason: 'NotFound',
  message: `${qualifiedResource(r)} "${name}" not found`,
})

export const alreadyExists = (r: Named, name: string): StatusError => ({
  code: 409,
  reason: 'AlreadyExists',
  message: `${qualifiedResource(r)} "${name}" already exists`,
})

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

export const conflict = (r: Named, name: string, why: string): StatusError => ({
  code: 409,
  reason: 'Conflict',
  message: `Operation cannot be fulfilled on ${qualifiedResource(r)} "${name}": ${why}`,
})

export const forbidden = (r: Named, name: string, why: string): StatusError => ({
  code: 403,
  reason: 'Forbidden',
  message: `${qualifiedResource(r)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`,
})

export const internalError = (message: string): StatusError => ({
  code: 500,
  reason: 'InternalError',
  message: `Internal error occurred: ${message}`,
})

export const badRequest = (message: string): StatusError => ({ code: 400, reason: 'BadRequest', message })

export const tooManyRequests = (message: string): StatusError => ({ code: 429, reason: 'TooManyRequests', message })

export const methodNotAllowed = (r: Named, verb: string): StatusError => ({
  code: 405,
  reason: 'MethodNotAllowed',
  message: `${verb} is not supported on resources of kind "${qualifiedResource(r)}"`,
})

export const noSuchResource = (): StatusError => ({
  code: 404,
  reason: 'NotFound',
  message: 'the server could not find the requested resource',
})

/** NewInvalid: one error stands in the line, more are a list in brackets. */
export function invalid(kind: string, group: string, name: string, errors: readonly StatusCause[]): StatusError {
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))]
  const body = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
  return {
    code: 422,
    reason: 'Invalid',
    message: `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${body}`,
    causes: errors,
  }
}

/** What kubectl makes of an Invalid error: one mistake in the line, more as a list (cmd/util/helpers.go checkErr). */
export function kubectlInvalid(kind: string, name: string, causes: readonly StatusCause[]): string {
  const texts = [...new Set(causes.map((c) => `${c.field}: ${c.message}`))]
  const start = `The ${kind} "${name}" is invalid: `
  return texts.length === 1 ? start + texts[0]! : start + texts.map((t) => `\n* ${t}`).join('')
}
