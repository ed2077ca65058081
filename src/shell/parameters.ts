import type { ParameterExpansionPart, Word } from 'unbash'
import { ExpansionError, valueOf, valueOrComplain, type WordContext } from './expansion.ts'
import { matchesGlob } from './glob.ts'
import { setVar } from './state.ts'

/** Expands the words inside an operation. */
export interface Expander {
  text(word: Word): Promise<string>
  pattern(word: Word): Promise<string>
  number(word: Word): Promise<number>
}

type Value = string | { readonly fields: readonly string[]; readonly joined: boolean }

/** `${name...}` with its operations (bash manual, Shell Parameter Expansion). */
export async function expandParameter(part: ParameterExpansionPart, ctx: WordContext, ex: Expander): Promise<Value> {
  const { operation } = part
  const list = listOf(part, ctx)
  if (part.prefix === '#') return String(list ? list.fields.length : valueOrComplain(part.parameter, ctx).length)
  if (list && !operation) return list
  if (list && operation?.type === 'Slice') {
    const { offset, length } = await sliceOf(operation, ex)
    const start = part.parameter === '@' || part.parameter === '*' ? Math.max(0, offset - 1) : offset
    return { ...list, fields: list.fields.slice(start, length === undefined ? undefined : start + length) }
  }
  if (list && operation) {
    const fields: string[] = []
    for (const field of list.fields) fields.push(await apply(part, field, ex))
    return { ...list, fields }
  }
  let value = part.index ? await elementOf(part, ctx, ex) : valueOf(part.parameter, ctx)
  if (part.prefix === '!' && value !== undefined) value = valueOf(value, ctx)
  if (operation?.type === 'Default') return defaulted(part, value, ctx, ex)
  if (value === undefined && ctx.shell.options.nounset) throw new ExpansionError(`${part.parameter}: unbound variable`)
  return operation ? apply(part, value ?? '', ex) : (value ?? '')
}

function listOf(
  part: ParameterExpansionPart,
  ctx: WordContext,
): { fields: readonly string[]; joined: boolean } | undefined {
  if (part.parameter === '@' || part.parameter === '*')
    return { fields: ctx.shell.params, joined: part.parameter === '*' }
  if (part.index?.text !== '@' && part.index?.text !== '*') return undefined
  const value = ctx.shell.vars.get(part.parameter)?.value
  return {
    fields: value === undefined ? [] : typeof value === 'string' ? [value] : value,
    joined: part.index.text === '*',
  }
}

async function elementOf(part: ParameterExpansionPart, ctx: WordContext, ex: Expander): Promise<string | undefined> {
  const value = ctx.shell.vars.get(part.parameter)?.value
  const index = await ex.number(part.index!)
  if (value === undefined) return undefined
  if (typeof value === 'string') return index === 0 ? value : undefined
  return value[index < 0 ? value.length + index : index]
}

async function defaulted(
  part: ParameterExpansionPart,
  value: string | undefined,
  ctx: WordContext,
  ex: Expander,
): Promise<string> {
  if (part.operation?.type !== 'Default') return value ?? ''
  const { operator, operand } = part.operation
  const missing = value === undefined || (operator.startsWith(':') && value === '')
  const kind = operator.replace(':', '')
  if (kind === '+') return missing ? '' : ex.text(operand)
  if (!missing) return value
  const text = await ex.text(operand)
  if (kind === '=') setVar(ctx.shell, part.parameter, text)
  if (kind === '?')
    throw new ExpansionError(
      `${part.parameter}: ${text || (operator === ':?' ? 'parameter null or not set' : 'parameter not set')}`,
    )
  return text
}

async function sliceOf(
  operation: Extract<NonNullable<ParameterExpansionPart['operation']>, { type: 'Slice' }>,
  ex: Expander,
): Promise<{ offset: number; length: number | undefined }> {
  const offset = await ex.number(operation.offset)
  const length = operation.length && (await ex.number(operation.length))
  return { offset, length }
}

async function apply(part: ParameterExpansionPart, value: string, ex: Expander): Promise<string> {
  const { operation } = part
  switch (operation?.type) {
    case 'Remove': {
      const pattern = await ex.pattern(operation.operand)
      return operation.operator.startsWith('#')
        ? removePrefix(value, pattern, operation.operator === '##')
        : removeSuffix(value, pattern, operation.operator === '%%')
    }
    case 'Replace':
      return replace(
        value,
        operation.operator,
        await ex.pattern(operation.pattern),
        await ex.text(operation.replacement),
      )
    case 'Slice': {
      const { offset, length } = await sliceOf(operation, ex)
      const start = offset < 0 ? Math.max(0, value.length + offset) : offset
      if (length === undefined) return value.slice(start)
      return length < 0 ? value.slice(start, value.length + length) : value.slice(start, start + length)
    }
    case 'CaseModification': {
      const change = (text: string) => (operation.operator.startsWith('^') ? text.toUpperCase() : text.toLowerCase())
      return operation.operator.length === 2 ? change(value) : change(value.slice(0, 1)) + value.slice(1)
    }
    case 'Transform':
      if (operation.operand.value === 'Q') return `'${value.replace(/'/g, `'\\''`)}'`
      if (operation.operand.value === 'U') return value.toUpperCase()
      if (operation.operand.value === 'L') return value.toLowerCase()
      throw new ExpansionError(`${part.text}: bad substitution`)
    case undefined:
      return value
    default:
      throw new ExpansionError(`${part.text}: bad substitution`)
  }
}

function removePrefix(value: string, pattern: string, longest: boolean): string {
  const lengths = Array.from({ length: value.length + 1 }, (_, i) => i)
  for (const n of longest ? lengths.reverse() : lengths)
    if (matchesGlob(pattern, value.slice(0, n))) return value.slice(n)
  return value
}

function removeSuffix(value: string, pattern: string, longest: boolean): string {
  const starts = Array.from({ length: value.length + 1 }, (_, i) => i)
  for (const n of longest ? starts : starts.reverse())
    if (matchesGlob(pattern, value.slice(n))) return value.slice(0, n)
  return value
}

function replace(value: string, operator: string, pattern: string, replacement: string): string {
  if (pattern === '') return value
  if (operator === '/#') {
    const rest = removePrefix(value, pattern, true)
    return rest === value && !matchesGlob(pattern, '') ? value : replacement + rest
  }
  if (operator === '/%') {
    const rest = removeSuffix(value, pattern, true)
    return rest === value && !matchesGlob(pattern, '') ? value : rest + replacement
  }
  let out = ''
  let i = 0
  while (i < value.length) {
    let end = value.length
    while (end > i && !matchesGlob(pattern, value.slice(i, end))) end--
    if (end > i) {
      out += replacement
      i = end
      if (operator === '/') break
    } else out += value[i++]
  }
  return out + value.slice(i)
}
