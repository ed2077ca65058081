import type { SimEvent } from '../../sim/contract.ts'
import { placeOf } from '../../sim/contract.ts'
import { shortImage, spellBytes } from '../drawing/spell.ts'
import { isAnswer } from '../drawing/plane.ts'
import { actorPhrase, actorSubject } from './actors.ts'
import { pick, plain, shortDigest, words } from './facts.ts'
import type { Narration } from './narration.ts'
import { say } from './say.ts'
import { DOCS } from './upstream-docs.ts'

export function narrateStore(event: SimEvent): Narration {
  const data = plain(event.data)
  const size = pick(data, 'bytes', 'size')
  const image = pick(data, 'image')
  const status = Number(data.status ?? 200)
  const facts = {
    From: actorSubject(event.from),
    from: actorPhrase(event.from),
    to: actorPhrase(event.to),
    what: pick(data, 'volume', 'name', 'what') ?? words(event.kind),
    pod: pick(data, 'pod', 'podName'),
    image: image === undefined ? undefined : shortImage(image),
    digest: shortDigest(pick(data, 'digest', 'layer')),
    size: size === undefined ? undefined : spellBytes(Number(size)),
    tag: image === undefined ? undefined : (/:([^:/@]+)$/.exec(image)?.[1] ?? 'latest'),
    error: data.refused === true ? 'no connection' : `status ${status}`,
  }
  const node = placeOf(isAnswer(event) || event.from === 'registry' ? event.to : event.from)
  if (event.kind.startsWith('volume.')) {
    const id = /un|teardown/.test(event.kind) ? 'volume.umount' : 'volume.mount'
    const base = { plane: 'store' as const, command: { line: 'mount', node }, doc: DOCS.volumes }
    if (facts.pod === undefined) {
      return {
        ...base,
        title: say('volume.other.title', { what: words(event.kind) }),
        says: say('volume.other', { ...facts, what: words(event.kind) }),
      }
    }
    return { ...base, title: say(`${id}.title`, facts), says: say(id, facts) }
  }
  const base = { plane: 'store' as const, command: { line: 'crictl images', node }, doc: DOCS.images }
  if (data.refused === true || status >= 400)
    return { ...base, title: say('registry.error.title'), says: say('registry.error', facts) }
  const op = pick(data, 'op')
  if (event.kind === 'registry.blob')
    return { ...base, title: say('registry.blob.begin.title'), says: say('registry.blob.begin', facts) }
  if (op === 'resolve' || op === 'manifest' || op === 'blob') {
    const id = event.kind === 'registry.response' ? (`registry.${op}.answer` as const) : (`registry.${op}` as const)
    return { ...base, title: say(`${id}.title`, facts), says: say(id, facts) }
  }
  return {
    ...base,
    title: say('registry.other.title', { what: words(event.kind) }),
    says: say('registry.other', { ...facts, what: words(event.kind) }),
  }
}
