import { parse, type ArithmeticExpression, type Word, type WordPart } from 'unbash'
import { ArithmeticError, evaluate } from './arithmetic.ts'
import { expandBraces } from './braces.ts'
import { ExpansionError, valueOrComplain, type WordContext } from './expansion.ts'
import { nameOf, normalise } from './files.ts'
import { escapeGlob, hasGlob, matchesGlob, unescapeGlob } from './glob.ts'
import { expandParameter, type Expander } from './parameters.ts'
import { getVar, setVar } from './state.ts'

/** A piece of an expanded word. `quoted` text is literal; unquoted text from an expansion is split and may glob. */
type Piece =
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'pattern'; readonly text: string }
  | { readonly kind: 'split'; readonly text: string }
  /** "$@" and "${a[@]}": each a field of its own; the first and last join what stands beside them. */
  | { readonly kind: 'fields'; readonly fields: readonly string[]; readonly split: boolean }

export async function expandWords(words: readonly Word[], ctx: WordContext): Promise<string[]> {
  const out: string[] = []
  for (const word of words) out.push(...(await expandWord(word, ctx)))
  return out
}

/** Braces, tilde, parameters, commands, arithmetic, splitting, globs: one word to any number of fields. */
export async function expandWord(word: Word, ctx: WordContext): Promise<string[]> {
  if (!word.parts && !word.text.startsWith('~')) return [word.value]
  if (word.parts?.some((part) => part.type === 'BraceExpansion')) {
    const fields: string[] = []
    for (const text of expandBraces(word)) {
      const again = reparse(text)
      if (again) fields.push(...(await expandWord(again, ctx)))
    }
    return fields
  }
  const pieces = await piecesOf(word, ctx)
  return toFields(pieces, getVar(ctx.shell, 'IFS') ?? ' \t\n').flatMap((pattern) => glob(pattern, ctx))
}

/** One word to one string: assignments, redirect targets, case words. No splitting, no globs. */
export async function expandToText(word: Word, ctx: WordContext): Promise<string> {
  if (!word.parts && !word.text.startsWith('~')) return word.value
  let out = ''
  for (const piece of await piecesOf(word, ctx)) out += piece.kind === 'fields' ? piece.fields.join(' ') : piece.text
  return out
}

/** One word to a glob pattern in which quoted text is escaped: `case`, `[[ == ]]`, `${x%pattern}`. */
export async function expandToPattern(word: Word, ctx: WordContext): Promise<string> {
  if (!word.parts && !word.text.startsWith('~')) return escapeGlob(word.value)
  let out = ''
  for (const piece of await piecesOf(word, ctx)) {
    if (piece.kind === 'fields') out += piece.fields.join(' ')
    else out += piece.kind === 'quoted' ? escapeGlob(piece.text) : piece.text
  }
  return out
}

export async function expandHereDoc(parts: readonly WordPart[], ctx: WordContext): Promise<string> {
  let out = ''
  for (const part of parts) {
    for (const piece of await partPieces(part, ctx, true))
      out += piece.kind === 'fields' ? piece.fields.join(' ') : piece.text
  }
  return out
}

export async function arithmeticValue(expression: ArithmeticExpression | undefined, ctx: WordContext): Promise<bigint> {
  return evaluate(expression, {
    get: (name) => ctx.special(name) ?? getVar(ctx.shell, name) ?? '',
    set: (name, value) => setVar(ctx.shell, name, value),
    async expand(word) {
      if (word.type === 'ArithmeticCommandExpansion') return word.script ? ctx.substitute(word.script) : ''
      if (!word.parts) return word.value
      let out = ''
      for (const part of word.parts) {
        for (const piece of await partPieces(part, ctx, true))
          out += piece.kind === 'fields' ? piece.fields.join(' ') : piece.text
      }
      return out
    },
  })
}

/** Evaluates text as arithmetic: array indexes and substring offsets. */
export async function arithmeticOf(text: string, ctx: WordContext): Promise<bigint> {
  if (/^\s*-?\d+\s*$/.test(text)) return BigInt(text.trim())
  const command = parse(`((${text}))`).commands[0]?.command
  return command?.type === 'ArithmeticCommand' ? arithmeticValue(command.expression, ctx) : 0n
}

function expander(ctx: WordContext): Expander {
  return {
    text: (word) => expandToText(word, ctx),
    pattern: (word) => expandToPattern(word, ctx),
    number: async (word) => Number(await arithmeticOf(await expandToText(word, ctx), ctx)),
  }
}

async function piecesOf(word: Word, ctx: WordContext): Promise<Piece[]> {
  const pieces: Piece[] = []
  const tilde = /^~([A-Za-z0-9+-]*)(?=\/|$)/.exec(word.text)
  if (!word.parts) {
    const home = tilde && homeOf(tilde[1]!, ctx)
    if (home === undefined || !tilde) return [{ kind: 'quoted', text: word.value }]
    return [{ kind: 'quoted', text: home + word.value.slice(tilde[0].length) }]
  }
  for (const [i, part] of word.parts.entries()) {
    const home = i === 0 && tilde && part.type === 'Literal' ? homeOf(tilde[1]!, ctx) : undefined
    if (home !== undefined && part.type === 'Literal')
      pieces.push({ kind: 'quoted', text: home + part.value.slice(tilde![0].length) })
    else pieces.push(...(await partPieces(part, ctx, false)))
  }
  return pieces
}

async function partPieces(part: WordPart, ctx: WordContext, inQuotes: boolean): Promise<Piece[]> {
  const dynamic = (text: string): Piece[] => [{ kind: inQuotes ? 'quoted' : 'split', text }]
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return [{ kind: 'quoted', text: part.value }]
    case 'Glob':
      return [{ kind: 'pattern', text: part.text }]
    case 'ExtendedGlob':
    case 'BraceExpansion':
      return [{ kind: 'quoted', text: part.text }]
    case 'DoubleQuoted':
    case 'LocaleString': {
      const pieces: Piece[] = [{ kind: 'quoted', text: '' }]
      // "$@" with no parameters is no field at all, though the quotes are there.
      if (part.parts.length === 1 && isAllParameters(part.parts[0]!)) pieces.pop()
      for (const child of part.parts) pieces.push(...(await partPieces(child, ctx, true)))
      return pieces
    }
    case 'SimpleExpansion': {
      const name = part.text.slice(1)
      if (name === '@' || name === '*') return parameters(name, ctx.shell.params, ctx, inQuotes)
      return dynamic(valueOrComplain(name, ctx))
    }
    case 'ParameterExpansion': {
      const value = await expandParameter(part, ctx, expander(ctx))
      return typeof value === 'string'
        ? dynamic(value)
        : parameters(value.joined ? '*' : '@', value.fields, ctx, inQuotes)
    }
    case 'CommandExpansion':
      return dynamic(part.script ? await ctx.substitute(part.script) : '')
    case 'ArithmeticExpansion':
      try {
        return dynamic(String(await arithmeticValue(part.expression, ctx)))
      } catch (error) {
        if (error instanceof ArithmeticError) throw new ExpansionError(`${part.text.slice(3, -2)}: ${error.message}`)
        throw error
      }
    case 'ProcessSubstitution':
      if (part.operator === '>') throw new ExpansionError('>(...) is not simulated here; write to a file and read it')
      return [{ kind: 'quoted', text: part.script ? await ctx.substituteProcess(part.script) : '/dev/null' }]
  }
}

function parameters(name: '@' | '*', fields: readonly string[], ctx: WordContext, inQuotes: boolean): Piece[] {
  if (!inQuotes) return [{ kind: 'fields', fields, split: true }]
  if (name === '@') return [{ kind: 'fields', fields, split: false }]
  const separator = getVar(ctx.shell, 'IFS') ?? ' '
  return [{ kind: 'quoted', text: fields.join(separator.slice(0, 1)) }]
}

function isAllParameters(part: WordPart): boolean {
  return (
    (part.type === 'SimpleExpansion' && part.text === '$@') ||
    (part.type === 'ParameterExpansion' && part.index?.text === '@')
  )
}

function homeOf(user: string, ctx: WordContext): string | undefined {
  if (user === '') return getVar(ctx.shell, 'HOME') ?? '/root'
  if (user === '+') return ctx.shell.cwd
  if (user === '-') return ctx.shell.previousDir
  if (user === 'root') return '/root'
  return user === getVar(ctx.shell, 'USER') ? getVar(ctx.shell, 'HOME') : undefined
}

/** Pieces to fields, each a glob pattern with literal characters escaped. */
function toFields(pieces: readonly Piece[], ifs: string): string[] {
  const fields: string[] = []
  let current: string | undefined
  const push = () => {
    if (current !== undefined) fields.push(current)
    current = undefined
  }
  const addSplit = (text: string) => {
    const parts = splitFields(text, ifs)
    if (parts.leading) push()
    parts.fields.forEach((field, i) => {
      if (i > 0) push()
      current = (current ?? '') + field
    })
    if (parts.trailing) push()
  }
  for (const piece of pieces) {
    if (piece.kind === 'quoted') current = (current ?? '') + escapeGlob(piece.text)
    else if (piece.kind === 'pattern') current = (current ?? '') + piece.text
    else if (piece.kind === 'split') addSplit(piece.text)
    else {
      piece.fields.forEach((field, i) => {
        if (i > 0) push()
        if (piece.split) addSplit(field)
        else current = (current ?? '') + escapeGlob(field)
      })
    }
  }
  push()
  return fields
}

function splitFields(text: string, ifs: string): { fields: string[]; leading: boolean; trailing: boolean } {
  if (text === '' || ifs === '') return { fields: text === '' ? [] : [text], leading: false, trailing: false }
  const isSpace = (c: string) => ifs.includes(c) && (c === ' ' || c === '\t' || c === '\n')
  const isOther = (c: string) => ifs.includes(c) && !isSpace(c)
  let i = 0
  while (i < text.length && isSpace(text[i]!)) i++
  const leading = i > 0
  const fields: string[] = []
  let trailing = false
  while (i < text.length) {
    let field = ''
    while (i < text.length && !ifs.includes(text[i]!)) field += text[i++]
    fields.push(field)
    trailing = i < text.length
    while (i < text.length && isSpace(text[i]!)) i++
    if (i < text.length && isOther(text[i]!)) {
      i++
      while (i < text.length && isSpace(text[i]!)) i++
    }
  }
  return { fields, leading, trailing }
}

/** Paths that a pattern matches, sorted; the pattern's own text when it matches none. */
function glob(pattern: string, ctx: WordContext): string[] {
  if (!hasGlob(pattern)) return [unescapeGlob(pattern)]
  const absolute = pattern.startsWith('/')
  let found: string[] = [absolute ? '/' : '']
  for (const part of pattern.split('/').filter((p) => p !== '')) {
    const next: string[] = []
    for (const base of found) {
      if (!hasGlob(part)) {
        const path = join(base, unescapeGlob(part))
        if ('ok' in ctx.files.stat(normalise(path, ctx.shell.cwd))) next.push(path)
        continue
      }
      const names = ctx.files.list(normalise(base === '' ? '.' : base, ctx.shell.cwd))
      if (!('ok' in names)) continue
      for (const name of names.ok) {
        if (name.startsWith('.') && !part.startsWith('.')) continue
        if (matchesGlob(part, nameOf(name))) next.push(join(base, name))
      }
    }
    found = next
  }
  return found.length > 0 ? found : [unescapeGlob(pattern)]
}

function join(base: string, name: string): string {
  return base === '' ? name : base.endsWith('/') ? base + name : `${base}/${name}`
}

function reparse(text: string): Word | undefined {
  const command = parse(`: ${text}`).commands[0]?.command
  const arg = command?.type === 'Command' ? command.suffix[0] : undefined
  return arg?.type === 'Word' ? arg : undefined
}
