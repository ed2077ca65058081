/** Random settings of kube-proxy, per node: its mode, what the mode reads, and how late it is. */
import { MODES } from '../model/kube-proxy/modes.ts'
import { MILLI, SECOND } from '../sim/clock.ts'
import type { Input } from '../sim/contract.ts'
import { type Below, pick } from './fuzz-requests.ts'

const NODES = ['control-plane', 'worker-1', 'worker-2']
const NAMES = Object.keys(MODES)
const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'dh', 'sed', 'nq', 'mh']

export function proxyInput(below: Below): Input {
  const mode = pick(below, [...NAMES, 'iptables', 'nftables'])
  const options =
    mode === 'nftables'
      ? { layout: pick(below, ['1.35', '1.36']) }
      : mode === 'ipvs'
        ? { scheduler: pick(below, SCHEDULERS) }
        : null
  return {
    kind: 'proxy.settings',
    to: `${pick(below, NODES)}/kube-proxy`,
    data: {
      ...(below(3) > 0 ? { mode, options } : {}),
      ...(below(2) === 0 ? { lagMicros: below(4) === 0 ? null : below(15 * SECOND) } : {}),
      ...(below(3) === 0 ? { minSyncMicros: pick(below, [null, 100 * MILLI, 10 * SECOND]) } : {}),
    },
  }
}

/** Nobody is late for ever; modes stay as they are. */
export function healedProxies(): Input[] {
  return NODES.map((node) => ({
    kind: 'proxy.settings',
    to: `${node}/kube-proxy`,
    data: { lagMicros: null, minSyncMicros: null },
  }))
}
