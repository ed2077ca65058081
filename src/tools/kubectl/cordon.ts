import type { Node, Taint } from '../../model/apiserver/objects.ts'
import { resourceOf } from '../../model/apiserver/resources.ts'
import { changeObject, finish } from './change.ts'
import { KubectlError } from './flags.ts'
import { find, nameWords, type Found } from './resource-args.ts'
import type { ToolResult } from '../contract.ts'
import type { Kube, Verb } from './verb.ts'

const NODES = resourceOf('nodes')!

/** `worker-1`, `node/worker-1`, or by label. */
export function namedNodes(kube: Kube, usage: string): { found: Found[]; errors: string[] } {
  const names = kube.args.map((arg) => arg.replace(/^nodes?\//, ''))
  if (names.length === 0 && !kube.flags.has('selector'))
    throw new KubectlError(
      `error: USAGE: ${usage} [flags]\nSee 'kubectl ${usage.split(' ')[0]} -h' for help and examples`,
    )
  if (names.length > 0 && kube.flags.has('selector'))
    throw new KubectlError('error: error: cannot specify both a node name and a --selector option')
  return find(
    kube,
    names.length > 0 ? names.map((name) => ({ resource: NODES, name })) : [{ resource: NODES, name: undefined }],
  )
}

export function cordonOne(
  kube: Kube,
  { resource, object }: Found,
  on: boolean,
): { out: string; request?: NonNullable<ReturnType<typeof changeObject>['request']>; err: string } {
  const node = object as unknown as Node
  const word = on ? 'cordoned' : 'uncordoned'
  if ((node.spec.unschedulable ?? false) === on) return { out: `node/${node.metadata.name} already ${word}\n`, err: '' }
  const result = changeObject(kube, resource, object, {
    patchType: 'strategic',
    body: { spec: { unschedulable: on ? true : null } },
  })
  if (result.err) return { out: '', err: result.err }
  return {
    out: `node/${node.metadata.name} ${word}\n`,
    err: '',
    ...(result.request ? { request: result.request } : {}),
  }
}

function setCordon(kube: Kube, on: boolean): ToolResult {
  const { found, errors } = namedNodes(kube, on ? 'cordon NODE' : 'uncordon NODE')
  return finish([...errors.map((err) => ({ err })), ...found.map((item) => cordonOne(kube, item, on))])
}

const complete: Verb['complete'] = (_words, reader) => nameWords({ reader }, 'nodes', '')
const flags = { selector: { short: 'l', takes: 'value' }, 'dry-run': { takes: 'optional' } } as const

export const cordon: Verb = {
  name: 'cordon',
  summary: 'mark a node unschedulable',
  usage: 'NODE',
  flags,
  complete,
  run: (kube) => setCordon(kube, true),
}
export const uncordon: Verb = {
  name: 'uncordon',
  summary: 'mark a node schedulable',
  usage: 'NODE',
  flags,
  complete,
  run: (kube) => setCordon(kube, false),
}

export const taint: Verb = {
  name: 'taint',
  summary: 'set or remove taints of nodes',
  usage: 'NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... [KEY[:EFFECT]-]',
  flags: { ...flags, overwrite: { takes: 'bool' }, all: { takes: 'bool' }, validate: { takes: 'optional' } },
  complete: (words, reader) => (words.length <= 1 ? ['nodes'] : nameWords({ reader }, 'nodes', '')),
  run(kube) {
    const { add, remove, names } = taintArgs(kube)
    const { found, errors } = find(
      kube,
      names.length > 0 ? names.map((name) => ({ resource: NODES, name })) : [{ resource: NODES, name: undefined }],
    )
    return finish([...errors.map((err) => ({ err })), ...found.map((item) => taintOne(kube, item, add, remove))])
  },
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

function taintArgs(kube: Kube): { add: Taint[]; remove: { key: string; effect: string }[]; names: string[] } {
  const [first, ...rest] = kube.args
  if (first === undefined) throw new KubectlError('error: one or more resources must be specified as <resource> <name>')
  let words = rest
  const names: string[] = []
  if (first.includes('/')) names.push(first.slice(first.indexOf('/') + 1))
  else if (!/^(no|nodes?)$/i.test(first))
    throw new KubectlError(`error: invalid resource type ${first}, only node types are supported`)
  const isSpec = (word: string) => /[=:]/.test(word) || word.endsWith('-')
  while (words[0] !== undefined && !isSpec(words[0])) {
    names.push(words[0])
    words = words.slice(1)
  }
  if (words.length === 0) throw new KubectlError('error: at least one taint update is required')
  if (names.length === 0 && !kube.flags.bool('all') && !kube.flags.has('selector'))
    throw new KubectlError("error: at least one resource name must be specified since 'all' parameter is not set")
  const add: Taint[] = []
  const remove: { key: string; effect: string }[] = []
  for (const word of words) {
    if (word.endsWith('-')) {
      const [key = '', effect = ''] = word.slice(0, -1).split(':')
      remove.push({ key: key.split('=')[0]!, effect })
      continue
    }
    const match = /^([^=:]+)(?:=([^:]*))?:(.+)$/.exec(word)
    if (!match)
      throw new KubectlError(`error: unknown taint spec: ${word}\nSee 'kubectl taint -h' for help and examples`)
    if (!EFFECTS.includes(match[3]!))
      throw new KubectlError(
        `error: invalid taint effect: ${match[3]}, unsupported taint effect\nSee 'kubectl taint -h' for help and examples`,
      )
    add.push({ key: match[1]!, ...(match[2] ? { value: match[2] } : {}), effect: match[3] as Taint['effect'] })
  }
  return { add, remove, names }
}

function taintOne(
  kube: Kube,
  { resource, object }: Found,
  add: readonly Taint[],
  remove: readonly { key: string; effect: string }[],
) {
  const node = object as unknown as Node
  const old = node.spec.taints ?? []
  const same = (a: { key: string; effect: string }, b: { key: string; effect: string }) =>
    a.key === b.key && (a.effect === '' || a.effect === b.effect)
  const clash = add.filter((t) => old.some((o) => same(t, o)))
  if (clash.length > 0 && !kube.flags.bool('overwrite')) {
    return {
      err: `error: node ${node.metadata.name} already has ${clash.map((t) => t.key).join(',')} taint(s) with same effect(s) and --overwrite is false\n`,
    }
  }
  const missing = remove.filter((r) => !old.some((o) => same(r, o)))
  if (missing.length > 0)
    return { err: missing.map((r) => `error: taint "${r.key}${r.effect ? `:${r.effect}` : ''}" not found\n`).join('') }
  const taints = [...add, ...old.filter((o) => !add.some((t) => same(t, o)) && !remove.some((r) => same(r, o)))]
  const result = changeObject(kube, resource, object, {
    patchType: 'merge',
    body: { spec: { taints: taints.length > 0 ? taints : null } },
  })
  if (result.err) return { err: result.err }
  const word = clash.length > 0 ? 'modified' : add.length === 0 ? 'untainted' : 'tainted'
  return { out: `node/${node.metadata.name} ${word}\n`, ...(result.request ? { request: result.request } : {}) }
}
