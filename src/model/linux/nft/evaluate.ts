/**
 * One packet through one base chain: linux net/netfilter/nf_tables_core.c nft_do_chain. A rule is left at the first
 * expression that says no; what has no single answer (a random number, an interface nobody named) is asked.
 */
import type { TableVerdict } from '../netfilter/evaluate.ts'
import type { Walk } from '../netfilter/walk.ts'
import { compare, evaluate, isUnknown, lookUp, type Place, sure, textOf } from './expressions.ts'
import { expressionText } from './expression-text.ts'
import { loadedNftRule } from './parse-rule.ts'
import { natVerdict, noRule, rejectWith } from './verdicts.ts'
import type { NftChain, NftStore } from './store.ts'
import type { Statement, Verdict } from './statement.ts'

/** NFT_JUMP_STACK_SIZE */
const JUMP_LIMIT = 16

/** What a pass leaves for the facility to keep. */
export type NftKept =
  | {
      readonly op: 'count'
      readonly table: string
      readonly chain: string
      readonly handle: number
      readonly bytes: number
    }
  | {
      readonly op: 'add' | 'update' | 'delete'
      readonly table: string
      readonly set: string
      readonly key: string
      readonly timeout?: number
      readonly data?: string
    }

type Next =
  { kind: 'next' } | { kind: 'no' } | { kind: 'chain'; verdict: Verdict } | { kind: 'end'; verdict: TableVerdict }
const NEXT: Next = { kind: 'next' }
const NO: Next = { kind: 'no' }

export function runBaseChain(walk: Walk, store: NftStore, base: NftChain): TableVerdict {
  const table = base.table
  const trace = walk.trace
  trace.enter(walk.hook, table)
  let chain = base
  let chainAt = trace.chain(table, chain.name)
  let from = 0
  let i = 0
  const stack: { chain: NftChain; chainAt: number; next: number }[] = []
  const back = (): boolean => {
    const top = stack.pop()
    if (!top) return false
    chain = top.chain
    chainAt = top.chainAt
    from = i = top.next
    return true
  }
  const policy = (): TableVerdict => {
    const kind = base.policy === 'drop' ? 'DROP' : 'ACCEPT'
    trace.policy(walk.hook as 'INPUT', table, kind)
    return { kind, chain: base.name, index: -1, policy: true }
  }
  for (;;) {
    if (i >= chain.rules.length) {
      if (i > from) trace.run(chainAt, from, i - 1, false)
      if (back()) continue
      return policy()
    }
    const place: Place = {
      walk,
      store,
      table,
      chain: chain.name,
      index: i,
      base: base.base!,
      found: [],
      question: { table, chain: chain.name, index: i, rule: noRule(chain.name) },
    }
    const result = runRule(place, chain, i)
    for (const text of place.found) trace.lookedUp(text)
    if (result.kind === 'no') {
      // look-ups belong to the run of their rule
      if (place.found.length > 0) {
        trace.run(chainAt, from, i, false)
        from = i + 1
      }
      i++
      continue
    }
    trace.run(chainAt, from, i, true)
    from = i + 1
    if (result.kind === 'end') return result.verdict
    if (result.kind === 'next') {
      i++
      continue
    }
    const { name, chain: to } = result.verdict
    if (name === 'continue') i++
    else if (name === 'accept' || name === 'queue') {
      if (
        name === 'queue' &&
        !ask(place, `does the program behind the queue of rule ${i + 1} of ${chain.name} accept the packet?`, 1)
      )
        return { kind: 'DROP', chain: chain.name, index: i, policy: false }
      return { kind: 'ACCEPT', chain: chain.name, index: i, policy: false }
    } else if (name === 'drop') return { kind: 'DROP', chain: chain.name, index: i, policy: false }
    else if (name === 'return') {
      if (!back()) return policy()
    } else {
      const next = store.chain(table, to!)
      if (name === 'jump') stack.push({ chain, chainAt, next: i + 1 })
      if (!next) {
        walk.assumed.add(`chain ${to} of table ${table} is not in the rules: taken as empty`)
        if (!back()) return policy()
        continue
      }
      if (stack.length > JUMP_LIMIT) {
        walk.assumed.add(`chains of table ${table} jump more than ${JUMP_LIMIT} deep: stopped, packet dropped`)
        return { kind: 'DROP', chain: chain.name, index: i, policy: false }
      }
      chain = next
      chainAt = trace.chain(table, chain.name)
      from = i = 0
    }
  }
}

function runRule(place: Place, chain: NftChain, index: number): Next {
  const rule = loadedNftRule(chain.rules[index]!)
  for (const statement of rule.statements) {
    const next = run(place, chain, index, statement)
    if (next !== NEXT) return next
  }
  return NEXT
}

function run(place: Place, chain: NftChain, index: number, statement: Statement): Next {
  const { walk } = place
  switch (statement.kind) {
    case 'match':
      return compare(place, statement) ? NEXT : NO
    case 'vmap': {
      const key = evaluate(place, statement.key)
      if (key === undefined) return NO
      const found = lookUp(place, key, statement.key, statement.map)
      if (!found || found.data?.kind !== 'verdict') return NO
      return found.data.name === 'continue' ? NEXT : { kind: 'chain', verdict: found.data }
    }
    case 'verdict':
      return statement.name === 'continue' ? NEXT : { kind: 'chain', verdict: statement }
    case 'assign':
      return assign(place, statement)
    case 'nat':
      return natVerdict(place, statement, (verdict) => ({ kind: 'end', verdict }), NO)
    case 'reject':
      if (statement.how === 'tcp' && walk.proto !== 6) return NO
      return {
        kind: 'end',
        verdict: { kind: 'REJECT', with: rejectWith(statement, walk.family), chain: chain.name, index, policy: false },
      }
    case 'counter':
      if (statement.name === undefined)
        keep(place, {
          op: 'count',
          table: place.table,
          chain: chain.name,
          handle: chain.handles[index] ?? 0,
          bytes: lengthOf(walk),
        })
      return NEXT
    case 'log':
      walk.effects.push({ kind: 'log', table: place.table, chain: chain.name, index })
      return NEXT
    case 'limit': {
      const about = `is the rate ${statement.text.replace(/^limit (?:rate )?(?:over )?/, '')} of rule ${index + 1} of ${chain.name} not used up?`
      return ask(place, about, 1) !== statement.over ? NEXT : NO
    }
    case 'notrack':
      // over loopback the packet is known from OUTPUT: ignored (nft_ct.c nft_notrack_eval)
      if (!walk.ctEntry) walk.untracked = true
      return NEXT
    case 'set':
      return change(place, statement)
    case 'opaque':
      return byName(place, statement.text) ? NEXT : NO
  }
}

/** One answer to a yes or no; `usual` is what the running lab takes. */
function ask(place: Place, about: string, usual: 0 | 1): boolean {
  return place.walk.ask({ kind: 'unknown', ...place.question, below: 2, about, usual }) === 1
}

/** Statements whose state nobody knows. */
function byName(place: Place, text: string): boolean {
  if (text === 'xt match "comment"') return true
  if (text.startsWith('xt target')) {
    place.walk.assumed.add(`${text} says nothing of what it does: passed over; iptables-save tells`)
    return true
  }
  const where = `rule ${place.index + 1} of ${place.chain}`
  const quota = /^quota (over )?(?:until )?(\d+ \w+)/.exec(text)
  if (quota) return ask(place, `are the ${quota[2]} of ${where} not used up?`, 1) !== (quota[1] !== undefined)
  const count = /^ct count (over )?(\d+)/.exec(text)
  if (count)
    return ask(place, `are there more than ${count[2]} connections for ${where}?`, 0) === (count[1] !== undefined)
  if (/^(?:tcp option \S+ \S+ set|flow add|last|dup to|ct (?:helper|timeout|expectation) set)/.test(text)) {
    place.walk.assumed.add(`"${text}" is not modelled: the packet goes on unchanged`)
    return true
  }
  return ask(place, `does "${text}" let the packet go on in ${where}?`, 0)
}

/** On the wire with IP and TCP headers; what an application says is taken as 80 bytes, as in net/stack.ts. */
function lengthOf(walk: Walk): number {
  if (walk.proto !== 6) return walk.proto === 17 ? 70 : 84
  return walk.flags & 2 ? 60 : walk.flags & 8 ? 132 : 52
}

function assign(place: Place, statement: Extract<Statement, { kind: 'assign' }>): Next {
  const { walk } = place
  const value = evaluate(place, statement.value)
  if (value === undefined) return NO
  const { to } = statement
  if (isUnknown(value)) {
    walk.assumed.add(`${expressionText(to)} is set to what is not known (${value.about}): left as it was`)
    return NEXT
  }
  if (to.kind === 'meta' && to.key === 'mark') {
    walk.mark = Number(sure(value)) | 0
    walk.trace.marked(walk.mark)
  } else if (to.kind === 'ct' && to.key === 'mark') walk.ctMark = Number(sure(value)) | 0
  else if (to.kind === 'payload') walk.assumed.add(`${expressionText(to)} set by a rule: the packet is left as it was`)
  return NEXT
}

function change(place: Place, statement: Extract<Statement, { kind: 'set' }>): Next {
  const { walk, store, table } = place
  const set = store.set(table, statement.set)
  const key = evaluate(place, statement.key)
  if (key === undefined) return NO
  const text = textOf(key, statement.key, set)
  if (text === undefined) {
    walk.assumed.add(`what goes into set ${statement.set} is not known: nothing is put there`)
    return NEXT
  }
  const timeout = statement.timeout ?? set?.timeout
  const data = statement.data
  const dataText =
    data === undefined
      ? undefined
      : data.kind === 'verdict'
        ? undefined
        : textOf(evaluate(place, data), data, undefined)
  keep(place, {
    op: statement.op,
    table,
    set: statement.set,
    key: text,
    ...(timeout === undefined ? {} : { timeout }),
    ...(dataText === undefined ? {} : { data: dataText }),
  })
  for (const inner of statement.statements) {
    if (inner.kind !== 'limit') continue
    const about = `is the rate ${inner.text.replace(/^limit (?:rate )?(?:over )?/, '')} for ${text} not used up?`
    if (ask(place, about, 1) === inner.over) return NO
  }
  return NEXT
}

function keep(place: Place, data: NftKept): void {
  place.walk.effects.push({ kind: 'keep', facility: 'nft', data })
}
