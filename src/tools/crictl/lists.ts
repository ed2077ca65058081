import type { Micros } from '../../sim/contract.ts'
import type { ContainerRecord, ImageRecord, ModelReader, SandboxRecord } from '../../model/tables.ts'
import { dockerDuration, dockerSize } from '../age.ts'
import { CRICTL_TABLE, table } from '../tabwriter.ts'
import type { Words } from '../words.ts'

export const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, 13)
const ago = (at: Micros, now: Micros): string => `${dockerDuration(now - at)} ago`
const newestFirst = <R extends { createdAt: Micros }>(list: readonly R[]): R[] =>
  [...list].sort((a, b) => b.createdAt - a.createdAt)

const STATES: Readonly<Record<ContainerRecord['state'], string>> = {
  CONTAINER_CREATED: 'Created',
  CONTAINER_RUNNING: 'Running',
  CONTAINER_EXITED: 'Exited',
}

function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true
  try {
    return new RegExp(pattern).test(text)
  } catch {
    return text.includes(pattern)
  }
}

function labelled(labels: Readonly<Record<string, string>>, wanted: readonly string[] | undefined): boolean {
  return (wanted ?? []).every((pair) => labels[pair.split('=')[0]!] === pair.slice(pair.indexOf('=') + 1))
}

/** `crictl ps`: running containers, all with -a. Sandboxes are pods in CRI terms and never listed here. */
export function listContainers(reader: ModelReader, node: string, words: Words): string {
  const state = words.values.get('state')?.toLowerCase()
  const chosen = newestFirst(reader.by('containers', 'node', node)).filter(
    (c) =>
      (words.flags.has('a') ||
        state !== undefined ||
        c.state === 'CONTAINER_RUNNING' ||
        words.flags.has('latest') ||
        words.values.has('last')) &&
      (state === undefined || STATES[c.state].toLowerCase() === state) &&
      matches(words.values.get('name'), c.metadata.name) &&
      matches(words.values.get('image'), `${c.image} ${c.imageId}`) &&
      (!words.values.has('pod') || c.sandboxId.startsWith(words.values.get('pod')!)) &&
      (!words.values.has('id') || c.id.startsWith(words.values.get('id')!)) &&
      matches(words.values.get('namespace'), c.namespace) &&
      labelled(c.labels, words.lists.get('label')),
  )
  const last = words.flags.has('latest') ? 1 : Number(words.values.get('last') ?? Infinity)
  const list = chosen.slice(0, last)
  if (words.flags.has('q')) return list.map((c) => `${c.id}\n`).join('')
  const whole = words.flags.has('no-trunc')
  const rows = list.map((c) => [
    whole ? c.id : short(c.id),
    whole ? c.imageId : short(c.imageId),
    ago(c.createdAt, reader.now),
    STATES[c.state],
    c.metadata.name,
    String(c.metadata.attempt),
    whole ? c.sandboxId : short(c.sandboxId),
    c.podName,
    c.namespace,
  ])
  return table(
    [['CONTAINER', 'IMAGE', 'CREATED', 'STATE', 'NAME', 'ATTEMPT', 'POD ID', 'POD', 'NAMESPACE'], ...rows],
    CRICTL_TABLE,
  )
}

export function listSandboxes(reader: ModelReader, node: string, words: Words): string {
  const state = words.values.get('state')?.toLowerCase()
  const stateOf = (s: SandboxRecord) => (s.state === 'SANDBOX_READY' ? 'Ready' : 'NotReady')
  const list = newestFirst(reader.by('sandboxes', 'node', node))
    .filter(
      (s) =>
        (state === undefined || stateOf(s).toLowerCase() === state) &&
        matches(words.values.get('name'), s.metadata.name) &&
        matches(words.values.get('namespace'), s.metadata.namespace) &&
        (!words.values.has('id') || s.id.startsWith(words.values.get('id')!)) &&
        labelled(s.labels, words.lists.get('label')),
    )
    .slice(0, words.flags.has('latest') ? 1 : Number(words.values.get('last') ?? Infinity))
  if (words.flags.has('q')) return list.map((s) => `${s.id}\n`).join('')
  const rows = list.map((s) => [
    words.flags.has('no-trunc') ? s.id : short(s.id),
    ago(s.createdAt, reader.now),
    stateOf(s),
    s.metadata.name,
    s.metadata.namespace,
    String(s.metadata.attempt),
    s.runtimeHandler || '(default)',
  ])
  return table([['POD ID', 'CREATED', 'STATE', 'NAME', 'NAMESPACE', 'ATTEMPT', 'RUNTIME'], ...rows], CRICTL_TABLE)
}

export function listImages(reader: ModelReader, node: string, words: Words): string {
  const filter = words.args[0]
  const images = reader
    .by('images', 'node', node)
    .filter(
      (i) =>
        filter === undefined ||
        i.repoTags.some((tag) => tag === filter || tag.startsWith(`${filter}:`) || tag.includes(`/${filter}`)),
    )
  const key = (image: ImageRecord) => image.repoTags[0] ?? image.repoDigests[0] ?? image.id
  images.sort((a, b) => (key(a) < key(b) ? -1 : 1))
  if (words.flags.has('q')) return images.map((i) => `${i.id}\n`).join('')
  const digests = words.flags.has('digests')
  const rows = images.flatMap((image) => {
    const tags =
      image.repoTags.length > 0 ? image.repoTags : [`${image.repoDigests[0]?.split('@')[0] ?? '<none>'}:<none>`]
    return tags.map((ref) => {
      const colon = ref.lastIndexOf(':')
      const digest = short(image.repoDigests[0]?.split('@')[1] ?? '<none>')
      const id = words.flags.has('no-trunc') ? image.id : short(image.id)
      return [
        ref.slice(0, colon),
        ref.slice(colon + 1),
        ...(digests ? [digest] : []),
        id,
        dockerSize(image.size),
        ...(words.flags.has('pinned') ? [String(image.pinned)] : []),
      ]
    })
  })
  const header = [
    'IMAGE',
    'TAG',
    ...(digests ? ['DIGEST'] : []),
    'IMAGE ID',
    'SIZE',
    ...(words.flags.has('pinned') ? ['PINNED'] : []),
  ]
  return table([header, ...rows], CRICTL_TABLE)
}
