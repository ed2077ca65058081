import { resourceOf } from '../../model/apiserver/resources.ts'
import { getObject } from '../../model/apiserver/object-store.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import type { ToolResult } from '../contract.ts'
import { ACCOUNT_RETRY, ACCOUNT_TRIES, awaitsAccount } from './apply.ts'
import { asInput } from './client.ts'
import { createObject } from './change.ts'
import { KubectlError } from './flags.ts'
import { logText } from './logs.ts'
import { attemptsOf } from './pod-choice.ts'
import type { Kube, Verb } from './verb.ts'
import { mergePatch } from '../../model/apiserver/patch.ts'

interface Attached {
  readonly phase: 'wait' | 'shell' | 'gone'
  readonly since: number
  readonly printed: number
}

/** The namespace is young: its service account is looked for once more. */
interface Tried {
  readonly tries: number
}

const PODS = resourceOf('pods')!

export const run: Verb = {
  name: 'run',
  summary: 'start a pod from an image',
  usage: 'NAME --image=image [flags] [-- COMMAND [args...]]',
  flags: {
    image: { takes: 'value' },
    restart: { takes: 'value', choices: ['Always', 'OnFailure', 'Never'] },
    env: { takes: 'list' },
    labels: { short: 'l', takes: 'value' },
    port: { takes: 'value' },
    expose: { takes: 'bool' },
    command: { takes: 'bool' },
    overrides: { takes: 'value' },
    'override-type': { takes: 'value' },
    'dry-run': { takes: 'optional', choices: ['client', 'server', 'none'] },
    output: { short: 'o', takes: 'value' },
    'image-pull-policy': { takes: 'value' },
    annotations: { takes: 'list' },
    stdin: { short: 'i', takes: 'bool' },
    tty: { short: 't', takes: 'bool' },
    attach: { takes: 'bool' },
    rm: { takes: 'bool', says: 'delete the pod when its command has ended' },
    quiet: { short: 'q', takes: 'bool' },
    privileged: { takes: 'bool' },
    'grace-period': { takes: 'value' },
  },
  run(kube) {
    const before = kube.call.state as Attached | Tried | undefined
    if (before && 'phase' in before) return attached(kube, before)
    const { flags, args, rest } = kube
    const name = args[0]
    if (name === undefined)
      throw new KubectlError("error: NAME is required for run\nSee 'kubectl run -h' for help and examples")
    const image = flags.get('image')
    if (!image) throw new KubectlError('error: --image is required')
    if (/[A-Z\s]/.test(image.replace(/:[^/]*$/, '')))
      throw new KubectlError(`error: Invalid image name "${image}": invalid reference format`)
    const interactive = flags.bool('stdin') || flags.bool('attach')
    if (flags.bool('tty') && !flags.bool('stdin'))
      throw new KubectlError('error: -i/--stdin is required for containers with -t/--tty=true')
    if (flags.bool('rm') && !interactive)
      throw new KubectlError('error: --rm should only be used for attached containers')
    const words = [...args.slice(1), ...(rest ?? [])]
    const restart = flags.get('restart') ?? 'Always'
    if (!['Always', 'OnFailure', 'Never'].includes(restart))
      throw new KubectlError(`error: invalid restart policy: ${restart}, valid values are: Always, OnFailure, Never`)
    const labels = labelsOf(flags.get('labels'), { run: name })
    let body: object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: {
        containers: [
          {
            name, image, resources: {},
            ...(words.length > 0 ? (flags.bool('command') ? { command: words } : { args: words }) : {}),
            ...(flags.has('env') ? { env: flags.list('env').map(envOf) } : {}),
            ...(flags.has('port') ? { ports: [{ containerPort: Number(flags.get('port')) }] } : {}),
            ...(flags.has('image-pull-policy') ? { imagePullPolicy: flags.get('image-pull-policy') } : {}),
            ...(flags.bool('privileged') ? { securityContext: { privileged: true } } : {}),
            ...(flags.bool('stdin') ? { stdin: true, stdinOnce: true } : {}),
            ...(flags.bool('tty') ? { tty: true } : {}),
          },
        ],
        dnsPolicy: 'ClusterFirst',
        restartPolicy: restart,
      },
    } // prettier-ignore
    const overrides = flags.get('overrides')
    if (overrides !== undefined) {
      let patch: unknown
      try {
        patch = JSON.parse(overrides)
      } catch {
        throw new KubectlError('error: Invalid JSON Patch')
      }
      body = mergePatch(body, patch)
    }
    const made = createObject(kube, PODS, body)
    const tries = before?.tries ?? 0
    if (tries < ACCOUNT_TRIES && awaitsAccount(made))
      return { state: { tries: tries + 1 } satisfies Tried, wait: { until: kube.now + ACCOUNT_RETRY } }
    if (made.exit !== 0 || !interactive || flags.has('dry-run'))
      return flags.bool('expose') && made.exit === 0 ? exposed(kube, made, name, labels) : made
    const { exit: _, out: _out, ...sent } = made
    const state: Attached = { phase: 'wait', since: kube.now, printed: 0 }
    return { ...sent, state, wait: { until: kube.now, tables: ['pods'] } }
  },
}

function exposed(kube: Kube, made: ToolResult, name: string, labels: Record<string, string>): ToolResult {
  const port = Number(kube.flags.get('port'))
  if (!port) throw new KubectlError('error: --port must be set when exposing a service')
  const service = createObject(kube, resourceOf('services')!, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { ports: [{ port, protocol: 'TCP', targetPort: port }], selector: labels },
  })
  return {
    out: (service.out ?? '') + (made.out ?? ''),
    err: service.err ?? '',
    inputs: [...(service.inputs ?? []), ...(made.inputs ?? [])],
    exit: service.exit ?? 0,
  }
}

function envOf(text: string): { name: string; value: string } {
  const equals = text.indexOf('=')
  if (equals < 1) throw new KubectlError(`error: invalid env: ${text}`)
  return { name: text.slice(0, equals), value: text.slice(equals + 1) }
}

export function labelsOf(text: string | undefined, otherwise: Record<string, string>): Record<string, string> {
  if (text === undefined) return otherwise
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 1) throw new KubectlError(`error: unexpected label spec: ${pair}`)
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

/** `-it`: waits for the pod, gives a shell in it or prints what it says, and removes it with --rm. */
function attached(kube: Kube, state: Attached): ToolResult {
  const name = kube.args[0]!
  const pod = getObject(kube.reader, PODS, kube.namespace, name) as unknown as Pod | undefined
  const again: ToolResult['wait'] = { tables: ['pods', 'containers', 'containerLogs'] }
  if (state.phase === 'gone' || !pod) {
    if (state.phase === 'gone' && pod) return { state, wait: again }
    return state.phase === 'gone'
      ? { out: '', exit: 0 }
      : { err: `Error from server (NotFound): pods "${name}" not found\n`, exit: 1 }
  }
  const leave = (text = '', exit = 0): ToolResult => {
    if (!kube.flags.bool('rm')) return { out: text, exit }
    const remove = asInput({ verb: 'delete', resource: 'pods', name, namespace: kube.namespace })
    return {
      out: `${text}pod "${name}" deleted from ${kube.namespace} namespace\n`,
      inputs: [remove],
      state: { ...state, phase: 'gone' },
      wait: again,
    }
  }
  if (kube.call.interrupted) return { exit: 130 }
  if (kube.call.ran !== undefined) return leave()
  const container = attemptsOf(kube, pod, name).at(-1)
  const phase = pod.status?.phase
  const shell = /^(\/bin\/)?(ba|a|)sh$/.test([...kube.args.slice(1), ...(kube.rest ?? [])][0] ?? '')
  if (shell && container?.state === 'CONTAINER_RUNNING') {
    const more = [...kube.args.slice(1), ...(kube.rest ?? [])]
    return {
      err: "If you don't see a command prompt, try pressing enter.\n",
      state: { ...state, phase: 'shell' },
      effect: {
        kind: 'enter',
        place: { at: 'container', node: container.node, container: container.id },
        ...(more.length > 1 ? { argv: more } : {}),
      },
    }
  }
  if (!container || container.state === 'CONTAINER_CREATED') {
    if (kube.now - state.since > 60_000_000) return { err: 'error: timed out waiting for the condition\n', exit: 1 }
    return { state, wait: { tables: ['pods', 'containers'], until: state.since + 60_000_001 } }
  }
  const total = kube.reader.by('containerLogs', 'container', container.id).length
  const text = logText(kube.reader, container.id, { tail: -1, since: -Infinity, timestamps: false }, '', state.printed)
  if (phase === 'Succeeded' || phase === 'Failed' || container.state === 'CONTAINER_EXITED') {
    const code = container.exitCode ?? 0
    return code === 0
      ? leave(text)
      : { ...leave(text, code), err: `pod ${kube.namespace}/${name} terminated (${container.reason ?? 'Error'})\n` }
  }
  return { out: text, state: { ...state, printed: total }, wait: again }
}
