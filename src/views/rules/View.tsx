import { useMemo, useState } from 'react'
import type { Replica, ViewProps } from '../contract.ts'
import { Live } from '../drawing/live.tsx'
import { spellSpan } from '../drawing/spell.ts'
import { showFace, useFace } from './face.ts'
import { FourModes } from './FourModes.tsx'
import { Grid } from './Grid.tsx'
import { LastSync } from './LastSync.tsx'
import { PlainTable } from './PlainTable.tsx'
import { ProxyMode } from './ProxyMode.tsx'
import { RuleTable } from './RuleTable.tsx'
import type { TextTable } from '../../lab/protocol.ts'
import { conntrackRows, linkRows, routeRows, tabsOf, type Tab } from './select.ts'
import css from './rules.module.css'

const HEADS: Readonly<Partial<Record<Tab, readonly string[]>>> = {
  conntrack: ['proto', 'forgotten in', 'state', 'original', 'reply', 'flags'],
  routes: ['destination', 'via', 'dev', 'src', 'proto', 'scope'],
  links: ['link', 'in', 'kind', 'addresses', 'belongs to', 'state'],
}

const NARROW = 700

/** The tables of the kernel as text, live; or the four modes of kube-proxy beside each other. */
export default function Rules(props: ViewProps) {
  const { replica, now, node, onRun, onNode, onWhy, size } = props
  const face = useFace((state) => state.face)
  const [wanted, setTab] = useState<Tab>()
  const tabs = tabsOf(replica, node)
  // what the node's proxy writes comes first, until somebody chooses
  const tab = tabs.find((t) => t.id === wanted) ?? tabs.find((t) => t.main) ?? tabs[0]!
  const faces = (
    <span className={css.faces} role="group" aria-label="Faces of this picture">
      <button aria-pressed={face === 'table'} onClick={() => showFace('table')}>
        One table
      </button>
      <button aria-pressed={face === 'modes'} onClick={() => showFace('modes')}>
        Four modes
      </button>
    </span>
  )
  if (face === 'modes')
    return <FourModes replica={replica} node={node} size={size} now={now} faces={faces} onRun={onRun} onWhy={onWhy} />
  return (
    <div className={css.view}>
      <div className={css.bar}>
        {faces}
        <div role="tablist" aria-label="Tables of the kernel" className={css.tabs}>
          {tabs.map((t) => (
            <button key={t.id} role="tab" aria-selected={t.id === tab.id} onClick={() => setTab(t.id)}>
              {t.title}
            </button>
          ))}
        </div>
        <label className={css.node}>
          on{' '}
          <select value={node} onChange={(event) => onNode(event.target.value)}>
            {replica.all('machines').map((machine) => (
              <option key={machine.name}>{machine.name}</option>
            ))}
          </select>
        </label>
        {size.width < NARROW ? (
          <details className={css.modeBox}>
            <summary>Mode and lag of {node}</summary>
            <ProxyMode replica={replica} node={node} />
          </details>
        ) : (
          <ProxyMode replica={replica} node={node} />
        )}
        <button className={css.command} onClick={() => onRun(tab.command(node))} title="Run it in the terminal">
          {tab.command(node)}
        </button>
      </div>
      {HEADS[tab.id] ? (
        <Rows {...props} tab={tab.id} />
      ) : (
        <div className={css.split}>
          {tab.id === 'iptables' ? (
            <RuleTable replica={replica} node={node} />
          ) : (
            <PlainTable replica={replica} node={node} now={now} tab={tab.id as TextTable} />
          )}
          <LastSync replica={replica} node={node} now={now} onWhy={onWhy} />
        </div>
      )}
    </div>
  )
}

function Rows({ replica, node, now, tab, selected, onSelect, onFrame }: ViewProps & { tab: Tab }) {
  const second = Math.floor(now / 1e6) * 1e6
  const rows = useMemo(
    () =>
      tab === 'conntrack'
        ? conntrackRows(replica, node, second)
        : tab === 'routes'
          ? routeRows(replica, node)
          : linkRows(replica, node),
    [replica, node, tab, second],
  )
  return (
    <Live replica={replica} now={now} onFrame={onFrame}>
      <Grid
        heads={HEADS[tab]!}
        rows={rows}
        selected={selected?.kind === 'record' ? selected.id : undefined}
        onSelect={(select) => onSelect({ kind: 'record', ...select })}
      />
    </Live>
  )
}

/** The text twin: how much stands in the tables, and who wrote last. */
export function caption(replica: Replica, now: number, node: string): string {
  if (useFace.getState().face === 'modes')
    return 'Only the list grows with the Services in front of it. The three others ask a hash or a map.'
  const ago = (at: number): string => `${spellSpan(Math.max(0, now - at))} ago`
  const mode = replica.get('kubeProxies', node)?.mode
  const nft = replica.get('nftWrites', node)
  if (mode === 'nftables' && nft)
    return `${node} has ${nft.rules} nft rules in ${nft.chains} chains, and ${nft.elements} elements. ${nft.lastWriter} wrote last, ${ago(nft.lastWriteAt)}.`
  if (mode === 'ipvs')
    return `${node} has ${replica.all('ipvsServices').filter((one) => one.node === node).length} virtual servers. iptables asks its sets which packets to masquerade.`
  if (mode === 'ebpf')
    return `${node} has ${replica.all('bpfServices').filter((one) => one.node === node).length} Services in its maps. No rule of netfilter is in the way.`
  const record = replica.get('netfilter', node)
  if (!record) return `No rules have been written on ${node} yet.`
  return `${node} has ${record.rules} rules in ${record.chains} chains. ${record.lastWriter} wrote last, ${ago(record.lastWriteAt)}.`
}
