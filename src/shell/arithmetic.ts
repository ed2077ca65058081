import type { ArithmeticExpression } from 'unbash'

/** Reads and writes a variable as an arithmetic expression does. */
export interface ArithmeticScope {
  get(name: string): string
  set(name: string, value: string): void
  /** Expands `$x`, `${x}` and `$(...)` inside the expression; bare names are looked up by `get`. */
  expand(
    word: Extract<ArithmeticExpression, { type: 'ArithmeticWord' | 'ArithmeticCommandExpansion' }>,
  ): Promise<string>
}

export class ArithmeticError extends Error {}

const MAX_DEPTH = 50

/** Bash arithmetic on whole numbers. Wraps as 64-bit, as bash does. */
export async function evaluate(expression: ArithmeticExpression | undefined, scope: ArithmeticScope): Promise<bigint> {
  if (!expression) return 0n
  switch (expression.type) {
    case 'ArithmeticGroup':
      return evaluate(expression.expression, scope)
    case 'ArithmeticWord':
    case 'ArithmeticCommandExpansion':
      return numberOf(await scope.expand(expression), scope, 0)
    case 'ArithmeticTernary':
      return (await evaluate(expression.test, scope)) !== 0n
        ? evaluate(expression.consequent, scope)
        : evaluate(expression.alternate, scope)
    case 'ArithmeticUnary':
      return unary(expression, scope)
    case 'ArithmeticBinary':
      return binary(expression, scope)
  }
}

async function unary(e: Extract<ArithmeticExpression, { type: 'ArithmeticUnary' }>, scope: ArithmeticScope) {
  const value = await evaluate(e.operand, scope)
  switch (e.operator) {
    case '-':
      return -value
    case '+':
      return value
    case '!':
      return value === 0n ? 1n : 0n
    case '~':
      return ~value
    case '++':
    case '--': {
      const next = wrap(e.operator === '++' ? value + 1n : value - 1n)
      scope.set(nameOf(e.operand), String(next))
      return e.prefix ? next : value
    }
    default:
      throw new ArithmeticError(`syntax error: operand expected (error token is "${e.operator}")`)
  }
}

async function binary(e: Extract<ArithmeticExpression, { type: 'ArithmeticBinary' }>, scope: ArithmeticScope) {
  if (e.operator === '&&')
    return (await evaluate(e.left, scope)) !== 0n && (await evaluate(e.right, scope)) !== 0n ? 1n : 0n
  if (e.operator === '||')
    return (await evaluate(e.left, scope)) !== 0n || (await evaluate(e.right, scope)) !== 0n ? 1n : 0n
  if (e.operator === ',') {
    await evaluate(e.left, scope)
    return evaluate(e.right, scope)
  }
  if (e.operator.endsWith('=') && !['==', '!=', '<=', '>='].includes(e.operator)) {
    const right = await evaluate(e.right, scope)
    const value = e.operator === '=' ? right : apply(e.operator.slice(0, -1), await evaluate(e.left, scope), right)
    scope.set(nameOf(e.left), String(value))
    return value
  }
  return apply(e.operator, await evaluate(e.left, scope), await evaluate(e.right, scope))
}

function apply(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return wrap(a + b)
    case '-':
      return wrap(a - b)
    case '*':
      return wrap(a * b)
    case '/':
    case '%':
      if (b === 0n) throw new ArithmeticError('division by 0 (error token is "0")')
      return operator === '/' ? wrap(a / b) : a % b
    case '**':
      if (b < 0n) throw new ArithmeticError('exponent less than 0')
      return power(a, b)
    case '<<':
      return wrap(a << (b & 63n))
    case '>>':
      return a >> (b & 63n)
    case '&':
      return a & b
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '==':
      return a === b ? 1n : 0n
    case '!=':
      return a !== b ? 1n : 0n
    case '<':
      return a < b ? 1n : 0n
    case '>':
      return a > b ? 1n : 0n
    case '<=':
      return a <= b ? 1n : 0n
    case '>=':
      return a >= b ? 1n : 0n
    default:
      throw new ArithmeticError(`syntax error: invalid arithmetic operator (error token is "${operator}")`)
  }
}

/** By squaring, on 64 bits, so that a large exponent costs nothing. */
function power(base: bigint, exponent: bigint): bigint {
  let out = 1n
  let square = base
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) out = wrap(out * square)
    square = wrap(square * square)
  }
  return out
}

function nameOf(e: ArithmeticExpression): string {
  if (e.type === 'ArithmeticWord' && /^[A-Za-z_]\w*$/.test(e.value)) return e.value
  throw new ArithmeticError('attempted assignment to non-variable')
}

/** A variable that holds a name is looked up again, as bash does; bounded, since `a=b b=a` would go on for ever. */
function numberOf(text: string, scope: ArithmeticScope, depth: number): bigint {
  const t = text.trim()
  if (t === '') return 0n
  if (/^[-+]?\d+$/.test(t)) {
    if (/^[-+]?0\d/.test(t)) {
      if (/[89]/.test(t)) throw new ArithmeticError(`${t}: value too great for base (error token is "${t}")`)
      return wrap(BigInt(`0o${t.replace(/^[-+]?0/, '')}`) * (t.startsWith('-') ? -1n : 1n))
    }
    return wrap(BigInt(t.replace(/^\+/, '')))
  }
  if (/^0[xX][0-9a-fA-F]+$/.test(t)) return wrap(BigInt(t))
  if (/^[A-Za-z_]\w*$/.test(t)) {
    if (depth > MAX_DEPTH) throw new ArithmeticError(`${t}: expression recursion level exceeded`)
    return numberOf(scope.get(t), scope, depth + 1)
  }
  throw new ArithmeticError(`syntax error: invalid arithmetic operator (error token is "${t}")`)
}

function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}
