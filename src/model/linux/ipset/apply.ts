/** Making, filling and destroying sets; what fails does so in the words of ipset(8). net/netfilter/ipset/ip_set_core.c. */
import { liveRules } from '../netfilter/live-rules.ts'
import type { ModelReader } from '../../tables.ts'
import type { Sets } from './batch.ts'
import type { SetOp } from './operations.ts'

export const isSetOp = (op: { readonly op: string }): op is SetOp => op.op.startsWith('set-')

const MISSING = 'The set with the given name does not exist'

/** undefined: done. */
export function applySetOp(sets: Sets, op: SetOp): string | undefined {
  const found = sets.get(op.name)
  if (op.op === 'set-create') {
    if (found)
      return op.exist && found.record.type === op.type
        ? undefined
        : 'Set cannot be created: set with the same name already exists'
    const { name, type } = op
    sets.put(name, {
      node: sets.node,
      name,
      type,
      family: op.family ?? 4,
      hashsize: op.hashsize ?? 1024,
      maxelem: op.maxelem ?? 65_536,
      range: op.range ?? '0-65535',
      initval: type.startsWith('bitmap') ? 0 : sets.world.random('ipset initval', 0x1_0000_0000),
      members: [],
    })
    return undefined
  }
  if (!found) return MISSING
  const { members, record } = found
  switch (op.op) {
    case 'set-destroy':
      if (referencesTo(sets.world, sets.node, op.name) > 0)
        return 'Set cannot be destroyed: it is in use by a kernel component'
      sets.put(op.name, undefined)
      return undefined
    case 'set-flush':
      sets.put(op.name, record, [])
      return undefined
    case 'set-swap': {
      const other = sets.get(op.other)
      if (!other) return MISSING
      if (other.record.type !== record.type) return 'The sets cannot be swapped: their type does not match'
      const mine = [...members]
      sets.put(op.name, { ...other.record, name: op.name }, other.members)
      sets.put(op.other, { ...record, name: op.other }, mine)
      return undefined
    }
    case 'set-add':
    case 'set-del': {
      let problem: string | undefined
      for (const entry of op.entries) {
        if (op.op === 'set-del') {
          if (!members.delete(entry) && !op.exist) problem ??= "Element cannot be deleted from the set: it's not added"
        } else if (members.has(entry)) {
          if (!op.exist) problem ??= "Element cannot be added to the set: it's already added"
        } else if (!record.type.startsWith('bitmap') && members.size >= record.maxelem)
          problem ??= `Hash is full, cannot add more elements`
        else members.add(entry)
      }
      sets.touch(op.name)
      return problem
    }
  }
}

/** Rules of iptables that ask a set. */
export function referencesTo(reader: ModelReader, node: string, name: string): number {
  const rules = liveRules(reader, node)
  let count = 0
  const word = ` --match-set ${name} `
  for (const table of rules.tables())
    for (const chain of rules.chains(table)) for (const rule of chain.rules) if (rule.includes(word)) count++
  return count
}
