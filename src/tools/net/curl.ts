import type { Input, Micros } from '../../sim/contract.ts'
import { httpGet, statusText, type HttpRequest, type HttpResponse } from '../../model/images/payloads.ts'
import type { ConnectResult } from '../../model/linux/net/result.ts'
import type { FlowRecord } from '../../model/tables.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { rawPath } from '../kubectl/raw.ts'
import { readWords, type Words } from '../words.ts'
import { actorOf } from '../../model/linux/net/places.ts'
import { netPlace } from '../place.ts'
import { newToken, open, resultFor } from './exchange.ts'
import { startLookUp, stepLookUp, type LookUp } from './look-up.ts'

const SPEC = {
  flags: ['s', 'S', 'v', 'i', 'I', 'f', 'k', 'L', 'O', 'N', 'g', '4', '6', 'G', 'compressed', 'path-as-is', 'http1.1', 'http2', 'progress-bar'],
  values: ['o', 'm', 'connect-timeout', 'w', 'H', 'X', 'd', 'A', 'retry', 'retry-delay', 'resolve', 'cacert', 'cert', 'key', 'u', 'x', 'interface', 'local-port', 'unix-socket', 'e', 'b', 'max-redirs', 'keepalive-time'],
  alias: { silent: 's', 'show-error': 'S', verbose: 'v', include: 'i', head: 'I', fail: 'f', insecure: 'k', location: 'L', 'remote-name': 'O', output: 'o', 'max-time': 'm', 'write-out': 'w', header: 'H', request: 'X', data: 'd', 'data-raw': 'd', 'user-agent': 'A', user: 'u', proxy: 'x', 'fail-with-body': 'f', '#': 'progress-bar' },
} // prettier-ignore

const AGENT = 'curl/8.5.0'

interface Target {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  readonly path: string
}

type State =
  | (LookUp & Common)
  | ({ readonly step: 'answer'; readonly token: string; readonly ip: string; readonly turn: number } & Common)

interface Common {
  readonly since: Micros
  /** How many addresses of the command line are done. */
  readonly at: number
  readonly exit: number
  readonly tried: number
}

function targetOf(url: string): Target | undefined {
  const match = /^(?:(https?):\/\/)?(?:[^@/]*@)?(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?([/?][^#]*)?/.exec(url)
  if (!match) return undefined
  const scheme = match[1] === 'https' ? 'https' : 'http'
  const path = match[4] ?? '/'
  return {
    scheme,
    host: match[2]!,
    port: Number(match[3] ?? (scheme === 'https' ? 443 : 80)),
    path: path.startsWith('?') ? `/${path}` : path,
  }
}

function run(call: ToolCall): ToolResult {
  const words = readWords(call.argv.slice(1), SPEC)
  if (words.unknown)
    return {
      err: `curl: option ${words.unknown}: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n`,
      exit: 2,
    }
  if (words.missing)
    return {
      err: `curl: option ${words.missing}: requires parameter\ncurl: try 'curl --help' or 'curl --manual' for more information\n`,
      exit: 2,
    }
  if (words.args.length === 0)
    return {
      err: "curl: (2) no URL specified\ncurl: try 'curl --help' or 'curl --manual' for more information\n",
      exit: 2,
    }
  if (words.values.has('unix-socket') || words.values.has('x'))
    return { err: `not simulated here: curl ${words.values.has('x') ? '-x' : '--unix-socket'}\n`, exit: 2 }
  const state = (call.state as State | undefined) ?? undefined
  return state ? step(call, words, state) : begin(call, words, { since: call.reader.now, at: 0, exit: 0, tried: 0 })
}

function begin(call: ToolCall, words: Words, common: Common): ToolResult {
  const target = targetOf(words.args[common.at]!)
  if (!target)
    return next(call, words, common, {
      err: say(words, '(3) URL rejected: Malformed input to a URL function'),
      exit: 3,
    })
  const proxied = kubectlProxy(call, words, target)
  if (proxied) return next(call, words, common, proxied)
  const found = startLookUp(call, target.host)
  if ('state' in found) return { ...found.result, state: { ...common, ...found.state } }
  return 'ip' in found
    ? connect(call, words, common, target, found.ip)
    : next(call, words, common, unresolved(words, target))
}

function step(call: ToolCall, words: Words, state: State): ToolResult {
  const target = targetOf(words.args[state.at]!)!
  const { since, at, exit, tried } = state
  const common: Common = { since, at, exit, tried }
  if (call.interrupted) return { exit: 130 }
  if (state.step === 'names') {
    const found = stepLookUp(call, state)
    const limit = state.since + limits(words).total
    if (!found && call.reader.now >= limit)
      return next(call, words, common, {
        err: say(words, `(28) Resolving timed out after ${millis(call.reader.now - state.since)} milliseconds`),
        exit: 28,
      })
    if (!found) return { state, wait: { tables: ['flows'], until: limit } }
    if ('state' in found) return { ...found.result, state: { ...common, ...found.state } }
    return 'ip' in found
      ? connect(call, words, common, target, found.ip)
      : next(call, words, common, unresolved(words, target))
  }
  const ended = resultFor(call, state.token, state.turn)
  if (!ended) return { state, wait: { tables: ['flows'] } }
  const { flow, result } = ended
  // a connection that stayed open and is found closed: curl tries a fresh one
  if (state.turn > 0 && result.error === 'reset') return begin(call, words, common)
  const done = finished(call, words, target, state, flow, result)
  if (!flow.keep || flow.endedAt !== undefined) return next(call, words, common, done)
  return keptOpen(call, words, { ...state, exit: done.exit ?? 0 }, done)
}

function unresolved(words: Words, target: Target): ToolResult {
  return {
    out: written(words, undefined, undefined, 0, ''),
    err: say(words, `(6) Could not resolve host: ${target.host}`),
    exit: 6,
  }
}

const millis = (micros: Micros): number => Math.round(micros / 1000)
const micros = (text: string | undefined): number | undefined =>
  text === undefined || Number.isNaN(Number(text)) ? undefined : Math.round(Number(text) * 1e6)

/** -m is for everything; --connect-timeout for the connection (and 300 s is curl's own). */
function limits(words: Words): { total: number; connect: number } {
  const total = micros(words.values.get('m')) ?? 86_400_000_000
  return { total, connect: Math.min(total, micros(words.values.get('connect-timeout')) ?? 300_000_000) }
}

function connect(call: ToolCall, words: Words, common: Common, target: Target, ip: string): ToolResult {
  const token = newToken(call, 'curl')
  const { total, connect: toConnect } = limits(words)
  const request = requestOf(words, target)
  const input = open(call, token, {
    proto: 'tcp',
    dst: ip,
    dport: target.port,
    what: `${request.method} ${target.path}`,
    request,
    ...(again(words, common.at, target) ? { keep: true } : {}),
    timeoutMicros: Math.max(1000, Math.min(total, toConnect)),
  })
  return { inputs: [input], state: { ...common, step: 'answer', token, ip, turn: 0 } satisfies State }
}

/** The next address is on the same server, and nothing asks to close: its request goes over the same connection. */
function again(words: Words, at: number, target: Target): Target | undefined {
  const after = words.args[at + 1] === undefined ? undefined : targetOf(words.args[at + 1]!)
  const close = (words.lists.get('H') ?? []).some((header) => /^connection:\s*close$/i.test(header))
  const same = after?.host === target.host && after.port === target.port && after.scheme === target.scheme
  return same && !close ? after : undefined
}

/** After an answer over a connection that is still there: the next request over it, or its end. */
function keptOpen(
  call: ToolCall,
  words: Words,
  state: Extract<State, { step: 'answer' }>,
  done: ToolResult,
): ToolResult {
  const to = call.place
  const actor = actorOf(netPlace(call.reader, to))
  const { token, at } = state
  const target = again(words, at, targetOf(words.args[at]!)!)
  if (!target) {
    const close: Input = { kind: 'net.close', to: actor, from: 'laptop', data: { token } }
    const rest = next(call, words, { since: call.reader.now, at, exit: state.exit, tried: 0 }, done)
    return { ...rest, inputs: [close, ...(rest.inputs ?? [])] }
  }
  const request = requestOf(words, target)
  const data = { token, request, what: `${request.method} ${target.path}`, timeoutMicros: limits(words).total }
  const { exit: _, ...shown } = done
  return {
    ...shown,
    inputs: [{ kind: 'net.send', to: actor, from: 'laptop', data }],
    state: { ...state, at: at + 1, turn: state.turn + 1, since: call.reader.now },
  }
}

function requestOf(words: Words, target: Target): HttpRequest {
  const headers: Record<string, string> = {}
  for (const header of words.lists.get('H') ?? []) {
    const colon = header.indexOf(':')
    if (colon > 0) headers[header.slice(0, colon)] = header.slice(colon + 1).trim()
  }
  const standard = target.port === (target.scheme === 'https' ? 443 : 80)
  const host = headers.Host ?? headers.host ?? (standard ? target.host : `${target.host}:${target.port}`)
  const method = (words.values.get('X') ??
    (words.flags.has('I')
      ? 'HEAD'
      : words.values.has('d') && !words.flags.has('G')
        ? 'POST'
        : 'GET')) as HttpRequest['method']
  const body = words.values.get('d')
  return {
    ...httpGet(host, target.path, words.values.get('A') ?? AGENT, headers),
    method,
    ...(body === undefined ? {} : { body }),
  }
}

function say(words: Words, text: string): string {
  return words.flags.has('s') && !words.flags.has('S') ? '' : `curl: ${text}\n`
}

function finished(
  call: ToolCall,
  words: Words,
  target: Target,
  state: Extract<State, { step: 'answer' }>,
  flow: FlowRecord,
  result: ConnectResult,
): ToolResult {
  const trace = words.flags.has('v') ? verbose(words, target, state.ip, flow, result) : ''
  const total = result.totalMicros
  if (!result.ok) {
    const out = written(words, flow, undefined, total, state.ip)
    const { text, exit } = problem(words, target, result)
    return { out, err: trace + say(words, text), exit }
  }
  const reply = result.response as HttpResponse | undefined
  if (reply?.protocol !== 'http')
    return {
      out: written(words, flow, undefined, total, state.ip),
      err: trace + say(words, '(52) Empty reply from server'),
      exit: 52,
    }
  if (words.flags.has('f') && reply.status >= 400)
    return {
      out: written(words, flow, reply, total, state.ip),
      err: trace + say(words, `(22) The requested URL returned error: ${reply.status}`),
      exit: 22,
    }
  const head = words.flags.has('i') || words.flags.has('I') ? headText(reply) : ''
  const text = head + (words.flags.has('I') ? '' : reply.body)
  const file = words.flags.has('O') ? target.path.split('/').at(-1) || 'index.html' : words.values.get('o')
  const shown = file === undefined || file === '-' ? text : ''
  const stored = file !== undefined && file !== '-' && file !== '/dev/null' ? { files: [{ path: file, text }] } : {}
  return { out: shown + written(words, flow, reply, total, state.ip), err: trace, exit: 0, ...stored }
}

function headText(reply: HttpResponse): string {
  return `HTTP/1.1 ${reply.status} ${statusText(reply.status)}\r\n${Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n` // prettier-ignore
}

function problem(words: Words, target: Target, result: ConnectResult): { text: string; exit: number } {
  const ms = millis(result.totalMicros)
  if (result.error === 'timeout') {
    if (result.phase === 'answer')
      return { text: `(28) Operation timed out after ${ms} milliseconds with 0 bytes received`, exit: 28 }
    const byConnect =
      words.values.has('connect-timeout') && (micros(words.values.get('connect-timeout')) ?? 0) <= limits(words).total
    return {
      text: byConnect
        ? `(28) Failed to connect to ${target.host} port ${target.port} after ${ms} ms: Timeout was reached`
        : `(28) Connection timed out after ${ms} milliseconds`,
      exit: 28,
    }
  }
  if (result.error === 'reset' && result.phase === 'answer')
    return { text: '(56) Recv failure: Connection reset by peer', exit: 56 }
  if (result.phase === 'answer') return { text: '(52) Empty reply from server', exit: 52 }
  const why = result.error === 'unreachable' ? 'No route to host' : "Couldn't connect to server"
  return { text: `(7) Failed to connect to ${target.host} port ${target.port} after ${ms} ms: ${why}`, exit: 7 }
}

/** As `problem` decides it, for -w. */
function exitOf(flow: FlowRecord | undefined): number {
  if (flow?.error === undefined) return 0
  if (flow.error === 'timeout') return 28
  if (flow.connectedAt === undefined) return 7
  return flow.error === 'reset' ? 56 : 52
}

/** -w: the variables that lessons use. */
function written(
  words: Words,
  flow: FlowRecord | undefined,
  reply: HttpResponse | undefined,
  total: Micros,
  ip: string,
): string {
  const format = words.values.get('w')
  if (format === undefined) return ''
  const seconds = (value: number | undefined) => ((value ?? 0) / 1e6).toFixed(6)
  const connectTime = flow?.connectedAt === undefined ? undefined : flow.connectedAt - flow.startedAt
  const values: Record<string, string> = {
    http_code: reply ? String(reply.status) : '000',
    response_code: reply ? String(reply.status) : '000',
    time_total: seconds(total),
    time_connect: seconds(connectTime),
    time_starttransfer: seconds(reply ? total : undefined),
    remote_ip: ip,
    remote_port: flow ? String(flow.dport) : '',
    local_ip: flow?.src ?? '',
    local_port: flow ? String(flow.sport) : '',
    size_download: String(reply?.body.length ?? 0),
    num_connects: flow && (flow.turn ?? 0) < 2 ? '1' : '0',
    errormsg: '',
    exitcode: String(exitOf(flow)),
  }
  return format
    .replace(/%\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
    .replace(/\\n/g, '\n')
    .replace(/\\t/g, '\t')
}

function verbose(words: Words, target: Target, ip: string, flow: FlowRecord, result: ConnectResult): string {
  const request = requestOf(words, target)
  const reused = (flow.turn ?? 0) > 1
  let out = reused
    ? `* Re-using existing connection with host ${target.host}\n`
    : `*   Trying ${ip}:${target.port}...\n`
  if (flow.connectedAt === undefined)
    return `${out}* connect to ${ip} port ${target.port} failed: ${result.error === 'refused' ? 'Connection refused' : result.error === 'unreachable' ? 'No route to host' : 'Connection timed out'}\n* Closing connection\n`
  if (!reused) out += `* Connected to ${target.host} (${ip}) port ${target.port}\n`
  out += `> ${request.method} ${target.path} HTTP/1.1\n> Host: ${request.host}\n> User-Agent: ${request.userAgent}\n> Accept: */*\n${Object.entries(request.headers ?? {}).map(([name, value]) => `> ${name}: ${value}\n`).join('')}> \n` // prettier-ignore
  const reply = result.response as HttpResponse | undefined
  if (reply?.protocol === 'http') {
    out += `* Request completely sent off\n< HTTP/1.1 ${reply.status} ${statusText(reply.status)}\n${Object.entries(reply.headers).map(([name, value]) => `< ${name}: ${value}\n`).join('')}< \n* Connection #0 to host ${target.host} left intact\n` // prettier-ignore
  } else out += '* Empty reply from server\n* Closing connection\n'
  return out
}

/** The laptop's port 8001, where `kubectl proxy` serves: the API server with the person's rights. */
function kubectlProxy(call: ToolCall, words: Words, target: Target): ToolResult | undefined {
  if (call.place.at !== 'laptop' || !['localhost', '127.0.0.1'].includes(target.host)) return undefined
  if (target.port !== 8001)
    return {
      out: written(words, undefined, undefined, 0, '127.0.0.1'),
      err: say(
        words,
        `(7) Failed to connect to ${target.host} port ${target.port} after 0 ms: Couldn't connect to server`,
      ),
      exit: 7,
    }
  if (call.running?.('kubectl proxy') !== true)
    return {
      err: say(words, `(7) Failed to connect to ${target.host} port 8001 after 0 ms: Couldn't connect to server`),
      exit: 7,
    }
  const flags = { has: () => false, bool: () => false, get: () => undefined, list: () => [] }
  const answer = rawPath({ reader: call.reader, now: call.reader.now, flags }, target.path)
  return { out: answer.text, exit: 0 }
}

/** One address is done: the next, or another try, or the end. */
function next(call: ToolCall, words: Words, common: Common, result: ToolResult): ToolResult {
  const exit = result.exit ?? 0
  const tries = Number(words.values.get('retry') ?? 0)
  if (exit === 28 && common.tried < tries)
    return merge(result, begin(call, words, { ...common, tried: common.tried + 1, since: call.reader.now }))
  if (common.at + 1 >= words.args.length) return result
  return merge(result, begin(call, words, { since: call.reader.now, at: common.at + 1, exit, tried: 0 }))
}

function merge(first: ToolResult, second: ToolResult): ToolResult {
  return {
    ...second,
    out: (first.out ?? '') + (second.out ?? ''),
    err: (first.err ?? '') + (second.err ?? ''),
    files: [...(first.files ?? []), ...(second.files ?? [])],
  }
}

export const curl: Tool = {
  name: 'curl',
  summary: 'an HTTP request: curl -s -m 5 http://HOST:PORT/',
  places: ['laptop', 'node', 'container'],
  run,
  complete: (_words, { reader, place }) =>
    place.at === 'container'
      ? reader.all('services').map((s) => `${s.metadata.name}.${s.metadata.namespace}.svc.cluster.local`)
      : reader
          .all('services')
          .flatMap((s) => (s.spec.clusterIP && s.spec.clusterIP !== 'None' ? [s.spec.clusterIP] : [])),
}
