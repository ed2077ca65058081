/**
 * Connections for everyone who talks over the network: probes, curl, DNS, programs in containers. `connect` opens one;
 * how it ended arrives later as an event of the caller's kind. Nothing is decided here: every segment is a packet that
 * goes through the stacks on its way.
 *
 * A container's program answers a request like this: it gets `net.request` (NetRequest) at `NODE/proc` and sends
 * `net.respond` (NetRespond) to `NODE/kernel` when it is done.
 */
import { SECOND } from '../../../sim/clock.ts'
import type { ModelWorld, NetPlace } from '../../tables.ts'
import { type Translated, translateAtSocket } from '../bpf/socket-lb.ts'
import { parseIp } from '../netfilter/address.ts'
import { addressesOf, isLocalAddress, lookupRoute } from '../netfilter/route.ts'
import { newFlow } from './flow.ts'
import { actorOf, isOutside, OUTSIDE, primaryAddress } from './places.ts'
import { failFlow } from './result.ts'
import { sendFromClient, SYN } from './segments.ts'

export interface ConnectRequest {
  /** Who opens the connection: a network namespace of a node ('' is the host's), or a machine outside. */
  readonly from: NetPlace
  readonly proto: 'tcp' | 'udp' | 'icmp'
  readonly dst: string
  readonly dport: number
  /** Bound source address; else the stack's choice. */
  readonly src?: string
  readonly sport?: number
  /** Sent when the connection stands (TCP) or at once (UDP). Without it a TCP connection is closed when it stands. */
  readonly request?: unknown
  /** In words: `GET /healthz`. */
  readonly what: string
  /** For the whole exchange. */
  readonly timeoutMicros: number
  /** UDP: how often the datagram is sent, and how long to wait for each answer. */
  readonly attempts?: number
  readonly retryMicros?: number
  /** Stays open after the answer, for `net.send` (keep-alive.ts). */
  readonly keep?: boolean
  /** Repeats by the clock: a probe. Its hops are `net.probe-hop`. */
  readonly routine?: boolean
  /** The process's container, for pictures. */
  readonly container?: string
  /** From outside: the node to which the network routes the address (a load balancer's choice). */
  readonly via?: string
  /** Who gets the result, as an event of this kind with a ConnectResult (result.ts). Absent: nobody; look at the `flows` table. */
  readonly answer?: { readonly to: string; readonly kind: string }
  readonly ctx?: unknown
}

/** `net.request`, `NODE/kernel` -> `NODE/proc`: a request reached a listening socket of a container. */
export type NetRequest = {
  flow: string
  pid: number
  containerId: string
  proto: 'tcp' | 'udp'
  /** The socket's own end, and the peer as the server sees it. */
  ip: string
  port: number
  peerIp: string
  peerPort: number
  request: unknown
}
/** `net.respond`, `NODE/proc` -> `NODE/kernel`. `reset`: the program closes without an answer. */
export type NetRespond = { flow: string; response?: unknown; reset?: boolean }

/** Opens a connection or sends a datagram. Returns the id of its flow. */
export function connect(world: ModelWorld, asked: ConnectRequest): string {
  const translated = translate(world, asked)
  const request = translated && 'ip' in translated ? { ...asked, dst: translated.ip, dport: translated.port } : asked
  const src = request.src ?? sourceFor(world, request)
  const port = request.sport ?? ephemeralPort(world, request.from)
  const actor = actorOf(request.from)
  const flow = newFlow(
    world,
    {
      proto: request.proto,
      what: request.what,
      routine: request.routine === true,
      client: request.from,
      src: src ?? '0.0.0.0',
      sport: request.proto === 'icmp' ? world.random('icmp-id', 65_536) : port,
      dst: request.dst,
      dport: request.dport,
      ...(request.container === undefined ? {} : { clientContainer: request.container }),
      ...(translated && 'lb' in translated ? { socketLb: translated.lb } : {}),
      ...(request.keep === true ? { keep: true as const } : {}),
      ...(request.via === undefined ? {} : { via: request.via }),
      state: 'connecting',
      ...(request.request === undefined ? {} : { request: request.request }),
      answerTo: request.answer?.to ?? '',
      answerKind: request.answer?.kind ?? '',
      ...(request.ctx === undefined ? {} : { ctx: request.ctx }),
      ...(request.proto === 'tcp'
        ? {}
        : { attempts: request.attempts ?? 1, retryMicros: request.retryMicros ?? request.timeoutMicros }),
    },
    (id) => world.send('timer.net-deadline', actor, { flow: id }, { from: actor, delayMicros: request.timeoutMicros }),
  )
  if (translated && 'denied' in translated) {
    failFlow(world, flow.id, 'unreachable', 20)
    return flow.id
  }
  if (src === undefined) {
    world.because('NW3', { dst: request.dst })
    failFlow(world, flow.id, 'unreachable', 60)
    return flow.id
  }
  if (request.proto === 'tcp') sendFromClient(world, flow.id, SYN, 'SYN', { again: SECOND })
  else if (request.proto === 'udp')
    sendFromClient(world, flow.id, 0, request.what, { again: request.retryMicros ?? request.timeoutMicros })
  else sendFromClient(world, flow.id, 0, 'echo request', { again: request.timeoutMicros })
  return flow.id
}

/** What a BPF program at the socket makes of the address. */
function translate(world: ModelWorld, { from, proto, dst, dport }: ConnectRequest): Translated | undefined {
  return isOutside(from) || proto === 'icmp' ? undefined : translateAtSocket(world, from, proto, dst, dport)
}

/** ip_route_connect: the route's preferred source, else the address of its device. */
function sourceFor(world: ModelWorld, request: ConnectRequest): string | undefined {
  if (isOutside(request.from)) return OUTSIDE[request.from.host]
  const dst = parseIp(request.dst)
  if (!dst) return undefined
  const key = `${request.from.node}|${request.from.netns}`
  const links = world.by('links', 'netns', key)
  if (isLocalAddress(links, dst)) return dst.text
  const route = lookupRoute(world.by('routes', 'netns', key), dst)
  if (!route?.dev) return undefined
  if (route.src !== undefined) return route.src
  return (
    addressesOf(links).find((a) => a.dev === route.dev && a.ip.family === dst.family)?.ip.text ??
    primaryAddress(world, request.from)
  )
}

/** net.ipv4.ip_local_port_range */
function ephemeralPort(world: ModelWorld, from: NetPlace): number {
  const port = 32_768 + world.random(`port ${'host' in from ? from.host : `${from.node} ${from.netns}`}`, 28_232)
  return port
}

/** What a resolver waits for each try by default (resolv.conf timeout:5 attempts:2). */
export const DNS_RETRY = { attempts: 2, retryMicros: 5 * SECOND } as const
