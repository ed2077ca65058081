import { useDeferredValue, useMemo, useRef, useState } from 'react'
import type { Replica, ViewProps } from '../contract.ts'
import { spellSpan } from '../drawing/spell.ts'
import {
  conntrackRows,
  lastDiff,
  LINE_LIMIT,
  linkRows,
  routeRows,
  ruleLines,
  TABLES,
  TABS,
  type Row,
  type Tab,
} from './select.ts'
import css from './rules.module.css'

const HEADS: Readonly<Record<Exclude<Tab, 'iptables'>, readonly string[]>> = {
  conntrack: ['proto', 'forgotten in', 'state', 'original', 'reply', 'flags'],
  routes: ['destination', 'via', 'dev', 'src', 'proto', 'scope'],
  links: ['link', 'in', 'kind', 'addresses', 'belongs to', 'state'],
}

/** The tables of the kernel as text, live: rules with search and the last change, flows, routes, links. */
export default function Rules({ replica, now, node, selected, onSelect, onRun, onNode }: ViewProps) {
  const [tab, setTab] = useState<Tab>('iptables')
  const second = Math.floor(now / 1e6) * 1e6
  const rows = useMemo(
    () =>
      tab === 'conntrack'
        ? conntrackRows(replica, node, second)
        : tab === 'routes'
          ? routeRows(replica, node)
          : tab === 'links'
            ? linkRows(replica, node)
            : [],
    [replica, node, tab, second],
  )
  const command = TABS.find((t) => t.id === tab)!.command(node)
  return (
    <div className={css.view}>
      <div className={css.bar}>
        <div role="tablist" aria-label="Tables of the kernel" className={css.tabs}>
          {TABS.map((t) => (
            <button key={t.id} role="tab" aria-selected={t.id === tab} onClick={() => setTab(t.id)}>
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
        <button className={css.command} onClick={() => onRun(command)} title="Run it in the terminal">
          {command}
        </button>
      </div>
      {tab === 'iptables' ? (
        <Tables replica={replica} node={node} now={now} />
      ) : (
        <Grid
          heads={HEADS[tab]}
          rows={rows}
          selected={selected?.kind === 'record' ? selected.id : undefined}
          onSelect={(select) => onSelect({ kind: 'record', ...select })}
        />
      )}
    </div>
  )
}

function Tables({ replica, node, now }: { replica: Replica; node: string; now: number }) {
  const [table, setTable] = useState<string>('nat')
  const [search, setSearch] = useState('')
  const [unfolded, setUnfolded] = useState(false)
  const wanted = useDeferredValue(search)
  const { lines, total } = useMemo(() => ruleLines(replica, node, table, wanted), [replica, node, table, wanted])
  const diff = lastDiff(replica, node)
  const list = useRef<HTMLPreElement>(null)
  const jump = (chain: string): void => {
    list.current?.querySelector(`[data-first="${CSS.escape(chain)}"]`)?.scrollIntoView({ block: 'center' })
  }
  const declared = lines.filter((line) => line.kind === 'chain').length
  const seen = new Set<string>()
  return (
    <div className={css.split}>
      <div className={css.left}>
        <div className={css.filter}>
          <label>
            <span className={css.unseen}>Table</span>
            <select value={table} onChange={(event) => setTable(event.target.value)}>
              {TABLES.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label className={css.search}>
            <span className={css.unseen}>Search in the rules</span>
            <input
              value={search}
              placeholder="Search: shop/web, KUBE-SVC, 10.96.0.10"
              onChange={(event) => setSearch(event.target.value)}
              type="search"
            />
          </label>
          <span className={css.count} role="status">
            {total} lines{total > LINE_LIMIT ? `, the first ${LINE_LIMIT} shown` : ''}
          </span>
        </div>
        <pre ref={list} className={css.text} tabIndex={0} aria-label={`Table ${table} on ${node}`}>
          {`*${table}\n`}
          {declared > 3 && wanted === '' && (
            <button className={css.fold} aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
              {unfolded ? '− ' : '… '}
              {declared} lines that declare chains{unfolded ? '' : ', not shown'}
            </button>
          )}
          {lines.map((line) => {
            if (line.kind === 'chain' && declared > 3 && wanted === '' && !unfolded) return null
            const first = line.kind === 'rule' && !seen.has(line.chain)
            if (first) seen.add(line.chain)
            return (
              <span
                key={line.key}
                className={line.fresh ? css.fresh : line.kind === 'chain' ? css.chain : undefined}
                data-first={first ? line.chain : undefined}
              >
                {line.fresh ? '+ ' : '  '}
                {line.jump?.startsWith('KUBE-') ? <Jump text={line.text} to={line.jump} onJump={jump} /> : line.text}
                {'\n'}
              </span>
            )
          })}
          {'COMMIT\n'}
        </pre>
      </div>
      <aside className={css.diff} aria-label="The last write">
        <h3>The last write</h3>
        {diff ? (
          <>
            <p>
              {diff.record.lastWriter} wrote {spellSpan(Math.max(0, now - diff.record.lastWriteAt))} ago:{' '}
              {diff.record.addedCount} lines added, {diff.record.removedCount} removed. {diff.record.rules} rules in{' '}
              {diff.record.chains} chains.
            </p>
            <pre tabIndex={0} aria-label="Lines of the last write">
              {diff.added.map((line, i) => (
                <span key={`a${i}`} className={css.plus}>
                  + {line}
                  {'\n'}
                </span>
              ))}
              {diff.removed.map((line, i) => (
                <span key={`r${i}`} className={css.minus}>
                  - {line}
                  {'\n'}
                </span>
              ))}
            </pre>
            {diff.record.addedCount + diff.record.removedCount > diff.added.length + diff.removed.length && (
              <p>More lines changed than are kept here.</p>
            )}
          </>
        ) : (
          <p>Nothing has changed these rules yet.</p>
        )}
      </aside>
    </div>
  )
}

function Jump({ text, to, onJump }: { text: string; to: string; onJump: (chain: string) => void }) {
  const at = text.lastIndexOf(to)
  return (
    <>
      {text.slice(0, at)}
      <button className={css.jump} onClick={() => onJump(to)} title={`Go to ${to}`}>
        {to}
      </button>
      {text.slice(at + to.length)}
    </>
  )
}

function Grid({
  heads,
  rows,
  selected,
  onSelect,
}: {
  heads: readonly string[]
  rows: readonly Row[]
  selected: string | undefined
  onSelect: (select: Row['select']) => void
}) {
  if (rows.length === 0) return <p className={css.none}>Nothing here at this moment.</p>
  return (
    <div className={css.gridBox} tabIndex={0} role="region" aria-label="Rows">
      <table className={css.grid}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} data-selected={row.select.id === selected}>
              {row.cells.map((cell, i) => (
                <td key={i}>{i === 0 ? <button onClick={() => onSelect(row.select)}>{cell}</button> : cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The text twin: how much stands in the tables, and who wrote last. */
export function caption(replica: Replica, now: number, node: string): string {
  const record = replica.get('netfilter', node)
  if (!record) return `No rules have been written on ${node} yet.`
  return `${node} has ${record.rules} rules in ${record.chains} chains. ${record.lastWriter} wrote last, ${spellSpan(Math.max(0, now - record.lastWriteAt))} ago.`
}
