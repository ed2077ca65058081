import type { TestExpression } from 'unbash'
import { normalise, type Files } from './files.ts'
import { matchesGlob } from './glob.ts'
import type { Context } from './process.ts'
import { setVar } from './state.ts'
import { ExpansionError, type WordContext } from './expansion.ts'
import { arithmeticOf, expandToPattern, expandToText } from './words.ts'

/** `[[ ... ]]`. */
export async function evaluateTest(e: TestExpression, context: Context, words: WordContext): Promise<boolean> {
  switch (e.type) {
    case 'TestGroup':
      return evaluateTest(e.expression, context, words)
    case 'TestNot':
      return (await evaluateTest(e.operand, context, words)) === (e.negations.length % 2 === 0)
    case 'TestLogical': {
      for (const operand of e.operands) {
        const value = await evaluateTest(operand, context, words)
        if (value !== (e.operator === '&&')) return value
      }
      return e.operator === '&&'
    }
    case 'TestUnary':
      return unaryTest(e.operator, await expandToText(e.operand, words), context.site.files, context.shell.cwd, context)
    case 'TestBinary': {
      const left = await expandToText(e.left, words)
      if (e.operator === '=~') return matchesRegex(left, await regexOf(e.right, words), context)
      if (e.operator === '==' || e.operator === '=' || e.operator === '!=') {
        return matchesGlob(await expandToPattern(e.right, words), left) === (e.operator !== '!=')
      }
      const right = await expandToText(e.right, words)
      if (e.operator.startsWith('-')) {
        return compareNumbers(e.operator, await arithmeticOf(left, words), await arithmeticOf(right, words))
      }
      return binaryTest(left, e.operator, right)
    }
  }
}

export function unaryTest(operator: string, operand: string, files: Files, cwd: string, context?: Context): boolean {
  switch (operator) {
    case '-z':
      return operand === ''
    case '-n':
      return operand !== ''
    case '-v':
      return context?.shell.vars.has(operand) ?? false
    case '-t':
      return operand === '0' ? (context?.io.stdin.tty ?? false) : (context?.io.stdout.tty ?? false)
  }
  const stat = files.stat(normalise(operand, cwd))
  if (!('ok' in stat)) return false
  switch (operator) {
    case '-f':
      return stat.ok.kind === 'file'
    case '-d':
      return stat.ok.kind === 'dir'
    case '-L':
    case '-h':
      return stat.ok.kind === 'link'
    case '-s':
      return stat.ok.size > 0
    case '-e':
    case '-a':
    case '-r':
    case '-w':
      return true
    case '-x':
      return stat.ok.kind === 'dir'
    default:
      throw new ExpansionError(`${operator}: unary operator expected`)
  }
}

/** The two-operand tests that `[` and `[[` share. Undefined operator: an error. */
export function binaryTest(left: string, operator: string, right: string): boolean {
  switch (operator) {
    case '=':
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '>':
      return left > right
  }
  for (const operand of [left, right]) {
    if (!/^\s*[-+]?\d+\s*$/.test(operand)) throw new ExpansionError(`${operand}: integer expression expected`)
  }
  return compareNumbers(operator, BigInt(left.trim()), BigInt(right.trim()))
}

function compareNumbers(operator: string, a: bigint, b: bigint): boolean {
  switch (operator) {
    case '-eq':
      return a === b
    case '-ne':
      return a !== b
    case '-lt':
      return a < b
    case '-le':
      return a <= b
    case '-gt':
      return a > b
    case '-ge':
      return a >= b
    default:
      throw new ExpansionError(`${operator}: binary operator expected`)
  }
}

/** Quoted parts of the right side of `=~` are literal. */
async function regexOf(
  word: Extract<TestExpression, { type: 'TestBinary' }>['right'],
  words: WordContext,
): Promise<string> {
  if (!word.parts) return word.text
  let out = ''
  for (const part of word.parts) {
    const text = await expandToText({ ...word, parts: [part], text: part.text }, words)
    const literal = part.type === 'SingleQuoted' || part.type === 'DoubleQuoted' || part.type === 'AnsiCQuoted'
    out += literal ? text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : part.type === 'Literal' ? part.text : text
  }
  return out
}

function matchesRegex(text: string, source: string, context: Context): boolean {
  let regex: RegExp
  try {
    regex = new RegExp(source.replace(/\[\[:(\w+):\]\]/g, (_, name: string) => POSIX[name] ?? '[]'))
  } catch {
    throw new ExpansionError(`${source}: invalid regular expression`)
  }
  const match = regex.exec(text.slice(0, 10_000))
  setVar(context.shell, 'BASH_REMATCH', match ? match.map((group) => group ?? '') : [])
  return match !== null
}

const POSIX: Record<string, string> = {
  digit: '[0-9]',
  alpha: '[A-Za-z]',
  alnum: '[A-Za-z0-9]',
  space: '\\s',
  upper: '[A-Z]',
  lower: '[a-z]',
}
