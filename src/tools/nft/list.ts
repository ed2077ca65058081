/** `nft list ...` and `nft get element ...`. nftables src/rule.c do_command_list. */
import { listRuleset, listTable, type ListOptions } from '../../model/linux/nft/print-ruleset.ts'
import { FAMILIES, type NftStore, type NftTable, tableKey } from '../../model/linux/nft/store.ts'
import type { Complaint } from './complaint.ts'
import { managedText } from './managed.ts'

interface Word {
  readonly text: string
  readonly from: number
  readonly to: number
}

function split(line: string): Word[] {
  const words: Word[] = []
  for (const found of line.matchAll(/\S+/g))
    words.push({ text: found[0], from: found.index + 1, to: found.index + found[0].length })
  return words
}

const PLURAL: Readonly<Record<string, 'chains' | 'sets' | 'maps' | 'objects'>> = {
  chains: 'chains',
  sets: 'sets',
  maps: 'maps',
  counters: 'objects',
  quotas: 'objects',
  limits: 'objects',
}
const FAMILY: ReadonlySet<string> = new Set(FAMILIES)

/** `managed`: names of tables that iptables-nft made. */
export function list(
  store: NftStore,
  line: string,
  options: ListOptions,
  managed: readonly string[] = [],
): string | Complaint {
  const words = split(line)
  const end: Word = { text: '', from: line.length + 1, to: line.length + 1 }
  let at = 1
  const next = (): Word => words[at++] ?? end
  const unexpected = (word: Word, expecting = ''): Complaint => ({
    line: 1,
    from: word.from,
    to: word.to,
    message: `syntax error, unexpected ${word === end ? 'newline' : 'string'}${expecting}`,
  })
  const missing = (word: Word): Complaint => ({
    line: 1,
    from: word.from,
    to: word.to,
    message: 'No such file or directory',
  })
  if (!line.startsWith('list')) return { line: 1, from: 1, to: 5, message: `not simulated here: ${words[0]!.text}` }
  const object = next()
  const family = words[at] && FAMILY.has(words[at]!.text) ? next().text : undefined
  const tooMany = (): Complaint | undefined =>
    words[at] ? unexpected(words[at]!, ', expecting end of file or newline or semicolon') : undefined
  const ip = family === undefined || family === 'ip' ? managed : []
  if (object.text === 'ruleset')
    return tooMany() ?? `${ip.map(managedText).join('')}${listRuleset(store, options, family)}`
  if (object.text === 'tables') {
    const names = store.tables().filter((table) => family === undefined || table.family === family)
    return (
      tooMany() ??
      `${ip.map((name) => `table ip ${name}\n`).join('')}${names.map((table) => `table ${table.family} ${table.name}\n`).join('')}`
    )
  }
  const plural = PLURAL[object.text]
  if (plural) {
    const type = plural === 'objects' ? object.text.slice(0, -1) : undefined
    const only = { kind: plural, ...(type === undefined ? {} : { type }) }
    const tables = store.tables().filter((table) => family === undefined || table.family === family)
    return tables.map((table) => listTable(store, table, options, only)).join('')
  }
  if (!['table', 'chain', 'set', 'map', 'counter', 'meter'].includes(object.text)) return unexpected(object)
  const tableWord = next()
  if (tableWord === end) return unexpected(end, ', expecting string')
  const table: NftTable | undefined = store.table(tableKey(family ?? 'ip', tableWord.text))
  if (object.text === 'table' && !table && ip.includes(tableWord.text)) return tooMany() ?? managedText(tableWord.text)
  if (object.text === 'table') return table ? (tooMany() ?? listTable(store, table, options)) : missing(tableWord)
  const name = next()
  if (name === end) return unexpected(end, ', expecting string')
  if (!table) return missing(tableWord)
  if (object.text === 'chain')
    return store.chain(table.key, name.text) ? listTable(store, table, options, { chain: name.text }) : missing(name)
  const set = store.set(table.key, name.text)
  if (!set || (set.data !== undefined) !== (object.text === 'map')) return missing(name)
  return listTable(store, table, options, { set: name.text })
}

/** One element, if it is there. */
export function getElement(store: NftStore, line: string, options: ListOptions): string | Complaint {
  const found = /^get element (?:(ip|ip6|inet) )?(\S+) (\S+) \{\s*(.*?)\s*\}$/.exec(line)
  const whole = { line: 1, from: 1, to: line.length }
  if (!found) return { ...whole, message: 'syntax error, unexpected newline' }
  const table = store.table(tableKey(found[1] ?? 'ip', found[2]!))
  const set = table && store.set(table.key, found[3]!)
  if (!table || !set) return { ...whole, message: 'No such file or directory' }
  const element = store.element(table.key, set.name, found[4]!)
  if (!element) return { ...whole, message: 'Could not process rule: No such file or directory' }
  const only: NftStore = { ...store, elements: () => [element] }
  return listTable(only, table, options, { set: set.name })
}
