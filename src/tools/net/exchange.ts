import type { Input } from '../../sim/contract.ts'
import { candidates, podResolv, type ResolvConf } from '../../model/dns/resolv-conf.ts'
import type { DnsQuery, DnsResponse } from '../../model/images/payloads.ts'
import { DNS_RETRY, type ConnectRequest } from '../../model/linux/net/connect.ts'
import { actorOf } from '../../model/linux/net/places.ts'
import { resultOf, type ConnectResult } from '../../model/linux/net/result.ts'
import { parseIp } from '../../model/linux/netfilter/address.ts'
import type { FlowRecord } from '../../model/tables.ts'
import type { ToolCall } from '../contract.ts'
import { netPlace } from '../place.ts'

/** What a network tool keeps between its calls: the exchange under way, found in `flows` by its token. */
export interface Open {
  readonly token: string
}

/** An exchange as an input: its packets go through the stacks, and its end is read from the table of flows. */
export function open(call: ToolCall, token: string, request: Omit<ConnectRequest, 'from' | 'ctx'>): Input {
  const from = netPlace(call.reader, call.place)
  const container = call.place.at === 'container' ? { container: call.place.container } : {}
  return {
    kind: 'net.connect',
    to: actorOf(from),
    from: 'laptop',
    data: { ...request, ...container, from, ctx: { token } } satisfies ConnectRequest,
  }
}

/** The flow of a token; the newest, should two lines of a script share one. */
export function flowOf(call: ToolCall, token: string): FlowRecord | undefined {
  return call.reader.all('flows').findLast((flow) => (flow.ctx as Open | undefined)?.token === token)
}

/** The result of an exchange, once it has one. */
export function resultFor(
  call: ToolCall,
  token: string,
  turn = 0,
): { flow: FlowRecord; result: ConnectResult } | undefined {
  const flow = flowOf(call, token)
  // over a connection that stays open: the answer to this request, of several
  if (flow?.keep && flow.idle && flow.turn! > turn) {
    const { phase: _, ...result } = resultOf(flow, flow.answeredAt!)
    return {
      flow,
      result: { ...result, phase: 'answer', totalMicros: flow.answeredAt! - (flow.turnAt ?? flow.startedAt) },
    }
  }
  return flow?.endedAt === undefined ? undefined : { flow, result: resultOf(flow, call.reader.now) }
}

/** Each use gets its own: what runs, when, and how many flows there were. */
export function newToken(call: ToolCall, what: string): string {
  return `${what} ${call.reader.now} ${call.reader.all('flows').at(-1)?.id ?? ''} ${call.argv.join(' ')}`
}

export interface Resolver {
  readonly server: string
  readonly conf: ResolvConf
}

/** A pod asks its name server over the network. Elsewhere names come from a table: the machines of the lab. */
export function resolverOf(call: ToolCall): Resolver | undefined {
  if (call.place.at !== 'container') return undefined
  const container = call.reader.get('containers', call.place.container)
  if (!container) return undefined
  const conf = podResolv(call.reader, container.namespace, container.podName)
  return conf.nameservers[0] === undefined ? undefined : { server: conf.nameservers[0], conf }
}

/** What is known without asking anybody: addresses, localhost, the own name, the machines (the network's own DNS). */
export function knownAddress(call: ToolCall, host: string): string | undefined {
  if (parseIp(host)) return host
  if (host === 'localhost') return '127.0.0.1'
  if (call.place.at === 'container') {
    const container = call.reader.get('containers', call.place.container)
    const sandbox = call.reader.get('sandboxes', container?.sandboxId ?? '')
    return sandbox && sandbox.hostname === host && sandbox.ip !== '' ? sandbox.ip : undefined
  }
  return call.reader.get('machines', host)?.ip
}

export function names(host: string, resolver: Resolver): string[] {
  return candidates(host, resolver.conf)
}

export function query(
  call: ToolCall,
  token: string,
  server: string,
  name: string,
  type: DnsQuery['type'] = 'A',
): Input {
  const request: DnsQuery = { protocol: 'dns', name, type }
  return open(call, token, {
    proto: 'udp',
    dst: server,
    dport: 53,
    what: `query ${name}`,
    request,
    timeoutMicros: DNS_RETRY.attempts * DNS_RETRY.retryMicros,
    ...DNS_RETRY,
  })
}

export const dnsAnswer = (result: ConnectResult): DnsResponse | undefined =>
  result.ok ? (result.response as DnsResponse | undefined) : undefined
