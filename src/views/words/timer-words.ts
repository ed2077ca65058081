/** What an actor does because its own clock says so. */
import type { SimEvent } from '../../sim/contract.ts'
import { placeOf, roleOf } from '../../sim/contract.ts'
import { actorSubject } from './actors.ts'
import { ENGLISH } from './english.ts'
import { pick, plain, words } from './facts.ts'
import type { Command, Narration } from './narration.ts'
import { say, type SentenceId } from './say.ts'
import { DOCS } from './upstream-docs.ts'

export function narrateTimer(event: SimEvent): Narration {
  const data = plain(event.data)
  const what = words(event.kind)
  const name = pick(data, 'name', 'pod', 'container', 'key') ?? ''
  const facts = {
    From: actorSubject(event.to),
    what: name === '' ? what : `${what} ${name}`,
    name: name === '' ? what : name,
  }
  const id = sentenceOf(event.kind)
  const node = placeOf(event.to)
  const more = roleOf(event.to) === 'kubelet' ? { command: commandOf(event.kind, node), doc: docOf(event.kind) } : {}
  if (id === undefined) return { title: say('timer.title', { what }), says: say('timer', facts), ...more }
  return { title: say(`${id}.title` as SentenceId, facts), says: say(id, facts), ...more }
}

/** `timer.kubelet.relist` has the words of `timer.relist`. */
function sentenceOf(kind: string): SentenceId | undefined {
  const parts = kind.split('.')
  for (const id of [kind, `timer.${parts[parts.length - 1]}`]) if (`${id}.title` in ENGLISH) return id as SentenceId
  return undefined
}

function commandOf(kind: string, node: string): Command {
  if (/relist|runtime/.test(kind)) return { line: 'crictl ps -a', node }
  if (/lease/.test(kind)) return { line: `kubectl get lease ${node} -n kube-node-lease -o yaml` }
  if (/status|register/.test(kind)) return { line: `kubectl describe node ${node}` }
  return { line: 'journalctl -u kubelet -n 20 --no-pager', node }
}

function docOf(kind: string): Narration['doc'] {
  if (/lease/.test(kind)) return DOCS.lease
  if (/status|register/.test(kind)) return DOCS.status
  if (/prob/.test(kind)) return DOCS.probes
  if (/volume|mount/.test(kind)) return DOCS.volumes
  return DOCS.kubelet
}
