/**
 * The lines of which a program writes ten thousand: elements and rules in the form that knftables gives them
 * (sigs.k8s.io/knftables, writeOperation), taken apart by their blanks. What looks otherwise goes the long way.
 */
import type { NftOverlay } from './overlay.ts'
import type { NftElement } from './store.ts'
import { anonymousSets } from './anonymous-sets.ts'

const ELEMENT =
  /^(add|delete|destroy) element (\S+) (\S+) (\S+) \{ ([^{},"]+?)(?: comment "([^"]*)")?(?: : ([^{},"]+?))? \}$/
const PLAIN_KEY = /^[0-9a-z.:]+(?: \. [0-9a-z.:]+)*$/

/** true: done. */
export function quickElement(overlay: NftOverlay, line: string, now: number | undefined): boolean {
  if (line.charCodeAt(0) !== 97 && line.charCodeAt(0) !== 100) return false
  if (!line.includes(' element ')) return false
  const found = ELEMENT.exec(line)
  if (!found) return false
  const [, verb, family, tableName, setName, body, comment, after] = found
  let key = body!
  let data = after
  if (data === undefined) {
    const colon = key.indexOf(' : ')
    if (colon > 0) {
      data = key.slice(colon + 3)
      key = key.slice(0, colon)
    }
  }
  if (!PLAIN_KEY.test(key)) return false
  const table = `${family}/${tableName}`
  const set = overlay.set(table, setName!)
  if (!set || set.flags.includes('interval')) return false
  if (verb !== 'add') {
    const there = overlay.element(table, setName!, key)
    if (!there && verb === 'delete') return false
    if (there) overlay.putElement(table, setName!, key, undefined)
    return true
  }
  if ((set.data === undefined) !== (data === undefined)) return false
  const element: NftElement = {
    table,
    set: setName!,
    key,
    ...(data === undefined ? {} : { data }),
    ...(comment === undefined ? {} : { comment }),
    ...(set.timeout === undefined || now === undefined ? {} : { expiresAt: now + set.timeout * 1_000_000 }),
  }
  const there = overlay.element(table, setName!, key)
  if (there && there.data !== element.data) return false
  if (!there) overlay.putElement(table, setName!, key, element)
  return true
}

const CHAIN = /^(add|flush) chain (\S+) (\S+) (\S+)$/

/** A regular chain that is there afterwards, or is emptied. */
export function quickChain(overlay: NftOverlay, line: string): boolean {
  const found = line.includes(' chain ') ? CHAIN.exec(line) : undefined
  if (!found) return false
  const table = `${found[2]}/${found[3]}`
  const name = found[4]!
  if (!overlay.table(table)) return false
  const there = overlay.chain(table, name)
  if (found[1] === 'add') {
    if (!there) overlay.addChain(table, name, {}, undefined)
    return true
  }
  if (there) overlay.flushChain(table, name)
  return there !== undefined
}

const RULE = /^add rule (\S+) (\S+) (\S+) (?!handle |position |index )(.+)$/

export function quickRule(overlay: NftOverlay, line: string): boolean {
  if (!line.startsWith('add rule ')) return false
  const found = RULE.exec(line)
  if (!found) return false
  const table = `${found[1]}/${found[2]}`
  const chain = found[3]!
  if (!overlay.table(table) || !overlay.chain(table, chain)) return false
  const text = found[4]!
  overlay.appendRule(table, chain, text, overlay.nextHandle(table, quickSets(text)))
  return true
}

/** As `anonymousSets`, for the forms that kube-proxy writes; others are parsed. */
function quickSets(text: string): number {
  const open = text.indexOf('{')
  if (open < 0) return 0
  if (/ (?:vmap|map) \{[^{}]*\}(?: comment "[^"]*")?$/.test(text)) return 1
  return anonymousSets(text)
}
