/**
 * kube-proxy as a proxy: takes a connection, chooses an endpoint in turn, opens a connection of its own and copies. An
 * endpoint that does not answer costs a try, and the next has its turn: what no later mode can do.
 * pkg/proxy/userspace/proxysocket.go TryConnectEndpoints, roundrobin.go NextEndpoint at v1.25.
 */
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import { connect, type NetRequest, type NetRespond } from '../../linux/net/connect.ts'
import type { ConnectResult } from '../../linux/net/result.ts'
import type { ModelWorld } from '../../tables.ts'
import { serviceStates } from '../live-state.ts'
import { proxiedPorts } from './ports.ts'

/** Whose turn it is. id: `node|namespace/name:port/protocol`. */
export type ProxyTurnRecord = {
  node: string
  next: number
  /** Client address -> `ip:port`, with sessionAffinity ClientIP; and when it was last used. */
  clients: Readonly<Record<string, { readonly endpoint: string; readonly at: number }>>
}

/** endpointDialTimeouts has four entries. */
const TRIES = 4
const TIMEOUT_MICROS = 5_000_000

type Context = { request: NetRequest; service: string; tries: number }

/** `kube-proxy.relay`: a connection reached a port of kube-proxy's own. */
export function relay(world: ModelWorld, event: SimEvent<NetRequest>): void {
  const node = placeOf(event.to)
  const port = proxiedPorts(serviceStates(world, node)).find((p) => p.proxyPort === event.data.port)
  if (!port) return answer(world, node, { flow: event.data.flow, reset: true })
  dial(world, node, { request: event.data, service: `${port.info.name}/${port.info.protocol}`, tries: 0 })
}

function dial(world: ModelWorld, node: string, context: Context): void {
  const { request, service, tries } = context
  const endpoint = tries < TRIES ? choose(world, node, service, request.peerIp, tries) : undefined
  if (endpoint === undefined) return answer(world, node, { flow: request.flow, reset: true })
  world.because('KU1', { service, endpoint: endpoint.text, try: tries + 1 })
  connect(world, {
    from: { node, netns: '' },
    proto: request.proto,
    dst: endpoint.ip,
    dport: endpoint.port,
    request: request.request,
    what: 'copied by kube-proxy',
    container: request.containerId,
    timeoutMicros: TIMEOUT_MICROS,
    answer: { to: `${node}/kube-proxy`, kind: 'kube-proxy.relayed' },
    ctx: context,
  })
}

function choose(world: ModelWorld, node: string, service: string, client: string, tries: number): Chosen | undefined {
  for (const state of serviceStates(world, node))
    for (const info of state.ports) {
      if (`${info.name}/${info.protocol}` !== service) continue
      const ready = state.endpoints(info).filter((ep) => ep.ready)
      if (ready.length === 0) return undefined
      const id = `${node}|${service}`
      const turn = world.get('proxyTurns', id) ?? { node, next: 0, clients: {} }
      const known = info.stickySeconds > 0 && tries === 0 ? turn.clients[client] : undefined
      const kept =
        known && world.now - known.at < info.stickySeconds * 1_000_000
          ? ready.find((ep) => ep.text === known.endpoint)
          : undefined
      const chosen = kept ?? ready[turn.next % ready.length]!
      const clients =
        info.stickySeconds > 0 ? { ...turn.clients, [client]: { endpoint: chosen.text, at: world.now } } : turn.clients
      world.put('proxyTurns', id, { node, next: kept ? turn.next : (turn.next + 1) % ready.length, clients })
      return chosen
    }
  return undefined
}

type Chosen = { ip: string; port: number; text: string }

/** `kube-proxy.relayed`: how the connection to the endpoint ended. */
export function relayed(world: ModelWorld, event: SimEvent<ConnectResult>): void {
  const node = placeOf(event.to)
  const { ok, response, phase } = event.data
  const context = event.data.ctx as Context
  const { flow } = context.request
  if (ok) answer(world, node, { flow, response })
  // only a connection that was never there is tried elsewhere
  else if (phase === 'connect') dial(world, node, { ...context, tries: context.tries + 1 })
  else answer(world, node, { flow, reset: true })
}

/** Two copies between kernel and program for each direction. */
function answer(world: ModelWorld, node: string, data: NetRespond): void {
  world.send('net.respond', `${node}/kernel`, data, { from: `${node}/kube-proxy`, delayMicros: 60 })
}
