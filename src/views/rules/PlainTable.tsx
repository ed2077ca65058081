import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { theLab } from '../../lab/client.ts'
import type { TextTable } from '../../lab/protocol.ts'
import type { Micros, Replica } from '../contract.ts'
import { LINE_LIMIT, plainLines } from './select.ts'
import css from './rules.module.css'

/** A table as its own command prints it: nft, ipvsadm, ipset, the maps of eBPF. */
export function PlainTable({
  replica,
  node,
  now,
  tab,
}: {
  replica: Replica
  node: string
  now: Micros
  tab: TextTable
}) {
  const [search, setSearch] = useState('')
  const wanted = useDeferredValue(search)
  const text = useTable(replica, node, tab, now)
  const { lines, total } = useMemo(() => plainLines(text, wanted), [text, wanted])
  return (
    <div className={css.left}>
      <div className={css.filter}>
        <label className={css.search}>
          <span className={css.unseen}>Search in the table</span>
          <input
            value={search}
            placeholder="Search: 10.96.0.10, shop/web"
            onChange={(event) => setSearch(event.target.value)}
            type="search"
          />
        </label>
        <span className={css.count} role="status">
          {total} lines{total > LINE_LIMIT ? `, the first ${LINE_LIMIT} shown` : ''}
        </span>
      </div>
      <pre className={css.text} tabIndex={0} aria-label={`${tab} on ${node}`}>
        {lines.map((line, i) => (
          <span key={i}>
            {line}
            {'\n'}
          </span>
        ))}
        {total === 0 && 'Nothing here at this moment.'}
      </pre>
    </div>
  )
}

/** In milliseconds: faster than that nobody reads. */
const BETWEEN_ASKS = 400

/** As the node's own command prints it; asked again while time goes on, and after each jump. */
function useTable(replica: Replica, node: string, tab: TextTable, now: Micros): string {
  const [held, setHeld] = useState({ of: '', text: '' })
  const of = `${node} ${tab}`
  const moment = useRef('')
  useEffect(() => {
    moment.current = `${Math.floor(now / 1e6)} ${replica.branch}`
  })
  useEffect(() => {
    let gone = false
    let asked = ''
    const ask = (): void => {
      if (asked === moment.current) return
      asked = moment.current
      theLab()
        .ask<string>({ q: 'table', of: tab, node })
        .then(
          (text) => !gone && setHeld((had) => (had.of === of && had.text === text ? had : { of, text })),
          () => undefined,
        )
    }
    ask()
    const timer = setInterval(ask, BETWEEN_ASKS)
    return () => {
      gone = true
      clearInterval(timer)
    }
  }, [of, tab, node])
  return held.of === of ? held.text : ''
}
