/** Reads commands of nft: one a line, or blocks as `nft list` prints them. nftables src/parser_bison.y. */
import type { ChainSpec, Command, Spot, Verb } from './command.ts'
import { parseHook } from './parse-hook.ts'
import { parseStatements, withVerdict } from './parse-rule.ts'
import { braced, nameWord, parseSetBody } from './parse-set.ts'
import { namesIn, oneLine, spotOf, statementSpot } from './rule-places.ts'
import { type BaseChain, FAMILIES, type Family } from './store.ts'
import { NftSyntaxError, type Word, Words, wordsOf } from './words.ts'

export interface ParsedCommands {
  readonly commands: readonly Command[]
  /** Lines that were passed over; only when asked to go on. */
  readonly problems: readonly { readonly line: number; readonly message: string }[]
}

const VERBS: ReadonlySet<string> = new Set(['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush'])
const OBJECTS: ReadonlySet<string> = new Set(['counter', 'quota', 'limit', 'flowtable', 'secmark', 'synproxy', 'ct'])
const FAMILY_NAMES: ReadonlySet<string> = new Set(FAMILIES)

/** `goOn`: a line that cannot be read is named and passed over. Otherwise the first one throws an NftSyntaxError. */
export function parseCommands(text: string, goOn = false): ParsedCommands {
  const parser = new Parser(text, goOn)
  parser.all()
  return parser
}

class Parser implements ParsedCommands {
  readonly commands: Command[] = []
  readonly problems: { line: number; message: string }[] = []
  private readonly text: string
  private readonly words: Words
  private readonly goOn: boolean
  constructor(text: string, goOn: boolean) {
    this.text = text
    this.words = new Words(wordsOf(text))
    this.goOn = goOn
  }

  all(): void {
    const { words } = this
    for (;;) {
      words.skipEnds()
      if (words.done) return
      this.guarded(() => this.command())
    }
  }

  /** One line, or one block; with `goOn` a bad one is left out. */
  private guarded(read: () => void): void {
    const from = this.words.at
    try {
      read()
    } catch (error) {
      if (!(error instanceof NftSyntaxError) || !this.goOn) throw error
      const line = this.words.list[Math.min(from, this.words.list.length - 1)]!.line
      this.problems.push({ line: error.word.line || line, message: error.message })
      this.words.at = Math.max(this.words.at, from + 1)
      while (!this.words.done && !(this.words.peek().kind === 'end' && this.words.peek().text === '\n')) this.words.at++
    }
  }

  private spot(from: Word): Spot {
    const last = this.words.list[Math.max(0, this.words.at - 1)]!
    return { line: from.line, from: from.from, to: last.line === from.line ? Math.max(from.from, last.to) : from.to }
  }

  private command(): void {
    const { words } = this
    const first = words.peek()
    const verb = (words.take(...VERBS) ?? 'add') as Verb
    if (verb === 'flush' && words.take('ruleset')) {
      const family = this.family(false)
      this.commands.push({ object: 'ruleset', verb: 'flush', ...(family ? { family } : {}), spot: this.spot(first) })
      return
    }
    const object = words.peek()
    if (object.kind !== 'word') throw words.unexpected()
    switch (object.text) {
      case 'table':
        words.next()
        return this.table(verb, first)
      case 'chain':
        words.next()
        return this.chain(verb, first)
      case 'rule':
        words.next()
        return this.rule(verb, first)
      case 'set':
      case 'map':
        words.next()
        return this.set(verb, first, object.text === 'map')
      case 'element':
        words.next()
        return this.element(verb, first)
    }
    if (OBJECTS.has(object.text)) {
      words.next()
      return this.object(verb, first, object.text)
    }
    // `add ip filter output ...` is a rule, too
    if (words.list[words.at - 1]?.text === verb && (FAMILY_NAMES.has(object.text) || verb !== 'add'))
      return this.rule(verb, first)
    throw words.unexpected()
  }

  private family(required: true): Family
  private family(required: boolean): Family | undefined
  private family(required: boolean): Family | undefined {
    const word = this.words.peek()
    if (word.kind === 'word' && FAMILY_NAMES.has(word.text)) {
      this.words.next()
      return word.text as Family
    }
    return required ? 'ip' : undefined
  }

  private name(): Word {
    return nameWord(this.words)
  }

  private byHandle(verb: Verb): number | undefined {
    if ((verb !== 'delete' && verb !== 'destroy') || !this.words.take('handle')) return undefined
    return Number(this.words.next().text)
  }

  /** `# handle 12` at the end of the line just opened or ended. */
  private listedHandle(): { handle?: number } {
    const word = this.words.peek()
    return word.kind === 'end' && word.handle !== undefined ? { handle: word.handle } : {}
  }

  /* ---------------------------------------------------------------- tables */

  private table(verb: Verb, first: Word): void {
    const { words } = this
    const family = this.family(true)
    const handle = this.byHandle(verb)
    const name = handle === undefined ? this.name() : first
    const base = { verb, family, table: handle === undefined ? name.text : '', nameSpot: spotOf(name) }
    if (!words.is('{')) {
      this.commands.push({
        object: 'table',
        ...base,
        spot: this.spot(first),
        ...(handle === undefined ? {} : { handle }),
      })
      return
    }
    words.next()
    const listed = this.listedHandle()
    const outer = this.commands.splice(0)
    let comment: string | undefined
    let flags: string[] | undefined
    const rules: Command[] = []
    for (;;) {
      words.skipEnds()
      if (words.done) {
        if (!this.goOn) throw words.unexpected()
        this.problems.push({ line: words.peek().line, message: 'the text ends inside a table: it may be cut off' })
        break
      }
      if (words.take('}')) break
      this.guarded(() => {
        const word = words.peek()
        if (words.take('comment')) comment = words.next().text
        else if (words.take('flags')) {
          flags = []
          while (words.peek().kind === 'word') {
            flags.push(words.next().text)
            words.take(',')
          }
        } else if (words.take('chain')) this.chainBlock(family, base.table, word, rules)
        else if (words.is('set', 'map')) {
          const map = words.next().text === 'map'
          this.setBlock('add', family, base.table, word, map)
        } else if (OBJECTS.has(word.text)) {
          words.next()
          this.objectBlock(family, base.table, word.text, word)
        } else throw words.unexpected()
      })
    }
    outer.push({
      object: 'table',
      ...base,
      spot: spotOf(first),
      ...listed,
      ...(comment === undefined ? {} : { comment }),
      ...(flags === undefined ? {} : { flags }),
    })
    // the kernel gets a block as chains, objects, sets, then what is in them (nft_cmd_expand)
    const parts = this.commands.splice(0)
    for (const object of ['chain', 'object', 'set', 'element'] as const)
      outer.push(...parts.filter((command) => command.object === object))
    this.commands.push(...outer)
    this.commands.push(...rules)
  }

  /* ---------------------------------------------------------------- chains */

  private chain(verb: Verb, first: Word): void {
    const { words } = this
    const family = this.family(true)
    const table = this.name().text
    const handle = this.byHandle(verb)
    const name = handle === undefined ? this.name() : first
    const rules: Command[] = []
    let spec: ChainSpec = {}
    if (words.take('{')) spec = this.chainBody(family, table, name.text, rules)
    this.commands.push({
      object: 'chain',
      verb,
      family,
      table,
      name: handle === undefined ? name.text : '',
      nameSpot: spotOf(name),
      spec,
      spot: this.spot(first),
      ...(handle === undefined ? {} : { handle }),
    })
    this.commands.push(...rules)
  }

  private chainBlock(family: Family, table: string, first: Word, rules: Command[]): void {
    const name = this.name()
    this.words.expect('{')
    const listed = this.listedHandle()
    const at = this.commands.length
    const spec = this.chainBody(family, table, name.text, rules)
    this.commands.splice(at, 0, {
      object: 'chain',
      verb: 'add',
      family,
      table,
      name: name.text,
      nameSpot: spotOf(name),
      spec,
      spot: spotOf(first),
      ...listed,
    })
  }

  private chainBody(family: Family, table: string, chain: string, rules: Command[]): ChainSpec {
    const { words } = this
    let base: BaseChain | undefined
    let policy: 'accept' | 'drop' | undefined
    let comment: string | undefined
    for (;;) {
      words.skipEnds()
      if (words.done) {
        if (!this.goOn) throw words.unexpected()
        return {
          ...(base ? { base } : {}),
          ...(policy ? { policy } : {}),
          ...(comment === undefined ? {} : { comment }),
        }
      }
      if (words.take('}')) break
      this.guarded(() => {
        if (words.is('type') && words.peek(2).text === 'hook') base = parseHook(words, family)
        else if (words.is('policy') && /^(?:accept|drop)$/.test(words.peek(1).text)) {
          words.next()
          policy = words.next().text as 'accept' | 'drop'
        } else if (words.is('comment')) {
          words.next()
          comment = words.next().text
        } else if (words.is('flags') && words.peek(1).text === 'offload') words.at += 2
        else this.ruleLine('add', family, table, chain, words.peek(), rules, undefined)
      })
    }
    return { ...(base ? { base } : {}), ...(policy ? { policy } : {}), ...(comment === undefined ? {} : { comment }) }
  }

  /* ---------------------------------------------------------------- rules */

  private rule(verb: Verb, first: Word): void {
    const family = this.family(true)
    const table = this.name()
    const chain = this.name()
    this.ruleLine(verb, family, table.text, chain.text, first, this.commands, chain, table)
  }

  private ruleLine(
    verb: Verb,
    family: Family,
    table: string,
    chain: string,
    first: Word,
    into: Command[],
    chainWord: Word | undefined,
    tableWord?: Word,
  ): void {
    const { words } = this
    let at: { handle?: number; index?: number; spot: Spot } | undefined
    if (chainWord && words.is('handle', 'position', 'index')) {
      const how = words.next().text
      const number = words.next()
      const spot = spotOf(number)
      at = how === 'index' ? { index: Number(number.text), spot } : { handle: Number(number.text), spot }
    }
    const start = words.peek()
    const startAt = words.at
    const ends: number[] = []
    if (start.kind === 'end' && verb !== 'delete' && verb !== 'destroy') throw words.unexpected()
    if (start.kind !== 'end' && !this.readable(startAt, ends)) return this.kept(verb, family, table, chain, start, into)
    const last = words.list[words.at - 1]!
    const text = start.kind === 'end' ? '' : oneLine(this.text.slice(start.start, last.stop))
    into.push({
      object: 'rule',
      verb,
      family,
      table,
      chain,
      text,
      statementSpots: ends.map((end, i) => statementSpot(words.list.slice(i === 0 ? startAt : ends[i - 1], end))),
      names: namesIn(words.list.slice(startAt, words.at)),
      spot: this.spot(first),
      nameSpot: chainWord ? spotOf(chainWord) : spotOf(first),
      ...(tableWord ? { tableSpot: spotOf(tableWord) } : {}),
      ...(at ? { at } : {}),
      ...this.listedHandle(),
    })
    if (words.peek().kind !== 'end' && !words.is('}')) throw words.unexpected()
  }

  /** Reads statements. false: they cannot be read, but what the rule does can, and it is to be kept. */
  private readable(from: number, ends: number[]): boolean {
    const { words } = this
    try {
      parseStatements(words, ends)
      if (words.peek().kind !== 'end' && !words.is('}')) throw words.unexpected()
      return true
    } catch (error) {
      if (!(error instanceof NftSyntaxError) || !this.goOn) throw error
      const end = words.list.findIndex((word, i) => i >= from && word.kind === 'end')
      const text = oneLine(this.text.slice(words.list[from]!.start, words.list[end - 1]?.stop ?? 0))
      if (!withVerdict(text)) throw error
      this.problems.push({ line: error.word.line, message: `${error.message}; whether this rule matches stays open` })
      words.at = end
      return false
    }
  }

  private kept(verb: Verb, family: Family, table: string, chain: string, start: Word, into: Command[]): void {
    const text = oneLine(this.text.slice(start.start, this.words.list[this.words.at - 1]!.stop))
    const spot = spotOf(start)
    into.push({
      object: 'rule',
      verb,
      family,
      table,
      chain,
      text,
      statementSpots: [],
      names: [],
      spot,
      nameSpot: spot,
      ...this.listedHandle(),
    })
  }

  /* ---------------------------------------------------------------- sets, maps, elements */

  private set(verb: Verb, first: Word, map: boolean): void {
    const { words } = this
    const family = this.family(true)
    const table = this.name().text
    const handle = this.byHandle(verb)
    if (handle === undefined && words.peek(1).text === '{') return this.setBlock(verb, family, table, first, map)
    const name = handle === undefined ? this.name() : first
    this.commands.push({
      object: 'set',
      verb,
      family,
      table,
      name: handle === undefined ? name.text : '',
      map,
      spec: { types: [], flags: [] },
      spot: this.spot(first),
      nameSpot: spotOf(name),
      ...(handle === undefined ? {} : { handle }),
    })
  }

  private setBlock(verb: Verb, family: Family, table: string, first: Word, map: boolean): void {
    const { words } = this
    const name = this.name()
    words.expect('{')
    const listed = this.listedHandle()
    const { spec, elements } = parseSetBody(words, this.text)
    const shared = { family, table, name: name.text, nameSpot: spotOf(name), spot: spotOf(first) }
    this.commands.push({ object: 'set', verb, map, spec, ...shared, ...listed })
    if (elements)
      this.commands.push({
        object: 'element',
        verb: 'add',
        elements: undefined,
        text: elements.text,
        textSpot: elements.spot,
        ...shared,
      })
  }

  private element(verb: Verb, first: Word): void {
    const family = this.family(true)
    const table = this.name().text
    const name = this.name()
    const { text, spot } = braced(this.words, this.text)
    this.commands.push({
      object: 'element',
      verb,
      family,
      table,
      name: name.text,
      elements: undefined,
      text,
      textSpot: spot,
      spot: this.spot(first),
      nameSpot: spotOf(name),
    })
  }

  /* ---------------------------------------------------------------- other objects */

  private object(verb: Verb, first: Word, type: string): void {
    const kind = type === 'ct' ? `ct ${this.name().text}` : type
    const family = this.family(true)
    const table = this.name().text
    this.objectRest(verb, family, table, kind, first)
  }

  private objectBlock(family: Family, table: string, type: string, first: Word): void {
    this.objectRest('add', family, table, type === 'ct' ? `ct ${this.name().text}` : type, first)
  }

  private objectRest(verb: Verb, family: Family, table: string, type: string, first: Word): void {
    const { words } = this
    const name = this.name()
    let body = ''
    if (words.is('{')) body = braced(this.words, this.text).text.trim()
    else {
      const start = words.peek()
      while (words.peek().kind !== 'end' && !words.is('}')) words.next()
      if (words.peek() !== start) body = this.text.slice(start.start, words.list[words.at - 1]!.stop)
    }
    this.commands.push({
      object: 'object',
      verb,
      family,
      table,
      type,
      name: name.text,
      body,
      spot: this.spot(first),
      nameSpot: spotOf(name),
    })
  }
}
