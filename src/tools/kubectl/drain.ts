import type { ApiRequest } from '../../model/messages.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import type { ToolResult } from '../contract.ts'
import { ask, asInput } from './client.ts'
import { cordonOne, namedNodes } from './cordon.ts'
import { goDuration } from './durations.ts'
import { compareObjects, nameWords, type Found } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const RETRY = 5_000_000

interface Victim {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly state: 'evict' | 'leaving'
  readonly retryAt: number
}

interface Progress {
  readonly node: string
  readonly left: readonly Victim[]
  readonly until: number
}

export const drain: Verb = {
  name: 'drain',
  summary: 'cordon a node and evict its pods',
  usage: 'NODE [--ignore-daemonsets] [--delete-emptydir-data] [--force]',
  flags: {
    'ignore-daemonsets': { takes: 'bool' },
    'delete-emptydir-data': { takes: 'bool' },
    force: { takes: 'bool', says: 'also pods without a controller' },
    'grace-period': { takes: 'value' },
    timeout: { takes: 'value' },
    'disable-eviction': { takes: 'bool' },
    'pod-selector': { takes: 'value' },
    selector: { short: 'l', takes: 'value' },
    'dry-run': { takes: 'optional' },
  },
  complete: (_words, reader) => nameWords({ reader }, 'nodes', ''),
  run(kube) {
    if (kube.call.state) return { ...evictLeft(kube, kube.call.state as Progress, ''), outFirst: true }
    const { found, errors } = namedNodes(kube, 'drain NODE')
    if (errors.length > 0) return { err: errors.join(''), exit: 1 }
    return { ...begin(kube, found[0]!), outFirst: true }
  },
}

function begin(kube: Kube, item: Found): ToolResult {
  const { flags, reader } = kube
  const node = item.object.metadata.name
  const cordoned = cordonOne(kube, item, true)
  const inputs = cordoned.request ? [asInput(cordoned.request)] : []
  const pods = [...reader.by('pods', 'node', node)].sort((a, b) => compareObjects(a as never, b as never))
  const names = (list: readonly Pod[]) => list.map((p) => `${p.metadata.namespace}/${p.metadata.name}`).join(', ')
  const owner = (pod: Pod) => pod.metadata.ownerReferences?.find((o) => o.controller)
  const live = pods.filter((pod) => pod.metadata.annotations?.[MIRROR] === undefined)
  const done = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  const daemons = live.filter((pod) => owner(pod)?.kind === 'DaemonSet' && !done(pod))
  const others = live.filter((pod) => !daemons.includes(pod))
  const local = others.filter((pod) => !done(pod) && pod.spec.volumes?.some((v) => v.emptyDir))
  const alone = others.filter((pod) => !done(pod) && !owner(pod))
  const problems: string[] = []
  if (daemons.length > 0 && !flags.bool('ignore-daemonsets'))
    problems.push(`cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ${names(daemons)}`)
  if (local.length > 0 && !flags.bool('delete-emptydir-data'))
    problems.push(`cannot delete Pods with local storage (use --delete-emptydir-data to override): ${names(local)}`)
  if (alone.length > 0 && !flags.bool('force'))
    problems.push(`cannot delete Pods that declare no controller (use --force to override): ${names(alone)}`)
  if (problems.length > 0) {
    const list = problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`
    return {
      out: cordoned.out,
      err: `error: unable to drain node "${node}" due to error: ${list}, continuing command...\nThere are pending nodes to be drained:\n ${node}\n${problems.map((p) => `${p}\n`).join('')}`,
      inputs,
      exit: 1,
    }
  }
  const warnings = [
    ...(daemons.length > 0 ? [`ignoring DaemonSet-managed Pods: ${names(daemons)}`] : []),
    ...(alone.length > 0 ? [`deleting Pods that declare no controller: ${names(alone)}`] : []),
  ]
  const timeout = flags.has('timeout') ? goDuration(flags.get('timeout')!) : 0
  const left: Victim[] = others.map((pod) => ({
    namespace: pod.metadata.namespace!,
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    state: 'evict',
    retryAt: 0,
  }))
  const state: Progress = { node, left, until: timeout > 0 ? kube.now + timeout : Infinity }
  return {
    out: cordoned.out,
    err: warnings.length > 0 ? `Warning: ${warnings.join('; ')}\n` : '',
    inputs,
    state,
    wait: { until: kube.now },
  }
}

function evictLeft(kube: Kube, state: Progress, said: string): ToolResult {
  const { reader, now } = kube
  let out = said
  let err = ''
  const requests: ApiRequest[] = []
  const left: Victim[] = []
  for (const victim of state.left) {
    const stored = reader.get('pods', `${victim.namespace}/${victim.name}`)
    if (stored?.metadata.uid !== victim.uid) {
      out += `pod/${victim.name} evicted\n`
      continue
    }
    if (victim.state === 'leaving' || victim.retryAt > now) {
      left.push(victim)
      continue
    }
    if (victim.retryAt === 0) out += `evicting pod ${victim.namespace}/${victim.name}\n`
    const grace = kube.flags.get('grace-period')
    const request: ApiRequest = {
      verb: 'create',
      resource: 'pods',
      subresource: 'eviction',
      namespace: victim.namespace,
      name: victim.name,
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: victim.name, namespace: victim.namespace },
        ...(grace === undefined ? {} : { deleteOptions: { gracePeriodSeconds: Number(grace) } }),
      },
    }
    const answer = ask(reader, request)
    if (answer.code === 429) {
      err += `error when evicting pods/"${victim.name}" -n "${victim.namespace}" (will retry after 5s): ${(answer.message ?? '').split('\n')[0]}\n`
      left.push({ ...victim, retryAt: now + RETRY })
      continue
    }
    if (answer.code >= 400 && answer.reason !== 'NotFound') {
      return {
        out,
        err: `${err}error: error when evicting pods/"${victim.name}" -n "${victim.namespace}": ${answer.message}\n`,
        exit: 1,
      }
    }
    requests.push(request)
    left.push({ ...victim, state: 'leaving' })
    // One at a time where a budget counts: the next eviction must see this one.
    if (requests.length > 0) {
      left.push(...state.left.slice(state.left.indexOf(victim) + 1))
      return { out, err, inputs: requests.map(asInput), state: { ...state, left } }
    }
  }
  if (left.length === 0) return { out: `${out}node/${state.node} drained\n`, err, exit: 0 }
  if (now >= state.until)
    return {
      out,
      err: `${err}error: unable to drain node "${state.node}" due to error: error when waiting for pod "${left[0]!.name}" in namespace "${left[0]!.namespace}" to terminate: global timeout reached\n`,
      exit: 1,
    }
  const retry = Math.min(state.until, ...left.flatMap((v) => (v.state === 'evict' && v.retryAt > 0 ? [v.retryAt] : [])))
  return {
    out,
    err,
    state: { ...state, left },
    wait: { tables: ['pods'], ...(Number.isFinite(retry) ? { until: retry } : {}) },
  }
}
