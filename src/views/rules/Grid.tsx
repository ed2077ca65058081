import { InlineClock } from '../drawing/Clock.tsx'
import type { Row } from './select.ts'
import css from './rules.module.css'

export function Grid({
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
                <td key={i}>
                  {i === 0 ? (
                    <button onClick={() => onSelect(row.select)}>{cell}</button>
                  ) : i === 1 && row.clock ? (
                    <span className={css.timer}>
                      <InlineClock since={row.clock.since} until={row.clock.until} /> {cell}
                    </span>
                  ) : (
                    cell
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
