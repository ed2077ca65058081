import type { ApiRequest } from '../../model/messages.ts'
import { getObject } from '../../model/apiserver/object-store.ts'
import type { ToolResult } from '../contract.ts'
import { compactJson } from '../json-text.ts'
import { ask, asInput, errorText, notHonoured } from './client.ts'
import type { FlagSpecs } from './flags.ts'
import { namespaceOf, readFiles, type ManifestObject } from './manifests.ts'
import { printObjects } from './output.ts'
import { slashName } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const FILE_FLAGS: FlagSpecs = {
  filename: { short: 'f', takes: 'list', says: 'a file, a directory, or - for standard input' },
  kustomize: { short: 'k', takes: 'value' },
  recursive: { short: 'R', takes: 'bool' },
  'dry-run': { takes: 'optional', choices: ['client', 'server', 'none'] },
  output: { short: 'o', takes: 'value', choices: ['yaml', 'json', 'name'] },
  validate: { takes: 'optional' },
  'field-manager': { takes: 'value' },
}

export type DryRun = 'none' | 'client' | 'server'

export function dryRunOf(kube: Kube): DryRun {
  const value = kube.flags.get('dry-run')
  return value === undefined || value === 'none' || value === 'false'
    ? 'none'
    : value === 'server'
      ? 'server'
      : 'client'
}

export const dryRunSuffix = (dryRun: DryRun): string =>
  dryRun === 'none' ? '' : dryRun === 'server' ? ' (server dry run)' : ' (dry run)'

/**
 * A file may hold a Namespace and what goes into it: each object is sent when the one before it is in. So one object
 * per call, with the rest as state; the files are read and parsed once.
 */
interface Progress {
  readonly objects: readonly ManifestObject[]
  readonly errors: string
  readonly next: number
  readonly exit: number
  /** How often the API server has looked for the service account of `next` in vain. */
  readonly tries: number
}

export interface Sent {
  readonly out?: string
  readonly err?: string
  readonly failed?: boolean
  readonly request?: ApiRequest
}

/** admission/plugin/serviceaccount: NUM_TRIES and the time between them. A new namespace gets its account a moment later. */
export const ACCOUNT_TRIES = 10
export const ACCOUNT_RETRY = 100_000

export function awaitsAccount(sent: { readonly err?: string }): boolean {
  return /error looking up service account .* not found/.test(sent.err ?? '')
}

export function perObject(kube: Kube, one: (object: ManifestObject) => Sent): ToolResult {
  const progress = (kube.call.state as Progress | undefined) ?? start(kube)
  const { objects, errors, next, tries } = progress
  const object = objects[next]
  if (!object) return { err: errors, exit: errors === '' ? progress.exit : 1 }
  const result = one(object)
  if (awaitsAccount(result) && tries < ACCOUNT_TRIES)
    return { state: { ...progress, tries: tries + 1 }, wait: { until: kube.now + ACCOUNT_RETRY } }
  const exit = result.failed ? 1 : progress.exit
  const last = next + 1 >= objects.length
  return {
    out: result.out,
    err: (result.err ?? '') + (last ? errors : ''),
    inputs: result.request ? [asInput(result.request)] : [],
    ...(last
      ? { exit: errors === '' ? exit : 1 }
      : { state: { ...progress, next: next + 1, exit, tries: 0 } satisfies Progress }),
  }
}

function start(kube: Kube): Progress {
  const { objects, errors } = readFiles(kube)
  return { objects, errors: errors.join(''), next: 0, exit: 0, tries: 0 }
}

export const apply: Verb = {
  name: 'apply',
  summary: 'create or change objects from a file',
  usage: '(-f FILENAME | -k DIRECTORY) [flags]',
  flags: {
    ...FILE_FLAGS,
    'server-side': { takes: 'bool' },
    'force-conflicts': { takes: 'bool' },
    force: { takes: 'bool' },
    overwrite: { takes: 'bool' },
    prune: { takes: 'bool' },
    selector: { short: 'l', takes: 'value' },
    wait: { takes: 'bool' },
  },
  run(kube) {
    const dryRun = dryRunOf(kube)
    const serverSide = kube.flags.bool('server-side')
    return perObject(kube, (item) => {
      const { document, resource, source } = item
      const namespace = namespaceOf(kube, item)
      const metadata = (document.body.metadata ?? {}) as Record<string, unknown>
      if (document.name === '') {
        const generated = typeof metadata.generateName === 'string'
        return {
          failed: true,
          err: generated
            ? `error: from ${metadata.generateName as string}: cannot use generate name with apply\n`
            : `error: error when retrieving current configuration of:\nResource: "${resource.group === '' ? '' : `${resource.group}/`}${resource.version}, Resource=${resource.resource}", GroupVersionKind: "${resource.group === '' ? '/' : `${resource.group}/`}${resource.version}, Kind=${resource.kind}"\nName: "", Namespace: "${namespace ?? ''}"\nfrom server for: "${source}": resource name may not be empty\n`,
        }
      }
      const bare = { ...document.body, metadata: { ...metadata, ...(namespace ? { namespace } : {}) } }
      const annotations = { ...(metadata.annotations as Record<string, string> | undefined) }
      const text = `${compactJson({ ...bare, metadata: { ...bare.metadata, annotations } })}\n`
      const body = serverSide
        ? bare
        : { ...bare, metadata: { ...bare.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } }
      const old = getObject(kube.reader, resource, namespace, document.name)
      const request: ApiRequest = {
        verb: 'patch',
        patchType: 'apply',
        resource: resource.resource,
        group: resource.group,
        name: document.name,
        ...(namespace ? { namespace } : {}),
        body,
        fieldManager: serverSide ? 'kubectl' : 'kubectl-client-side-apply',
        ...(dryRun === 'none' ? {} : { dryRun: true }),
      }
      const answer = ask(kube.reader, request)
      if (answer.code >= 400) {
        const doing = old ? `applying patch to` : 'creating'
        const err = errorText(answer, resource.kind, document.name, `${doing} "${source}"`)
        return {
          failed: true,
          err:
            answer.reason === 'BadRequest' && old
              ? errorText(answer, resource.kind, document.name, `creating "${source}"`).replace(
                  'creating',
                  'applying patch to',
                )
              : err,
        }
      }
      const missing = old && !serverSide && old.metadata.annotations?.[LAST_APPLIED] === undefined
      const hint = missing
        ? `Warning: resource ${resource.resource}/${document.name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`
        : ''
      const changed = answer.object && old && answer.object.metadata.resourceVersion !== old.metadata.resourceVersion
      const verb = serverSide ? 'serverside-applied' : !old ? 'created' : changed ? 'configured' : 'unchanged'
      const format = kube.flags.get('output')
      const printed =
        format && answer.object
          ? printObjects(format, [{ resource, object: answer.object }], { single: true, headers: true })
          : undefined
      return {
        out: printed ?? `${slashName(resource, document.name)} ${verb}${dryRunSuffix(dryRun)}\n`,
        err: hint + notHonoured(document.body, answer.object),
        ...(dryRun === 'none' ? { request } : {}),
      }
    })
  },
}
