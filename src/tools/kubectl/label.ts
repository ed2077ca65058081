import type { KubeObject } from '../../model/apiserver/objects.ts'
import { changeObject, finish } from './change.ts'
import { KubectlError, type FlagSpecs } from './flags.ts'
import { completeResource, find, readResourceArgs, resourceType, slashName } from './resource-args.ts'
import type { ToolResult } from '../contract.ts'
import type { Kube, Verb } from './verb.ts'

const FLAGS: FlagSpecs = {
  overwrite: { takes: 'bool', says: 'replace a value that is there' },
  all: { takes: 'bool' },
  'all-namespaces': { short: 'A', takes: 'bool' },
  selector: { short: 'l', takes: 'value' },
  'field-selector': { takes: 'value' },
  list: { takes: 'bool' },
  'resource-version': { takes: 'value' },
  'dry-run': { takes: 'optional' },
}

/** `key=value` sets, `key-` removes. */
function splitArgs(args: readonly string[]): { names: string[]; set: Map<string, string>; remove: string[] } {
  const first = args.findIndex((arg, i) => i > 0 && (arg.includes('=') || (arg.endsWith('-') && arg.length > 1)))
  const set = new Map<string, string>()
  const remove: string[] = []
  for (const arg of first < 0 ? [] : args.slice(first)) {
    const equals = arg.indexOf('=')
    if (equals > 0) set.set(arg.slice(0, equals), arg.slice(equals + 1))
    else if (arg.endsWith('-')) remove.push(arg.slice(0, -1))
    else throw new KubectlError('error: all resources must be specified before label changes: ' + arg)
  }
  return { names: [...args.slice(0, first < 0 ? args.length : first)], set, remove }
}

function changeMeta(kube: Kube, field: 'labels' | 'annotations'): ToolResult {
  const { flags } = kube
  const word = field === 'labels' ? 'label' : 'annotate'
  const { names, set, remove } = splitArgs(kube.args)
  if (names[0] !== undefined && !names[0].includes('/')) resourceType(names[0].split(',')[0]!)
  if (set.size === 0 && remove.length === 0 && !flags.bool('list'))
    throw new KubectlError(`error: at least one ${field === 'labels' ? 'label' : 'annotation'} update is required`)
  const { found, errors } = find(
    kube,
    readResourceArgs(names, { allowAll: flags.bool('all') || flags.has('selector'), path: `kubectl ${word}` }),
    { allNamespaces: flags.bool('all-namespaces') },
  )
  return finish([
    ...errors.map((err) => ({ err })),
    ...found.map(({ resource, object }) => {
      const old = object.metadata[field] ?? {}
      if (flags.bool('list')) return { out: Object.keys(old).sort().map((key) => `${key}=${old[key]}\n`).join('') } // prettier-ignore
      const clash = [...set].find(([key, value]) => old[key] !== undefined && old[key] !== value)
      if (clash && !flags.bool('overwrite')) {
        return {
          err:
            field === 'labels'
              ? `error: '${clash[0]}' already has a value (${old[clash[0]]}), and --overwrite is false\n`
              : `error: --overwrite is false but found the following declared annotation(s): '${clash[0]}' already has a value (${old[clash[0]]})\n`,
        }
      }
      const missing = field === 'labels' ? remove.filter((key) => old[key] === undefined).map((key) => `label "${key}" not found.\n`).join('') : '' // prettier-ignore
      const change = Object.fromEntries([
        ...set,
        ...remove.filter((key) => old[key] !== undefined).map((key) => [key, null] as const),
      ])
      const result = changeObject(kube, resource, object as KubeObject, {
        patchType: 'merge',
        body: { metadata: { [field]: change } },
      })
      if (result.err) return { err: result.err }
      const done =
        field === 'annotations'
          ? 'annotated'
          : !result.changed
            ? 'not labeled'
            : set.size === 0
              ? 'unlabeled'
              : 'labeled'
      return {
        out: `${missing}${slashName(resource, object.metadata.name)} ${done}\n`,
        ...(result.request ? { request: result.request } : {}),
      }
    }),
  ])
}

export const label: Verb = {
  name: 'label',
  summary: 'set or remove labels',
  usage: '[--overwrite] (TYPE NAME | TYPE/NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [KEY-]',
  flags: FLAGS,
  complete: completeResource,
  run: (kube) => changeMeta(kube, 'labels'),
}

export const annotate: Verb = {
  name: 'annotate',
  summary: 'set or remove annotations',
  usage: '[--overwrite] (TYPE NAME | TYPE/NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [KEY-]',
  flags: FLAGS,
  complete: completeResource,
  run: (kube) => changeMeta(kube, 'annotations'),
}
