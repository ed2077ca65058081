import { parseDocument } from 'yaml'
import {
  META_FIELDS,
  type CauseOption,
  type Expectation,
  type LessonMeta,
  type Option,
  type Problem,
  type Where,
} from './schema.ts'

type Fields = Record<string, unknown>

/** Reads the YAML of a block; what is wrong goes into `problems` with its line in the lesson. */
export function readYaml(text: string, where: Where, problems: Problem[]): Fields | undefined {
  const document = parseDocument(text)
  const error = document.errors[0]
  if (error) {
    const line = where.line + (error.linePos?.[0].line ?? 1)
    problems.push({ file: where.file, line, says: `${error.message.split('\n')[0]}` })
    return undefined
  }
  const value: unknown = document.toJS()
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  problems.push({ ...where, says: 'a mapping with fields is expected here' })
  return undefined
}

/** Reports each field that is not known, with the list of those that are. */
export function onlyFields(fields: Fields, known: readonly string[], where: Where, problems: Problem[]): void {
  for (const name of Object.keys(fields))
    if (!known.includes(name))
      problems.push({ ...where, says: `unknown field "${name}"; the fields here are: ${known.join(', ')}` })
}

export function textField(fields: Fields, name: string, where: Where, problems: Problem[]): string {
  const value = fields[name]
  if (typeof value === 'string' && value.trim() !== '') return value.trim()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  problems.push({ ...where, says: `"${name}" is missing: give a text` })
  return ''
}

export function readMeta(fields: Fields, where: Where, problems: Problem[]): LessonMeta {
  onlyFields(fields, Object.keys(META_FIELDS), where, problems)
  for (const [name, field] of Object.entries(META_FIELDS)) {
    const value = fields[name]
    if (value === undefined && field.optional) continue
    const fits =
      field.kind === 'text'
        ? typeof value === 'string'
        : field.kind === 'whole number'
          ? Number.isSafeInteger(value)
          : Array.isArray(value) && value.every((item) => typeof item === 'string')
    if (!fits) problems.push({ ...where, says: `front matter: "${name}" must be a ${field.kind}` })
    else if (field.pattern && !field.pattern.test(value as string))
      problems.push({ ...where, says: `front matter: "${name}" must look like ${field.pattern.source}` })
  }
  return { node: 'worker-1', watch: [], kind: 'lesson', level: 1, touches: [], ...fields } as unknown as LessonMeta
}

/** `90s`, `5m`, `250ms`, `0`: microseconds of model time. NaN for anything else. */
export function durationMicros(text: string): number {
  const m = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim())
  if (!m) return text.trim() === '0' ? 0 : NaN
  const unit = { ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000 }[m[2] as 'ms']
  return Math.round(Number(m[1]) * unit)
}

/** `Unknown`, `/^10\.244/`, `{exit: 0}`, `{not: ...}`. */
export function readExpectation(value: unknown, where: Where, problems: Problem[]): Expectation {
  if (typeof value === 'number' || typeof value === 'boolean') return { equals: String(value) }
  if (typeof value === 'string') {
    const m = /^\/(.*)\/$/s.exec(value)
    if (!m) return { equals: value.trim() }
    readPattern(m[1]!, where, problems)
    return { matches: m[1]! }
  }
  if (typeof value === 'object' && value !== null) {
    if ('exit' in value && Number.isSafeInteger(value.exit)) return { exit: value.exit as number }
    if ('not' in value) return { not: readExpectation(value.not, where, problems) }
  }
  problems.push({ ...where, says: '"expect" must be a text, a /pattern/, {exit: N} or {not: ...}' })
  return { equals: '' }
}

export function readOptions(value: unknown, computed: boolean, where: Where, problems: Problem[]): Option[] {
  if (!Array.isArray(value) || value.length < 2) {
    problems.push({ ...where, says: '"options" must be a list of at least two answers' })
    return []
  }
  const options = value.map((item: unknown): Option => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      problems.push({ ...where, says: 'an option has the fields says, why, and when or right' })
      return { says: '', why: '' }
    }
    const fields = item as Fields
    onlyFields(fields, ['says', 'why', 'when', 'right'], where, problems)
    const option: Option = {
      says: textField(fields, 'says', where, problems),
      why: textField(fields, 'why', where, problems),
    }
    if (fields.when !== undefined) readPattern(String((option.when = String(fields.when))), where, problems)
    if (fields.right !== undefined) option.right = fields.right === true
    return option
  })
  if (computed && options.some((o) => o.right !== undefined))
    problems.push({
      ...where,
      says: 'with "run" the model finds the right answer: use "when" on the options, not "right"',
    })
  if (computed && !options.some((o) => o.when !== undefined))
    problems.push({ ...where, says: 'with "run" at least one option needs "when", a pattern for the output' })
  if (!computed && options.filter((o) => o.right).length !== 1)
    problems.push({ ...where, says: 'without "run" exactly one option is "right: true"' })
  return options
}

/** The causes of a report, each with the command that proves or refutes it. */
export function readCauses(value: unknown, where: Where, problems: Problem[]): CauseOption[] {
  if (!Array.isArray(value) || value.length < 3) {
    problems.push({ ...where, says: '"options" must be a list of at least three causes' })
    return []
  }
  return value.map((item: unknown): CauseOption => {
    const fields = (typeof item === 'object' && item !== null ? item : {}) as Fields
    onlyFields(fields, ['says', 'why', 'run', 'expect'], where, problems)
    return {
      says: textField(fields, 'says', where, problems),
      why: textField(fields, 'why', where, problems),
      run: textField(fields, 'run', where, problems),
      expect: readExpectation(fields.expect, where, problems),
    }
  })
}

export function readPattern(source: string, where: Where, problems: Problem[]): void {
  try {
    new RegExp(source, 'm')
  } catch (error) {
    problems.push({ ...where, says: `the pattern /${source}/ does not compile: ${(error as Error).message}` })
  }
}
