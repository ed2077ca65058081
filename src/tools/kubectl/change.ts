import type { ApiRequest } from '../../model/messages.ts'
import type { KubeObject } from '../../model/apiserver/objects.ts'
import type { ApiResource } from '../../model/apiserver/resources.ts'
import { serverWarnings } from '../../model/apiserver/warnings.ts'
import type { ToolResult } from '../contract.ts'
import { dryRunOf, dryRunSuffix } from './apply.ts'
import { ask, asInput, errorText, warningLines } from './client.ts'
import { printObjects } from './output.ts'
import { slashName } from './resource-args.ts'
import type { Kube } from './verb.ts'

/** Creates an object that a verb made up (`create`, `run`, `expose`) and prints `pod/web created`. */
export function createObject(
  kube: Kube,
  resource: ApiResource,
  body: object,
  /** `wrap`: as the generator words an error of the server. */
  options: { word?: string; wrap?: string } = {},
): ToolResult {
  const dryRun = dryRunOf(kube)
  const metadata = (body as { metadata: { name: string } }).metadata
  const namespace = resource.namespaced ? kube.namespace : undefined
  const whole = { ...body, metadata: { ...metadata, ...(namespace ? { namespace } : {}) } }
  const format = kube.flags.get('output')
  if (dryRun === 'client' && format) {
    const printed = printObjects(format, [{ resource, object: whole as unknown as KubeObject }], {
      single: true,
      headers: true,
    })
    if (printed !== undefined) return { out: printed, exit: 0 }
  }
  const request: ApiRequest = {
    verb: 'create',
    resource: resource.resource,
    group: resource.group,
    ...(namespace ? { namespace } : {}),
    body: whole,
  }
  const answer = ask(kube.reader, request)
  if (answer.code >= 400)
    return {
      err: options.wrap ? `error: ${options.wrap}: ${answer.message}\n` : createError(answer, resource, metadata.name),
      exit: 1,
    }
  const printed =
    format && answer.object
      ? printObjects(format, [{ resource, object: answer.object }], { single: true, headers: true })
      : undefined
  return {
    out: printed ?? `${slashName(resource, metadata.name)} ${options.word ?? 'created'}${dryRunSuffix(dryRun)}\n`,
    err: warningLines(answer.object ? serverWarnings(answer.object) : []),
    ...(dryRun === 'none' ? { inputs: [asInput(request)] } : {}),
    exit: 0,
  }
}

const WRAPPED = new Set(['deployments', 'configmaps', 'serviceaccounts', 'jobs'])

/** Some generators wrap the server's answer (`kubectl create deployment`), some pass it on (`kubectl run`). */
function createError(answer: ReturnType<typeof ask>, resource: ApiResource, name: string): string {
  if (answer.reason === 'AlreadyExists' && WRAPPED.has(resource.resource))
    return `error: failed to create ${resource.singular}: ${answer.message}\n`
  return errorText(answer, resource.kind, name)
}

/** Sends one change of an object; the word says what happened when something did. */
export function changeObject(
  kube: Kube,
  resource: ApiResource,
  object: KubeObject,
  change: Pick<ApiRequest, 'body' | 'patchType' | 'subresource'> & { verb?: 'patch' | 'update' },
): { request?: ApiRequest; changed: boolean; object?: KubeObject; err: string } {
  const { name, namespace } = object.metadata
  const request: ApiRequest = {
    verb: change.verb ?? 'patch',
    resource: resource.resource,
    group: resource.group,
    name,
    ...(namespace ? { namespace } : {}),
    ...(change.patchType ? { patchType: change.patchType } : {}),
    ...(change.subresource ? { subresource: change.subresource } : {}),
    body: change.body!,
  }
  const answer = ask(kube.reader, request)
  if (answer.code >= 400) return { changed: false, err: errorText(answer, resource.kind, name) }
  return {
    changed: answer.writes.length > 0,
    err: '',
    ...(answer.object ? { object: answer.object } : {}),
    ...(answer.writes.length > 0 && dryRunOf(kube) === 'none' ? { request } : {}),
  }
}

export function finish(results: readonly { out?: string; err?: string; request?: ApiRequest }[]): ToolResult {
  const err = results.map((result) => result.err ?? '').join('')
  return {
    out: results.map((result) => result.out ?? '').join(''),
    err,
    inputs: results.flatMap((result) => (result.request ? [asInput(result.request)] : [])),
    exit: err === '' ? 0 : 1,
  }
}
