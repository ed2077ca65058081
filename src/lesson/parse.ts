import type { Root as HastRoot } from 'hast'
import type { Code, Root, RootContent } from 'mdast'
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'
import {
  durationMicros,
  onlyFields,
  readCauses,
  readExpectation,
  readMeta,
  readOptions,
  readPattern,
  readYaml,
  textField,
} from './fields.ts'
import { LESSON_LIMITS, LessonError, type Block, type Lesson, type Phase, type Problem, type Where } from './schema.ts'

/** Lessons of ours and lessons loaded by address go through the same sieve: no scripts, styles, frames or handlers. */
const SCHEMA = { ...defaultSchema, clobberPrefix: 'lesson-', protocols: { ...defaultSchema.protocols, src: ['data'] } }
const reader = unified().use(remarkParse).use(remarkGfm)
const writer = unified().use(remarkRehype).use(rehypeSanitize, SCHEMA)

/**
 * Reads a lesson. Throws `LessonError` with every mistake found, each with file, line and remedy.
 * `file` is only used in messages.
 */
export function parseLesson(source: string, file: string): Lesson {
  const problems: Problem[] = []
  if (source.length > LESSON_LIMITS.bytes)
    throw new LessonError([
      { file, line: 1, says: `${source.length} characters; a lesson may have ${LESSON_LIMITS.bytes}: split it` },
    ])
  const front = /^---\r?\n([\s\S]*?)\r?\n---\r?\n/.exec(source)
  if (!front)
    throw new LessonError([{ file, line: 1, says: 'a lesson starts with front matter between two lines ---' }])
  const fields = readYaml(front[1]!, { file, line: 1 }, problems) ?? {}
  const meta = readMeta(fields, { file, line: 1 }, problems)
  const offset = front[0].split('\n').length - 1
  const tree = reader.parse(source.slice(front[0].length))
  const phases = readPhases(tree, file, offset, problems)
  if (phases.length === 0) problems.push({ file, line: offset + 1, says: 'a lesson has phases: headings with ##' })
  const blocks = phases.reduce((sum, phase) => sum + phase.blocks.length, 0)
  if (blocks > LESSON_LIMITS.blocks)
    problems.push({ file, line: 1, says: `${blocks} blocks; a lesson may have ${LESSON_LIMITS.blocks}: split it` })
  const ids = new Set<string>()
  for (const phase of phases)
    for (const block of phase.blocks)
      if ('id' in block) {
        if (ids.has(block.id)) problems.push({ ...block.where, says: `the id "${block.id}" is used twice` })
        ids.add(block.id)
      }
  if (problems.length > 0) throw new LessonError(problems)
  return { meta, phases }
}

function readPhases(tree: Root, file: string, offset: number, problems: Problem[]): Phase[] {
  const phases: Phase[] = []
  let text: RootContent[] = []
  const lineOf = (node: RootContent): number => offset + (node.position?.start.line ?? 0)
  const flush = (): void => {
    const first = text[0]
    if (first) phases.at(-1)?.blocks.push({ kind: 'text', where: { file, line: lineOf(first) }, hast: toHast(text) })
    text = []
  }
  for (const node of tree.children) {
    if (node.type === 'heading' && node.depth === 1) continue // The title again, for readers on a code host.
    if (node.type === 'heading' && node.depth === 2) {
      flush()
      const title = plainText(node)
      phases.push({ title, slug: title.toLowerCase().replace(/[^a-z0-9]+/g, '-'), blocks: [] })
    } else if (node.type === 'code') {
      const where = { file, line: lineOf(node) }
      const block = readCode(node, where, problems)
      if (!block) text.push(node)
      else if (phases.length === 0) problems.push({ ...where, says: 'this block stands before the first ## heading' })
      else {
        flush()
        phases.at(-1)!.blocks.push(block)
      }
    } else if (phases.length > 0) text.push(node)
    else if (node.type !== 'html')
      problems.push({ file, line: lineOf(node), says: 'text stands before the first ## heading' })
  }
  flush()
  return phases
}

/** A fenced block that lives; undefined for one that is only shown. */
function readCode(node: Code, where: Where, problems: Problem[]): Block | undefined {
  const words = (node.meta ?? '').split(/\s+/).filter(Boolean)
  const path = words.find((word) => word.startsWith('file='))?.slice('file='.length)
  const text = `${node.value}\n`
  if (path !== undefined && !/^[\w.-]+$/.test(path))
    problems.push({ ...where, says: `file=${path}: give a plain file name without folders` })
  if (text.length > LESSON_LIMITS.fileBytes) problems.push({ ...where, says: 'this block is too long' })
  switch (node.lang) {
    case 'sh':
      if (words.includes('run')) return { kind: 'run', where, script: script(node.value, where, problems) }
      for (const kind of ['solution', 'setup', 'herring'] as const)
        if (words.includes(kind)) return { kind, where, script: script(node.value, where, problems) }
      return undefined
    case 'yaml':
      if (path === undefined) return undefined
      for (const kind of ['solution', 'setup'] as const) if (words.includes(kind)) return { kind, where, path, text }
      return { kind: 'file', where, path, text }
    case 'mermaid':
      return { kind: 'mermaid', where, text: node.value }
    case 'hint':
      return { kind: 'hint', where, hast: toHast(reader.parse(node.value).children) }
    case 'fault':
      return readFault(node.value, where, problems)
    case 'check':
      return readCheck(node.value, where, problems)
    case 'predict':
    case 'quiz':
      return readQuestion(node.lang, node.value, where, problems)
    case 'cause':
      return readCause(node.value, where, problems)
    case 'why':
      return readWhy(node.value, where, problems)
    default:
      return undefined
  }
}

function script(text: string, where: Where, problems: Problem[]): string {
  if (text.length > LESSON_LIMITS.scriptBytes) problems.push({ ...where, says: 'this script is too long' })
  return text
}

function readFault(text: string, where: Where, problems: Problem[]): Block {
  const [first = '', ...rest] = text.trim().split('\n')
  const words = first.trim().split(/\s+/)
  const on = words[0] !== 'heal'
  const [name = '', target = ''] = on ? words : words.slice(1)
  if (!name || !target) problems.push({ ...where, says: 'write the fault and its target: link-down worker-2' })
  return {
    kind: 'fault',
    where,
    name,
    target,
    on,
    says: rest.join(' ').trim() || `${on ? 'Set' : 'Heal'} ${name} on ${target}`,
  }
}

function readCheck(text: string, where: Where, problems: Problem[]): Block {
  const fields = readYaml(text, where, problems) ?? {}
  onlyFields(fields, ['id', 'says', 'run', 'expect', 'within', 'fail', 'guard'], where, problems)
  const within = durationMicros(String(fields.within ?? '0'))
  if (!(within >= 0)) problems.push({ ...where, says: '"within" must be a duration like 90s or 5m' })
  return {
    kind: 'check',
    where,
    id: textField(fields, 'id', where, problems),
    says: textField(fields, 'says', where, problems),
    run: textField(fields, 'run', where, problems),
    expect: readExpectation(fields.expect, where, problems),
    within,
    fail: textField(fields, 'fail', where, problems),
    guard: fields.guard === true,
  }
}

function readCause(text: string, where: Where, problems: Problem[]): Block {
  const fields = readYaml(text, where, problems) ?? {}
  onlyFields(fields, ['id', 'ask', 'options'], where, problems)
  return {
    kind: 'cause',
    where,
    id: textField(fields, 'id', where, problems),
    ask: textField(fields, 'ask', where, problems),
    options: readCauses(fields.options, where, problems),
  }
}

function readWhy(text: string, where: Where, problems: Problem[]): Block {
  const fields = readYaml(text, where, problems) ?? {}
  onlyFields(fields, ['says', 'table', 'match', 'when'], where, problems)
  const match = textField(fields, 'match', where, problems)
  readPattern(match, where, problems)
  if (fields.when !== undefined && !/^(first|start|end)$/.test(String(fields.when)))
    problems.push({ ...where, says: '"when" is first, start or end' })
  return {
    kind: 'why',
    where,
    says: textField(fields, 'says', where, problems),
    table: textField(fields, 'table', where, problems),
    match,
    when: fields.when === 'end' || fields.when === 'first' ? fields.when : 'start',
  }
}

function readQuestion(kind: 'predict' | 'quiz', text: string, where: Where, problems: Problem[]): Block {
  const fields = readYaml(text, where, problems) ?? {}
  onlyFields(fields, ['id', 'ask', 'run', 'options'], where, problems)
  const run = fields.run === undefined ? undefined : textField(fields, 'run', where, problems)
  if (kind === 'predict' && run === undefined)
    problems.push({ ...where, says: 'a prediction needs "run": the answer comes from the model, not from the author' })
  return {
    kind,
    where,
    id: textField(fields, 'id', where, problems),
    ask: textField(fields, 'ask', where, problems),
    ...(run === undefined ? {} : { run }),
    options: readOptions(fields.options, run !== undefined, where, problems),
  }
}

function toHast(children: RootContent[]): HastRoot {
  return writer.runSync({ type: 'root', children } as Root) as HastRoot
}

function plainText(node: RootContent): string {
  if ('value' in node) return node.value
  return 'children' in node ? node.children.map((child) => plainText(child as RootContent)).join('') : ''
}
