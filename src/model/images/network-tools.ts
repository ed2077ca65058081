/**
 * curl, wget, nslookup, nc and ping as programs in containers: they look the name up, connect, and print what the real
 * ones print. Each step is an exchange over the network of the lab; its end comes back as `net.result`.
 */
import { candidates, podResolv } from '../dns/resolv-conf.ts'
import { connect, DNS_RETRY } from '../linux/net/connect.ts'
import { answerTtl } from '../linux/net/ttl.ts'
import type { ConnectResult } from '../linux/net/result.ts'
import { parseIp } from '../linux/netfilter/address.ts'
import { MILLI, SECOND } from '../../sim/clock.ts'
import { hostnameOf, type Session } from './session.ts'
import { httpGet, statusText, type DnsResponse, type HttpResponse, type TextDatagram } from './payloads.ts'

export type NetOutcome = { out: string; err: string; status: number }

/** What a tool was asked, read from its words. */
type Order = {
  tool: 'curl' | 'wget' | 'nslookup' | 'nc' | 'ping'
  host: string
  port: number
  path: string
  scheme: 'http' | 'https'
  maxMicros: number
  method: string
  quiet: boolean
  showError: boolean
  fail: boolean
  headOnly: boolean
  writeOut: string
  discard: boolean
  headers: Record<string, string>
  server?: string
  url: string
  /** nc -u */
  udp?: boolean
  /** nc -p: the source port it binds. */
  sourcePort?: number
}

/** Under way between two answers: plain data, kept in the shell's wait. */
export type NetWork = { order: Order; names: string[]; server: string; startedAt: number; ip?: string; asked?: string }

const usage = (tool: string): NetOutcome => ({ out: '', err: `${tool}: no address given\n`, status: 2 })

export function parseOrder(argv: readonly string[]): Order | NetOutcome {
  const tool = argv[0] as Order['tool']
  const order: Order = {
    tool,
    host: '',
    port: 80,
    path: '/',
    scheme: 'http',
    maxMicros: tool === 'curl' ? 300 * SECOND : tool === 'wget' ? 900 * SECOND : 10 * SECOND,
    method: 'GET',
    quiet: false,
    showError: false,
    fail: false,
    headOnly: false,
    writeOut: '',
    discard: false,
    headers: {},
    url: '',
  }
  const rest: string[] = []
  const words = argv.slice(1)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const value = () =>
      word.includes('=') && word.startsWith('--') ? word.slice(word.indexOf('=') + 1) : (words[++i] ?? '')
    if (!word.startsWith('-') || word === '-') rest.push(word)
    else if (tool === 'curl') curlFlag(order, word, value)
    else if (tool === 'wget') wgetFlag(order, word, value)
    else if (tool === 'nc' && word === '-u') order.udp = true
    else if (tool === 'nc' && word === '-p') order.sourcePort = Number(value())
    else if (/^-[wWT]$/.test(word)) order.maxMicros = Math.round(Number(value()) * SECOND)
    else if (/^-(type|query|c|i|p|o)/.test(word) && !word.includes('=')) value()
    else if (/^-[a-z]*w\d+$/.test(word)) order.maxMicros = Number(/\d+$/.exec(word)![0]) * SECOND
  }
  const target = rest[0]
  if (target === undefined) return usage(tool)
  order.url = target
  if (tool === 'nc') return { ...order, host: target, port: Number(rest[1] ?? 80) }
  if (tool === 'nslookup' || tool === 'ping')
    return { ...order, host: target, ...(rest[1] === undefined ? {} : { server: rest[1] }) }
  const m = /^(?:(https?):\/\/)?(?:[^@/]*@)?([^/:?#]+)(?::(\d+))?([/?][^#]*)?/.exec(target)
  if (!m) return { out: '', err: `${tool}: (3) URL rejected: Malformed input to a URL function\n`, status: 3 }
  const scheme = m[1] === 'https' ? 'https' : 'http'
  return { ...order, scheme, host: m[2]!, port: Number(m[3] ?? (scheme === 'https' ? 443 : 80)), path: m[4] ?? '/' }
}

function curlFlag(order: Order, word: string, value: () => string): void {
  if (word.startsWith('--')) {
    const name = word.split('=')[0]
    if (name === '--max-time' || name === '--connect-timeout') order.maxMicros = Math.round(Number(value()) * SECOND)
    else if (name === '--silent') order.quiet = true
    else if (name === '--show-error') order.showError = true
    else if (name === '--fail') order.fail = true
    else if (name === '--head') order.headOnly = true
    else if (name === '--output') order.discard = value() === '/dev/null'
    else if (name === '--write-out') order.writeOut = value()
    else if (name === '--header') header(order, value())
    else if (name === '--request' || name === '--data' || name === '--retry' || name === '--resolve') value()
    return
  }
  for (let i = 1; i < word.length; i++) {
    const attached = word.slice(i + 1)
    const take = () => attached || value()
    switch (word[i]) {
      case 's':
        order.quiet = true
        break
      case 'S':
        order.showError = true
        break
      case 'f':
        order.fail = true
        break
      case 'I':
        order.headOnly = true
        break
      case 'm':
        order.maxMicros = Math.round(Number(take()) * SECOND)
        return
      case 'o':
        order.discard = take() === '/dev/null'
        return
      case 'w':
        order.writeOut = take()
        return
      case 'H':
        header(order, take())
        return
      case 'X':
        order.method = take()
        return
      case 'd':
        take()
        order.method = 'POST'
        return
    }
  }
}

function header(order: Order, text: string): void {
  const colon = text.indexOf(':')
  if (colon > 0) order.headers[text.slice(0, colon)] = text.slice(colon + 1).trim()
}

function wgetFlag(order: Order, word: string, value: () => string): void {
  if (word === '-T' || word === '--timeout') order.maxMicros = Math.round(Number(value()) * SECOND)
  else if (word.startsWith('--timeout=')) order.maxMicros = Number(word.slice(10)) * SECOND
  else if (word === '--spider') order.discard = true
  else if (/^-T\d+$/.test(word)) order.maxMicros = Number(word.slice(2)) * SECOND
  else if (/^-[qS]*O/.test(word)) {
    if (word.includes('q')) order.quiet = true
    const to = word.slice(word.indexOf('O') + 1) || value()
    order.discard = to !== '-'
  } else if (word.includes('q')) order.quiet = true
}

/** Takes the first step. Either the end at once, or the work that waits for an answer. */
export function startNet(s: Session, task: number, argv: readonly string[]): NetOutcome | NetWork {
  const order = parseOrder(argv)
  if ('status' in order) return order
  const conf =
    s.container.behaviour === 'node' ? undefined : podResolv(s.world, s.container.namespace, s.container.podName)
  const server = order.server ?? conf?.nameservers[0] ?? ''
  const work: NetWork = { order, names: [], server, startedAt: s.world.now }
  if (order.host === 'localhost') return reach(s, task, { ...work, ip: '127.0.0.1' })
  if (order.host === hostnameOf(s))
    return reach(s, task, { ...work, ip: s.world.get('sandboxes', s.container.sandboxId)?.ip ?? '' })
  if (parseIp(order.host) && order.tool !== 'nslookup') return reach(s, task, { ...work, ip: order.host })
  return lookUp(s, task, { ...work, names: conf ? candidates(order.host, conf) : [order.host] })
}

const place = (s: Session) => ({
  node: s.container.node,
  netns: s.world.get('sandboxes', s.container.sandboxId)?.netns ?? '',
})
const context = (s: Session, task: number) => ({ containerId: s.container.id, pid: s.container.pid, task })

/** Asks the name server for the next name of the search list. */
function lookUp(s: Session, task: number, work: NetWork): NetWork | NetOutcome {
  const [name, ...names] = work.names
  if (name === undefined) return unresolved(work, 'nxdomain')
  connect(s.world, {
    from: place(s),
    proto: 'udp',
    dst: work.server,
    dport: 53,
    what: `query ${name}`,
    request: { protocol: 'dns', name, type: 'A' },
    timeoutMicros: Math.min(work.order.maxMicros, DNS_RETRY.attempts * DNS_RETRY.retryMicros),
    ...DNS_RETRY,
    container: s.container.id,
    answer: { to: s.actor, kind: 'net.result' },
    ctx: context(s, task),
  })
  return { ...work, names, asked: name }
}

/** Connects to the address that was found. */
function reach(s: Session, task: number, work: NetWork): NetWork | NetOutcome {
  const { order } = work
  const ip = work.ip!
  const http = order.tool === 'curl' || order.tool === 'wget'
  connect(s.world, {
    from: place(s),
    proto: order.tool === 'ping' ? 'icmp' : order.udp ? 'udp' : 'tcp',
    ...(order.sourcePort === undefined ? {} : { sport: order.sourcePort }),
    dst: ip,
    dport: order.tool === 'ping' ? 0 : order.port,
    what: http ? `${order.headOnly ? 'HEAD' : order.method} ${order.path}` : order.udp ? 'datagram' : order.tool,
    ...(order.udp ? { request: { protocol: 'text', text: 'line' } satisfies TextDatagram } : {}),
    ...(http
      ? {
          request: httpGet(
            order.port === 80 ? order.host : `${order.host}:${order.port}`,
            order.path,
            order.tool === 'curl' ? 'curl/8.17.0' : 'Wget',
            order.headers,
          ),
        }
      : {}),
    timeoutMicros: Math.max(MILLI, work.startedAt + order.maxMicros - s.world.now),
    container: s.container.id,
    answer: { to: s.actor, kind: 'net.result' },
    ctx: context(s, task),
  })
  return { ...work, asked: undefined }
}

/** An answer came, or none did. */
export function netStep(s: Session, task: number, work: NetWork, result: ConnectResult): NetWork | NetOutcome {
  if (work.asked === undefined) return done(work, result, s)
  const answer = result.response as DnsResponse | undefined
  if (!result.ok || !answer) return unresolved(work, 'timeout')
  const found = answer.answers.find((a) => parseIp(a.value))
  if (answer.rcode === 'NXDOMAIN' || (!found && answer.answers.length === 0)) {
    if (work.names.length > 0) return lookUp(s, task, work)
    return unresolved(work, 'nxdomain')
  }
  if (!found) return lookUp(s, task, { ...work, names: [answer.answers[0]!.value.replace(/\.$/, '')] })
  if (work.order.tool === 'nslookup')
    return {
      out: `Server:\t\t${work.server}\nAddress:\t${work.server}:53\n\n${answer.answers.map((a) => `Name:\t${answer.name}\nAddress: ${a.value}\n`).join('')}\n`,
      err: '',
      status: 0,
    }
  return reach(s, task, { ...work, ip: found.value })
}

function unresolved(work: NetWork, why: 'nxdomain' | 'timeout'): NetOutcome {
  const { tool, host, quiet, showError } = work.order
  switch (tool) {
    case 'curl':
      return failure(quiet && !showError ? '' : `curl: (6) Could not resolve host: ${host}\n`, 6)
    case 'nslookup':
      return why === 'timeout'
        ? { out: ';; connection timed out; no servers could be reached\n\n', err: '', status: 1 }
        : {
            out: `Server:\t\t${work.server}\nAddress:\t${work.server}:53\n\n** server can't find ${host}: NXDOMAIN\n\n`,
            err: '',
            status: 1,
          }
    default:
      return failure(`${tool}: bad address '${host}'\n`, 1)
  }
}

const failure = (err: string, status: number): NetOutcome => ({ out: '', err, status })

function done(work: NetWork, result: ConnectResult, s: Session): NetOutcome {
  switch (work.order.tool) {
    case 'curl':
      return curlDone(work, result, s)
    case 'wget':
      return wgetDone(work, result)
    case 'nc':
      // A datagram has no end that nc could see: it prints what comes, and goes when its time is over.
      if (work.order.udp) {
        const text = (result.response as TextDatagram | undefined)?.text
        return { out: text === undefined ? '' : `${text}\n`, err: '', status: result.error === 'refused' ? 1 : 0 }
      }
      return result.ok
        ? { out: '', err: `${work.ip} (${work.ip}:${work.order.port}) open\n`, status: 0 }
        : failure(
            result.error === 'refused' ? `nc: ${work.ip} (${work.ip}:${work.order.port}): Connection refused\n` : '',
            1,
          )
    default: {
      const head = `PING ${work.order.host} (${work.ip}): 56 data bytes\n`
      const ms = (result.totalMicros / 1000).toFixed(3)
      const tail = (got: number) =>
        `\n--- ${work.order.host} ping statistics ---\n1 packets transmitted, ${got} packets received, ${got ? 0 : 100}% packet loss\n`
      return result.ok
        ? {
            out: `${head}64 bytes from ${work.ip}: seq=0 ttl=${answerTtl(s.world, result.flow)} time=${ms} ms\n${tail(1)}`,
            err: '',
            status: 0,
          }
        : { out: head + tail(0), err: '', status: 1 }
    }
  }
}

function curlDone(work: NetWork, result: ConnectResult, s: Session): NetOutcome {
  const { order } = work
  const say = (text: string) => (order.quiet && !order.showError ? '' : `curl: ${text}\n`)
  const ms = Math.round((s.world.now - work.startedAt) / 1000)
  const reply = result.response as HttpResponse | undefined
  const written = (status: number) =>
    order.writeOut
      .replaceAll('\\n', '\n')
      .replaceAll('%{http_code}', status === 0 ? '000' : String(status))
      .replaceAll('%{response_code}', status === 0 ? '000' : String(status))
      .replaceAll('%{time_total}', (ms / 1000).toFixed(6))
      .replaceAll('%{remote_ip}', work.ip ?? '')
  if (!result.ok) {
    const [text, status] =
      result.error === 'timeout'
        ? result.phase === 'connect'
          ? [`(28) Failed to connect to ${order.host} port ${order.port} after ${ms} ms: Timeout was reached`, 28]
          : [`(28) Operation timed out after ${ms} milliseconds with 0 bytes received`, 28]
        : result.phase === 'answer'
          ? ['(52) Empty reply from server', 52]
          : [`(7) Failed to connect to ${order.host} port ${order.port} after ${ms} ms: Could not connect to server`, 7]
    return { out: written(0), err: say(text as string), status: status as number }
  }
  if (!reply || reply.protocol !== 'http')
    return { out: written(0), err: say('(52) Empty reply from server'), status: 52 }
  if (order.fail && reply.status >= 400)
    return {
      out: written(reply.status),
      err: say(`(22) The requested URL returned error: ${reply.status}`),
      status: 22,
    }
  const head = `HTTP/1.1 ${reply.status} ${statusText(reply.status)}\r\n${Object.entries(reply.headers)
    .map(([k, v]) => `${k}: ${v}\r\n`)
    .join('')}\r\n`
  return { out: (order.headOnly ? head : order.discard ? '' : reply.body) + written(reply.status), err: '', status: 0 }
}

function wgetDone(work: NetWork, result: ConnectResult): NetOutcome {
  const { order } = work
  const connecting = order.quiet
    ? ''
    : `Connecting to ${order.host}${order.port === 80 ? '' : `:${order.port}`} (${work.ip}:${order.port})\n`
  if (!result.ok) {
    const why =
      result.error === 'refused'
        ? `can't connect to remote host (${work.ip}): Connection refused`
        : result.error === 'timeout'
          ? 'download timed out'
          : result.error === 'unreachable'
            ? `can't connect to remote host (${work.ip}): Host is unreachable`
            : 'error getting response: Connection reset by peer'
    return failure(`${connecting}wget: ${why}\n`, 1)
  }
  const reply = result.response as HttpResponse | undefined
  if (!reply || reply.protocol !== 'http') return failure(`${connecting}wget: error getting response\n`, 1)
  if (reply.status >= 400)
    return failure(
      `${connecting}wget: server returned error: HTTP/1.1 ${reply.status} ${statusText(reply.status)}\n`,
      1,
    )
  return { out: order.discard ? '' : reply.body, err: connecting, status: 0 }
}
