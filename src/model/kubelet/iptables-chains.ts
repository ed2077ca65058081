// The chains that the kubelet keeps in the node's tables: a hint which iptables is in use, a canary, and the rule that
// shuts 127.0.0.0/8 against the neighbours. Upstream: pkg/kubelet/kubelet_network_linux.go (initNetworkUtil,
// syncIPTablesRules), pkg/util/iptables/iptables.go (Monitor).
import { MILLI, MINUTE } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { KUBELET_JUMPS, LOCALNET_RULE } from '../kube-proxy/iptables/static-rules.ts'
import { type IptablesRestore, type IptablesRestored, liveRules } from '../linux/netfilter/live-rules.ts'
import type { ModelWorld } from '../tables.ts'
import { klog } from './klog.ts'

const HINT = 'KUBE-IPTABLES-HINT'
const CANARY = 'KUBE-KUBELET-CANARY'
const FIREWALL = 'KUBE-FIREWALL'
export const IPTABLES_TICK = 'timer.kubelet.iptables'
/** A call of `iptables` each, ten of them. */
const SETUP_MICROS = 30 * MILLI

export function setUpChains(world: ModelWorld, node: string, boot: number): void {
  write(world, node, { starting: true })
  world.send(IPTABLES_TICK, `${node}/kubelet`, { boot }, { delayMicros: MINUTE })
}

/** Monitor: a missing canary means that somebody emptied the tables. */
export function onIptablesTick(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (!kubelet?.running || kubelet.boot !== event.data.boot) return
  world.send(IPTABLES_TICK, event.to, event.data, { delayMicros: MINUTE })
  if (liveRules(world, node).chain('mangle', CANARY)) return
  world.because('KL29', { chain: CANARY })
  write(world, node, {})
}

function write(world: ModelWorld, node: string, ctx: { starting?: boolean }): void {
  const lines = missing(world, node)
  const data: IptablesRestore = { lines, noflush: true, writer: 'kubelet', trusted: true, ctx }
  world.send('kernel.iptables-restore', `${node}/kernel`, data, {
    from: `${node}/kubelet`,
    delayMicros: SETUP_MICROS,
  })
}

/** EnsureChain and EnsureRule: only what is not there. */
function missing(world: ModelWorld, node: string): string[] {
  const rules = liveRules(world, node)
  const chains = (table: string, names: readonly string[]): string[] =>
    names.filter((name) => !rules.chain(table, name)).map((name) => `:${name} - [0:0]`)
  const has = (chain: string, rule: string): boolean =>
    (rules.chain('filter', chain)?.rules ?? []).includes(`-A ${chain} ${rule}`)
  return [
    ...['*mangle', ...chains('mangle', [HINT, CANARY]), 'COMMIT'],
    ...['*filter', ...chains('filter', [FIREWALL, CANARY])],
    ...(has(FIREWALL, LOCALNET_RULE) ? [] : [`-A ${FIREWALL} ${LOCALNET_RULE}`]),
    ...[...KUBELET_JUMPS].reverse().flatMap(({ from, rule }) => (has(from, rule) ? [] : [`-I ${from} ${rule}`])),
    'COMMIT',
    ...['*nat', ...chains('nat', [CANARY]), 'COMMIT'],
  ]
}

export function onRestored(world: ModelWorld, event: SimEvent<IptablesRestored>): void {
  const node = placeOf(event.to)
  if (!world.get('kubelets', node)?.running || !(event.data.ctx as { starting?: boolean } | undefined)?.starting) return
  if (event.data.ok)
    klog(world, node, 'I', 'kubelet_network_linux.go:49', 'Initialized iptables rules.', { protocol: 'IPv4' })
}
