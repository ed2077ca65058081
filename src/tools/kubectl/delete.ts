import { getObject } from '../../model/apiserver/object-store.ts'
import type { ApiResource } from '../../model/apiserver/resources.ts'
import { notFound } from '../../model/apiserver/status-errors.ts'
import type { ApiRequest } from '../../model/messages.ts'
import type { ToolResult } from '../contract.ts'
import { ask, asInput, errorText } from './client.ts'
import { dryRunOf, dryRunSuffix, FILE_FLAGS } from './apply.ts'
import { KubectlError } from './flags.ts'
import { goDuration } from './durations.ts'
import { namespaceOf, readFiles } from './manifests.ts'
import { completeResource, listSorted, readResourceArgs } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

interface Target {
  readonly resource: ApiResource
  readonly namespace: string | undefined
  readonly name: string
}

interface Waiting {
  readonly left: readonly (Target & { readonly uid: string })[]
  readonly until: number
  readonly exit: number
}

export const deleteVerb: Verb = {
  name: 'delete',
  summary: 'delete objects and wait until they are gone',
  usage: '([-f FILENAME] | TYPE [(NAME | -l label | --all)]) [flags]',
  flags: {
    ...FILE_FLAGS,
    all: { takes: 'bool' },
    'all-namespaces': { short: 'A', takes: 'bool' },
    selector: { short: 'l', takes: 'value' },
    'field-selector': { takes: 'value' },
    'grace-period': { takes: 'value', says: 'seconds; 0 with --force ends at once' },
    force: { takes: 'bool' },
    now: { takes: 'bool', says: 'a grace period of one second' },
    wait: { takes: 'bool', says: 'wait until it is gone (default true)' },
    'ignore-not-found': { takes: 'bool' },
    cascade: { takes: 'optional', choices: ['background', 'foreground', 'orphan'] },
    timeout: { takes: 'value' },
    interactive: { short: 'i', takes: 'bool' },
  },
  complete: completeResource,
  run(kube) {
    if (kube.call.state) return waitGone(kube, kube.call.state as Waiting)
    const { flags, reader } = kube
    const { targets, errors, warnings } = targetsOf(kube)
    let grace = flags.has('grace-period') ? Number(flags.get('grace-period')) : -1
    if (Number.isNaN(grace))
      throw new KubectlError(
        `error: invalid argument "${flags.get('grace-period')}" for "--grace-period" flag: strconv.ParseInt: parsing "${flags.get('grace-period')}": invalid syntax`,
      )
    const force = flags.bool('force')
    if (flags.bool('now')) {
      if (grace !== -1) throw new KubectlError('error: --now and --grace-period cannot be specified together')
      grace = 1
    }
    let err = warnings
    if (grace === 0 && !force) grace = 1
    else if (force && grace < 0) grace = 0
    if (force && grace > 0)
      throw new KubectlError('error: --force and --grace-period greater than 0 cannot be specified together')
    if (force)
      err +=
        'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n'
    const dryRun = dryRunOf(kube)
    const requests: ApiRequest[] = []
    const left: (Target & { uid: string })[] = []
    let out = ''
    let exit = errors.length > 0 ? 1 : 0
    for (const target of targets) {
      const { resource, namespace, name } = target
      const request: ApiRequest = {
        verb: 'delete',
        resource: resource.resource,
        group: resource.group,
        name,
        ...(namespace ? { namespace } : {}),
        ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}),
        propagationPolicy: propagation(flags.get('cascade')),
      }
      const answer = ask(reader, request)
      if (answer.code >= 400) {
        if (answer.reason === 'NotFound' && flags.bool('ignore-not-found')) continue
        err += errorText(answer, resource.kind, name)
        exit = 1
        continue
      }
      requests.push(request)
      left.push({ ...target, uid: getObject(reader, resource, namespace, name)?.metadata.uid ?? '' })
      out += deletedLine(kube, target, grace === 0) + dryRunSuffix(dryRun) + '\n'
    }
    err += errors.join('')
    if (targets.length === 0 && errors.length === 0) out = flags.bool('ignore-not-found') ? '' : 'No resources found\n'
    if (dryRun !== 'none') return { out, err, exit }
    const inputs = requests.map(asInput)
    if (left.length === 0 || !flags.bool('wait', true)) return { out, err, exit, inputs }
    const timeout = flags.has('timeout') ? goDuration(flags.get('timeout')!) : 0
    const until = reader.now + (timeout > 0 ? timeout : 604_800_000_000)
    const state: Waiting = { left, until, exit }
    return { out, err, inputs, state, wait: { until: reader.now } }
  },
}

function deletedLine(kube: Kube, { resource, namespace, name }: Target, forced: boolean): string {
  const kind = resource.kind.toLowerCase() + (resource.group === '' ? '' : `.${resource.group}`)
  if (kube.flags.get('output') === 'name') return `${kind}/${name}`
  const operation = `${forced ? 'force deleted' : 'deleted'}${namespace ? ` from ${namespace} namespace` : ''}`
  return `${kind} "${name}" ${operation}`
}

function propagation(cascade: string | undefined): 'Background' | 'Foreground' | 'Orphan' {
  if (cascade === 'foreground') return 'Foreground'
  return cascade === 'orphan' || cascade === 'false' ? 'Orphan' : 'Background'
}

function targetsOf(kube: Kube): { targets: Target[]; errors: string[]; warnings: string } {
  const { flags } = kube
  if (flags.list('filename').length > 0) {
    const { objects, errors } = readFiles(kube)
    return {
      targets: objects.map((item) => ({
        resource: item.resource,
        namespace: namespaceOf(kube, item),
        name: item.document.name,
      })),
      errors,
      warnings: '',
    }
  }
  const named = readResourceArgs(kube.args, {
    allowAll: flags.bool('all') || flags.has('selector') || flags.has('field-selector'),
    path: 'kubectl delete',
  })
  if (flags.bool('all') && flags.has('selector'))
    throw new KubectlError('error: cannot set --all and --selector at the same time')
  const targets: Target[] = []
  const errors: string[] = []
  for (const { resource, name } of named) {
    const namespace = resource.namespaced ? kube.namespace : undefined
    if (name === undefined) {
      const scope = flags.bool('all-namespaces') ? undefined : namespace
      for (const object of listSorted(kube, resource, scope, flags.get('selector'), flags.get('field-selector')))
        targets.push({ resource, namespace: object.metadata.namespace, name: object.metadata.name })
    } else if (getObject(kube.reader, resource, namespace, name)) targets.push({ resource, namespace, name })
    else if (!flags.bool('ignore-not-found'))
      errors.push(`Error from server (NotFound): ${notFound(resource, name).message}\n`)
  }
  return { targets, errors, warnings: '' }
}

/** Waits for each object to go, or for another one to stand under its name. */
function waitGone(kube: Kube, state: Waiting): ToolResult {
  const left = state.left.filter(
    ({ resource, namespace, name, uid }) => getObject(kube.reader, resource, namespace, name)?.metadata.uid === uid,
  )
  if (left.length === 0) return { exit: state.exit }
  if (kube.now >= state.until) {
    const { resource, name } = left[0]!
    return { err: `error: timed out waiting for the condition on ${resource.resource}/${name}\n`, exit: 1 }
  }
  return {
    state: { ...state, left },
    wait: { until: state.until, tables: [...new Set(left.map(({ resource }) => resource.table))] },
  }
}
