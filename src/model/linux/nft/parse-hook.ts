/** `type filter hook input priority filter - 10;`. nftables src/parser_bison.y (hook_spec), src/rule.c (std_prio_lookup). */
import type { BaseChain, Family } from './store.ts'
import { NftSyntaxError, type Words } from './words.ts'

export function parseHook(words: Words, family: Family): BaseChain {
  words.expect('type')
  const type = words.next()
  if (!['filter', 'nat', 'route'].includes(type.text)) throw new NftSyntaxError(`unknown chain type`, type)
  words.expect('hook')
  const hook = words.next()
  const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress', 'egress']
  if (!hooks.includes(hook.text)) throw new NftSyntaxError('unknown chain hook', hook)
  let device: string | undefined
  if (words.take('device')) device = words.next().text
  else if (words.take('devices')) {
    words.take('=')
    words.expect('{')
    const names: string[] = []
    while (!words.is('}')) {
      names.push(words.next().text)
      words.take(',')
    }
    words.next()
    device = names.join(', ')
  }
  words.expect('priority')
  const priority = parsePriority(words, family, hook.text)
  return {
    type: type.text as BaseChain['type'],
    hook: hook.text as BaseChain['hook'],
    priority,
    ...(device === undefined ? {} : { device }),
  }
}

function parsePriority(words: Words, family: Family, hook: string): number {
  const word = words.next()
  if (/^[+-]?\d+$/.test(word.text)) return Number(word.text)
  const known = priorityNamed(word.text, family)
  if (known === undefined) throw new NftSyntaxError(`'${word.text}' is invalid priority.`, word)
  if ((word.text === 'dstnat' && hook !== 'prerouting') || (word.text === 'srcnat' && hook !== 'postrouting'))
    throw new NftSyntaxError('invalid priority expression value in this context.', word)
  const next = words.peek()
  if (next.kind === 'word' && (next.text === '+' || next.text === '-')) {
    words.next()
    const n = Number(words.next().text)
    return next.text === '+' ? known + n : known - n
  }
  if (next.kind === 'word' && /^[+-]\d+$/.test(next.text)) return known + Number(words.next().text)
  return known
}

const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
}
const BRIDGE: Readonly<Record<string, number>> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 }

function priorityNamed(name: string, family: Family): number | undefined {
  const table = family === 'bridge' ? BRIDGE : PRIORITIES
  return Object.hasOwn(table, name) ? table[name] : undefined
}
