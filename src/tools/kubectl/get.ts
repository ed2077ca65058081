import type { KubeObject } from '../../model/apiserver/objects.ts'
import type { ApiResource } from '../../model/apiserver/resources.ts'
import type { ToolResult } from '../contract.ts'
import { compactJson } from '../json-text.ts'
import { findValues, relaxed } from '../jsonpath/evaluate.ts'
import { KUBECTL_TABLE, table, tabulateRow } from '../tabwriter.ts'
import { deprecated } from './client.ts'
import { KubectlError, type FlagSpecs } from './flags.ts'
import { printObjects, withKind } from './output.ts'
import { printerOf } from './printers/kinds.ts'
import { rawGet } from './raw.ts'
import {
  completeResource,
  find,
  listSorted,
  readResourceArgs,
  slashName,
  type Found,
  type Named,
} from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

const FLAGS: FlagSpecs = {
  output: { short: 'o', takes: 'value', says: 'json|yaml|wide|name|jsonpath=...|custom-columns=...', choices: ['wide', 'yaml', 'json', 'name', 'jsonpath=', 'custom-columns='] },
  'all-namespaces': { short: 'A', takes: 'bool', says: 'in every namespace' },
  selector: { short: 'l', takes: 'value', says: 'label selector' },
  'field-selector': { takes: 'value', says: 'field selector' },
  watch: { short: 'w', takes: 'bool', says: 'list, then follow changes' },
  'watch-only': { takes: 'bool' },
  'output-watch-events': { takes: 'bool' },
  'sort-by': { takes: 'value', says: 'a jsonpath to sort by' },
  'show-labels': { takes: 'bool' },
  'label-columns': { short: 'L', takes: 'list' },
  'show-kind': { takes: 'bool' },
  'show-managed-fields': { takes: 'bool' },
  'no-headers': { takes: 'bool' },
  'ignore-not-found': { takes: 'bool' },
  'chunk-size': { takes: 'value' },
  'server-print': { takes: 'bool' },
  filename: { short: 'f', takes: 'list' },
  raw: { takes: 'value', says: 'a path of the API' },
  subresource: { takes: 'value' },
} // prettier-ignore

export interface TableOptions {
  readonly wide: boolean
  readonly withNamespace: boolean
  readonly withKind: boolean
  readonly headers: boolean
  readonly showLabels: boolean
  readonly labelColumns: readonly string[]
}

export const get: Verb = {
  name: 'get',
  summary: 'list objects',
  usage: '(TYPE[.GROUP] [NAME | -l label] | TYPE/NAME ...) [flags]',
  flags: FLAGS,
  complete: completeResource,
  run(kube) {
    const { flags } = kube
    const raw = flags.get('raw')
    if (raw !== undefined) return rawGet(kube, raw)
    const named = readResourceArgs(kube.args, { allowAll: true, path: 'kubectl get' })
    if (flags.bool('watch') || flags.bool('watch-only')) return watch(kube, named)
    const { found, errors } = find(kube, named, { allNamespaces: flags.bool('all-namespaces') })
    const format = flags.get('output') ?? ''
    const failed = flags.bool('ignore-not-found') ? '' : errors.join('')
    const exit = failed === '' ? 0 : 1
    const warned = deprecated(named.map(({ resource }) => resource))
    const err = warned + failed
    const sorted = sortBy(found, flags.get('sort-by'))
    const single = named.length === 1 && named[0]!.name !== undefined
    if (single && found.length === 0 && format !== '' && format !== 'wide') return { out: '', err, exit }
    const printed = printObjects(format, sorted, { single, headers: !flags.bool('no-headers') })
    if (printed !== undefined) return { out: printed, err, exit }
    const out = tables(sorted, tableOptions(kube, found), kube.now)
    if (out === '' && failed === '' && !flags.bool('ignore-not-found')) {
      const here = named.every(({ resource }) => resource.namespaced) && !flags.bool('all-namespaces')
      return {
        err: warned + (here ? `No resources found in ${kube.namespace} namespace.\n` : 'No resources found\n'),
        exit: 0,
      }
    }
    return { out, err, exit }
  },
}

function tableOptions({ flags }: Kube, found: readonly Found[]): TableOptions {
  return {
    wide: flags.get('output') === 'wide',
    withNamespace: flags.bool('all-namespaces'),
    withKind: flags.bool('show-kind') || new Set(found.map(({ resource }) => resource)).size > 1,
    headers: !flags.bool('no-headers'),
    showLabels: flags.bool('show-labels'),
    labelColumns: flags.list('label-columns').flatMap((list) => list.split(',')),
  }
}

function sortBy(found: readonly Found[], path: string | undefined): readonly Found[] {
  if (path === undefined || path === '') return found
  let expression: string
  try {
    expression = relaxed(path)
    found.forEach((item) => findValues(expression, withKind(item)))
  } catch (error) {
    throw new KubectlError(`error: ${error instanceof Error ? error.message : String(error)}`)
  }
  const keyed = found.map((item) => ({ item, key: findValues(expression, withKind(item))[0] }))
  if (keyed.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new KubectlError(`error: couldn't find any field with path "${expression}" in the list of objects`)
  }
  const rank = (key: unknown): number | string =>
    typeof key === 'number'
      ? key
      : key === undefined || key === null
        ? ''
        : typeof key === 'object'
          ? compactJson(key)
          : String(key)
  keyed.sort((a, b) => {
    const x = rank(a.key)
    const y = rank(b.key)
    if (typeof x === 'number' && typeof y === 'number') return x - y
    return String(x) < String(y) ? -1 : String(x) > String(y) ? 1 : 0
  })
  return keyed.map(({ item }) => item)
}

/** One table per resource, a blank line between them. */
export function tables(found: readonly Found[], options: TableOptions, now: number): string {
  const groups: { resource: ApiResource; objects: KubeObject[] }[] = []
  for (const { resource, object } of found) {
    const last = groups.at(-1)
    if (last?.resource === resource) last.objects.push(object)
    else groups.push({ resource, objects: [object] })
  }
  return groups
    .map(({ resource, objects }) => {
      const rows = objects.map((object) => cells(resource, object, options, now))
      return table(options.headers ? [headers(resource, options), ...rows] : rows, KUBECTL_TABLE)
    })
    .join(options.headers ? '\n' : '')
}

function headers(resource: ApiResource, options: TableOptions): string[] {
  const names = printerOf(resource)
    .columns.filter((column) => options.wide || !column.wide)
    .map((column) => column.name)
  return [
    ...(options.withNamespace && resource.namespaced ? ['NAMESPACE'] : []),
    ...names,
    ...options.labelColumns.map((label) => label.slice(label.lastIndexOf('/') + 1).toUpperCase()),
    ...(options.showLabels ? ['LABELS'] : []),
  ]
}

function cells(resource: ApiResource, object: KubeObject, options: TableOptions, now: number): string[] {
  const printer = printerOf(resource)
  const all = printer.row(object, now)
  const shown = printer.columns.flatMap((column, i) => (options.wide || !column.wide ? [all[i] ?? ''] : []))
  if (options.withKind && shown[0] === object.metadata.name) shown[0] = slashName(resource, object.metadata.name)
  const labels = object.metadata.labels ?? {}
  const keys = Object.keys(labels).sort()
  return [
    ...(options.withNamespace && resource.namespaced ? [object.metadata.namespace ?? ''] : []),
    ...shown,
    ...options.labelColumns.map((label) => labels[label] ?? ''),
    ...(options.showLabels ? [keys.length > 0 ? keys.map((key) => `${key}=${labels[key]}`).join(',') : '<none>'] : []),
  ]
}

interface WatchState {
  readonly widths: number[]
  readonly seen: ReadonlyMap<string, KubeObject>
}

/** -w: the list as a table, then a row for each change; columns keep the width they had. */
function watch(kube: Kube, named: readonly Named[]): ToolResult {
  const { flags, call } = kube
  const { resource, name } = named[0]!
  if (named.length > 1) throw new KubectlError('error: you may only specify a single resource type')
  const all = flags.bool('all-namespaces')
  const listed =
    name === undefined
      ? listSorted(kube, resource, all ? undefined : kube.namespace, flags.get('selector'), flags.get('field-selector'))
      : find(kube, named).found.map((f) => f.object)
  const before = call.state as WatchState | undefined
  if (name !== undefined && listed.length === 0 && !before)
    return { err: find(kube, named).errors.join(''), exit: flags.bool('ignore-not-found') ? 0 : 1 }
  const current = new Map(
    listed.map((object) => [`${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]),
  )
  const options = tableOptions(kube, [])
  const rows: { object: KubeObject; event: string }[] = []
  for (const [key, object] of current) {
    const old = before?.seen.get(key)
    if (!old || old.metadata.uid !== object.metadata.uid) rows.push({ object, event: 'ADDED' })
    else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) rows.push({ object, event: 'MODIFIED' })
  }
  for (const [key, object] of before?.seen ?? []) if (!current.has(key)) rows.push({ object, event: 'DELETED' })
  const widths = [...(before?.widths ?? [])]
  const silent = !before && flags.bool('watch-only')
  const format = flags.get('output') ?? ''
  let out = ''
  if (!silent && format !== '' && format !== 'wide') {
    out = rows
      .map(({ object }) => printObjects(format, [{ resource, object }], { single: true, headers: !before }) ?? '')
      .join(format === 'yaml' ? '---\n' : '')
  } else if (!silent && rows.length > 0) {
    const events = flags.bool('output-watch-events')
    const lines = rows.map(({ object, event }) => [
      ...(events ? [event] : []),
      ...cells(resource, object, options, kube.now),
    ])
    if (options.headers && widths.length === 0)
      lines.unshift([...(events ? ['EVENT'] : []), ...headers(resource, options)])
    if (lines.length > 1) for (const line of lines) tabulateRow(line, widths, KUBECTL_TABLE)
    out = lines.map((line) => `${tabulateRow(line, widths, KUBECTL_TABLE)}\n`).join('')
  }
  if (call.interrupted) return { exit: 130 }
  const state: WatchState = { widths, seen: current }
  return { out, state, wait: { tables: [resource.table] } }
}
