import { useEffect, useRef } from 'react'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import type { Path } from './select.ts'
import type { PathStep } from './steps.ts'
import css from './packet-path.module.css'

interface RuleListProps {
  readonly path: Path
  readonly cursor: number | undefined
  readonly onCursor: (to: number) => void
  readonly onRun: (command: string) => void
}

/** Every rule that was tried, as iptables-save prints it; which matched, which not, and why. */
export function RuleList({ path, cursor, onCursor, onRun }: RuleListProps) {
  const current = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest' })
  }, [cursor])
  const withRules = path.packet.hops.find((hop) => hop.trace)
  const command = commandOf(path)
  const lookups = path.packet.hops.reduce((sum, hop) => sum + (hop.lookups ?? 0), 0)
  let heading = ''
  return (
    <div className={css.rules}>
      <div className={css.ruleHead}>
        {/* Before it has met a rule, nobody knows which table that will be. */}
        {withRules && (
          <button className={css.command} onClick={() => onRun(`ssh ${withRules.node} ${command}`)}>
            {command}
          </button>
        )}
        <span>
          {path.packet.hops.reduce((sum, hop) => sum + hop.compared, 0)} rules compared
          {lookups > 0 ? `, ${lookups} look-ups in hash tables` : ''}
          {path.stale ? '; the rules were written anew since, so some texts may be newer than the packet' : ''}
        </span>
        <span className={css.key} aria-hidden>
          ✓ matched <b>–</b> not matched <InlineGlyph plane="packet" /> now
        </span>
      </div>
      <ol className={css.list} tabIndex={0} aria-label="Rules that this packet met">
        {path.steps.map((step, i) => {
          const head = headOf(path, step)
          const shows = head !== heading
          heading = head
          return (
            <li key={i}>
              {shows && <p className={css.hook}>{head}</p>}
              {step.folded > 0 && (
                <p className={css.folded}>
                  {step.folded} rules of {step.chain} before this one: none matched
                </p>
              )}
              <button
                ref={i === cursor ? current : undefined}
                className={css.rule}
                data-matched={step.matched}
                data-now={i === cursor}
                data-later={cursor !== undefined && i > cursor}
                aria-current={i === cursor ? 'step' : undefined}
                onClick={() => onCursor(i)}
              >
                <span className={css.sign}>
                  {i === cursor ? <InlineGlyph plane="packet" /> : <span aria-hidden>{step.matched ? '✓' : '–'}</span>}
                  <span className={css.unseen}>{step.matched ? 'matched: ' : 'not matched: '}</span>
                </span>
                <RuleText step={step} />
                <span className={css.reason}>{step.reason}</span>
              </button>
            </li>
          )
        })}
      </ol>
    </div>
  )
}

/** What shows an operator the table that chose the backend. */
function commandOf(path: Path): string {
  const tables = new Set(path.steps.map((step) => step.table))
  if (path.flow.socketLb || tables.has('bpf')) return 'cilium-dbg bpf lb list'
  if (tables.has('ipvs')) return 'ipvsadm -Ln'
  return path.frames.some((frame) => frame.branch?.table.includes('/')) ? 'nft list ruleset' : 'iptables-save -t nat'
}

function headOf(path: Path, step: PathStep): string {
  const frame = path.frames[step.hop + path.offset]
  if (step.rule === 0) return frame?.title ?? ''
  return `${frame?.title ?? ''} · ${step.hook} · table ${step.table}`
}

/** Chain dimmed, comment folded into a visible ellipsis with the whole text on demand. */
function RuleText({ step }: { step: PathStep }) {
  if (step.rule === 0) return <code className={css.text}>{step.text}</code>
  const m = /^(-A \S+)(.*)$/s.exec(step.text)
  const rest = (m?.[2] ?? step.text).replace(/ -m comment --comment ("[^"]*"|\S+)/, '')
  return (
    <code className={css.text} title={step.text}>
      <span className={css.chain}>{m?.[1]}</span>
      {rest}
    </code>
  )
}
