import { useDeferredValue, useMemo, useRef, useState } from 'react'
import type { Replica } from '../contract.ts'
import { LINE_LIMIT, ruleLines, TABLES } from './select.ts'
import css from './rules.module.css'

/** One table of iptables as iptables-save -c prints it: with counters that count, and jumps that lead there. */
export function RuleTable({ replica, node }: { replica: Replica; node: string }) {
  const [table, setTable] = useState<string>('nat')
  const [search, setSearch] = useState('')
  const [counted, setCounted] = useState(true)
  const [unfolded, setUnfolded] = useState(false)
  const wanted = useDeferredValue(search)
  const written = replica.get('netfilter', node)
  const hits = replica.get('ruleHits', node)
  const { lines, total } = useMemo(
    () => ruleLines(replica, node, table, wanted),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the two records say when a rule or a counter changed
    [written, hits, node, table, wanted],
  )
  const list = useRef<HTMLPreElement>(null)
  const jump = (chain: string): void => {
    list.current?.querySelector(`[data-first="${CSS.escape(chain)}"]`)?.scrollIntoView({ block: 'center' })
  }
  const declared = lines.filter((line) => line.kind === 'chain').length
  const seen = new Set<string>()
  return (
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
        <label className={css.check}>
          <input type="checkbox" checked={counted} onChange={(event) => setCounted(event.target.checked)} /> counters
        </label>
        <span className={css.count} role="status">
          {total} lines{total > LINE_LIMIT ? `, the first ${LINE_LIMIT} shown` : ''}
        </span>
      </div>
      <pre ref={list} className={css.text} tabIndex={0} aria-label={`Table ${table} on ${node}`}>
        {`*${table}\n`}
        {declared > 3 && wanted === '' && (
          <button className={css.unfold} aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
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
              {counted && line.kind === 'rule' && (
                <span className={css.counter} data-some={line.packets > 0}>
                  {`[${line.packets}:${line.bytes}]`.padEnd(12)}
                </span>
              )}
              {line.jump?.startsWith('KUBE-') ? <Jump text={line.text} to={line.jump} onJump={jump} /> : line.text}
              {'\n'}
            </span>
          )
        })}
        {'COMMIT\n'}
      </pre>
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
