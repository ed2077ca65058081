import { rfc3339 } from '../../sim/clock.ts'
import type { DaemonSet, Deployment, KubeObject, ReplicaSet } from '../../model/apiserver/objects.ts'
import { getObject } from '../../model/apiserver/object-store.ts'
import { notFound } from '../../model/apiserver/status-errors.ts'
import { KUBECTL_TABLE, table } from '../tabwriter.ts'
import type { ToolResult } from '../contract.ts'
import { changeObject, finish } from './change.ts'
import { replicaSetsOf } from './describe.ts'
import { goDuration } from './durations.ts'
import { KubectlError } from './flags.ts'
import { completeResource, find, readResourceArgs, slashName, type Found } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

const REVISION = 'deployment.kubernetes.io/revision'
const CAUSE = 'kubernetes.io/change-cause'
const COMMANDS = ['status', 'restart', 'history', 'undo', 'pause', 'resume']

export const rollout: Verb = {
  name: 'rollout',
  summary: 'status, restart, history, undo, pause, resume',
  usage: '(status|restart|history|undo|pause|resume) (TYPE NAME | TYPE/NAME)',
  flags: {
    watch: { short: 'w', takes: 'bool' },
    timeout: { takes: 'value' },
    revision: { takes: 'value' },
    'to-revision': { takes: 'value' },
    selector: { short: 'l', takes: 'value' },
    filename: { short: 'f', takes: 'list' },
    'dry-run': { takes: 'optional' },
  },
  complete: (words, reader, namespace) =>
    words.length <= 1 ? COMMANDS : completeResource(words.slice(1), reader, namespace),
  run(kube) {
    const [command, ...args] = kube.args
    if (command === undefined || !COMMANDS.includes(command))
      throw new KubectlError(
        `error: unknown command "${command ?? ''}" for "kubectl rollout"; there are: ${COMMANDS.join(', ')}`,
      )
    if (args.length === 0) throw new KubectlError('error: required resource not specified')
    const { found, errors } = find(kube, readResourceArgs(args, { allowAll: true, path: `kubectl rollout ${command}` }))
    if (errors.length > 0) return { err: errors.join(''), exit: 1 }
    if (found.length === 0) throw new KubectlError('error: no resources found')
    switch (command) {
      case 'status':
        return status(kube, found[0]!)
      case 'restart':
        return finish(found.map((item) => restart(kube, item)))
      case 'history':
        return { out: found.map((item) => history(kube, item)).join('\n'), exit: 0 }
      case 'undo':
        return finish(found.map((item) => undo(kube, item)))
      default:
        return finish(found.map((item) => pause(kube, item, command === 'pause')))
    }
  },
}

interface Progress {
  readonly last: string
  readonly until: number
}

function status(kube: Kube, { resource, object }: Found): ToolResult {
  const before = kube.call.state as Progress | undefined
  const timeout = kube.flags.has('timeout') ? goDuration(kube.flags.get('timeout')!) : 0
  const until = before?.until ?? (timeout > 0 ? kube.now + timeout : Infinity)
  const stored = getObject(kube.reader, resource, object.metadata.namespace, object.metadata.name)
  if (!stored)
    return { err: `Error from server (NotFound): ${notFound(resource, object.metadata.name).message}\n`, exit: 1 }
  const { text, done, failed } = rolloutStatus(resource.resource, stored)
  if (failed) return { err: `error: ${failed}\n`, exit: 1 }
  // The real one prints a line for each change it sees.
  const out = text === before?.last ? '' : text
  if (done || !kube.flags.bool('watch', true)) return { out, exit: 0 }
  if (kube.now >= until) return { out, err: 'error: timed out waiting for the condition\n', exit: 1 }
  return {
    out,
    state: { last: text, until },
    wait: { tables: [resource.table], ...(Number.isFinite(until) ? { until } : {}) },
  }
}

/** polymorphichelpers rollout_status.go. */
function rolloutStatus(resource: string, object: KubeObject): { text: string; done: boolean; failed?: string } {
  if (resource === 'deployments') {
    const d = object as unknown as Deployment
    const name = `deployment "${d.metadata.name}"`
    const {
      updatedReplicas = 0,
      replicas = 0,
      availableReplicas = 0,
      observedGeneration = 0,
      conditions,
    } = d.status ?? {}
    if ((d.metadata.generation ?? 0) > observedGeneration)
      return { text: 'Waiting for deployment spec update to be observed...\n', done: false }
    if (conditions?.find((c) => c.type === 'Progressing')?.reason === 'ProgressDeadlineExceeded')
      return { text: '', done: false, failed: `${name} exceeded its progress deadline` }
    const wanted = d.spec.replicas ?? 1
    const head = `Waiting for ${name} rollout to finish: `
    if (updatedReplicas < wanted)
      return { text: `${head}${updatedReplicas} out of ${wanted} new replicas have been updated...\n`, done: false }
    if (replicas > updatedReplicas)
      return { text: `${head}${replicas - updatedReplicas} old replicas are pending termination...\n`, done: false }
    if (availableReplicas < updatedReplicas)
      return {
        text: `${head}${availableReplicas} of ${updatedReplicas} updated replicas are available...\n`,
        done: false,
      }
    return { text: `${name} successfully rolled out\n`, done: true }
  }
  if (resource === 'daemonsets') {
    const ds = object as unknown as DaemonSet
    const name = `daemon set "${ds.metadata.name}"`
    const {
      updatedNumberScheduled = 0,
      desiredNumberScheduled = 0,
      numberAvailable = 0,
      observedGeneration = 0,
    } = ds.status ?? {}
    if (ds.spec.updateStrategy?.type === 'OnDelete')
      return { text: '', done: true, failed: 'rollout status is only available for RollingUpdate strategy type' }
    if ((ds.metadata.generation ?? 0) > observedGeneration)
      return { text: 'Waiting for daemon set spec update to be observed...\n', done: false }
    const head = `Waiting for ${name} rollout to finish: `
    if (updatedNumberScheduled < desiredNumberScheduled)
      return {
        text: `${head}${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...\n`,
        done: false,
      }
    if (numberAvailable < desiredNumberScheduled)
      return {
        text: `${head}${numberAvailable} of ${desiredNumberScheduled} updated pods are available...\n`,
        done: false,
      }
    return { text: `${name} successfully rolled out\n`, done: true }
  }
  return { text: '', done: true, failed: `no status viewer has been implemented for ${object.kind}` }
}

function restart(kube: Kube, { resource, object }: Found) {
  if (!['deployments', 'daemonsets', 'statefulsets'].includes(resource.resource))
    return { err: `error: ${resource.resource} "${object.metadata.name}" restarting is not supported\n` }
  const body = {
    spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': rfc3339(kube.now) } } } },
  }
  const result = changeObject(kube, resource, object, { patchType: 'strategic', body })
  if (result.err) return { err: result.err }
  if (!result.changed)
    return {
      err: `error: failed to create patch for ${object.metadata.name}: if restart has already been triggered within the past second, please wait before attempting to trigger another\n`,
    }
  return {
    out: `${slashName(resource, object.metadata.name)} restarted\n`,
    ...(result.request ? { request: result.request } : {}),
  }
}

function revisions(kube: Kube, { object }: Found): { revision: number; set: ReplicaSet }[] {
  return kube.reader
    .by('replicasets', 'owner', object.metadata.uid)
    .map((set) => ({ revision: Number(set.metadata.annotations?.[REVISION] ?? 0), set }))
    .sort((a, b) => a.revision - b.revision)
}

function history(kube: Kube, item: Found): string {
  if (item.resource.resource !== 'deployments')
    throw new KubectlError(`not simulated here: rollout history of ${item.resource.resource}; deployments have it`)
  const rows = revisions(kube, item).map(({ revision, set }) => [
    String(revision),
    set.metadata.annotations?.[CAUSE] ?? '<none>',
  ])
  return `${slashName(item.resource, item.object.metadata.name)} \n${table([['REVISION', 'CHANGE-CAUSE'], ...rows], { ...KUBECTL_TABLE, padding: 2, minWidth: 0 })}`
}

function undo(kube: Kube, item: Found) {
  if (item.resource.resource !== 'deployments')
    return { err: `error: no rollbacker has been implemented for "${item.object.kind}"\n` }
  const all = revisions(kube, item)
  const { current } = replicaSetsOf(kube, item.object as unknown as Deployment)
  const wanted = kube.flags.has('to-revision') ? Number(kube.flags.get('to-revision')) : 0
  const target =
    wanted > 0
      ? all.find(({ revision }) => revision === wanted)?.set
      : all.filter(({ set }) => set.metadata.uid !== current?.metadata.uid).at(-1)?.set
  if (!target)
    return {
      err:
        wanted > 0
          ? `error: unable to find specified revision ${wanted} in history\n`
          : `error: no rollout history found for deployment "${item.object.metadata.name}"\n`,
    }
  const { 'pod-template-hash': _, ...labels } = target.spec.template.metadata?.labels ?? {}
  const template = { ...target.spec.template, metadata: { ...target.spec.template.metadata, labels } }
  const result = changeObject(kube, item.resource, item.object, {
    patchType: 'json',
    body: [{ op: 'replace', path: '/spec/template', value: template }] as never,
  })
  if (result.err) return { err: result.err }
  const word = result.changed ? 'rolled back' : `skipped rollback (current template already matches revision ${wanted})`
  return {
    out: `${slashName(item.resource, item.object.metadata.name)} ${word}\n`,
    ...(result.request ? { request: result.request } : {}),
  }
}

function pause(kube: Kube, { resource, object }: Found, on: boolean) {
  if (resource.resource !== 'deployments')
    return {
      err: `error: ${resource.resource} "${object.metadata.name}" ${on ? 'pausing' : 'resuming'} is not supported\n`,
    }
  const paused = (object.spec as { paused?: boolean }).paused ?? false
  if (paused === on)
    return { err: `error: deployments.apps "${object.metadata.name}" is ${on ? 'already paused' : 'not paused'}\n` }
  const result = changeObject(kube, resource, object, {
    patchType: 'merge',
    body: { spec: { paused: on ? true : null } },
  })
  if (result.err) return { err: result.err }
  return {
    out: `${slashName(resource, object.metadata.name)} ${on ? 'paused' : 'resumed'}\n`,
    ...(result.request ? { request: result.request } : {}),
  }
}
