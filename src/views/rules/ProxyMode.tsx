import { useRef, useState } from 'react'
import { theLab } from '../../lab/client.ts'
import type { ProxyModeName } from '../../model/kube-proxy/mode.ts'
import type { Replica } from '../contract.ts'
import { spellSpan } from '../drawing/spell.ts'
import css from './rules.module.css'

const MODES: readonly (readonly [ProxyModeName, string])[] = [
  ['iptables', 'iptables'],
  ['ipvs', 'IPVS'],
  ['nftables', 'nftables'],
  ['ebpf', 'eBPF, no kube-proxy'],
  ['userspace', 'userspace, as until 1.25'],
]
/** Until what the lab says is shown again. */
const SETTLE_MS = 1_200
const LAGS: readonly number[] = [0, 1, 2, 5, 10, 30, 60]

/** The mode of the node's proxy, and how long it takes to hear of a change. Both are inputs: they can be undone. */
export function ProxyMode({ replica, node }: { replica: Replica; node: string }) {
  const proxy = replica.get('kubeProxies', node)
  const settings = replica.get('proxySettings', node)
  const runs = proxy?.mode ?? 'iptables'
  const wanted = settings?.mode ?? runs
  // a slider that is dragged runs ahead of the lab's answer
  const [wished, setWished] = useState<{ node: string; lag: number }>()
  const settle = useRef<ReturnType<typeof setTimeout>>(undefined)
  const told = (settings?.lagMicros ?? 0) / 1e6
  const lag = wished?.node === node ? wished.lag : told
  const set = (data: object): void =>
    theLab().send({ t: 'input', input: { kind: 'proxy.settings', to: `${node}/kube-proxy`, data } })
  return (
    <div className={css.mode}>
      <label>
        mode{' '}
        <select value={wanted} onChange={(event) => set({ mode: event.target.value })}>
          {MODES.map(([mode, title]) => (
            <option key={mode} value={mode}>
              {title}
            </option>
          ))}
          {!MODES.some(([mode]) => mode === wanted) && <option>{wanted}</option>}
        </select>{' '}
        <span className={css.quiet}>a change restarts the proxy</span>
      </label>
      <label className={css.lag}>
        lag{' '}
        <input
          type="range"
          min={0}
          max={LAGS.length - 1}
          value={Math.max(
            0,
            LAGS.findLastIndex((one) => one <= lag),
          )}
          aria-valuetext={lag === 0 ? 'none' : spellSpan(lag * 1e6)}
          onChange={(event) => {
            const next = LAGS[Number(event.target.value)]!
            setWished({ node, lag: next })
            clearTimeout(settle.current)
            settle.current = setTimeout(() => setWished(undefined), SETTLE_MS)
            set({ lagMicros: next === 0 ? null : next * 1e6 })
          }}
        />
        <output>{lag === 0 ? 'none' : spellSpan(lag * 1e6)}</output>
      </label>
      {(wanted !== runs || proxy?.running === false) && (
        <p className={css.restart} role="status">
          The proxy reads its mode at start only: its process is ended, and the kubelet starts it again in {wanted}.
        </p>
      )}
      {lag > 0 && (
        <p className={css.restart} role="status">
          {node} writes each change {spellSpan(lag * 1e6)} after it heard of it: packets meet the old rules until then.
        </p>
      )}
    </div>
  )
}
