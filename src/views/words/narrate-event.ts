/** Every event in words: the caption, the live region, the tooltip, the inspector and the Why chain all say these. */
import type { Micros, SimEvent } from '../../sim/contract.ts'
import { stopwatch } from '../../sim/clock.ts'
import { planeOf } from '../drawing/plane.ts'
import { spellLeft, spellSpan } from '../drawing/spell.ts'
import { actorPhrase, actorShort, actorSubject } from './actors.ts'
import { narrateApi } from './api-words.ts'
import { narrateCri, type NameOfId } from './cri-words.ts'
import { pick, plain, words } from './facts.ts'
import { narrateCni, narrateKernel, narrateOci } from './kernel-words.ts'
import type { Narration } from './narration.ts'
import { narratePacket } from './packet-words.ts'
import { say } from './say.ts'
import { narrateStore } from './store-words.ts'
import { narrateTimer } from './timer-words.ts'

const noNames: NameOfId = () => undefined

export function narrateEvent(event: SimEvent, nameOfId: NameOfId = noNames): Narration {
  return { ...inWords(event, nameOfId), now: (now) => howItStands(event, now) }
}

function inWords(event: SimEvent, nameOfId: NameOfId): Narration {
  if (event.kind === 'wire.lost') return lost(event, nameOfId)
  const family = event.kind.slice(0, Math.max(0, event.kind.indexOf('.')))
  switch (family) {
    case 'api':
      return narrateApi(event)
    case 'cri':
      return narrateCri(event, nameOfId)
    case 'cni':
      return narrateCni(event)
    case 'oci':
      return narrateOci(event, nameOfId)
    case 'kernel':
      return narrateKernel(event, nameOfId)
    case 'net':
      return narratePacket(event)
    case 'registry':
    case 'volume':
      return narrateStore(event)
    case 'timer':
      return narrateTimer(event)
  }
  if (event.causes.length === 0 && event.sent === event.at) {
    return { title: say('input.title', { what: words(event.kind) }), says: say('input', { what: inputWords(event) }) }
  }
  if (event.from === event.to) return narrateTimer(event)
  const facts = { From: actorSubject(event.from), to: actorPhrase(event.to), what: words(event.kind) }
  return { title: say('other.title', facts), says: say('other', facts), plane: planeOf(event) }
}

function inputWords(event: SimEvent): string {
  const data = plain(event.data)
  const detail = pick(data, 'name', 'fault', 'target', 'node', 'unit', 'command')
  return detail === undefined ? words(event.kind) : `${words(event.kind)} ${detail}`
}

/** A lost message is told as what it would have been. */
function lost(event: SimEvent, nameOfId: NameOfId): Narration {
  const data = plain(event.data)
  const inner: SimEvent = {
    ...event,
    kind: pick(data, 'kind') ?? 'other',
    from: pick(data, 'from') ?? event.from,
    to: pick(data, 'to') ?? event.to,
    data: data.data,
  }
  const was = inWords(inner, nameOfId)
  return {
    ...was,
    title: say('wire.lost.title', { what: was.title }),
    says: say('wire.lost', { What: was.title, from: actorPhrase(inner.from), to: actorPhrase(inner.to) }),
  }
}

function howItStands(event: SimEvent, now: Micros): string {
  if (now < event.sent) return say('flight.waits', { left: spellLeft(event.sent - now) })
  if (now < event.at)
    return say('flight.under-way', { done: spellSpan(now - event.sent), all: spellSpan(event.at - event.sent) })
  return say('flight.arrived', { at: stopwatch(event.at), took: spellSpan(event.at - event.sent) })
}

/** `kubelet to containerd`: for a line in a list. */
export function fromTo(event: Pick<SimEvent, 'from' | 'to'>): { from: string; to: string } {
  return { from: actorShort(event.from), to: actorShort(event.to) }
}
