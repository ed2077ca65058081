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
import { chainId, type IptablesRestore } from '../linux/netfilter/live-rules.ts'
import { MASQ_CHAIN, masqueradeRestore } from './masquerade.ts'

/** `agent.start`: opens the watch. An input of the boot, or of whoever starts the agent again. */
function start(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  if (!world.get('chains', chainId(node, 'nat', MASQ_CHAIN))) {
    const restore: IptablesRestore = {
      lines: masqueradeRestore(CLUSTER_CIDR).trimEnd().split('\n'),
      noflush: true,
      writer: 'ip-masq-agent',
      trusted: true,
    }
    world.because('CN7', { 'not for': CLUSTER_CIDR })
    world.send('kernel.iptables-restore', `${node}/kernel`, restore, { delayMicros: 6_000 })
  }
  const request: ApiRequest = { verb: 'watch', resource: 'nodes', userAgent: 'nodeglass-cni-agent' }
  if (sendOver(world, 'api.request', 'apiserver', request) === undefined)
    world.send('timer.agent-retry', event.to, {}, { delayMicros: 10 * SECOND })
}

/** All pods of the cluster (kubeadm's podSubnet). */
export const CLUSTER_CIDR = '10.244.0.0/16'

function response(world: ModelWorld, event: SimEvent<{ code: number }>): void {
  if (event.data.code >= 400) world.send('timer.agent-retry', event.to, {}, { delayMicros: 10 * SECOND })
}

/** The route that leads to the pods of another node; undefined for the node itself or one without a pod range. */
export function podRoute(
  reader: ModelReader,
  node: string,
  other: Pick<Node, 'metadata' | 'spec' | 'status'>,
): RouteAdd | undefined {
  const via = other.status?.addresses?.find((a) => a.type === 'InternalIP')?.address
  if (other.metadata.name === node || !other.spec.podCIDR || via === undefined || !reader.get('machines', node))
    return undefined
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
    {
      id: 'CN6',
      says: 'The pods of another node are reached through the address of that node.',
      source: 'kubernetes-sigs/kind images/kindnetd/cmd/kindnetd/routes.go syncRoute',
    },
    {
      id: 'CN7',
      says: 'What leaves the cluster carries the address of its node; between pods nothing is rewritten.',
      source: 'kubernetes-sigs/ip-masq-agent cmd/ip-masq-agent/ip-masq-agent.go syncMasqRules',
    },
  ],
  handlers: {
    'agent.start': start,
    'timer.agent-retry': start,
    'api.response': response,
    'api.watch': watched,
    'kernel.iptables-restored': () => {},
  },
}
