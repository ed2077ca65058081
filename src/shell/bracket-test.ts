import { complain, type Process } from './process.ts'
import { binaryTest, unaryTest } from './test-expressions.ts'
import { ExpansionError } from './expansion.ts'

/** `test` and `[`. POSIX grammar: ! ( ) -a -o over one- and two-operand tests. */
export function bracketTest(process: Process): number {
  const args = process.argv.slice(1)
  if (process.argv[0] === '[' && args.pop() !== ']') {
    process.io.stderr.write(`${process.site.shellName}: [: missing \`]'\n`)
    return 2
  }
  try {
    if (args.length === 0) return 1
    const parser = { args, i: 0, process }
    const value = or(parser)
    if (parser.i < args.length)
      throw new ExpansionError(args.length > 3 ? 'too many arguments' : `${args[parser.i]}: unexpected operator`)
    return value ? 0 : 1
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error
    complain({ ...process, argv: [`${process.site.shellName}: ${process.argv[0]}`] }, error.message)
    return 2
  }
}

interface Parser {
  readonly args: readonly string[]
  i: number
  readonly process: Process
}

const BINARY = new Set(['=', '==', '!=', '<', '>', '-eq', '-ne', '-lt', '-le', '-gt', '-ge'])

function or(p: Parser): boolean {
  let value = and(p)
  while (p.args[p.i] === '-o') {
    p.i++
    const right = and(p)
    value = value || right
  }
  return value
}

function and(p: Parser): boolean {
  let value = not(p)
  while (p.args[p.i] === '-a') {
    p.i++
    const right = not(p)
    value = value && right
  }
  return value
}

function not(p: Parser): boolean {
  if (p.args[p.i] === '!' && p.i + 1 < p.args.length && !BINARY.has(p.args[p.i + 1]!)) {
    p.i++
    return !not(p)
  }
  return primary(p)
}

function primary(p: Parser): boolean {
  const first = p.args[p.i]
  if (first === undefined) throw new ExpansionError('argument expected')
  const operator = p.args[p.i + 1]
  const right = p.args[p.i + 2]
  if (operator !== undefined && BINARY.has(operator) && right !== undefined) {
    p.i += 3
    return binaryTest(first, operator, right)
  }
  if (first === '(') {
    p.i++
    const value = or(p)
    if (p.args[p.i++] !== ')') throw new ExpansionError("`)' expected")
    return value
  }
  if (/^-[a-zA-Z]$/.test(first) && operator !== undefined) {
    p.i += 2
    return unaryTest(first, operator, p.process.site.files, p.process.shell.cwd, p.process.context)
  }
  p.i++
  if (operator !== undefined && right !== undefined && operator !== '-a' && operator !== '-o' && operator !== ')') {
    throw new ExpansionError(`${operator}: binary operator expected`)
  }
  return first !== ''
}
