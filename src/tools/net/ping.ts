import { answerTtl } from '../../model/linux/net/ttl.ts'
import type { Micros } from '../../sim/contract.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'
import { newToken, open, resultFor } from './exchange.ts'
import { startLookUp, stepLookUp, type LookUp } from './look-up.ts'

interface Pinging {
  readonly step: 'ping'
  readonly ip: string
  readonly sent: number
  readonly got: number
  readonly times: readonly number[]
  readonly since: Micros
  /** The echo under way, and when the next one is due. */
  readonly token: string | undefined
  readonly nextAt: Micros
}

type State = LookUp | Pinging

/** iputils ping: one echo a second until -c is reached or Ctrl-C. */
function ping(call: ToolCall): ToolResult {
  const words = readWords(call.argv.slice(1), { flags: ['n', 'q', '4', 'v'], values: ['c', 'W', 'w', 'i', 's', 'I'] })
  const host = words.args[0]
  if (host === undefined) return { err: 'ping: usage error: Destination address required\n', exit: 1 }
  const state = call.state as State | undefined
  if (!state || state.step === 'names') {
    const found = state ? stepLookUp(call, state) : startLookUp(call, host)
    if (!found) return { state, wait: { tables: ['flows'] } }
    if ('state' in found) return { ...found.result, state: found.state }
    if ('failed' in found)
      return {
        err:
          call.place.at === 'container'
            ? `ping: bad address '${host}'\n`
            : `ping: ${host}: Name or service not known\n`,
        exit: 2,
      }
    const fresh: Pinging = {
      step: 'ping',
      ip: found.ip,
      sent: 0,
      got: 0,
      times: [],
      since: call.reader.now,
      token: undefined,
      nextAt: call.reader.now,
    }
    return echo(call, host, words.values, fresh, `PING ${host} (${found.ip}) 56(84) bytes of data.\n`)
  }
  const count = Number(words.values.get('c') ?? Infinity)
  if (call.interrupted) return { out: `\n${statistics(host, state, call.reader.now)}`, exit: state.got > 0 ? 0 : 1 }
  let out = ''
  let now = state
  if (state.token !== undefined) {
    const ended = resultFor(call, state.token)
    if (!ended) return { state, wait: { tables: ['flows'] } }
    if (ended.result.ok) {
      const ms = ended.result.totalMicros / 1000
      out = `64 bytes from ${state.ip}: icmp_seq=${state.sent} ttl=${answerTtl(call.reader, ended.flow.id)} time=${ms < 1 ? ms.toFixed(3) : ms.toFixed(2)} ms\n`
      now = { ...state, got: state.got + 1, times: [...state.times, ms], token: undefined }
    } else {
      if (ended.result.error === 'unreachable')
        out = `From ${ended.flow.src} icmp_seq=${state.sent} Destination Host Unreachable\n`
      now = { ...state, token: undefined }
    }
  }
  if (now.sent >= count) return { out: `${out}\n${statistics(host, now, call.reader.now)}`, exit: now.got > 0 ? 0 : 1 }
  if (call.reader.now < now.nextAt) return { out, state: now, wait: { until: now.nextAt } }
  return echo(call, host, words.values, now, out)
}

function echo(
  call: ToolCall,
  host: string,
  values: ReadonlyMap<string, string>,
  state: Pinging,
  out: string,
): ToolResult {
  const token = newToken(call, `ping ${state.sent} ${host}`)
  const wait = Math.round(Number(values.get('W') ?? 1) * 1e6)
  const input = open(call, token, {
    proto: 'icmp',
    dst: state.ip,
    dport: 0,
    what: 'echo request',
    timeoutMicros: Math.max(1000, wait),
  })
  const step = Math.round(Number(values.get('i') ?? 1) * 1e6)
  return {
    out,
    inputs: [input],
    state: { ...state, sent: state.sent + 1, token, nextAt: call.reader.now + step } satisfies Pinging,
  }
}

function statistics(host: string, { sent, got, times, since }: Pinging, now: Micros): string {
  const loss = sent === 0 ? 0 : Math.round(((sent - got) / sent) * 100)
  let out = `--- ${host} ping statistics ---\n${sent} packets transmitted, ${got} received, ${loss}% packet loss, time ${Math.round((now - since) / 1000)}ms\n`
  if (times.length > 0) {
    const avg = times.reduce((a, b) => a + b, 0) / times.length
    const spread = Math.sqrt(Math.max(0, times.reduce((sum, t) => sum + t * t, 0) / times.length - avg * avg))
    out += `rtt min/avg/max/mdev = ${[Math.min(...times), avg, Math.max(...times), spread].map((t) => t.toFixed(3)).join('/')} ms\n`
  }
  return out
}

/** `nc -vz HOST PORT`: can a connection be opened. */
function nc(call: ToolCall): ToolResult {
  const words = readWords(call.argv.slice(1), {
    flags: ['v', 'z', 'n', 'u', 'l', 'k', '4'],
    values: ['w', 'p', 's', 'i'],
  })
  const [host, port] = words.args
  if (words.flags.has('l')) return { err: 'not simulated here: nc -l; run a pod that listens\n', exit: 1 }
  if (host === undefined || !/^\d+$/.test(port ?? '')) return { err: 'usage: nc -vz HOST PORT\n', exit: 1 }
  const verbose = words.flags.has('v')
  const state = call.state as LookUp | { step: 'connect'; token: string; ip: string } | undefined
  if (!state || state.step === 'names') {
    const found = state ? stepLookUp(call, state) : startLookUp(call, host)
    if (!found) return { state, wait: { tables: ['flows'] } }
    if ('state' in found) return { ...found.result, state: found.state }
    if ('failed' in found)
      return { err: `nc: getaddrinfo for host "${host}" port ${port}: Name or service not known\n`, exit: 1 }
    const token = newToken(call, 'nc')
    const udp = words.flags.has('u')
    const limit = words.values.has('w')
      ? Math.round(Number(words.values.get('w')) * 1e6)
      : udp
        ? 1_000_000
        : 127_000_000
    return {
      inputs: [
        open(call, token, {
          proto: udp ? 'udp' : 'tcp',
          dst: found.ip,
          dport: Number(port),
          what: udp ? 'datagram' : 'nc',
          ...(words.values.has('p') ? { sport: Number(words.values.get('p')) } : {}),
          ...(udp ? { request: { protocol: 'text', text: 'line' } } : {}),
          timeoutMicros: limit,
        }),
      ],
      state: { step: 'connect', token, ip: found.ip },
    }
  }
  if (call.interrupted) return { exit: 130 }
  const ended = resultFor(call, state.token)
  if (!ended) return { state, wait: { tables: ['flows'] } }
  const proto = words.flags.has('u') ? 'udp' : 'tcp'
  const text = (ended.result.response as { protocol?: string; text?: string } | undefined)?.text
  if (proto === 'udp' && text !== undefined) return { out: `${text}\n`, exit: 0 }
  // Nobody has to answer a datagram: silence counts as open, a port unreachable does not.
  if (ended.result.ok || (proto === 'udp' && ended.result.error === 'timeout'))
    return { err: verbose ? `Connection to ${host} (${state.ip}) ${port} port [${proto}/*] succeeded!\n` : '', exit: 0 }
  const why =
    ended.result.error === 'refused'
      ? 'Connection refused'
      : ended.result.error === 'timeout'
        ? 'Connection timed out'
        : 'No route to host'
  return {
    err: verbose ? `nc: connect to ${host} (${state.ip}) port ${port} (${proto}) failed: ${why}\n` : '',
    exit: 1,
  }
}

const places = ['laptop', 'node', 'container'] as const
export const pingTool: Tool = { name: 'ping', summary: 'ICMP echo: ping -c 3 HOST', places, run: ping }
export const ncTool: Tool = { name: 'nc', summary: 'try a port: nc -vz HOST PORT', places, run: nc }
