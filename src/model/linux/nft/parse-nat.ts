/** `dnat to`, `snat to`, `masquerade`, `redirect`. nftables src/parser_bison.y (nat_stmt). */
import { typeNamed } from './data-type.ts'
import { parseConstant, parseExpression, startsExpression } from './parse-expression.ts'
import type { Constant, Expression, NatStatement } from './statement.ts'
import { NftSyntaxError, Words, wordsOf } from './words.ts'

const NAT_FLAGS = new Set(['random', 'fully-random', 'persistent'])

export function parseNat(words: Words): NatStatement {
  const name = words.next().text as NatStatement['name']
  const family = words.take('ip', 'ip6') as 'ip' | 'ip6' | undefined
  let withPort = false
  if (words.is('addr')) {
    words.next()
    words.expect('.')
    words.expect('port')
    withPort = true
  } else words.take('prefix', 'interval')
  let address: Expression | undefined
  let port: Expression | undefined
  if (words.take('to')) {
    if (startsExpression(words)) address = parseExpression(words)
    else ({ address, port } = endpoint(words, family))
    if (words.take(':')) port = parseConstant(words, [typeNamed('inet_service')])
    else if (/^:\d/.test(words.peek().text) && words.peek().kind === 'word') port = endpoint(words, family).port
  } else if (name === 'redirect' || name === 'masquerade') {
    if (/^:\d/.test(words.peek().text)) port = endpoint(words, family).port
  } else throw words.unexpected()
  const flags: string[] = []
  while (NAT_FLAGS.has(words.peek().text)) {
    flags.push(words.next().text)
    words.take(',')
  }
  return {
    kind: 'nat',
    name,
    ...(family ? { family } : {}),
    ...(withPort ? { withPort } : {}),
    ...(address ? { address } : {}),
    ...(port ? { port } : {}),
    flags,
  }
}

/** `10.0.0.1:80`, `[fd00::1]:80`, `:8080`, `10.0.0.1-10.0.0.9:80-90`, `10.0.0.1 . 80`. */
function endpoint(
  words: Words,
  family: 'ip' | 'ip6' | undefined,
): { address: Expression | undefined; port: Expression | undefined } {
  const word = words.next()
  const { text } = word
  const found =
    /^((?:\[[^\]]*\](?:-\[[^\]]*\])?)|[0-9.]+(?:\/\d+)?(?:-[0-9.]+)?|[0-9a-fA-F:]+(?:\/\d+)?|)(?::(\d+(?:-\d+)?))?$/.exec(
      text,
    )
  const constant = (value: string, type: string): Constant =>
    parseConstant(new Words(wordsOf(value.replace(/[[\]]/g, ''))), [typeNamed(type)])
  const service = typeNamed('inet_service')
  if (text.startsWith(':') && /^:\d+(?:-\d+)?$/.test(text))
    return { address: undefined, port: constant(text.slice(1), 'inet_service') }
  // without brackets an IPv6 address has no port
  const six = /^[0-9a-fA-F]*:[0-9a-fA-F:.]*$/.test(text) && (text.match(/:/g) ?? []).length > 1
  if (!six && !found) throw new NftSyntaxError(`syntax error, unexpected ${text}`, word)
  const host = six ? text : found![1]!
  const address = constant(host, six || host.startsWith('[') || family === 'ip6' ? 'ipv6_addr' : 'ipv4_addr')
  if (words.is('.')) {
    words.next()
    return { address: { kind: 'tuple', parts: [address, parseConstant(words, [service])] }, port: undefined }
  }
  const number = six ? undefined : found![2]
  return { address, port: number === undefined ? undefined : constant(number, 'inet_service') }
}
