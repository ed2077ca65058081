// What the lab makes of an object, field by field, in the words of honoured-table.ts.

import { isRecord } from './equality.ts'
import { HONOURED, STORED, type Honour, type HonourRow } from './honoured-table.ts'
import type { KubeObject } from './objects.ts'

export type NotModelled = {
  /** As the API server prints it; '' for the whole object. */
  path: string
  what: 'approximated' | 'not modelled'
  says: string
}

/** A row of the table, spread into steps. `deep`: it speaks for everything below, too. */
type Node = { honour?: Honour; says?: string; unless?: readonly unknown[]; deep?: boolean; children: Map<string, Node> }

const trees = new Map<string, Node>()

function treeOf(kind: string): Node | undefined {
  const known = trees.get(kind)
  if (known) return known
  const rows = HONOURED[kind]
  if (!rows) return undefined
  const root: Node = { children: new Map() }
  for (const row of rows) plant(root, row)
  trees.set(kind, root)
  return root
}

function plant(root: Node, [path, honour, says, unless]: HonourRow): void {
  let node = root
  const steps = path.split('.').flatMap((s) => (s.endsWith('[]') ? [s.slice(0, -2), '[]'] : [s]))
  for (const step of steps) {
    if (step === '**') {
      node.deep = true
      break
    }
    let next = node.children.get(step)
    if (!next) node.children.set(step, (next = { children: new Map() }))
    node = next
  }
  node.honour = honour
  node.says = says
  node.unless = unless
}

/**
 * What of an object has less effect than a person may expect. Give it the object as it was written, before defaults, so
 * that nobody is told of a field that he did not write.
 */
export function notModelled(object: KubeObject): NotModelled[] {
  const { kind } = object
  const stored = STORED[kind]
  if (stored !== undefined)
    return [{ path: '', what: 'not modelled', says: `${kind} is stored and shown, nothing acts on it: ${stored}` }]
  const tree = treeOf(kind)
  if (!tree) return [{ path: '', what: 'not modelled', says: `${kind} is stored and shown, nothing acts on it` }]
  const found: NotModelled[] = []
  walk(object, tree, undefined, '', found)
  if (kind === 'Service' && (object.spec as { type?: string } | undefined)?.type === 'LoadBalancer')
    found.push({
      path: 'spec.type',
      what: 'approximated',
      says: 'MetalLB or a cloud gives the address, where the scenario has one; else it stays pending and the node port works',
    })
  return found
}

/** `above`: the verdict that holds where no row says more. */
function walk(
  value: unknown,
  node: Node | undefined,
  above: Node | undefined,
  path: string,
  found: NotModelled[],
): void {
  if (value === null || value === undefined) return
  const verdict = node?.honour !== undefined ? node : above
  const inherited = node?.deep || node?.honour === 'no' || node?.honour === 'about' ? node : above
  const inner = node && node.children.size > 0
  if (Array.isArray(value)) {
    const child = node?.children.get('[]')
    if (child || inherited?.deep) {
      value.forEach((item, i) =>
        walk(item, child ?? (inherited?.deep ? undefined : node), inherited, `${path}[${i}]`, found),
      )
      return
    }
  } else if (isRecord(value) && inner) {
    let any = false
    for (const key in value) {
      any = true
      walk(
        value[key],
        node.children.get(key) ?? node.children.get('{}'),
        inherited,
        path === '' ? key : `${path}.${key}`,
        found,
      )
    }
    if (any || !verdict) return
  } else if (isRecord(value) && inherited?.deep && inherited.honour === 'yes') return
  report(verdict, value, path, found)
}

function report(verdict: Node | undefined, value: unknown, path: string, found: NotModelled[]): void {
  if (isRecord(value) && Object.keys(value).length === 0) return
  if (verdict?.unless?.includes(value)) return
  const honour = verdict?.honour ?? 'no'
  if (honour === 'yes') return
  found.push({
    path,
    what: honour === 'about' ? 'approximated' : 'not modelled',
    says: verdict?.says ?? 'no part of the lab reads it',
  })
}

/** Everything that every pod has is said once in the documentation and not with every apply. */
const TOO_COMMON =
  /(^|\.)(containers|initContainers)\[\d+\]\.(image|command|args|terminationMessagePath|volumeMounts\[\d+\]\.readOnly)$|\.(serviceAccountName|serviceAccount)$/

const MAX_LINES = 6

/** The `Warning:` lines of an apply: what is not modelled by name, what is approximated in one line. */
export function honouredWarnings(object: KubeObject): string[] | undefined {
  const found = notModelled(object).filter((f) => !TOO_COMMON.test(f.path))
  if (found.length === 0) return undefined
  const lines: string[] = []
  const groups = new Map<string, NotModelled[]>()
  for (const f of found) groups.set(`${f.what}: ${f.says}`, [...(groups.get(`${f.what}: ${f.says}`) ?? []), f])
  for (const [says, group] of groups) {
    const first = group[0]!.path
    const more = group.length > 1 ? ` and ${group.length - 1} more` : ''
    lines.push(first === '' ? group[0]!.says : `${first}${more}: ${says}`)
  }
  return lines.length <= MAX_LINES
    ? lines
    : [
        ...lines.slice(0, MAX_LINES - 1),
        `${lines.length - MAX_LINES + 1} more kinds of fields are not fully modelled: the editor marks each`,
      ]
}
