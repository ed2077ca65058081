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
  const size = pick(data, 'size', 'bytes')
  const image = pick(data, 'image', 'ref', 'repo', 'reference')
  const facts = {
    From: actorSubject(event.from),
    from: actorPhrase(event.from),
    to: actorPhrase(event.to),
    what: pick(data, 'volume', 'name', 'what') ?? words(event.kind),
    pod: pick(data, 'pod', 'podName'),
    image: image === undefined ? undefined : shortImage(image),
    digest: shortDigest(pick(data, 'digest', 'layer')),
    size: size === undefined ? undefined : spellBytes(Number(size)),
    layers: Array.isArray(data.layers) ? data.layers.length : pick(data, 'layers'),
    error: pick(data, 'error', 'message'),
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
  if (facts.error !== undefined)
    return { ...base, title: say('registry.error.title'), says: say('registry.error', facts) }
  const answer = event.from === 'registry'
  if (event.kind.includes('manifest')) {
    const id = answer ? 'registry.manifest.answer' : 'registry.manifest'
    return { ...base, title: say(`${id}.title`, facts), says: say(id, facts) }
  }
  if (/layer|blob/.test(event.kind)) {
    const id = answer ? 'registry.layer.answer' : 'registry.layer'
    return { ...base, title: say(`${id}.title`, facts), says: say(id, facts) }
  }
  return {
    ...base,
    title: say('registry.other.title', { what: words(event.kind) }),
    says: say('registry.other', { ...facts, what: words(event.kind) }),
  }
}
