import { compactJson, goText, jsonText } from '../json-text.ts'
import { JsonPathError, parseJsonPath, type ListNode, type PathNode } from './parse.ts'

/**
 * client-go util/jsonpath/jsonpath.go, with AllowMissingKeys as kubectl sets it: a missing field is nothing, an index
 * out of bounds is an error.
 */
export function evaluateJsonPath(template: string, data: unknown): string {
  const root = parseJsonPath(template)
  return print(findResults(root, data))
}

/** The values that a path without surrounding text finds: `--sort-by`, custom-columns. */
export function findValues(template: string, data: unknown): unknown[] {
  return findResults(parseJsonPath(template), data).flat()
}

function findResults(root: ListNode, data: unknown): unknown[][] {
  const state = { depth: 0 }
  return sequence(root.nodes, 0, root.nodes.length, data, state)
}

/** Walks the nodes of a template; `range` repeats what follows it up to its `end` for each value. */
function sequence(
  nodes: readonly PathNode[],
  from: number,
  to: number,
  data: unknown,
  state: { depth: number },
): unknown[][] {
  const out: unknown[][] = []
  for (let i = from; i < to; i++) {
    const node = nodes[i]!
    const word = node.kind === 'list' && node.nodes[0]?.kind === 'identifier' ? node.nodes[0].name : undefined
    if (word === 'range') {
      const end = matchingEnd(nodes, i + 1, to)
      const values = walk([data], { kind: 'list', nodes: (node as ListNode).nodes.slice(1) })
      for (const value of values) out.push(...sequence(nodes, i + 1, end, value, { depth: state.depth + 1 }))
      i = end
      continue
    }
    if (word === 'end') {
      if (state.depth === 0) throw new JsonPathError('not in range, nothing to end')
      continue
    }
    out.push(walk([data], node))
  }
  return out
}

function matchingEnd(nodes: readonly PathNode[], from: number, to: number): number {
  let depth = 1
  for (let i = from; i < to; i++) {
    const node = nodes[i]!
    const first = node.kind === 'list' ? node.nodes[0] : undefined
    if (first?.kind !== 'identifier') continue
    if (first.name === 'range') depth++
    if (first.name === 'end' && --depth === 0) return i
  }
  throw new JsonPathError('unexpected EOF: range without end')
}

function walk(values: readonly unknown[], node: PathNode): unknown[] {
  switch (node.kind) {
    case 'list':
      return node.nodes.reduce<readonly unknown[]>((current, child) => walk(current, child), values) as unknown[]
    case 'text':
      return [node.text]
    case 'number':
    case 'bool':
      return values.map(() => node.value)
    case 'field':
      return values.flatMap((value) => field(value, node.name))
    case 'identifier':
      throw new JsonPathError(`unrecognized identifier ${node.name}`)
    case 'array':
      return values.flatMap((value) => slice(value, node))
    case 'union':
      return node.nodes.flatMap((child) => walk(values, child))
    case 'wildcard':
      return values.flatMap(children)
    case 'recursive':
      return values.flatMap(descend)
    case 'filter':
      return values.flatMap((value) => filter(value, node))
  }
}

function field(value: unknown, name: string): unknown[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return []
  const child = (value as Record<string, unknown>)[name]
  return child === undefined ? [] : [child]
}

function slice(value: unknown, node: Extract<PathNode, { kind: 'array' }>): unknown[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new JsonPathError(`${goText(value)} is not array or slice`)
  const [first, second, third] = node.params
  const { length } = value
  let from = first.known ? first.value : 0
  if (from < 0) from += length
  let to = second.known ? second.value : length
  if (to < 0 || (to === 0 && second.derived)) to += length
  const step = third.known ? third.value : 1
  if (step < 0) throw new JsonPathError(`step must be > 0`)
  const bound = to - 1
  if (second.derived || first.known || second.known) {
    if (from < 0 || (from >= length && (second.derived || length > 0))) {
      if (from >= length || from < 0)
        throw new JsonPathError(`array index out of bounds: index ${from}, length ${length}`)
    }
    if (to < 0 || to > length) throw new JsonPathError(`array index out of bounds: index ${bound}, length ${length}`)
    if (from > to) throw new JsonPathError(`starting index ${from} is greater than ending index ${to}`)
  }
  const out: unknown[] = []
  for (let i = from; i < to; i += step === 0 ? 1 : step) out.push(value[i])
  return out
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return [...value]
  if (value !== null && typeof value === 'object') return sortedValues(value)
  return []
}

function sortedValues(value: object): unknown[] {
  return Object.keys(value).sort().map((key) => (value as Record<string, unknown>)[key]).filter((child) => child !== undefined) // prettier-ignore
}

/** The value itself and everything below it. */
function descend(value: unknown): unknown[] {
  const below = children(value)
  return [value, ...below.flatMap(descend)]
}

function filter(value: unknown, node: Extract<PathNode, { kind: 'filter' }>): unknown[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new JsonPathError(`${goText(value)} is not array or slice and cannot be filtered`)
  return value.filter((item) => {
    const lefts = walk([item], node.left)
    if (node.operator === 'exists') return lefts.length > 0
    if (lefts.length === 0) return false
    if (lefts.length > 1) throw new JsonPathError('can only compare one element at a time')
    const rights = walk([item], node.right)
    if (rights.length === 0) return false
    if (rights.length > 1) throw new JsonPathError('can only compare one element at a time')
    return compare(lefts[0], rights[0], node.operator)
  })
}

function compare(left: unknown, right: unknown, operator: string): boolean {
  if (typeof left !== typeof right) throw new JsonPathError('incompatible types for comparison')
  if ((typeof left !== 'string' && typeof left !== 'number' && typeof left !== 'boolean') || left === undefined) {
    throw new JsonPathError('invalid type for comparison')
  }
  const a = left
  const b = right as typeof left
  switch (operator) {
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    default:
      throw new JsonPathError(`unrecognized filter operator ${operator}`)
  }
}

function print(results: readonly (readonly unknown[])[]): string {
  return results.map((values) => values.map(valueText).join(' ')).join('')
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'object') return compactJson(value)
  return typeof value === 'number' ? numberText(value) : String(value)
}

/** Go prints whole numbers of JSON as int64 and others as float64 in %v. */
function numberText(value: number): string {
  return Number.isInteger(value)
    ? String(value)
    : String(value).replace(/e\+?(-?)(\d)$/, (_, sign: string, d: string) => `e${sign || '+'}0${d}`)
}

/** `-o jsonpath-as-json`: the list of all values. */
export function jsonPathAsJson(template: string, data: unknown): string {
  const values = findResults(parseJsonPath(template), data).flat()
  return `${jsonText(values, 4)}\n`
}

/** `.metadata.name`, `metadata.name`, `{.metadata.name}`: kubectl's relaxed form, made strict. */
export function relaxed(expression: string): string {
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(expression.trim())
  if (!match)
    throw new JsonPathError(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    )
  const path = match[1] ?? match[2]!
  return path === '' ? '' : `{.${path}}`
}
