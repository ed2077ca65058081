/** Listings as `nft list` prints them. nftables src/rule.c (table_print, chain_print, set_print), src/expression.c. */
import { type DataType, printTime } from './data-type.ts'
import { sortKey } from './element-order.ts'
import { keyOf, typesOfSet } from './expressions.ts'
import { nftRuleText } from './print-rule.ts'
import type { BaseChain, Family, NftChain, NftElement, NftObject, NftSet, NftStore, NftTable } from './store.ts'

export interface ListOptions {
  /** `-a` */
  readonly handles?: boolean
  /** `-s`: without counters. */
  readonly stateless?: boolean
  /** `-t`: without the elements of sets. */
  readonly terse?: boolean
  /** Microseconds, for elements that go by themselves. */
  readonly now?: number
}

export function listRuleset(store: NftStore, options: ListOptions = {}, family?: string): string {
  return store
    .tables()
    .filter((table) => family === undefined || table.family === family)
    .map((table) => listTable(store, table, options))
    .join('')
}

/** The whole table, or with `only` the parts asked for. */
export function listTable(
  store: NftStore,
  table: NftTable,
  options: ListOptions = {},
  only?: { chain?: string; set?: string; kind?: 'chains' | 'sets' | 'maps' | 'objects'; type?: string },
): string {
  const head = `table ${table.family} ${table.name} {${handle(options, table.handle)}\n`
  const blocks: string[] = []
  const whole = only === undefined
  if (whole || only.kind === 'objects')
    for (const object of store.objects(table.key))
      if (!only?.type || only.type === object.type) blocks.push(objectBlock(object, options))
  for (const set of store.sets(table.key)) {
    const map = set.data !== undefined
    if (whole || only.set === set.name || only.kind === (map ? 'maps' : 'sets'))
      blocks.push(setBlock(store, set, options))
  }
  for (const chain of store.chains(table.key)) {
    if (whole || only.chain === chain.name) blocks.push(chainBlock(store, table.family, chain, options))
    else if (only.kind === 'chains')
      blocks.push(chainBlock(store, table.family, { ...chain, rules: [], handles: [] }, options))
  }
  let intro = ''
  if (whole) {
    if (table.flags.length > 0) intro += `\tflags ${table.flags.join(',')}\n`
    if (table.comment !== undefined) intro += `\tcomment "${table.comment}"\n`
  }
  return `${head}${intro}${blocks.join('\n')}}\n`
}

const handle = (options: ListOptions, n: number): string => (options.handles ? ` # handle ${n}` : '')

function objectBlock(object: NftObject, options: ListOptions): string {
  const body = object.body
    .split(/[\n;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const lines = body.length > 0 ? body : object.type === 'counter' ? ['packets 0 bytes 0'] : []
  return `\t${object.type} ${object.name} {${handle(options, object.handle)}\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
}

/* ------------------------------------------------------------------ chains */

function chainBlock(store: NftStore, family: Family, chain: NftChain, options: ListOptions): string {
  let out = `\tchain ${chain.name} {${handle(options, chain.handle)}\n`
  if (chain.comment !== undefined) out += `\t\tcomment "${chain.comment}"\n`
  if (chain.base) out += `\t\t${baseLine(family, chain.base, chain.policy)}\n`
  chain.rules.forEach((rule, i) => {
    const at = chain.handles[i] ?? 0
    let text = nftRuleText(
      rule,
      family,
      store.counter?.(chain.table, chain.name, at),
      (name) => store.set(chain.table, name)?.data,
    )
    if (options.stateless) text = text.replace(/counter packets \d+ bytes \d+/g, 'counter')
    out += `\t\t${text}${handle(options, at)}\n`
  })
  return `${out}\t}\n`
}

function baseLine(family: Family, base: BaseChain, policy: 'accept' | 'drop' | undefined): string {
  const device = base.device === undefined ? '' : ` device "${base.device}"`
  return `type ${base.type} hook ${base.hook}${device} priority ${priorityText(base, family)}; policy ${policy ?? 'accept'};`
}

const NAMES: readonly (readonly [string, number, BaseChain['hook'] | undefined])[] = [
  ['raw', -300, undefined],
  ['mangle', -150, undefined],
  ['dstnat', -100, 'prerouting'],
  ['filter', 0, undefined],
  ['security', 50, undefined],
  ['srcnat', 100, 'postrouting'],
]
const BRIDGE_NAMES: typeof NAMES = [
  ['dstnat', -300, 'prerouting'],
  ['filter', -200, undefined],
  ['out', 100, 'output'],
  ['srcnat', 300, 'postrouting'],
]

/** A name with at most ten more or less, where the hook has that name (std_prio_lookup). */
export function priorityText(base: Pick<BaseChain, 'hook' | 'priority'>, family: Family): string {
  for (const [name, priority, hook] of family === 'bridge' ? BRIDGE_NAMES : NAMES) {
    const offset = base.priority - priority
    if ((hook !== undefined && hook !== base.hook) || offset < -10 || offset > 10) continue
    return offset === 0 ? name : offset > 0 ? `${name} + ${offset}` : `${name} - ${-offset}`
  }
  return String(base.priority)
}

/* ------------------------------------------------------------------ sets and maps */

function setBlock(store: NftStore, set: NftSet, options: ListOptions): string {
  let out = `\t${set.data === undefined ? 'set' : 'map'} ${set.name} {${handle(options, set.handle)}\n`
  const data =
    set.data === undefined ? '' : ` : ${set.dataOf ?? (set.data === 'verdict' ? 'verdict' : set.data.join(' . '))}`
  out += set.typeOf === undefined ? `\t\ttype ${set.types.join(' . ')}${data}\n` : `\t\ttypeof ${set.typeOf}${data}\n`
  if (set.policy !== undefined && set.policy !== 'performance') out += `\t\tpolicy ${set.policy}\n`
  if (set.size !== undefined) out += `\t\tsize ${set.size}\n`
  const flags = FLAGS.filter(
    (flag) => set.flags.includes(flag) && !(flag === 'timeout' && set.timeout && !set.flags.includes('dynamic')),
  )
  if (flags.length > 0) out += `\t\tflags ${flags.join(',')}\n`
  if (set.each !== undefined) out += `\t\t${set.each}\n`
  if (set.timeout) out += `\t\ttimeout ${printTime(set.timeout)}\n`
  if (set.gcInterval) out += `\t\tgc-interval ${printTime(set.gcInterval)}\n`
  if (set.autoMerge) out += '\t\tauto-merge\n'
  if (set.comment !== undefined) out += `\t\tcomment "${set.comment}"\n`
  if (!options.terse) out += elementsBlock(store, set, options)
  return `${out}\t}\n`
}

const FLAGS = ['constant', 'dynamic', 'interval', 'timeout']

function elementsBlock(store: NftStore, set: NftSet, options: ListOptions): string {
  const elements = sorted(set, store.elements(set.table, set.name))
  if (elements.length === 0) return ''
  const many = perLine(typesOfSet(set))
  let out = '\t\telements = { '
  elements.forEach((element, i) => {
    if (i > 0) out += i % many === 0 ? ',\n\t\t\t     ' : ', '
    out += listedElement(set, element, options)
  })
  return `${out} }\n`
}

/** calculate_delim: short values share a line. */
function perLine(types: readonly DataType[]): number {
  if (types.length !== 1) return 1
  switch (types[0]!.name) {
    case 'nf_proto':
    case 'integer':
    case 'inet_proto':
    case 'inet_service':
    case 'tcp_flag':
    case 'mark':
    case 'iface_index':
    case 'uid':
    case 'gid':
    case 'ct_dir':
      return 5
    case 'ipv4_addr':
    case 'ct_state':
    case 'ct_status':
    case 'pkt_type':
      return 2
    default:
      return 1
  }
}

function sorted(set: NftSet, elements: readonly NftElement[]): readonly NftElement[] {
  // intervals of concatenations come as the kernel holds them
  if (set.flags.includes('interval') && set.types.length > 1) return elements
  return elements
    .map((element) => ({ element, at: sortKey(keyOf(element, set)) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ element }) => element)
}

function listedElement(set: NftSet, element: NftElement, options: ListOptions): string {
  let out = element.key
  if (set.each === 'counter' && !options.stateless) {
    const [packets, bytes] = element.counter ?? [0, 0]
    out += ` counter packets ${packets} bytes ${bytes}`
  } else if (set.each !== undefined) out += ` ${set.each}`
  if (element.timeout !== undefined) out += ` timeout ${printTime(element.timeout)}`
  const left =
    element.expiresAt !== undefined && options.now !== undefined
      ? (element.expiresAt - options.now) / 1_000_000
      : element.expires
  if (left !== undefined) out += ` expires ${printTime(Math.floor(left * 1000) / 1000)}`
  if (element.comment !== undefined) out += ` comment "${element.comment}"`
  if (element.data !== undefined) out += ` : ${element.data}`
  return out
}
