/** Sets under change in one event: an array of members is copied once, however many come or go. */
import type { ModelWorld } from '../../tables.ts'
import { type IpsetRecord, setId } from './records.ts'

export interface Sets {
  readonly world: ModelWorld
  readonly node: string
  get(name: string): { readonly record: IpsetRecord; readonly members: Set<string> } | undefined
  put(name: string, record: IpsetRecord | undefined, members?: Iterable<string>): void
  /** Says that the members of a set were changed. */
  touch(name: string): void
  write(): void
}

export function newSets(world: ModelWorld, node: string): Sets {
  const open = new Map<string, { record: IpsetRecord; members: Set<string> } | undefined>()
  const touched = new Set<string>()
  const get: Sets['get'] = (name) => {
    if (open.has(name)) return open.get(name)
    const record = world.get('ipsets', setId(node, name))
    const found = record && { record, members: new Set(record.members) }
    open.set(name, found)
    return found
  }
  return {
    world,
    node,
    get,
    put(name, record, members) {
      open.set(name, record && { record, members: new Set(members ?? record.members) })
      touched.add(name)
    },
    touch: (name) => void touched.add(name),
    write() {
      for (const name of touched) {
        const found = open.get(name)
        const members = found && [...found.members]
        if (found?.record.type === 'bitmap:port') members!.sort((a, b) => Number(a) - Number(b))
        world.put('ipsets', setId(node, name), found && { ...found.record, members: members! })
      }
    },
  }
}
