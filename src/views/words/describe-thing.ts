/** What was chosen, in words: an event, a record, an actor. One place for tooltip, inspector and live region. */
import { placeOf, roleOf, type Micros, type SimEvent } from '../../sim/contract.ts'
import type { Replica, Selection } from '../contract.ts'
import { actorShort } from './actors.ts'
import { describeRecord } from './describe-record.ts'
import { narrateEvent } from './narrate-event.ts'
import type { Narration } from './narration.ts'
import { typed } from './narration.ts'
import { say } from './say.ts'
import { DOCS } from './upstream-docs.ts'

/** The event if the page holds it: still waiting, or among the recent ones. Older ones come from the worker by `ask`. */
export function findEvent(replica: Replica, id: number): SimEvent | undefined {
  for (let i = replica.recent.length - 1; i >= 0; i--) if (replica.recent[i]!.id === id) return replica.recent[i]
  for (const event of replica.pending()) if (event.id === id) return event
  return undefined
}

/** `web` for the id of a container, `pause` for that of a sandbox: what runs in it. */
export function nameById(replica: Replica): (id: string) => string | undefined {
  return (id) => replica.get('containers', id)?.metadata.name ?? (replica.get('sandboxes', id) ? 'pause' : undefined)
}

export function describeThing(
  selection: Selection,
  replica: Replica,
  now: Micros,
  event?: SimEvent,
): Narration | undefined {
  switch (selection.kind) {
    case 'event': {
      const found = event ?? findEvent(replica, selection.event)
      return found && narrateEvent(found, nameById(replica))
    }
    case 'record':
      return describeRecord(selection.table, selection.id, replica, now)
    case 'actor':
      return describeActor(selection.actor, replica)
  }
}

/** As `Stage` wants it: the command as typed on the laptop. */
export function tipFor(selection: Selection, replica: Replica, now: Micros) {
  const about = describeThing(selection, replica, now)
  return about && { ...about, command: about.command && typed(about.command) }
}

export function describeActor(actor: string, replica: Replica): Narration | undefined {
  const node = placeOf(actor)
  switch (roleOf(actor)) {
    case 'apiserver':
      return {
        title: say('thing.apiserver.title'),
        says: say('thing.apiserver'),
        plane: 'api',
        now: () => say('thing.apiserver.now', { watches: replica.count('watches') }),
        command: { line: 'kubectl get --raw /readyz' },
        doc: DOCS.watch,
      }
    case 'scheduler':
      return {
        title: say('thing.scheduler.title'),
        says: say('thing.scheduler'),
        plane: 'api',
        command: { line: 'kubectl get events -A' },
        doc: DOCS.scheduler,
      }
    case 'controller-manager':
      return {
        title: say('thing.controllers.title'),
        says: say('thing.controllers'),
        plane: 'api',
        command: { line: 'kubectl get leases -A' },
        doc: DOCS.controllers,
      }
    case 'registry':
      return { title: say('thing.registry.title'), says: say('thing.registry'), plane: 'store', doc: DOCS.images }
    case 'laptop':
      return { title: say('thing.laptop.title'), says: say('thing.laptop') }
    case 'external':
      return { title: say('thing.external.title'), says: say('thing.external'), plane: 'packet', doc: DOCS.service }
    case 'kubelet':
      return describeRecord('kubelets', node, replica, replica.now)
    case 'containerd':
      return {
        title: say('thing.containerd.title'),
        says: say('thing.containerd'),
        plane: 'cri',
        now: () =>
          say('thing.containerd.now', {
            sandboxes: replica.by('sandboxes', 'node', node).length,
            containers: replica.by('containers', 'node', node).length,
            images: replica.by('images', 'node', node).length,
          }),
        command: { line: 'crictl info', node },
        doc: DOCS.cri,
      }
    case 'kube-proxy':
      return {
        title: say('thing.proxy.title'),
        says: say('thing.proxy'),
        plane: 'kernel',
        command: { line: 'iptables-save -t nat', node },
        doc: DOCS.proxy,
      }
    case 'cni':
      return {
        title: say('thing.cni.title'),
        says: say('thing.cni'),
        plane: 'kernel',
        command: { line: 'cat /etc/cni/net.d/*', node },
        doc: DOCS.cni,
      }
    case 'kernel':
      return {
        title: say('thing.kernel.title', { node }),
        says: say('thing.kernel'),
        plane: 'kernel',
        command: { line: 'ps -ef', node },
        doc: DOCS.netns,
      }
    default:
      return { title: actorShort(actor), says: say('thing.actor', { name: actorShort(actor), node }) }
  }
}
