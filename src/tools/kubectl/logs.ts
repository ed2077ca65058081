import { parseRfc3339, rfc3339Nano } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import { resourceOf } from '../../model/apiserver/resources.ts'
import type { ContainerRecord, ModelReader } from '../../model/tables.ts'
import type { ToolResult } from '../contract.ts'
import { goDuration } from './durations.ts'
import { KubectlError } from './flags.ts'
import { allContainerNames, attemptsOf, chooseContainer, choosePod, kubeletTrouble } from './pod-choice.ts'
import { completeResource, listSorted, nameWords } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

/** What is followed: a container of a pod, and how many of its lines were printed. */
interface Source {
  readonly pod: string
  readonly name: string
  readonly container: string
  readonly printed: number
}

export interface LogOptions {
  readonly tail: number
  readonly since: Micros
  readonly timestamps: boolean
  readonly limitBytes?: number
}

export const logs: Verb = {
  name: 'logs',
  summary: 'what a container printed',
  usage: '[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [flags]',
  flags: {
    follow: { short: 'f', takes: 'bool' },
    previous: { short: 'p', takes: 'bool', says: 'of the attempt before this one' },
    container: { short: 'c', takes: 'value' },
    selector: { short: 'l', takes: 'value', says: 'of all pods with these labels (then --tail is 10)' },
    tail: { takes: 'value' },
    since: { takes: 'value' },
    'since-time': { takes: 'value' },
    timestamps: { takes: 'bool' },
    prefix: { takes: 'bool' },
    'all-containers': { takes: 'bool' },
    'all-pods': { takes: 'bool' },
    'limit-bytes': { takes: 'value' },
    'ignore-errors': { takes: 'bool' },
    'max-log-requests': { takes: 'value' },
    'pod-running-timeout': { takes: 'value' },
  },
  complete: (words, reader, namespace) =>
    (words.at(-1) ?? '').includes('/')
      ? completeResource(words, reader, namespace)
      : nameWords({ reader }, 'pods', namespace),
  run(kube) {
    const { flags, call } = kube
    if (call.state) return follow(kube, call.state as readonly Source[])
    const selector = flags.get('selector')
    if (selector === undefined && kube.args.length === 0)
      throw new KubectlError(
        "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command\nSee 'kubectl logs -h' for help and examples",
      )
    if (selector !== undefined && kube.args.length > 0)
      throw new KubectlError(
        "error: only a selector (-l) or a POD name is allowed\nSee 'kubectl logs -h' for help and examples",
      )
    const options = optionsOf(kube, selector !== undefined)
    let pods: Pod[]
    let err = ''
    if (selector !== undefined) {
      pods = listSorted(kube, resourceOf('pods')!, kube.namespace, selector) as unknown as Pod[]
      if (pods.length === 0) return { err: `No resources found in ${kube.namespace} namespace.\n`, exit: 0 }
      const most = Number(flags.get('max-log-requests') ?? 5)
      if (flags.bool('follow') && pods.length > most)
        throw new KubectlError(
          `error: you are attempting to follow ${pods.length} log streams, but maximum allowed concurrency is ${most}, use --max-log-requests to increase the limit`,
        )
    } else {
      const { pod, said } = pick(kube)
      pods = [pod]
      err += said
    }
    let out = ''
    let exit = 0
    const sources: Source[] = []
    for (const pod of pods) {
      for (const { name, said } of containersOf(kube, pod)) {
        err += said
        const opened = openLog(kube, pod, name)
        if ('error' in opened) {
          if (flags.bool('ignore-errors')) continue
          return { out, err: err + opened.error, exit: 1 }
        }
        const lines = kube.reader.by('containerLogs', 'container', opened.container)
        const prefix = prefixOf(kube, pod.metadata.name, name)
        out += logText(kube.reader, opened.container, options, prefix)
        sources.push({ pod: pod.metadata.name, name, container: opened.container, printed: lines.length })
      }
    }
    if (!flags.bool('follow') || sources.length === 0) return { out, err, exit }
    exit = 0
    return { out, err, state: sources, wait: { tables: ['containerLogs', 'containers'] } }
  },
}

function pick(kube: Kube): { pod: Pod; said: string } {
  try {
    return choosePod(kube, kube.args[0]!)
  } catch (error) {
    const match =
      error instanceof KubectlError ? /^Error from server \(NotFound\): (pods .* not found)$/.exec(error.message) : null
    if (match)
      throw new KubectlError(`error: error from server (NotFound): ${match[1]} in namespace "${kube.namespace}"`)
    throw error
  }
}

function optionsOf({ flags, now }: Kube, bySelector: boolean): LogOptions {
  const tailText = flags.get('tail')
  const tail = tailText === undefined ? (bySelector ? 10 : -1) : Number(tailText)
  if (!Number.isInteger(tail))
    throw new KubectlError(
      `error: invalid argument "${tailText}" for "--tail" flag: strconv.ParseInt: parsing "${tailText}": invalid syntax`,
    )
  if (tail < -1) throw new KubectlError('error: --tail must be greater than or equal to -1')
  if (flags.has('since') && flags.has('since-time'))
    throw new KubectlError('error: at most one of `sinceTime` or `sinceSeconds` may be specified')
  const since = flags.has('since')
    ? now - goDuration(flags.get('since')!)
    : flags.has('since-time')
      ? parseRfc3339(flags.get('since-time')!)
      : -Infinity
  return {
    tail,
    since,
    timestamps: flags.bool('timestamps'),
    ...(flags.has('limit-bytes') ? { limitBytes: Number(flags.get('limit-bytes')) } : {}),
  }
}

function containersOf(kube: Kube, pod: Pod): { name: string; said: string }[] {
  if (kube.flags.bool('all-containers'))
    return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((c) => ({ name: c.name, said: '' }))
  const asked = kube.flags.get('container') ?? kube.args[1]
  const chosen = chooseContainer(pod, asked)
  if (!chosen)
    throw new KubectlError(
      `error: container ${asked} is not valid for pod ${pod.metadata.name} out of: ${allContainerNames(pod)}`,
    )
  return [chosen]
}

/** The container whose log it is, or what the API server says instead (pkg/registry/core/pod, kubelet GetKubeletContainerLogs). */
function openLog(kube: Kube, pod: Pod, name: string): { container: string } | { error: string } {
  const fail = (text: string) => ({ error: `Error from server (BadRequest): ${text}\n` })
  const node = pod.spec.nodeName
  if (!node) return { container: '' }
  const trouble = kubeletTrouble(kube, node)
  if (trouble) {
    const ip = kube.reader.get('machines', node)?.ip ?? node
    return {
      error: `Error from server: Get "https://${ip}:10250/containerLogs/${pod.metadata.namespace}/${pod.metadata.name}/${name}${kube.flags.bool('follow') ? '?follow=true' : ''}": ${trouble.text}\n`,
    }
  }
  const attempts = attemptsOf(kube, pod, name).filter((c) => c.state !== 'CONTAINER_CREATED')
  const status = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    (s) => s.name === name,
  )
  if (kube.flags.bool('previous')) {
    const ended = attempts.filter((c) => c.state === 'CONTAINER_EXITED')
    const previous =
      status?.state.running || attempts.at(-1)?.state === 'CONTAINER_RUNNING'
        ? ended.at(-1)
        : (ended.at(-2) ?? (status?.lastState?.terminated ? ended.at(-1) : undefined))
    return previous
      ? { container: previous.id }
      : fail(`previous terminated container "${name}" in pod "${pod.metadata.name}" not found`)
  }
  const current: ContainerRecord | undefined = attempts.at(-1)
  if (current) return { container: current.id }
  const waiting = status?.state.waiting
  if (waiting?.reason) {
    const why = /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull)$/.test(waiting.reason)
    return fail(
      why
        ? `container "${name}" in pod "${pod.metadata.name}" is waiting to start: trying and failing to pull image`
        : `container "${name}" in pod "${pod.metadata.name}" is waiting to start: ${waiting.reason}`,
    )
  }
  return fail(`container "${name}" in pod "${pod.metadata.name}" is waiting to start: ContainerCreating`)
}

function prefixOf(kube: Kube, pod: string, container: string): string {
  return kube.flags.bool('prefix') ? `[pod/${pod}/${container}] ` : ''
}

/** Lines of a container; crictl logs prints them, too. */
export function logText(reader: ModelReader, container: string, options: LogOptions, prefix = '', from = 0): string {
  let lines = reader
    .by('containerLogs', 'container', container)
    .slice(from)
    .filter((line) => line.at >= options.since)
  if (from === 0 && options.tail >= 0) lines = options.tail === 0 ? [] : lines.slice(-options.tail)
  const text = lines
    .map((line) => `${prefix}${options.timestamps ? `${rfc3339Nano(line.at)} ` : ''}${line.text}\n`)
    .join('')
  return options.limitBytes === undefined ? text : text.slice(0, options.limitBytes)
}

function follow(kube: Kube, sources: readonly Source[]): ToolResult {
  if (kube.call.interrupted) return { exit: 130 }
  const options = { ...optionsOf(kube, false), tail: -1 }
  let out = ''
  const left: Source[] = []
  for (const source of sources) {
    out += logText(kube.reader, source.container, options, prefixOf(kube, source.pod, source.name), source.printed)
    const record = kube.reader.get('containers', source.container)
    // The stream ends with its container.
    if (record?.state === 'CONTAINER_RUNNING')
      left.push({ ...source, printed: kube.reader.by('containerLogs', 'container', source.container).length })
  }
  return left.length === 0 ? { out, exit: 0 } : { out, state: left, wait: { tables: ['containerLogs', 'containers'] } }
}
