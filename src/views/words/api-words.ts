import type { SimEvent } from '../../sim/contract.ts'
import { roleOf } from '../../sim/contract.ts'
import { actorPhrase, actorSubject } from './actors.ts'
import { dig, nameOf, pick, plain, text, words } from './facts.ts'
import type { Narration } from './narration.ts'
import { say, type SentenceId } from './say.ts'
import { DOCS } from './upstream-docs.ts'

const who = (event: SimEvent) => ({
  from: actorPhrase(event.from),
  From: actorSubject(event.from),
  to: actorPhrase(event.to),
  To: actorSubject(event.to),
})

export function narrateApi(event: SimEvent): Narration {
  switch (event.kind) {
    case 'api.watch':
      return watch(event)
    case 'api.request':
      return request(event)
    case 'api.response':
      return response(event)
    default:
      return {
        title: say('api.other.title', { what: words(event.kind) }),
        says: say('api.other', { ...who(event), what: words(event.kind) }),
        plane: 'api',
      }
  }
}

function watch(event: SimEvent): Narration {
  const data = plain(event.data)
  const resource = pick(data, 'resource') ?? 'objects'
  const type = pick(data, 'type') ?? ''
  const object = plain(data.object)
  const kind = singular(resource, pick(object, 'kind'))
  const name = nameOf(object) ?? ''
  const facts = { ...who(event), resource, kind, type, name, version: text(dig(object, 'metadata', 'resourceVersion')) }
  if (type === 'BOOKMARK') {
    return {
      title: say('api.watch.bookmark.title', facts),
      says: say('api.watch.bookmark', facts),
      plane: 'api',
      doc: DOCS.watch,
    }
  }
  const command = getCommand(resource, name)
  if (resource === 'pods' && roleOf(event.to) === 'kubelet') {
    if (type === 'ADDED') {
      return {
        title: say('api.watch.pod.bound.title'),
        says: say('api.watch.pod.bound', facts),
        plane: 'api',
        command,
        doc: DOCS.pod,
      }
    }
    const grace = text(dig(object, 'metadata', 'deletionGracePeriodSeconds'))
    if (type === 'MODIFIED' && dig(object, 'metadata', 'deletionTimestamp') !== undefined) {
      return {
        title: say('api.watch.pod.deleting.title'),
        says: say('api.watch.pod.deleting', { ...facts, grace: grace ?? '0' }),
        plane: 'api',
        command,
        doc: DOCS.pod,
      }
    }
  }
  if (resource === 'endpointslices' && type !== 'DELETED') {
    const endpoints = Array.isArray(object.endpoints) ? object.endpoints : []
    const ready = endpoints.filter((e) => dig(e, 'conditions', 'ready') !== false).length
    return {
      title: say('api.watch.title', facts),
      says: say('api.watch.endpoints', { ...facts, ready, all: endpoints.length }),
      plane: 'api',
      command,
      doc: DOCS.endpointslice,
    }
  }
  const says = type === 'ADDED' ? 'api.watch.added' : type === 'DELETED' ? 'api.watch.deleted' : 'api.watch.modified'
  return { title: say('api.watch.title', facts), says: say(says, facts), plane: 'api', command, doc: DOCS.watch }
}

function request(event: SimEvent): Narration {
  const data = plain(event.data)
  const verb = pick(data, 'verb') ?? 'get'
  const resource = pick(data, 'resource') ?? 'objects'
  const subresource = pick(data, 'subresource')
  const body = plain(data.body)
  const kind = singular(resource, pick(body, 'kind'))
  const bare = pick(data, 'name') ?? pick(plain(body.metadata), 'name', 'generateName')
  const namespace = pick(data, 'namespace') ?? pick(plain(body.metadata), 'namespace')
  const name = bare === undefined ? '' : namespace === undefined ? bare : `${namespace}/${bare}`
  const facts = { ...who(event), resource, kind, name: name === '' ? kind : name }
  const command = getCommand(resource, name)
  if (resource === 'leases' && (verb === 'update' || verb === 'patch')) {
    return {
      title: say('api.request.lease.title'),
      says: say('api.request.lease', facts),
      plane: 'api',
      command,
      doc: DOCS.lease,
    }
  }
  if (resource === 'nodes' && subresource === 'status') {
    return {
      title: say('api.request.node-status.title'),
      says: say('api.request.node-status', facts),
      plane: 'api',
      command,
      doc: DOCS.status,
    }
  }
  if (resource === 'pods' && subresource === 'status') {
    return {
      title: say('api.request.pod-status.title'),
      says: say('api.request.pod-status', facts),
      plane: 'api',
      command,
      doc: DOCS.pod,
    }
  }
  if (resource === 'pods' && subresource === 'binding') {
    const node = text(dig(body, 'target', 'name'))
    return {
      title: say('api.request.binding.title'),
      says: say('api.request.binding', { ...facts, node }),
      plane: 'api',
      command,
      doc: DOCS.scheduler,
    }
  }
  if (resource === 'pods' && subresource === 'eviction') {
    return {
      title: say('api.request.title', { VERB: 'POST', what: 'eviction' }),
      says: say('api.request.eviction', facts),
      plane: 'api',
      command,
      doc: DOCS.eviction,
    }
  }
  if (resource === 'events' && verb !== 'get' && verb !== 'list' && verb !== 'watch') {
    const reason = pick(body, 'reason') ?? 'Event'
    return {
      title: say('api.request.event.title', { reason }),
      says: say('api.request.event', { ...facts, reason, message: pick(body, 'message', 'note') ?? reason }),
      plane: 'api',
      command: { line: `kubectl get events${namespace ? ` -n ${namespace}` : ''} --sort-by=.lastTimestamp` },
    }
  }
  const replicas = text(dig(body, 'spec', 'replicas'))
  if (subresource === 'scale' && replicas !== undefined) {
    return {
      title: say('api.request.title', { VERB: 'PATCH', what: 'scale' }),
      says: say('api.request.scale', { ...facts, replicas }),
      plane: 'api',
      command,
      doc: DOCS.controllers,
    }
  }
  const what = subresource ? `${kind} ${subresource}` : kind
  const title = say('api.request.title', { VERB: VERBS[verb] ?? verb.toUpperCase(), what })
  return { title, says: say(REQUESTS[verb] ?? 'api.request.get', facts), plane: 'api', command, doc: DOCS.watch }
}

function response(event: SimEvent): Narration {
  const data = plain(event.data)
  const asked = plain(data.request)
  const resource = pick(asked, 'resource') ?? 'object'
  const kind = singular(resource, pick(plain(data.object), 'kind'))
  const verb = pick(asked, 'verb') ?? ''
  const subresource = pick(asked, 'subresource')
  const code = text(data.code) ?? ''
  const name = nameOf(asked)
  const what =
    name === undefined ? (verb === 'list' ? resource : kind) : `${kind} ${name}${subresource ? ` ${subresource}` : ''}`
  const facts = {
    ...who(event),
    code,
    verb,
    what,
    resource,
    count: Array.isArray(data.items) ? data.items.length : undefined,
  }
  const command = name === undefined ? undefined : getCommand(resource, name)
  if (Number(code) >= 400) {
    const reason = pick(data, 'reason') ?? ''
    return {
      title: say('api.response.error.title', { code, reason }),
      says: say('api.response.error', { ...facts, message: pick(data, 'message') ?? reason }),
      plane: 'api',
      command,
      doc: DOCS.watch,
    }
  }
  const title = say('api.response.title', { code, verb, what: subresource ? `${kind} ${subresource}` : kind })
  if (facts.count !== undefined) return { title, says: say('api.response.list', facts), plane: 'api', doc: DOCS.watch }
  return { title, says: say('api.response', facts), plane: 'api', command, doc: DOCS.watch }
}

const VERBS: Readonly<Record<string, string>> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
}
const REQUESTS = {
  get: 'api.request.get',
  list: 'api.request.list',
  watch: 'api.request.watch',
  create: 'api.request.create',
  update: 'api.request.update',
  patch: 'api.request.patch',
  delete: 'api.request.delete',
  deletecollection: 'api.request.deletecollection',
} as Readonly<Record<string, SentenceId>>

const SINGULAR: Readonly<Record<string, string>> = {
  pods: 'pod',
  nodes: 'node',
  services: 'Service',
  endpointslices: 'EndpointSlice',
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  daemonsets: 'DaemonSet',
  statefulsets: 'StatefulSet',
  jobs: 'Job',
  leases: 'lease',
  events: 'event',
  configmaps: 'ConfigMap',
  secrets: 'Secret',
  namespaces: 'namespace',
  serviceaccounts: 'ServiceAccount',
}

/** The word for one object of a resource. */
export function singular(resource: string, kind?: string): string {
  return SINGULAR[resource] ?? kind ?? resource
}

/** `kubectl get pod web-1 -n shop -o yaml`. */
export function getCommand(resource: string, name: string): { line: string } {
  const slash = name.indexOf('/')
  const bare = slash < 0 ? name : name.slice(slash + 1)
  const namespace = slash < 0 ? undefined : name.slice(0, slash)
  const short = SINGULAR[resource]?.toLowerCase() ?? resource
  return { line: `kubectl get ${short}${bare === '' ? '' : ` ${bare}`}${namespace ? ` -n ${namespace}` : ''} -o yaml` }
}
