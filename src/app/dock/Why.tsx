import { useEffect, useState } from 'react'
import { planeOf, theLab, useLab, useReplica } from '../../lab/client.ts'
import type { CauseStep } from '../../lab/protocol.ts'
import { stopwatch } from '../../sim/clock.ts'
import type { JournalEntry } from '../../sim/contract.ts'
import type { Selection } from '../../views/contract.ts'
import { InlineGlyph } from '../../views/drawing/Glyph.tsx'
import { describeThing } from '../../views/words/describe-thing.ts'
import { narrateEvent } from '../../views/words/narrate-event.ts'
import { nameOfIdIn } from '../layout/Caption.tsx'
import { select, useStage } from '../stage.ts'
import css from './dock.module.css'

const DEPTH = 40

type Found = { for: string; steps: readonly CauseStep[] } | { for: string; says: string }

/** The event that a choice stands for: itself, or the last write to the record. */
async function eventOf(selection: Selection): Promise<number | undefined> {
  if (selection.kind === 'event') return selection.event
  if (selection.kind === 'actor') return undefined
  const { table, id } = selection
  const [entry] = await theLab().ask<JournalEntry[]>({ q: 'history', table, id, limit: 1 })
  return entry?.event.id
}

async function explain(selection: Selection, key: string): Promise<Found> {
  const event = await eventOf(selection)
  if (event === undefined)
    return { for: key, says: 'Nothing has written this yet. Choose a message or a thing that has changed.' }
  const steps = await theLab().ask<CauseStep[]>({ q: 'causes', event, depth: DEPTH })
  return steps.length > 0
    ? { for: key, steps }
    : { for: key, says: 'This message is still on its way, or lies too far back to be kept.' }
}

/** From the effect back to what began it, each step with its rule and its source. */
export default function Why() {
  const chosen = useStage((state) => state.why ?? state.selected)
  const replica = useLab((state) => state.replica)
  const executed = useReplica((records) => records.executed)
  const [found, setFound] = useState<Found>()
  const key = chosen ? JSON.stringify(chosen) : ''
  const open = found?.for === key && 'says' in found

  useEffect(() => {
    if (!chosen || (found?.for === key && !('says' in found))) return
    let gone = false
    explain(chosen, key).then(
      (next) => !gone && setFound(next),
      (error: Error) => !gone && setFound({ for: key, says: error.message }),
    )
    return () => {
      gone = true
    }
    // A message on its way is asked again when more has run.
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `found` is what this effect sets
  }, [key, open ? executed : 0])

  if (!chosen)
    return (
      <p className={css.empty}>
        Choose something that moves or stands. Its chain of causes stands here, from the effect back to what began it.
      </p>
    )
  const about = describeThing(chosen, replica, replica.now)
  const names = nameOfIdIn(replica)
  return (
    <div className={css.why}>
      <div className={css.question}>
        <h2>Why {about?.title ?? 'this'}?</h2>
        <p>Read from effect to cause.</p>
      </div>
      {found?.for !== key ? null : 'says' in found ? (
        <p className={css.empty}>{found.says}</p>
      ) : (
        <ol className={css.chain} tabIndex={0} aria-label="Causes, nearest first">
          {found.steps.map(({ entry, rules }) => {
            const { title, says } = narrateEvent(entry.event, names)
            const plane = planeOf(entry.event.kind)
            return (
              <li key={entry.event.id} className={css.step}>
                <h3>
                  {plane && <InlineGlyph plane={plane} />}
                  <button onClick={() => select({ kind: 'event', event: entry.event.id })}>{title}</button>
                </h3>
                <div className={css.line} aria-hidden="true" />
                <p>{says}</p>
                <p className={css.rule}>{stopwatch(entry.event.at)}</p>
                {rules.map((rule) => (
                  <p key={rule.id} className={css.rule} title={rule.source}>
                    <code>{rule.id}</code> {rule.says}
                  </p>
                ))}
              </li>
            )
          })}
        </ol>
      )}
    </div>
  )
}
