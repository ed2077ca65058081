// From pasted text to documents: YAML 1.1 as kubectl reads it (sigs.k8s.io/yaml), several documents, Lists taken apart,
// with the place of every field kept. Everything has a limit, and every refusal says what to do about it.

import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml'
import { isRecord } from './equality.ts'
import { versionOf } from './resources.ts'
import { pathSteps } from './validation/field-errors.ts'

export type Position = { line: number; column: number }

export type ManifestProblem = {
  file: string
  line?: number
  column?: number
  /** As kubectl says it. */
  message: string
  /** What to do about it, in our own words. */
  hint?: string
}

export type ManifestDocument = {
  file: string
  /** Which document of the file, from 0. */
  document: number
  /** Plain data as it stands in the text. */
  body: Record<string, unknown>
  apiVersion: string
  kind: string
  name: string
  namespace?: string
  /** Where a field stands (`spec.containers[0].image`), or the nearest field around it. */
  at(path: string): Position
}

export type Manifest = { documents: ManifestDocument[]; problems: ManifestProblem[] }

export const MANIFEST_LIMITS = {
  /** UTF-16 units of text; etcd takes no object above 1.5 MB either. */
  characters: 3 * 1024 * 1024,
  documents: 10_000,
  objects: 10_000,
  depth: 60,
  aliases: 100,
} as const

const megabytes = (n: number): string => `${(n / (1024 * 1024)).toFixed(1)} MB`

export function readManifest(text: string, file = 'STDIN'): Manifest {
  if (text.length > MANIFEST_LIMITS.characters)
    return refuse(
      file,
      `error: ${file} has ${megabytes(text.length)}; this lab reads at most ${megabytes(MANIFEST_LIMITS.characters)} at once`,
      'Apply it in parts, or leave out what you do not need.',
    )
  const lines = new LineCounter()
  const deep = tooDeep(text)
  if (deep)
    return refuse(
      file,
      `error: error parsing ${file}: more than ${MANIFEST_LIMITS.depth} levels of nesting`,
      'Kubernetes objects need about 15 levels. Look for brackets that are never closed.',
      deep,
    )
  let parsed: Document[]
  try {
    parsed = parseAllDocuments(text, {
      version: '1.1',
      merge: true,
      lineCounter: lines,
      uniqueKeys: true,
      prettyErrors: true,
      logLevel: 'silent',
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !NOT_IN_GO.test(tagName(tag))),
    }) as Document[]
  } catch (error) {
    return refuse(file, `error: error parsing ${file}: ${(error as Error).message}`, 'The text is not YAML.')
  }
  if (parsed.length > MANIFEST_LIMITS.documents)
    return refuse(
      file,
      `error: ${file} has ${parsed.length} documents; this lab reads at most ${MANIFEST_LIMITS.documents}`,
      'Apply it in parts.',
    )
  const manifest: Manifest = { documents: [], problems: [] }
  let number = -1
  for (const document of parsed) {
    if (document.errors.length > 0) {
      manifest.problems.push(yamlProblem(file, document, lines))
      continue
    }
    const node = document.contents as Node | null
    if (node === null || (isScalar(node) && node.value === null)) continue
    number++
    readDocument(manifest, file, number, document, node, lines)
    if (manifest.documents.length > MANIFEST_LIMITS.objects)
      return refuse(file, `error: ${file} has more than ${MANIFEST_LIMITS.objects} objects`, 'Apply it in parts.')
  }
  return manifest
}

/** Go's YAML reads times and base-60 numbers as plain strings; sets and ordered maps it does not know. */
const NOT_IN_GO = /timestamp|omap|pairs|set$|TIME/
function tagName(tag: { tag?: string; format?: string }): string {
  return `${tag.tag ?? ''} ${tag.format ?? ''}`.trim()
}

function refuse(file: string, message: string, hint: string, at?: Position): Manifest {
  return { documents: [], problems: [{ file, message, hint, ...at }] }
}

/** Brackets or dashes nested without end would run the parser out of stack before any limit of its own. */
function tooDeep(text: string): Position | undefined {
  let depth = 0
  let line = 1
  let lineStart = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 10) {
      line++
      lineStart = i + 1
    } else if (c === 91 || c === 123) {
      if (++depth > 4 * MANIFEST_LIMITS.depth) return { line, column: i - lineStart + 1 }
    } else if ((c === 93 || c === 125) && depth > 0) depth--
  }
  const dashes = /^ *(?:[-?] +){60}/m.exec(text)
  return dashes ? { line: text.slice(0, dashes.index).split('\n').length, column: 1 } : undefined
}

function readDocument(
  manifest: Manifest,
  file: string,
  number: number,
  document: Document,
  root: Node,
  lines: LineCounter,
): void {
  const place = (node: Node | undefined): Position => positionOf(node, lines)
  let body: unknown
  try {
    if (depthOf(root, 0) > MANIFEST_LIMITS.depth) {
      const message = `error: error parsing ${file}: more than ${MANIFEST_LIMITS.depth} levels of nesting`
      manifest.problems.push({ file, ...place(root), message, hint: 'Kubernetes objects need about 15 levels.' })
      return
    }
    body = document.toJS({ maxAliasCount: MANIFEST_LIMITS.aliases })
  } catch (error) {
    const bomb = /alias count/i.test((error as Error).message)
    manifest.problems.push({
      file,
      ...place(root),
      message: `error: error parsing ${file}: ${bomb ? 'document contains excessive aliasing' : (error as Error).message}`,
      hint: bomb
        ? 'Write out what the aliases (*name) stand for.'
        : 'An alias (*name) needs an anchor (&name) before it.',
    })
    return
  }
  if (!isRecord(body)) {
    manifest.problems.push({
      file,
      ...place(root),
      message: `error: error validating "${file}": error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false`,
      hint: 'A manifest is a mapping that starts with apiVersion and kind. Is this another kind of file?',
    })
    return
  }
  addObject(manifest, file, number, body, root, lines, document)
}

function addObject(
  manifest: Manifest,
  file: string,
  number: number,
  body: Record<string, unknown>,
  root: Node,
  lines: LineCounter,
  document: Document,
): void {
  const { apiVersion, kind, metadata } = body
  const at = (path: string): Position => positionOf(nodeAt(root, path, document), lines)
  const missing = ['apiVersion', 'kind'].filter((f) => typeof body[f] !== 'string' || body[f] === '')
  if (missing.length > 0) {
    const message =
      missing.length === 2
        ? `error: error validating "${file}": error validating data: [apiVersion not set, kind not set]; if you choose to ignore these errors, turn validation off with --validate=false`
        : `error: error validating "${file}": error validating data: ${missing[0]} not set; if you choose to ignore these errors, turn validation off with --validate=false`
    const hint = missing.includes('kind')
      ? 'Say what it is: apiVersion: v1 and kind: Pod, for example.'
      : `Add apiVersion: ${versionOf(String(kind)) ?? 'GROUP/VERSION'}.`
    manifest.problems.push({ file, ...at(''), message, hint })
    return
  }
  if (Array.isArray(body.items) && String(kind).endsWith('List')) {
    const items = isMap(root) ? (root.get('items', true) as Node | undefined) : undefined
    body.items.forEach((item: unknown, i) => {
      const node = isSeq(items) ? (items.items[i] as Node | undefined) : undefined
      if (isRecord(item)) {
        // Items of a typed list (PodList) may leave their kind out.
        const typed = kind === 'List' ? item : { apiVersion, kind: String(kind).slice(0, -4), ...item }
        addObject(manifest, file, number, typed, node ?? root, lines, document)
      }
    })
    return
  }
  const meta = isRecord(metadata) ? metadata : {}
  manifest.documents.push({
    file,
    document: number,
    body,
    apiVersion: apiVersion as string,
    kind: kind as string,
    name: typeof meta.name === 'string' ? meta.name : '',
    ...(typeof meta.namespace === 'string' && meta.namespace !== '' ? { namespace: meta.namespace } : {}),
    at,
  })
}

function depthOf(node: unknown, depth: number): number {
  if (depth > MANIFEST_LIMITS.depth + 1) return depth
  let deepest = depth
  if (isMap(node)) {
    for (const pair of node.items) {
      const d = depthOf(pair.value, depth + 1)
      if (d > deepest) deepest = d
    }
  } else if (isSeq(node)) {
    for (const item of node.items) {
      const d = depthOf(isPair(item) ? item.value : item, depth + 1)
      if (d > deepest) deepest = d
    }
  }
  return deepest
}

/** The node of a path; where the path leads nowhere (a missing field), the last one on the way. */
function nodeAt(root: Node, path: string, document: Document): Node {
  let node: Node = root
  for (const step of pathSteps(path)) {
    let inner = isAlias(node) ? (node.resolve(document) as Node | undefined) : node
    if (isMap(inner)) {
      const pair = inner.items.find((p) => isScalar(p.key) && String(p.key.value) === String(step))
      if (!pair) return node
      inner = (pair.value ?? pair.key) as Node
      node = isScalar(inner) || isSeq(inner) || isMap(inner) || isAlias(inner) ? keyed(pair.key as Node, inner) : node
    } else if (isSeq(inner) && typeof step === 'number' && inner.items[step] !== undefined) {
      node = inner.items[step] as Node
    } else return node
  }
  return node
}

/** A mapping value starts below its key: the key is what a person looks for. */
const keyOfNode = new WeakMap<Node, Node>()
function keyed(key: Node, value: Node): Node {
  keyOfNode.set(value, key)
  return value
}

function positionOf(node: Node | undefined, lines: LineCounter): Position {
  const at = node && (keyOfNode.get(node) ?? node)
  const { line, col } = lines.linePos(at?.range?.[0] ?? 0)
  return { line, column: col }
}

/** The texts of Go's YAML reader for what happens most, so that a search for them finds answers. */
const GO_TEXT: Record<string, string> = {
  TAB_AS_INDENT: 'found character that cannot start any token',
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
  MISSING_CHAR: "did not find expected ',' or ']'",
  BAD_INDENT: 'did not find expected key',
  BLOCK_IN_FLOW: 'did not find expected node content',
  UNEXPECTED_TOKEN: 'did not find expected node content',
  BAD_SCALAR_START: 'found character that cannot start any token',
  BAD_ALIAS: 'unknown anchor referenced',
}
const HINTS: Record<string, string> = {
  TAB_AS_INDENT: 'YAML is indented with spaces only: replace the tab.',
  BLOCK_AS_IMPLICIT_KEY: 'Two colons in one line? Quote the value, or start a new line.',
  MULTILINE_IMPLICIT_KEY: 'A line without a colon stands where a key is expected.',
  MISSING_CHAR: 'A bracket or a quote is not closed.',
  BAD_INDENT: 'The line is indented differently from its neighbours.',
  BAD_SCALAR_START: 'Quote the value: it starts with a character that means something in YAML.',
  DUPLICATE_KEY: 'The same field stands twice: keep one.',
}

function yamlProblem(file: string, document: Document, lines: LineCounter): ManifestProblem {
  const error = document.errors[0]!
  const { line, col } = error.linePos?.[0] ?? lines.linePos(error.pos[0])
  const detail = error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
  if (error.code === 'DUPLICATE_KEY') {
    return {
      file,
      line,
      column: col,
      message: `error: error parsing ${file}: error converting YAML to JSON: yaml: unmarshal errors:\n  line ${line}: key already set in map`,
      hint: HINTS.DUPLICATE_KEY,
    }
  }
  return {
    file,
    line,
    column: col,
    message: `error: error parsing ${file}: error converting YAML to JSON: yaml: line ${line}: ${GO_TEXT[error.code] ?? detail}`,
    hint: HINTS[error.code] ?? `${detail}.`,
  }
}
