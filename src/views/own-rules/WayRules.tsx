import { useEffect, useRef } from 'react'
import type { Way, WayStep } from '../../lab/rules-protocol.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { whyNot } from '../packet-path/why-not.ts'
import css from './own-rules.module.css'

/** Every rule that was tried, as its own command prints it: which matched, which not and why. */
export function WayRules({
  way,
  cursor,
  inDev,
  onCursor,
}: {
  way: Way
  cursor: number | undefined
  inDev: string
  onCursor: (to: number | undefined) => void
}) {
  const current = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest' })
  }, [cursor])
  let heading = ''
  return (
    <div className={css.rules}>
      <div className={css.ruleHead}>
        <b>{way.compared === 1 ? '1 rule compared' : `${way.compared.toLocaleString('en')} rules compared`}</b>
        {way.lookups > 0 && <span>{way.lookups} looked up in a set or map</span>}
        <span className={css.buttons}>
          <button onClick={() => onCursor(0)} disabled={way.steps.length === 0}>
            First
          </button>
          <button
            onClick={() => onCursor((cursor ?? way.steps.length) - 1)}
            disabled={cursor === 0 || way.steps.length === 0}
            title="One rule back (,)"
          >
            ‹ Rule
          </button>
          <button
            onClick={() => onCursor(cursor === undefined ? undefined : cursor + 1)}
            disabled={cursor === undefined}
            title="One rule on (.)"
          >
            Rule ›
          </button>
          <button onClick={() => onCursor(undefined)} disabled={cursor === undefined}>
            End
          </button>
        </span>
        <span className={css.key} aria-hidden>
          ✓ matched <b>–</b> not matched <InlineGlyph plane="packet" /> now
        </span>
      </div>
      <ol className={css.list} tabIndex={0} aria-label="Rules that this packet met">
        {way.steps.map((step, i) => {
          const head = `${step.hook} · ${step.table.includes('/') ? step.table.replace('/', ' ') : `table ${step.table}`}`
          const shows = head !== heading
          heading = head
          return (
            <li key={i}>
              {shows && <p className={css.hook}>{head}</p>}
              {step.folded > 0 && (
                <p className={css.folded}>
                  … {step.folded.toLocaleString('en')} more of {step.chain}: none matched
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
                <RuleText text={step.text} />
                <span className={css.reason}>{reasonOf(step, inDev)}</span>
              </button>
            </li>
          )
        })}
      </ol>
    </div>
  )
}

/** Chain dimmed, comment folded into a visible ellipsis; the whole text when pointed at. */
function RuleText({ text }: { text: string }) {
  const m = /^(-A \S+)(.*)$/s.exec(text)
  if (!m) return <code className={css.text}>{text}</code>
  const comment = / -m comment --comment ("[^"]*"|\S+)/
  return (
    <code className={css.text} title={text}>
      <span className={css.chain}>{m[1]}</span>
      {m[2]!.replace(comment, comment.test(m[2]!) ? ' …' : '')}
    </code>
  )
}

function reasonOf(step: WayStep, inDev: string): string {
  if (!step.matched)
    return step.text.startsWith('-A') ? whyNot(step.text, step.before, inDev ? { inDev } : {}) : 'did not match'
  if (step.before.dst !== step.after.dst || step.before.dport !== step.after.dport) return 'rewrites the destination'
  if (step.before.src !== step.after.src || step.before.sport !== step.after.sport) return 'rewrites the source'
  if (step.before.mark !== step.after.mark) return 'marks the packet'
  if (/^(?:jump|goto) /.test(step.action)) return 'goes into that chain'
  return step.found ?? step.action
}
