/**
 * The network agent of a node: a route to the pods of every other node, through that node's address; and the masquerade
 * rules. It stands for what kindnet or flannel host-gw do. Upstream: kubernetes-sigs/kind images/kindnetd/cmd/kindnetd.
 */
import { sendOver, type ApiRequest, type ApiWatchEvent } from '../messages.ts'
import type { ModelComponent, ModelReader, ModelWorld } from '../tables.ts'
import type { Node } from '../apiserver/objects.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { RouteAdd } from '../linux/routes.ts'
import { SECOND } from '../../sim/clock.ts'

/** `agent.start`: opens the watch. An input of the boot, or of whoever starts the agent again. */
function start(world: ModelWorld, event: SimEvent): void {
  const request: ApiRequest = { verb: 'watch', resource: 'nodes', userAgent: 'nodeglass-cni-agent' }
  if (sendOver(world, 'api.request', 'apiserver', request) === undefined) world.send('timer.agent-retry', event.to, {}, { delayMicros: 10 * SECOND })
}

function response(world: ModelWorld, event: SimEvent<{ code: number }>): void {
  if (event.data.code >= 400) world.send('timer.agent-retry', event.to, {}, { delayMicros: 10 * SECOND })
}

/** The route that leads to the pods of another node; undefined for the node itself or one without a pod range. */
export function podRoute(reader: ModelReader, node: string, other: Pick<Node, 'metadata' | 'spec' | 'status'>): RouteAdd | undefined {
  const via = other.status?.addresses?.find((a) => a.type === 'InternalIP')?.address
  if (other.metadata.name === node || !other.spec.podCIDR || via === undefined || !reader.get('machines', node)) return undefined
  return { netns: '', dst: other.spec.podCIDR, dev: 'eth0', via }
}

function watched(world: ModelWorld, event: SimEvent<ApiWatchEvent>): void {
  const { type, object } = event.data
  if (type === 'BOOKMARK') return
  const node = placeOf(event.to)
  const route = podRoute(world, node, object as unknown as Node)
  if (!route) return
  const present = world.get('routes', `${node}||${route.dst}`)
  if (type === 'DELETED') {
    if (present) world.send('kernel.route-del', `${node}/kernel`, { netns: '', dst: route.dst }, { delayMicros: 200 })
    return
  }
  if (present?.via === route.via) return
  world.because('CN6', { dst: route.dst, via: route.via })
  world.send('kernel.route-add', `${node}/kernel`, route, { delayMicros: 200 })
}

export const routeAgent: ModelComponent = {
  roles: ['cni-agent'],
  rules: [
    { id: 'CN6', says: 'The pods of another node are reached through the address of that node.', source: 'kubernetes-sigs/kind images/kindnetd/cmd/kindnetd/routes.go syncRoute' },
  ],
  handlers: {
    'agent.start': start,
    'timer.agent-retry': start,
    'api.response': response,
    'api.watch': watched,
  },
}
