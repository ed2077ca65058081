/** Expressions and constants as nft lists them. nftables src/expression.c, src/payload.c, src/meta.c. */
import { UNQUALIFIED } from './selectors.ts'
import type { Constant, Expression, LiteralElement, SetExpression, Verdict } from './statement.ts'
import { sortKey } from './element-order.ts'
import { printTime } from './data-type.ts'

export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case 'payload':
      return `${expression.proto} ${expression.field}`
    case 'meta':
      return UNQUALIFIED.has(expression.key) ? expression.key : `meta ${expression.key}`
    case 'ct':
      return `ct ${expression.direction ? `${expression.direction} ` : ''}${expression.family ? `${expression.family} ` : /^[sd]addr$/.test(expression.key) ? 'ip ' : ''}${expression.key}`
    case 'fib':
      return `fib ${expression.flags.join(' . ')} ${expression.result}`
    case 'numgen': {
      const offset = expression.offset === 0 ? '' : ` offset ${expression.offset}`
      if (expression.mode === 'symhash') return `symhash mod ${expression.mod}${offset}`
      if (!expression.mode.startsWith('jhash')) return `numgen ${expression.mode} mod ${expression.mod}${offset}`
      const seed = /^(.*) seed (\S+)$/.exec(expression.mode)
      return `${seed ? seed[1] : expression.mode} mod ${expression.mod}${seed ? ` seed ${seed[2]}` : ''}${offset}`
    }
    case 'concat':
      return expression.parts.map(expressionText).join(' . ')
    case 'binary':
      return `${expressionText(expression.left)} ${expression.op} ${expressionText(expression.right)}`
    case 'map':
      return `${expressionText(expression.key)} map ${setText(expression.map)}`
    case 'opaque':
      return expression.text
    default:
      return constantText(expression)
  }
}

export function constantText(constant: Constant): string {
  switch (constant.kind) {
    case 'value':
      return constant.type.print(constant.value)
    case 'prefix':
      return `${constant.type.print(constant.value)}/${constant.bits}`
    case 'range':
      return `${constant.type.print(constant.from)}-${constant.type.print(constant.to)}`
    case 'wildcard':
      return `"${constant.start}*"`
    case 'any':
      return '*'
    case 'tuple':
      return constant.parts.map(constantText).join(' . ')
  }
}

export function verdictText(verdict: Verdict): string {
  return verdict.chain === undefined ? verdict.name : `${verdict.name} ${verdict.chain}`
}

export function dataText(data: Constant | Verdict): string {
  return data.kind === 'verdict' ? verdictText(data) : constantText(data)
}

export function elementText(element: LiteralElement): string {
  let out = constantText(element.key)
  if (element.key.kind === 'value' && element.key.type.bitmask) out = out.replace(/,/g, ' | ')
  if (element.counter) out += ` counter packets ${element.counter[0]} bytes ${element.counter[1]}`
  if (element.timeout !== undefined) out += ` timeout ${printTime(element.timeout)}`
  if (element.expires !== undefined) out += ` expires ${printTime(element.expires)}`
  if (element.comment !== undefined) out += ` comment "${element.comment}"`
  if (element.data) out += ` : ${dataText(element.data)}`
  return out
}

export function setText(set: SetExpression): string {
  if (set.kind === 'named') return `@${set.name}`
  return `{ ${inOrder(set.elements).map(elementText).join(', ')} }`
}

/** As a listing sorts them. */
export function inOrder(elements: readonly LiteralElement[]): readonly LiteralElement[] {
  return elements
    .map((element) => ({ element, at: sortKey(element.key) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ element }) => element)
}
