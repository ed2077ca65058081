/** What an actor does because its own clock says so. */
import type { SimEvent } from '../../sim/contract.ts'
import { placeOf, roleOf } from '../../sim/contract.ts'
import { actorSubject } from './actors.ts'
import { pick, plain, words } from './facts.ts'
import type { Narration } from './narration.ts'
import { say } from './say.ts'
import { DOCS } from './upstream-docs.ts'

export function narrateTimer(event: SimEvent): Narration {
  const data = plain(event.data)
  const what = words(event.kind)
  const name = pick(data, 'name', 'pod', 'container', 'key') ?? ''
  const facts = {
    From: actorSubject(event.to),
    what: name === '' ? what : `${what} ${name}`,
    name,
    probe: pick(data, 'probe', 'kind'),
  }
  const node = placeOf(event.to)
  const title = say('timer.title', { what })
  const role = roleOf(event.to)
  if (role === 'kubelet') {
    if (/relist|pleg/.test(event.kind))
      return { title, says: say('timer.relist', facts), command: { line: 'crictl ps -a', node }, doc: DOCS.kubelet }
    if (/lease/.test(event.kind)) {
      return {
        title,
        says: say('timer.lease', facts),
        command: { line: `kubectl get lease ${node} -n kube-node-lease -o yaml` },
        doc: DOCS.lease,
      }
    }
    if (/node-?status/i.test(event.kind)) {
      return {
        title,
        says: say('timer.status', facts),
        command: { line: `kubectl describe node ${node}` },
        doc: DOCS.status,
      }
    }
    if (/prob/.test(event.kind) && facts.probe !== undefined && name !== '') {
      return {
        title,
        says: say('timer.probe', facts),
        command: { line: 'journalctl -u kubelet -n 20 --no-pager', node },
        doc: DOCS.probes,
      }
    }
    if (/backoff/i.test(event.kind) && name !== '') {
      return { title, says: say('timer.backoff', facts), command: { line: 'crictl ps -a', node }, doc: DOCS.pod }
    }
  }
  return { title, says: say('timer', facts) }
}
