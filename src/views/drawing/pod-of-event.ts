/** Which pod an event is about. Pure: it reads ids out of the data and asks the records whose they are. */
import type { SimEvent } from '../../sim/contract.ts'
import type { Replica } from '../../lab/protocol.ts'

type Records = Pick<Replica, 'get'>

/** Uid of the pod; undefined where the event is about the node, or about no pod. */
export function podOfEvent(
  event: Pick<SimEvent, 'kind' | 'data' | 'to' | 'from'>,
  records: Records,
): string | undefined {
  return search(event.data, records, slashPlace(event.to) ?? slashPlace(event.from), 0)
}

const DEPTH = 5
/** Lists and maps below these keys hold other objects than the one that is meant. */
const SKIP: ReadonlySet<string> = new Set([
  'ownerReferences',
  'managedFields',
  'items',
  'containers',
  'initContainers',
  'volumes',
  'labels',
  'annotations',
])

function search(value: unknown, records: Records, node: string | undefined, depth: number): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || depth > DEPTH) return undefined
  const data = value as Record<string, unknown>
  const direct = text(data.K8S_POD_UID) ?? text(data.podUid) ?? text(data.podUID) ?? text(data.pod_uid)
  if (direct !== undefined) return direct
  if (data.kind === 'Pod')
    return text((data.metadata as { uid?: unknown } | undefined)?.uid) ?? byName(data.metadata, records)
  const involved = data.involvedObject ?? data.regarding
  if (isRecord(involved)) return involved.kind === 'Pod' ? text(involved.uid) : undefined
  if (data.resource === 'pods' && typeof data.name === 'string') {
    const found = byName(data, records)
    if (found !== undefined) return found
  }
  if (isRecord(data.metadata) && typeof data.metadata.uid === 'string' && 'attempt' in data.metadata)
    return data.metadata.uid
  for (const key of ['containerId', 'container_id', 'sandboxId', 'pod_sandbox_id', 'id'] as const) {
    const id = text(data[key])
    const uid = id === undefined ? undefined : byContainer(id, records)
    if (uid !== undefined) return uid
  }
  const netns = text(data.netns) ?? text(data.peerNetns)
  if (netns !== undefined && node !== undefined) {
    const record = records.get('netns', `${node}|${netns.replace(/^.*\//, '')}`)
    const uid = record && byContainer(record.sandboxId, records)
    if (uid !== undefined) return uid
  }
  if (typeof data.uid === 'string' && data.uid.length > 8) return data.uid
  for (const key of Object.keys(data)) {
    if (SKIP.has(key)) continue
    const found = search(data[key], records, node, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

function byContainer(id: string, records: Records): string | undefined {
  return records.get('containers', id)?.podUid ?? records.get('sandboxes', id)?.metadata.uid
}

function byName(meta: unknown, records: Records): string | undefined {
  const { namespace, name } = (meta ?? {}) as { namespace?: string; name?: string }
  return name === undefined ? undefined : records.get('pods', `${namespace ?? 'default'}/${name}`)?.metadata.uid
}

function slashPlace(actor: string): string | undefined {
  const slash = actor.lastIndexOf('/')
  return slash < 0 ? undefined : actor.slice(0, slash)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
