import type { Input } from '../../sim/contract.ts'
import type { ApiRequest } from '../../model/messages.ts'
import type { ModelReader } from '../../model/tables.ts'
import { honouredWarnings } from '../../model/apiserver/honoured.ts'
import { serverWarnings } from '../../model/apiserver/warnings.ts'
import type { KubeObject } from '../../model/apiserver/objects.ts'
import { respond, type Answer } from '../../model/apiserver/respond.ts'

/**
 * What the API server answers to a person's request now. The same request goes in as an input at the same instant, so
 * the answer is the one it gives: the tool prints it, the model does it. Only what the server draws by lot (uids, free
 * addresses) differs; read that from the tables afterwards.
 */
export function ask(reader: ModelReader, request: ApiRequest): Answer {
  let drawn = 0
  return respond(reader, request, { now: reader.now, random: (_, below) => drawn++ % below }, true)
}

export function asInput(request: ApiRequest): Input {
  return { kind: 'api.request', to: 'apiserver', from: 'laptop', data: { userAgent: 'kubectl/v1.36', ...request } }
}

/** cmdutil.StandardErrorMessage: how kubectl words an error of the API server. `source`: what it was doing, with which file. */
export function errorText(answer: Answer, kind: string, name: string, source = ''): string {
  if (answer.reason === 'Invalid' && answer.causes && answer.causes.length > 0) {
    const texts = answer.causes.map((cause) => `${cause.field}: ${cause.message}`)
    const head = `The ${kind} "${name}" is invalid: `
    return texts.length === 1 ? `${head}${texts[0]}\n` : `${head}\n${texts.map((text) => `* ${text}\n`).join('')}`
  }
  if (answer.reason === 'Invalid') return `The ${kind} "${name}" is invalid: ${answer.message}\n`
  return `Error from server (${answer.reason ?? 'InternalError'}): ${source === '' ? '' : `error when ${source}: `}${answer.message}\n`
}

/** What the API server warns of, then fields that a person wrote and that the model does not honour: the lab's own lines. */
export function notHonoured(body: unknown, stored?: KubeObject): string {
  return warningLines([...(stored ? serverWarnings(stored) : []), ...(honouredWarnings(body as KubeObject) ?? [])])
}

export const warningLines = (warnings: readonly string[]): string =>
  warnings.map((warning) => `Warning: ${warning}\n`).join('')

/** The server warns of a deprecated resource with every answer; kubectl prints the same words once. */
export function deprecated(resources: readonly { readonly resource: string }[]): string {
  return resources.some(({ resource }) => resource === 'endpoints')
    ? 'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n'
    : ''
}
