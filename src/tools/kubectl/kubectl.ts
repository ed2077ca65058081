import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { GLOBAL_FLAGS, KubectlError, parseFlags } from './flags.ts'
import { currentNamespace, hasKubeconfig } from './kubeconfig.ts'
import { nameWords } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'
import { VERBS } from './verbs.ts'

/** Verbs of the real program that are answered in one line. */
const NOT_SIMULATED: Readonly<Record<string, string>> = {
  'port-forward': 'curl the Service or the pod from a node (ssh worker-1)',
  cp: 'kubectl exec POD -- cat FILE',
  attach: 'kubectl logs -f POD',
  autoscale: 'kubectl scale',
  certificate: 'kubectl get csr',
  kustomize: 'kubectl apply -f',
  plugin: 'the verbs that kubectl help lists',
  completion: 'completion with Tab works here',
  replace: 'kubectl apply -f',
  diff: 'kubectl apply --dry-run=server -o yaml, or the difference in the YAML tab',
  alpha: 'the verbs that kubectl help lists',
}

function findVerb(name: string): Verb | undefined {
  return VERBS.find((verb) => verb.name === name || verb.aliases?.includes(name))
}

/** `heavy`: verbs that were loaded for this call in place of their descriptors (`explain` and its documentation). */
export function runKubectl(call: ToolCall, heavy: readonly Verb[] = []): ToolResult {
  try {
    return dispatch(call, heavy)
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error
    return { err: error.message.endsWith('\n') ? error.message : `${error.message}\n`, exit: error.exit }
  }
}

function dispatch(call: ToolCall, heavy: readonly Verb[]): ToolResult {
  const argv = call.argv.slice(1)
  // Flags may stand before the verb: `kubectl -n kube-system get pods`.
  let at = 0
  while (at < argv.length && argv[at]!.startsWith('-') && argv[at] !== '--') {
    const takes = /^(-n|--namespace|--context|--kubeconfig|-s|--server|--as|-v|--request-timeout)$/.test(argv[at]!)
    at += takes ? 2 : 1
  }
  const name = argv[at]
  if (name === undefined || name === 'help' || (at > 0 && argv.slice(0, at).includes('--help')))
    return help(argv.slice(at + 1))
  const verb = heavy.find((v) => v.name === name) ?? findVerb(name)
  if (!verb) {
    const instead = NOT_SIMULATED[name]
    if (instead) return { err: `not simulated here: kubectl ${name}; try ${instead}\n`, exit: 1 }
    throw new KubectlError(`error: unknown command "${name}" for "kubectl"${suggestion(name)}`)
  }
  const path = `kubectl ${verb.name}`
  const { flags, args, rest } = parseFlags(
    [...argv.slice(0, at), ...argv.slice(at + 1)],
    { ...GLOBAL_FLAGS, ...verb.flags },
    path,
  )
  if (flags.bool('help')) return helpOf(verb)
  if (flags.has('server') || flags.has('as'))
    throw new KubectlError(
      `not simulated here: ${flags.has('as') ? '--as' : '--server'}; you are the cluster's administrator`,
    )
  const offline = unreachable(call)
  if (offline && !['version', 'config'].includes(verb.name)) return offline
  const namespace = flags.get('namespace') ?? currentNamespace(call)
  const kube: Kube = {
    call,
    reader: call.reader,
    now: call.reader.now,
    flags,
    args,
    rest,
    namespace,
    explicitNamespace: flags.has('namespace'),
  }
  return verb.run(kube)
}

const DIAL_TIMEOUT = 30_000_000

/** No kubeconfig on this machine, or no way to the API server: what client-go says. */
function unreachable(call: ToolCall): ToolResult | undefined {
  if (!hasKubeconfig(call)) {
    return {
      err: 'The connection to the server localhost:8080 was refused - did you specify the right host or port?\n',
      exit: 1,
    }
  }
  const server = call.reader.get('machines', 'control-plane')
  if (!server || (server.cable && !server.off)) return undefined
  if (call.place.at === 'node' && call.place.node === 'control-plane') return undefined
  const started = typeof call.state === 'number' ? call.state : call.reader.now
  if (call.reader.now - started < DIAL_TIMEOUT) return { state: started, wait: { until: started + DIAL_TIMEOUT } }
  return { err: `Unable to connect to the server: dial tcp ${server.ip}:6443: i/o timeout\n`, exit: 1 }
}

function suggestion(name: string): string {
  const near = VERBS.map((verb) => verb.name).filter((verb) => distance(verb, name) <= 2 || verb.startsWith(name))
  return near.length > 0 ? `\n\nDid you mean this?\n${near.map((verb) => `\t${verb}\n`).join('')}` : ''
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]!
}

function help(words: readonly string[]): ToolResult {
  const verb = words[0] === undefined ? undefined : findVerb(words[0])
  if (verb) return helpOf(verb)
  const width = Math.max(...VERBS.map((v) => v.name.length))
  const rows = VERBS.map((v) => `  ${v.name.padEnd(width)}   ${v.summary}`).join('\n')
  return {
    out: `kubectl controls the Kubernetes cluster manager.\n\nCommands that this lab answers:\n${rows}\n\nUsage:\n  kubectl [flags] [options]\n\nUse "kubectl <command> --help" for more information about a given command.\n`,
    exit: 0,
  }
}

function helpOf(verb: Verb): ToolResult {
  const flags = Object.entries(verb.flags).map(([name, spec]) => {
    const short = spec.short ? `-${spec.short}, ` : '    '
    const value = spec.takes === 'bool' ? '' : `=${spec.choices ? spec.choices.join('|') : '...'}`
    return `    ${short}--${name}${value}${spec.says ? `:\n        ${spec.says}` : ''}`
  })
  return {
    out: `${verb.summary}\n\nUsage:\n  kubectl ${verb.name} ${verb.usage}\n\nOptions that this lab knows:\n${flags.join('\n')}\n`,
    exit: 0,
  }
}

function complete(words: readonly string[], call: Parameters<NonNullable<Tool['complete']>>[1]): readonly string[] {
  const last = words.at(-1) ?? ''
  const before = words.slice(1, -1)
  const namespaceAt = before.findIndex((word) => word === '-n' || word === '--namespace')
  const namespace = namespaceAt >= 0 ? (before[namespaceAt + 1] ?? 'default') : 'default'
  const previous = before.at(-1)
  if (previous === '-n' || previous === '--namespace') return nameWords({ reader: call.reader }, 'namespaces', '')
  const plain = before.filter(
    (word, i) => !word.startsWith('-') && !/^(-n|--namespace|-o|-l|-c|-f)$/.test(before[i - 1] ?? ''),
  )
  const verb = plain[0] === undefined ? undefined : findVerb(plain[0])
  if (!verb) return VERBS.map((v) => v.name)
  if (previous === '-f' || previous === '--filename') return completeFiles(last, call)
  if (previous === '-o' || previous === '--output') return verb.flags.output?.choices ?? []
  if (last.startsWith('-'))
    return Object.entries({ ...GLOBAL_FLAGS, ...verb.flags }).map(
      ([name, spec]) => `--${name}${spec.takes === 'value' || spec.takes === 'list' ? '=' : ''}`,
    )
  return verb.complete?.([...plain.slice(1), last], call.reader, namespace) ?? []
}

function completeFiles(last: string, call: { files: ToolCall['files'] }): string[] {
  const slash = last.lastIndexOf('/')
  const dir = slash < 0 ? '' : last.slice(0, slash + 1)
  return (call.files.list(dir === '' ? '.' : dir) ?? []).map((name) => dir + name)
}

export const kubectl: Tool = {
  name: 'kubectl',
  summary: 'control the cluster',
  places: ['laptop', 'node'],
  run: (call) => runKubectl(call),
  complete,
}
