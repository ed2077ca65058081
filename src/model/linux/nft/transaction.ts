/**
 * A transaction of nft: commands in order, all of them or none. linux net/netfilter/nf_tables_api.c
 * (nfnetlink_rcv_batch, nf_tables_commit).
 */
import type { Command, Spot } from './command.ts'
import { anonymousSets } from './anonymous-sets.ts'
import { typeNamed } from './data-type.ts'
import { constantText, dataText } from './expression-text.ts'
import { didYouMean } from './nearest-name.ts'
import { NftOverlay } from './overlay.ts'
import { parseCommands } from './parse-command.ts'
import { parseElements } from './parse-expression.ts'
import { loadedNftRule } from './parse-rule.ts'
import { basesOf, chainsIn, mentions, statementsFrom } from './reach.ts'
import { quickChain, quickElement, quickRule } from './quick.ts'
import type { LiteralElement } from './statement.ts'
import { type NftChange, type NftElement, type NftSet, type NftStore, tableKey } from './store.ts'
import { NftSyntaxError, Words, wordsOf } from './words.ts'
import { fits, hookOf, ruleFault } from './check-rule.ts'

export interface NftError extends Spot {
  readonly message: string
  /** What it contradicts. */
  readonly also?: Spot
}

export interface NftPlan {
  readonly changes: readonly NftChange[]
  readonly error?: NftError
  /** Lines that were passed over (`goOn`). */
  readonly problems: readonly { readonly line: number; readonly message: string }[]
}

export interface PlanOptions {
  /** Written by a program that makes valid input only: rules are not parsed now, references not looked up. */
  readonly trusted?: boolean
  /** A listing that may lack parts: what cannot be read or found is named, and the rest is loaded. */
  readonly goOn?: boolean
  /** Microseconds: elements with a time to live go at `now` plus that. */
  readonly now?: number
}

class Refused extends Error {
  readonly spot: Spot
  readonly also: Spot | undefined
  constructor(message: string, spot: Spot, also?: Spot) {
    super(message)
    this.spot = spot
    this.also = also
  }
}

const COULD_NOT = 'Could not process rule: '
const NOT_SUPPORTED = `${COULD_NOT}Operation not supported`

export function planTransaction(store: NftStore, lines: readonly string[], options: PlanOptions = {}): NftPlan {
  const overlay = new NftOverlay(store)
  const problems: { line: number; message: string }[] = []
  try {
    if (options.trusted) byLine(overlay, lines, options)
    else {
      const parsed = parseCommands(lines.join('\n'), options.goOn)
      problems.push(...parsed.problems)
      for (const command of parsed.commands) {
        try {
          act(overlay, command, options)
        } catch (error) {
          if (!options.goOn || !(error instanceof Refused || error instanceof NftSyntaxError)) throw error
          const line = error instanceof Refused ? error.spot.line : error.word.line
          problems.push({ line, message: error.message.replace(COULD_NOT, '') })
        }
      }
    }
  } catch (error) {
    if (error instanceof Refused) {
      const { spot, message, also } = error
      return { changes: [], problems, error: { ...spot, message, ...(also ? { also } : {}) } }
    }
    if (!(error instanceof NftSyntaxError)) throw error
    const { line, from, to } = error.word
    return { changes: [], problems, error: { line, from, to, message: error.message } }
  }
  return { changes: overlay.changes(), problems }
}

/** Programs write one command a line; most of them are elements and rules, which are not taken apart now. */
function byLine(overlay: NftOverlay, lines: readonly string[], options: PlanOptions): void {
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (line === '') continue
    if (quickElement(overlay, line, options.now) || quickRule(overlay, line) || quickChain(overlay, line)) continue
    for (const command of parseCommands(line).commands) act(overlay, command, options)
  }
}

function act(overlay: NftOverlay, command: Command, options: PlanOptions): void {
  if (command.object === 'ruleset') {
    for (const table of overlay.tables())
      if (command.family === undefined || table.family === command.family) overlay.dropTable(table.key)
    return
  }
  const key = tableKey(command.family, command.table)
  if (command.object === 'table') return tableCommand(overlay, command, key)
  if (!overlay.table(key)) {
    if (options.goOn) overlay.addTable(command.family, command.table, {})
    else if (command.verb === 'destroy') return
    else throw noTable(overlay, command)
  }
  switch (command.object) {
    case 'chain':
      return chainCommand(overlay, command, key, options)
    case 'rule':
      return ruleCommand(overlay, command, key, options)
    case 'set':
      return setCommand(overlay, command, key, options)
    case 'element':
      return elementCommand(overlay, command, key, options)
    case 'object':
      if (command.verb === 'delete' || command.verb === 'destroy') overlay.putObject(key, command.name, undefined)
      else overlay.addObject(key, command.type, command.name, command.body)
  }
}

type Of<K extends string> = Extract<Command, { object: K }>

const isDelete = (verb: string): boolean => verb === 'delete' || verb === 'destroy'
function noTable(
  overlay: NftOverlay,
  command: { family: string; table: string; nameSpot: Spot; tableSpot?: Spot },
): Refused {
  const names = overlay.tables().filter((table) => table.family === command.family)
  const best = didYouMean(
    command.table,
    names.map((table) => table.name),
  )
  const spot = command.tableSpot ?? command.nameSpot
  if (best === undefined) return missing(spot)
  return new Refused(`No such file or directory; did you mean table ‘${best}’ in family ${command.family}?`, spot)
}

function noChain(overlay: NftOverlay, key: string, name: string, spot: Spot): Refused {
  const best = didYouMean(
    name,
    overlay.chains(key).map((chain) => chain.name),
  )
  if (best === undefined) return missing(spot)
  const [family, table] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)]
  return new Refused(`No such file or directory; did you mean chain ‘${best}’ in table ${family} ‘${table}’?`, spot)
}

const exists = (spot: Spot): Refused => new Refused(`${COULD_NOT}File exists`, spot)
const missing = (spot: Spot): Refused => new Refused(`${COULD_NOT}No such file or directory`, spot)
const busy = (spot: Spot): Refused => new Refused(`${COULD_NOT}Device or resource busy`, spot)

function tableCommand(overlay: NftOverlay, command: Of<'table'>, key: string): void {
  if (command.handle !== undefined && isDelete(command.verb)) {
    const found = overlay.tables().find((t) => t.handle === command.handle && t.family === command.family)
    if (!found) throw missing(command.spot)
    return overlay.dropTable(found.key)
  }
  const there = overlay.table(key)
  if (isDelete(command.verb)) {
    if (there) return overlay.dropTable(key)
    if (command.verb === 'destroy') return
    throw missing(command.nameSpot)
  }
  if (command.verb === 'flush') {
    if (!there) throw missing(command.nameSpot)
    for (const chain of overlay.chains(key)) overlay.flushChain(key, chain.name)
    return
  }
  if (there) {
    if (command.verb === 'create') throw exists(command.nameSpot)
    return
  }
  overlay.addTable(command.family, command.table, {
    ...(command.comment === undefined ? {} : { comment: command.comment }),
    ...(command.flags ? { flags: command.flags } : {}),
    ...(command.handle === undefined ? {} : { handle: command.handle }),
  })
}

/* ------------------------------------------------------------------ chains and rules */

function chainCommand(overlay: NftOverlay, command: Of<'chain'>, key: string, options: PlanOptions): void {
  const there =
    command.handle !== undefined && isDelete(command.verb)
      ? overlay.chains(key).find((chain) => chain.handle === command.handle)
      : overlay.chain(key, command.name)
  if (isDelete(command.verb)) {
    if (!there) {
      if (command.verb === 'destroy') return
      throw missing(command.nameSpot)
    }
    if (!options.trusted && chainInUse(overlay, key, there.name)) throw busy(command.nameSpot)
    overlay.putChain(key, there.name, undefined)
    return
  }
  if (command.verb === 'flush') {
    if (!there) throw missing(command.nameSpot)
    overlay.flushChain(key, there.name)
    return
  }
  const { spec } = command
  if (there) {
    if (command.verb === 'create') throw exists(command.nameSpot)
    if (
      spec.base &&
      (there.base?.hook !== spec.base.hook ||
        there.base.type !== spec.base.type ||
        there.base.priority !== spec.base.priority)
    )
      throw new Refused(NOT_SUPPORTED, command.spot)
    if (spec.policy && spec.policy !== there.policy)
      overlay.putChain(key, there.name, { ...there, policy: spec.policy })
    return
  }
  if (spec.base && (!hookOf(spec.base) || (spec.base.type === 'nat' && spec.base.priority <= -200)))
    throw new Refused(NOT_SUPPORTED, command.spot)
  overlay.addChain(key, command.name, spec, command.handle)
}

function ruleCommand(overlay: NftOverlay, command: Of<'rule'>, key: string, options: PlanOptions): void {
  let chain = overlay.chain(key, command.chain)
  if (!chain) {
    if (!options.goOn) {
      if (command.verb === 'destroy') return
      throw noChain(overlay, key, command.chain, command.nameSpot)
    }
    chain = overlay.addChain(key, command.chain, {}, undefined)
  }
  const rules = [...chain.rules]
  const handles = [...chain.handles]
  const at = (): number => {
    const { handle, index } = command.at ?? {}
    const found = index ?? handles.indexOf(handle ?? -1)
    if (found < 0 || found >= rules.length) throw missing(command.at?.spot ?? command.spot)
    return found
  }
  if (isDelete(command.verb)) {
    if (command.verb === 'destroy' && !handles.includes(command.at?.handle ?? -1)) return
    const i = at()
    rules.splice(i, 1)
    handles.splice(i, 1)
    overlay.putChain(key, chain.name, { ...chain, rules, handles })
    return
  }
  if (!options.trusted && !options.goOn) checkReferences(overlay, command, key)
  const handle = command.handle ?? overlay.nextHandle(key, anonymousSets(command.text))
  if (command.handle !== undefined) overlay.sawHandle(key, command.handle)
  if (command.verb === 'replace') {
    const i = at()
    rules[i] = command.text
    handles[i] = handle
  } else {
    const i = command.verb === 'insert' ? (command.at ? at() : 0) : command.at ? at() + 1 : rules.length
    if (i === rules.length) {
      overlay.appendRule(key, chain.name, command.text, handle)
      return
    }
    rules.splice(i, 0, command.text)
    handles.splice(i, 0, handle)
  }
  overlay.putChain(key, chain.name, { ...chain, rules, handles })
}

/** Chains and sets that a rule names must be there (nft_chain_lookup, nft_set_lookup). */
function checkReferences(overlay: NftOverlay, command: Of<'rule'>, key: string): void {
  for (const { name, set, spot } of command.names) {
    if (set && !overlay.set(key, name)) throw new Refused('No such file or directory', spot)
    if (!set && !overlay.chain(key, name)) throw noChain(overlay, key, name, spot)
  }
  const rule = loadedNftRule(command.text)
  const fault = ruleFault(rule, command.family, command.statementSpots)
  if (fault) throw new Refused(fault.message, fault.spot, fault.also)
  for (const { name, set, spot } of command.names)
    if (!set && overlay.chain(key, name)?.base) throw new Refused(NOT_SUPPORTED, spot)
  const later = rule.statements.flatMap((one) => chainsIn(one).flatMap((to) => statementsFrom(overlay, key, to)))
  const particular = [...rule.statements, ...later].filter((one) => one.kind === 'nat' || one.kind === 'reject')
  if (particular.length === 0) return
  for (const base of basesOf(overlay, key, command.chain))
    if (particular.some((one) => !fits(one, base))) throw new Refused(NOT_SUPPORTED, command.spot)
}

function chainInUse(overlay: NftOverlay, key: string, name: string): boolean {
  const uses = (rule: string): boolean => mentions(rule, `jump ${name}`) || mentions(rule, `goto ${name}`)
  for (const chain of overlay.chains(key)) if (chain.name !== name && chain.rules.some(uses)) return true
  for (const set of overlay.sets(key)) {
    if (set.data !== 'verdict') continue
    if (overlay.elements(key, set.name).some((e) => e.data === `goto ${name}` || e.data === `jump ${name}`)) return true
  }
  return false
}

/* ------------------------------------------------------------------ sets and elements */

function setCommand(overlay: NftOverlay, command: Of<'set'>, key: string, options: PlanOptions): void {
  const there =
    command.handle !== undefined && isDelete(command.verb)
      ? overlay.sets(key).find((set) => set.handle === command.handle)
      : overlay.set(key, command.name)
  if (isDelete(command.verb)) {
    if (!there) {
      if (command.verb === 'destroy') return
      throw missing(command.nameSpot)
    }
    if (
      !options.trusted &&
      overlay.chains(key).some((chain) => chain.rules.some((rule) => mentions(rule, `@${there.name}`)))
    )
      throw busy(command.nameSpot)
    overlay.dropSet(key, there.name)
    return
  }
  if (command.verb === 'flush') {
    if (!there) throw missing(command.nameSpot)
    overlay.flushSet(key, there.name)
    return
  }
  if (there) {
    if (command.verb === 'create') throw exists(command.nameSpot)
    return
  }
  const { spec } = command
  const unknown = [...spec.types, ...(spec.data === 'verdict' || !spec.data ? [] : spec.data)].find(
    (name) => typeNamed(name).name !== name,
  )
  if (unknown !== undefined && !options.goOn) throw new Refused(`syntax error, unexpected ${unknown}`, command.spot)
  overlay.addSet(key, command.name, spec, command.handle)
}

function elementCommand(overlay: NftOverlay, command: Of<'element'>, key: string, options: PlanOptions): void {
  const set = overlay.set(key, command.name)
  if (!set) {
    if (command.verb === 'destroy') return
    throw new Refused('No such file or directory', command.nameSpot)
  }
  const words = new Words(wordsOf(`${command.text}}`, command.textSpot.line))
  const data = set.data === 'verdict' || !set.data ? set.data : set.data.map(typeNamed)
  for (const literal of parseElements(words, set.types.map(typeNamed), data)) {
    const element = elementOf(set, literal, options.now)
    const there = overlay.element(key, set.name, element.key)
    if (isDelete(command.verb)) {
      if (!there && command.verb === 'delete') throw missing(command.textSpot)
      if (there) overlay.putElement(key, set.name, element.key, undefined)
      continue
    }
    if (set.data && element.data === undefined) throw new Refused(`${COULD_NOT}Invalid argument`, command.textSpot)
    if (there && (command.verb === 'create' || there.data !== element.data)) throw exists(command.textSpot)
    if (literal.data?.kind === 'verdict' && literal.data.chain !== undefined && !options.trusted && !options.goOn)
      if (!overlay.chain(key, literal.data.chain)) throw missing(command.textSpot)
    if (!there) overlay.putElement(key, set.name, element.key, element)
  }
}

export function elementOf(set: NftSet, literal: LiteralElement, now: number | undefined): NftElement {
  const timeout = literal.timeout ?? set.timeout
  const left = literal.expires ?? timeout
  return {
    table: set.table,
    set: set.name,
    key: constantText(literal.key),
    ...(literal.data ? { data: dataText(literal.data) } : {}),
    ...(literal.comment === undefined ? {} : { comment: literal.comment }),
    ...(literal.timeout === undefined ? {} : { timeout: literal.timeout }),
    ...(left === undefined || left === 0
      ? {}
      : now === undefined
        ? { expires: left }
        : { expiresAt: now + left * 1_000_000 }),
    ...(literal.counter ? { counter: literal.counter } : {}),
  }
}
