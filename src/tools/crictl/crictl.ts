import type { Input, Micros } from '../../sim/contract.ts'
import type { ContainerRecord, ImageRecord, ModelReader, SandboxRecord } from '../../model/tables.ts'
import { fullName } from '../../model/images/known-image.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { dockerSize } from '../age.ts'
import { logText } from '../kubectl/logs.ts'
import { goDuration } from '../kubectl/durations.ts'
import { notFoundText, NOT_FOUND } from '../kubectl/exec.ts'
import { CRICTL_TABLE, table } from '../tabwriter.ts'
import { readWords, type Words } from '../words.ts'
import { inspectContainer, inspectImage, inspectSandbox, printStatus, runtimeInfo } from './inspect.ts'
import { listContainers, listImages, listSandboxes, short } from './lists.ts'

const SPEC = {
  flags: ['a', 'q', 'latest', 'no-trunc', 'digests', 'pinned', 'f', 'p', 'i', 't', 'v', 'force', 'previous', 'timestamps', 'sync', 'prune'],
  values: ['o', 'name', 'id', 'pod', 'state', 'image', 'label', 'namespace', 'last', 'tail', 'since', 'timeout', 'r', 'runtime-endpoint', 'config', 'c', 'template', 'limit-bytes'],
  alias: { all: 'a', quiet: 'q', l: 'latest', n: 'last', output: 'o', s: 'state', follow: 'f', previous: 'p', interactive: 'i', tty: 't', verbose: 'v', noTrunc: 'no-trunc', tls: 'v' },
} // prettier-ignore

const COMMANDS = [
  'ps',
  'pods',
  'images',
  'inspect',
  'inspectp',
  'inspecti',
  'logs',
  'exec',
  'pull',
  'stop',
  'rm',
  'stopp',
  'rmp',
  'rmi',
  'info',
  'version',
  'stats',
]

interface Waiting {
  readonly verb: string
  readonly ids: readonly string[]
  readonly until: Micros
  readonly printed?: number
}

const fatal = (text: string): ToolResult => ({ err: `FATA[0000] ${text}\n`, exit: 1 })
const missing = (what: string, id: string): string =>
  `rpc error: code = NotFound desc = an error occurred when try to find ${what} "${id}": not found`

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { err: 'crictl: not on a node\n', exit: 127 }
  const { node } = call.place
  const argv = call.argv.slice(1)
  let at = 0
  while (argv[at]?.startsWith('-')) at += /^(-r|-c|--runtime-endpoint|--config|--timeout|-t)$/.test(argv[at]!) ? 2 : 1
  const command = argv[at]
  if (command === undefined || command === 'help')
    return {
      out: `NAME:\n   crictl - client for CRI\n\nCOMMANDS that this lab answers:\n   ${COMMANDS.join(', ')}\n`,
      exit: 0,
    }
  const rest = argv.slice(at + 1)
  const words = readWords(
    rest,
    command === 'exec'
      ? { ...SPEC, stopAtWord: true }
      : { ...SPEC, ...(command === 'logs' ? { alias: { ...SPEC.alias, t: 'timestamps' } } : {}) },
  )
  if (words.unknown) return { err: `flag provided but not defined: ${words.unknown}\n`, exit: 1 }
  return runCommand(
    call,
    node,
    command === 'po' || command === 'p' ? 'pods' : command === 'image' || command === 'img' ? 'images' : command,
    words,
  )
}

function runCommand(call: ToolCall, node: string, command: string, words: Words): ToolResult {
  const { reader } = call
  switch (command) {
    case 'ps':
      return json(words, () => ({ containers: reader.by('containers', 'node', node).filter((c) => words.flags.has('a') || c.state === 'CONTAINER_RUNNING').map(containerJson) })) ?? { out: listContainers(reader, node, words), exit: 0 } // prettier-ignore
    case 'pods':
      return (
        json(words, () => ({ items: reader.by('sandboxes', 'node', node).map(sandboxJson) })) ?? {
          out: listSandboxes(reader, node, words),
          exit: 0,
        }
      )
    case 'images':
      return json(words, () => ({ images: reader.by('images', 'node', node).map((i) => ({ id: i.id, repoTags: i.repoTags, repoDigests: i.repoDigests, size: String(i.size), pinned: i.pinned })) })) ?? { out: listImages(reader, node, words), exit: 0 } // prettier-ignore
    case 'inspect':
      return each(words, 'container', (id) => find(reader.by('containers', 'node', node), id), (c) => inspectContainer(reader, c)) // prettier-ignore
    case 'inspectp':
      return each(words, 'sandbox', (id) => find(reader.by('sandboxes', 'node', node), id), (s) => inspectSandbox(reader, s)) // prettier-ignore
    case 'inspecti':
      return each(words, 'image', (id) => findImage(reader, node, id), inspectImage)
    case 'info':
      return { out: printStatus([runtimeInfo(reader, node)]), exit: 0 }
    case 'version':
      return {
        out: `Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  v${(reader.get('machines', node)?.containerRuntimeVersion ?? '').replace('containerd://', '')}\nRuntimeApiVersion:  v1\n`,
        exit: 0,
      }
    case 'logs':
      return logs(call, node, words)
    case 'exec':
      return exec(call, node, words)
    case 'stats':
      return stats(reader, node)
    case 'pull':
      return pull(call, node, words)
    case 'stop':
    case 'rm':
    case 'stopp':
    case 'rmp':
    case 'rmi':
      return change(call, node, command, words)
    default:
      return { err: `not simulated here: crictl ${command}; there are: ${COMMANDS.join(', ')}\n`, exit: 1 }
  }
}

function json(words: Words, make: () => object): ToolResult | undefined {
  const format = words.values.get('o')
  if (format === undefined || format === 'table') return undefined
  return format === 'json' ? { out: printStatus([make()]), exit: 0 } : fatal(`unsupported output format "${format}"`)
}

const containerJson = (c: ContainerRecord): object => ({ id: c.id, podSandboxId: c.sandboxId, metadata: c.metadata, image: { image: c.imageId }, imageRef: c.imageRef, state: c.state, createdAt: String(c.createdAt * 1000), labels: c.labels, annotations: c.annotations }) // prettier-ignore
const sandboxJson = (s: SandboxRecord): object => ({ id: s.id, metadata: s.metadata, state: s.state, createdAt: String(s.createdAt * 1000), labels: s.labels, annotations: s.annotations, runtimeHandler: s.runtimeHandler }) // prettier-ignore

/** By a prefix of the id, as containerd's truncindex finds it. */
function find<R extends { id: string }>(records: readonly R[], id: string): R | undefined {
  return id === '' ? undefined : (records.find((r) => r.id === id) ?? records.find((r) => r.id.startsWith(id)))
}

function findImage(reader: ModelReader, node: string, ref: string): ImageRecord | undefined {
  const full = fullName(ref).ref
  return reader
    .by('images', 'node', node)
    .find(
      (i) =>
        i.repoTags.includes(full) ||
        i.repoDigests.includes(full) ||
        i.id.replace('sha256:', '').startsWith(ref.replace('sha256:', '')),
    )
}

function each<R>(
  words: Words,
  what: string,
  get: (id: string) => R | undefined,
  show: (record: R) => object,
): ToolResult {
  if (words.args.length === 0) return fatal('ID cannot be empty')
  const shown: object[] = []
  for (const id of words.args) {
    const record = get(id)
    if (!record)
      return what === 'image'
        ? fatal(`no such image "${id}" present`)
        : fatal(`getting the status of the ${what} "${id}": ${missing(what, id)}`)
    shown.push(show(record))
  }
  return { out: printStatus(shown), exit: 0 }
}

function logs(call: ToolCall, node: string, words: Words): ToolResult {
  const { reader } = call
  const id = words.args[0]
  if (id === undefined) return fatal('ID cannot be empty')
  const container = find(reader.by('containers', 'node', node), id)
  if (!container) return fatal(missing('container', id))
  let target = container
  if (words.flags.has('p')) {
    const before = reader
      .by('containers', 'node', node)
      .find(
        (c) =>
          c.podUid === container.podUid &&
          c.metadata.name === container.metadata.name &&
          c.metadata.attempt === container.metadata.attempt - 1,
      )
    if (!before) return fatal(`failed to get the previous attempt of container "${short(container.id)}"`)
    target = before
  }
  const tail = words.values.get('tail')
  const since = words.values.get('since')
  const options = {
    tail: tail === undefined ? -1 : Number(tail),
    since: since === undefined ? -Infinity : reader.now - goDuration(since),
    timestamps: words.flags.has('timestamps'),
  }
  const from = (call.state as number | undefined) ?? 0
  const out = logText(reader, target.id, from > 0 ? { ...options, tail: -1 } : options, '', from)
  if (!words.flags.has('f') || target.state === 'CONTAINER_EXITED') return { out, exit: 0 }
  if (call.interrupted) return { exit: 130 }
  return {
    out,
    state: reader.by('containerLogs', 'container', target.id).length,
    wait: { tables: ['containerLogs', 'containers'] },
  }
}

function exec(call: ToolCall, node: string, words: Words): ToolResult {
  const [id, ...command] = words.args
  if (id === undefined) return fatal('ID cannot be empty')
  const container = find(call.reader.by('containers', 'node', node), id)
  if (!container) return fatal(`execing command in container: ${missing('container', id)}`)
  if (call.ran !== undefined) {
    if (call.ran === NOT_FOUND)
      return fatal(
        `execing command in container: rpc error: code = Unknown desc = ${notFoundText(container.id, command[0] ?? '')}`,
      )
    return call.ran === 0 ? { exit: 0 } : { err: `command terminated with exit code ${call.ran}\n`, exit: call.ran }
  }
  if (command.length === 0) return fatal('container command must be specified')
  if (container.state !== 'CONTAINER_RUNNING')
    return fatal(
      `execing command in container: rpc error: code = Unknown desc = container is in ${container.state} state`,
    )
  const shell = command.length === 1 && /^(\/(usr\/)?bin\/)?(ba|a|)sh$/.test(command[0]!)
  return {
    state: 'entered',
    effect: {
      kind: 'enter',
      place: { at: 'container', node, container: container.id },
      ...(shell ? {} : { argv: command }),
    },
  }
}

function stats(reader: ModelReader, node: string): ToolResult {
  const rows = reader
    .by('containers', 'node', node)
    .filter((c) => c.state === 'CONTAINER_RUNNING')
    .map((c) => {
      const memory = reader.by('processes', 'container', c.id).reduce((sum, p) => sum + p.rss, 0)
      return [short(c.id), c.metadata.name, '-', dockerSize(memory), '-', '-']
    })
  const out = table([['CONTAINER', 'NAME', 'CPU %', 'MEM', 'DISK', 'INODES'], ...rows], CRICTL_TABLE)
  return { out, err: '# memory is modelled; CPU time and disk use of a container are not\n', exit: 0 }
}

const asInput = (node: string, method: string, request: object): Input => ({
  kind: 'cri.request',
  to: `${node}/containerd`,
  from: 'laptop',
  data: { method, request },
})

function pull(call: ToolCall, node: string, words: Words): ToolResult {
  const ref = words.args[0]
  if (ref === undefined) return fatal('image name or ID is required')
  const { reader } = call
  const pullOf = () => reader.get('pulls', `${node}|${fullName(ref).ref}`) ?? reader.get('pulls', `${node}|${ref}`)
  if (!call.state)
    return { inputs: [asInput(node, 'PullImage', { image: { image: ref } })], state: { since: reader.now } }
  const record = pullOf()
  if (
    record &&
    (record.state === 'done' || record.state === 'failed') &&
    (record.endedAt ?? 0) >= (call.state as { since: number }).since
  ) {
    if (record.state === 'failed') return fatal(`pulling image: ${record.error ?? 'failed'}`)
    const image = findImage(reader, node, ref)
    return { out: `Image is up to date for ${image?.id ?? ref}\n`, exit: 0 }
  }
  return {
    state: call.state,
    wait: { tables: ['pulls', 'images'], until: (call.state as { since: number }).since + 600_000_000 },
  }
}

const METHODS: Readonly<Record<string, string>> = {
  stop: 'StopContainer',
  rm: 'RemoveContainer',
  stopp: 'StopPodSandbox',
  rmp: 'RemovePodSandbox',
  rmi: 'RemoveImage',
}

/** Stops and removes through the runtime, behind the kubelet's back: it will put things right again. */
function change(call: ToolCall, node: string, verb: string, words: Words): ToolResult {
  const { reader } = call
  if (call.state) return changed(call, node, call.state as Waiting)
  const pods = verb === 'stopp' || verb === 'rmp'
  const ids = words.flags.has('a')
    ? (pods ? reader.by('sandboxes', 'node', node) : verb === 'rmi' ? [] : reader.by('containers', 'node', node)).map(
        (r) => r.id,
      )
    : words.args
  if (ids.length === 0) return fatal('ID cannot be empty')
  const inputs: Input[] = []
  const found: string[] = []
  for (const id of ids) {
    if (verb === 'rmi') {
      const image = findImage(reader, node, id)
      if (!image) return fatal(`no such image "${id}" present`)
      found.push(image.id)
      inputs.push(asInput(node, 'RemoveImage', { image: { image: image.id } }))
      continue
    }
    const record: ContainerRecord | SandboxRecord | undefined = pods
      ? find(reader.by('sandboxes', 'node', node), id)
      : find(reader.by('containers', 'node', node), id)
    if (!record) return fatal(pods ? missing('sandbox', id) : missing('container', id))
    if (verb === 'rm' && record.state === 'CONTAINER_RUNNING' && !words.flags.has('f'))
      return fatal(`container "${id}" is running, please stop it first`)
    if (verb === 'rmp' && record.state === 'SANDBOX_READY' && !words.flags.has('f'))
      return fatal(`sandbox "${id}" is running, please stop it first`)
    found.push(record.id)
    if (verb === 'rm' && record.state === 'CONTAINER_RUNNING')
      inputs.push(asInput(node, 'StopContainer', { container_id: record.id, timeout: 0 }))
    if (verb === 'rmp' && record.state === 'SANDBOX_READY')
      inputs.push(asInput(node, 'StopPodSandbox', { pod_sandbox_id: record.id }))
    const timeout = Number(words.values.get('timeout') ?? 0)
    inputs.push(
      asInput(
        node,
        METHODS[verb]!,
        pods ? { pod_sandbox_id: record.id } : { container_id: record.id, ...(verb === 'stop' ? { timeout } : {}) },
      ),
    )
  }
  return {
    inputs,
    state: { verb, ids: found, until: reader.now + 120_000_000 } satisfies Waiting,
    wait: { until: reader.now },
  }
}

function changed(call: ToolCall, node: string, state: Waiting): ToolResult {
  const { reader } = call
  const done = (id: string): boolean => {
    if (state.verb === 'rmi') return reader.get('images', `${node}|${id}`) === undefined
    const record =
      state.verb === 'stopp' || state.verb === 'rmp' ? reader.get('sandboxes', id) : reader.get('containers', id)
    if (!record) return true
    return state.verb.startsWith('stop') && (record.state === 'CONTAINER_EXITED' || record.state === 'SANDBOX_NOTREADY')
  }
  if (!state.ids.every(done)) {
    if (reader.now >= state.until) return fatal('rpc error: code = DeadlineExceeded desc = context deadline exceeded')
    return { state, wait: { tables: ['containers', 'sandboxes', 'images'], until: state.until } }
  }
  const line = (id: string) =>
    state.verb === 'stopp'
      ? `Stopped sandbox ${id}\n`
      : state.verb === 'rmp'
        ? `Removed sandbox ${id}\n`
        : state.verb === 'rmi'
          ? `Deleted: ${id}\n`
          : `${id}\n`
  return { out: state.ids.map(line).join(''), exit: 0 }
}

export const crictl: Tool = {
  name: 'crictl',
  summary: 'ask the container runtime of this node',
  places: ['node'],
  run,
  complete(words, { reader, place }) {
    if (words.length <= 2) return COMMANDS
    if (place.at !== 'node') return []
    const pods = ['inspectp', 'stopp', 'rmp'].includes(words[1]!)
    return (pods ? reader.by('sandboxes', 'node', place.node) : reader.by('containers', 'node', place.node)).map((r) =>
      short(r.id),
    )
  },
}
