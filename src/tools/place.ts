import type { ModelReader, NetPlace } from '../model/tables.ts'
import type { Place } from './contract.ts'

/** The network that a place stands in: a namespace of a node, or a machine outside. */
export function netPlace(reader: ModelReader, place: Place): NetPlace {
  if (place.at === 'laptop') return { host: 'laptop' }
  if (place.at === 'node') return { node: place.node, netns: '' }
  const container = reader.get('containers', place.container)
  return { node: place.node, netns: reader.get('sandboxes', container?.sandboxId ?? '')?.netns ?? '' }
}

/** The node and network namespace of a place; undefined on the laptop. */
export function namespaceOf(reader: ModelReader, place: Place): { node: string; netns: string } | undefined {
  const at = netPlace(reader, place)
  return 'node' in at ? at : undefined
}
