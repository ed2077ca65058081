// Patches: JSON merge (RFC 7386), strategic merge (util/strategicpatch) and kubectl's three-way apply, plus JSON patch.
// All give a new object and leave the old as it is.

import { deepEqual, isRecord } from './equality.ts'

type Plain = Record<string, unknown>

/** Lists that strategic merge joins by a key: field name -> merge key (patchMergeKey in staging/src/k8s.io/api). */
// podIPs and hostIPs have a merge key upstream, where kubelet sends the deletions with it; here a status brings all of them.
const MERGE_KEYS: Record<string, string | readonly string[]> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  resourceClaims: 'name',
  schedulingGates: 'name',
  conditions: 'type',
  ownerReferences: 'uid',
  addresses: 'type',
  secrets: 'name',
  // A container port is known by containerPort, a service port by port: whichever the items have.
  ports: ['containerPort', 'port'],
}
/** Primitive lists that merge as sets. */
const SET_LISTS = new Set(['finalizers', 'podCIDRs', 'volumesInUse'])

/** RFC 7386: null takes a field away, records merge, everything else replaces. */
export function mergePatch<T>(current: T, patch: unknown): T {
  if (!isRecord(patch)) return patch as T
  const base: Plain = isRecord(current) ? current : {}
  let copy: Plain | undefined
  for (const key in patch) {
    const value = patch[key]
    if (value === null) {
      if (key in base) delete (copy ??= { ...base })[key]
      continue
    }
    const merged = isRecord(value) ? mergePatch(base[key], value) : value
    if (merged !== base[key]) (copy ??= { ...base })[key] = merged
  }
  return (copy ?? (isRecord(current) ? base : {})) as T
}

/** Strategic merge: as merge, but lists with a merge key are joined, and `$patch` directives are obeyed. */
export function strategicPatch<T>(current: T, patch: unknown): T {
  if (!isRecord(patch)) return patch as T
  if (patch.$patch === 'replace') return strip(patch) as T
  const base: Plain = isRecord(current) ? current : {}
  const copy: Plain = { ...base }
  if (Array.isArray(patch.$retainKeys)) for (const key in copy) if (!patch.$retainKeys.includes(key)) delete copy[key]
  for (const key in patch) {
    const value = patch[key]
    if (key === '$patch' || key === '$retainKeys' || key.startsWith('$setElementOrder/')) continue
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const field = key.slice('$deleteFromPrimitiveList/'.length)
      if (Array.isArray(copy[field])) copy[field] = copy[field].filter((item) => !(value as unknown[]).includes(item))
      continue
    }
    if (value === null) delete copy[key]
    else if (isRecord(value)) {
      if (value.$patch === 'delete') delete copy[key]
      else copy[key] = strategicPatch(base[key], value)
    } else if (Array.isArray(value)) {
      const order = patch[`$setElementOrder/${key}`]
      copy[key] = reorder(mergeLists(key, base[key], value), key, order)
    } else copy[key] = value
  }
  return copy as T
}

function mergeKeyOf(field: string, items: readonly unknown[]): string | undefined {
  const key = MERGE_KEYS[field]
  if (key === undefined) return undefined
  if (typeof key === 'string') return items.every((i) => isRecord(i) && (key in i || '$patch' in i)) ? key : undefined
  return key.find((k) => items.every((i) => isRecord(i) && (k in i || '$patch' in i)))
}

function mergeLists(field: string, current: unknown, patch: readonly unknown[]): unknown[] {
  const base = Array.isArray(current) ? current : []
  if (patch.some((i) => isRecord(i) && i.$patch === 'replace'))
    return patch.filter((i) => !(isRecord(i) && i.$patch === 'replace'))
  if (SET_LISTS.has(field)) return [...base, ...patch.filter((item) => !base.includes(item))]
  const key = mergeKeyOf(field, [...patch, ...base])
  if (key === undefined) return patch.slice()
  const merged = base.slice()
  for (const item of patch as Plain[]) {
    const at = merged.findIndex((b) => (b as Plain)[key] === item[key])
    if (item.$patch === 'delete') {
      if (at >= 0) merged.splice(at, 1)
    } else if (at >= 0) merged[at] = strategicPatch(merged[at], item)
    else merged.push(strip(item))
  }
  return merged
}

function reorder(list: unknown[], field: string, order: unknown): unknown[] {
  if (!Array.isArray(order)) return list
  const key = mergeKeyOf(field, list)
  const rank = (item: unknown): number =>
    order.findIndex((o) => (key === undefined ? o === item : (o as Plain)[key] === (item as Plain)[key]))
  return list
    .map((item, i) => ({ item, i, rank: rank(item) }))
    .sort((a, b) => (a.rank < 0 || b.rank < 0 ? a.i - b.i : a.rank - b.rank))
    .map((entry) => entry.item)
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip)
  if (!isRecord(value)) return value
  const out: Plain = {}
  for (const key in value) if (!key.startsWith('$') && value[key] !== null) out[key] = strip(value[key])
  return out
}

/**
 * kubectl apply: what was in the last applied manifest and is no longer in this one goes, what this one says is set,
 * and what others have set stays (CreateThreeWayMergePatch).
 */
export function threeWayApply<T>(current: T, modified: unknown, original: unknown): T {
  return applyNode('', current, modified, original) as T
}

function applyNode(field: string, current: unknown, modified: unknown, original: unknown): unknown {
  if (modified === null) return undefined
  if (isRecord(modified)) {
    const base: Plain = isRecord(current) ? current : {}
    const before: Plain = isRecord(original) ? original : {}
    let copy: Plain | undefined
    const set = (key: string, value: unknown): void => {
      if (value === base[key] && key in base) return
      copy ??= { ...base }
      if (value === undefined) delete copy[key]
      else copy[key] = value
    }
    for (const key in before) if (!(key in modified) && key in base) set(key, undefined)
    for (const key in modified) set(key, applyNode(key, base[key], modified[key], before[key]))
    return copy ?? (isRecord(current) ? base : {})
  }
  if (Array.isArray(modified)) {
    const base = Array.isArray(current) ? (current as unknown[]) : []
    const before = Array.isArray(original) ? (original as unknown[]) : []
    const key = mergeKeyOf(field, [...modified, ...base])
    if (key === undefined && !SET_LISTS.has(field)) return deepEqual(current, modified) ? current : modified
    const idOf = (item: unknown): unknown => (key === undefined ? item : (item as Plain)[key])
    const wanted = new Set(modified.map(idOf))
    const dropped = new Set(before.map(idOf).filter((id) => !wanted.has(id)))
    const out: unknown[] = modified.map((item) => {
      const id = idOf(item)
      const have = base.find((b) => idOf(b) === id)
      return key === undefined
        ? item
        : applyNode(
            '',
            have,
            item,
            before.find((b) => idOf(b) === id),
          )
    })
    for (const item of base) if (!wanted.has(idOf(item)) && !dropped.has(idOf(item))) out.push(item)
    return out.length === base.length && out.every((item, i) => item === base[i]) ? current : out
  }
  return modified
}

export type JsonPatchStep = { op: string; path: string; from?: string; value?: unknown }

/** RFC 6902. The text of what went wrong in place of an object. */
export function jsonPatch<T>(current: T, steps: unknown): T | string {
  if (!Array.isArray(steps))
    return 'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch'
  let document: unknown = current
  for (const step of steps as JsonPatchStep[]) {
    if (!isRecord(step)) return 'error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Operation'
    const result = jsonStep(document, step)
    if (typeof result === 'string') return result
    document = result.document
  }
  return document as T
}

const pointer = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((p) => p.replaceAll('~1', '/').replaceAll('~0', '~'))

function jsonStep(document: unknown, step: JsonPatchStep): { document: unknown } | string {
  const path = pointer(String(step.path ?? ''))
  const missing = `the server rejected our request due to an error in our request`
  switch (step.op) {
    case 'add':
    case 'replace':
      return change(document, path, step.op, step.value) ?? missing
    case 'remove':
      return change(document, path, 'remove', undefined) ?? missing
    case 'test':
      return deepEqual(valueAt(document, path), step.value) ? { document } : `testing value ${step.path} failed`
    case 'copy':
    case 'move': {
      const from = pointer(String(step.from ?? ''))
      const value = valueAt(document, from)
      const taken = step.op === 'move' ? change(document, from, 'remove', undefined) : { document }
      return (taken && change(taken.document, path, 'add', value)) ?? missing
    }
    default:
      return `Unexpected kind: ${String(step.op ?? '')}`
  }
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  let at = document
  for (const step of path) at = isRecord(at) ? at[step] : Array.isArray(at) ? at[Number(step)] : undefined
  return at
}

function change(
  document: unknown,
  path: readonly string[],
  op: 'add' | 'replace' | 'remove',
  value: unknown,
): { document: unknown } | undefined {
  const [head, ...rest] = path
  if (head === undefined) return { document: value }
  if (Array.isArray(document)) {
    const at = head === '-' ? document.length : Number(head)
    if (!Number.isInteger(at) || at < 0 || at > document.length) return undefined
    const copy = document.slice() as unknown[]
    if (rest.length > 0) {
      const inner = change(document[at], rest, op, value)
      if (!inner) return undefined
      copy[at] = inner.document
    } else if (op === 'add') copy.splice(at, 0, value)
    else if (at >= document.length) return undefined
    else if (op === 'replace') copy[at] = value
    else copy.splice(at, 1)
    return { document: copy }
  }
  if (!isRecord(document)) return undefined
  if (rest.length > 0) {
    if (!(head in document)) return undefined
    const inner = change(document[head], rest, op, value)
    return inner && { document: { ...document, [head]: inner.document } }
  }
  if (op !== 'add' && !(head in document)) return undefined
  const { [head]: _, ...others } = document
  return { document: op === 'remove' ? others : { ...document, [head]: value } }
}
