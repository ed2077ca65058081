/** The past again with one line changed, and what came of it, side by side. */
import { useState } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import type { Comparison, ForkSide } from '../../lab/compare.ts'
import { stopwatch } from '../../sim/clock.ts'
import type { Replica, ViewProps } from '../contract.ts'
import { presetsOf } from './presets.ts'
import css from './forks.module.css'

const BACK = [10, 30, 60, 300]
const OWN = 'own'

type Result = { comparison: Comparison } | { says: string } | 'busy' | undefined

export default function Forks({ replica, now }: ViewProps) {
  const branches = useLab((state) => state.branches)
  const branch = useLab((state) => state.branch)
  const [result, setResult] = useState<Result>()
  const [chosen, setChosen] = useState<number>()
  const newest = branches.at(-1)
  const other = branches.find((b) => b.id === chosen) ?? (newest?.id === branch ? undefined : newest)
  const parent = branches.find((b) => b.id === (other ?? newest)?.parent)
  const compare = (a: number, b: number): void => {
    setResult('busy')
    theLab()
      .ask<Comparison>({ q: 'compare', a, b })
      .then(
        (comparison) => setResult({ comparison }),
        (error: Error) => setResult({ says: error.message }),
      )
  }
  return (
    <div className={css.view}>
      <Try
        replica={replica}
        now={now}
        busy={result === 'busy'}
        onRun={(at, script) => {
          const from = branch
          setResult('busy')
          theLab()
            .ask<{ branch: number }>({ q: 'what-if', of: { at, until: Math.floor(now), script } })
            .then(
              ({ branch: made }) => {
                setChosen(made)
                compare(from, made)
              },
              (error: Error) => setResult({ says: error.message }),
            )
        }}
      />
      {branches.length > 1 && (
        <p className={css.pair}>
          <label>
            Compare{' '}
            <select value={(other ?? newest)!.id} onChange={(event) => setChosen(Number(event.target.value))}>
              {branches
                .filter((b) => b.parent !== undefined)
                .map((b) => (
                  <option key={b.id} value={b.id}>
                    {b.cause}, from {stopwatch(b.forkedAt)}
                  </option>
                ))}
            </select>
          </label>{' '}
          with{' '}
          {parent === undefined || parent.parent === undefined
            ? 'main, the run as it was'
            : `the fork “${parent.cause}”`}{' '}
          <button disabled={result === 'busy'} onClick={() => parent && compare(parent.id, (other ?? newest)!.id)}>
            Compare
          </button>
        </p>
      )}
      <div role="status">
        {result === 'busy' && <p>The past runs again with the change…</p>}
        {result !== undefined && result !== 'busy' && 'says' in result && <p className={css.fail}>{result.says}</p>}
      </div>
      {result !== undefined && result !== 'busy' && 'comparison' in result && (
        <Table comparison={result.comparison} branches={branches} />
      )}
      {result === undefined && branches.length < 2 && <p className={css.hint}>{HINT}</p>}
    </div>
  )
}

const HINT =
  'A fork is the same cluster with the same seed: same clients, same requests, same faults at the same moments. What differs comes from the change. Whatever you do while you stand in the past makes a fork, too.'

function Try({
  replica,
  now,
  busy,
  onRun,
}: {
  replica: Replica
  now: number
  busy: boolean
  onRun: (at: number, script: string) => void
}) {
  const presets = presetsOf(replica)
  const [id, setId] = useState<string>()
  const [own, setOwn] = useState('')
  const [seconds, setSeconds] = useState(30)
  const preset = id === OWN ? undefined : (presets.find((p) => p.id === id) ?? presets[0])
  const script = preset?.script ?? own
  const at = Math.max(0, Math.floor(now) - seconds * 1_000_000)
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (script.trim() !== '' && !busy) onRun(at, script)
      }}
    >
      <h2>What if one line had been different?</h2>
      <label>
        The change
        <select value={preset?.id ?? OWN} onChange={(event) => setId(event.target.value)}>
          {presets.map((p) => (
            <option key={p.id} value={p.id}>
              {p.title}
            </option>
          ))}
          <option value={OWN}>my own commands</option>
        </select>
      </label>
      {preset ? (
        <code className={css.script}>{preset.script}</code>
      ) : (
        <textarea
          aria-label="Commands, one a line"
          rows={3}
          maxLength={10_000}
          spellCheck={false}
          value={own}
          placeholder="kubectl scale deployment web -n shop --replicas=1"
          onChange={(event) => setOwn(event.target.value)}
        />
      )}
      <label>
        made
        <select value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
          {BACK.map((s) => (
            <option key={s} value={s}>
              {s < 60 ? `${s} s` : `${s / 60} min`} ago, at{' '}
              {stopwatch(Math.max(0, Math.floor(now) - s * 1_000_000)).slice(0, -4)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className={css.run} disabled={busy || script.trim() === ''}>
        Run the past again with it
      </button>
    </form>
  )
}

type Branches = readonly { readonly id: number; readonly parent: number | undefined; readonly cause: string }[]

/** As the transport names it. */
function nameOf(side: ForkSide, branches: Branches): string {
  const found = branches.find((b) => b.id === side.branch)
  return found === undefined || found.parent === undefined ? 'main' : found.cause
}

function Table({ comparison, branches }: { comparison: Comparison; branches: Branches }) {
  const { at, since, sides, differences, more } = comparison
  const names: [string, string] = [nameOf(sides[0], branches), nameOf(sides[1], branches)]
  const [a, b] = sides
  const errors = [...new Set([...Object.keys(a.failed), ...Object.keys(b.failed)])].sort()
  const rows: (readonly [string, string | number, string | number])[] = [
    ['requests that ended', a.requests, b.requests],
    ['answered', a.answered, b.answered],
    ...errors.map((error) => [error, a.failed[error] ?? 0, b.failed[error] ?? 0] as const),
    ['packets dropped, rejected or lost', a.lost, b.lost],
    ['source address that servers saw', spread(a.sources), spread(b.sources)],
    ['requests for each server', spread(a.servers), spread(b.servers)],
  ]
  return (
    <div className={css.tables}>
      <table>
        <caption>
          From {stopwatch(since).slice(0, -4)} to {stopwatch(at).slice(0, -4)}
          {a.cut || b.cut ? ', as far back as is kept' : ''}
        </caption>
        <Head names={names} />
        <tbody>
          {rows.map(([what, left, right]) => (
            <tr key={what} data-differs={left !== right}>
              <th scope="row">{what}</th>
              <td>{left}</td>
              <td>{right}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <caption>State at {stopwatch(at).slice(0, -4)}: what differs</caption>
        <Head names={names} />
        <tbody>
          {differences.map(({ what, sides: [left, right] }) => (
            <tr key={what} data-differs="true">
              <th scope="row">{what}</th>
              <td>{left}</td>
              <td>{right}</td>
            </tr>
          ))}
          {differences.length === 0 && (
            <tr>
              <td colSpan={3}>Nothing: pods, endpoints, Services, proxies and nodes are the same.</td>
            </tr>
          )}
        </tbody>
      </table>
      {more > 0 && <p className={css.hint}>and {more} more lines</p>}
    </div>
  )
}

function Head({ names: [a, b] }: { names: readonly [string, string] }) {
  return (
    <thead>
      <tr>
        <td />
        <th scope="col">{a}</th>
        <th scope="col">{b}</th>
      </tr>
    </thead>
  )
}

/** `10.244.1.4 ×12, 172.18.0.3 ×3` */
function spread(counts: Readonly<Record<string, number>>): string {
  const all = Object.entries(counts).sort(([x], [y]) => (x < y ? -1 : 1))
  const shown = all.slice(0, 6).map(([name, count]) => `${name} ×${count}`)
  return all.length === 0 ? 'none' : `${shown.join(', ')}${all.length > 6 ? `, and ${all.length - 6} more` : ''}`
}
