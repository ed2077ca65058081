import { useEffect, useState } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import { stopwatch } from '../../sim/clock.ts'
import type { JournalEntry } from '../../sim/contract.ts'
import type { Replica, Selection, SimEvent } from '../../views/contract.ts'
import { InlineGlyph } from '../../views/drawing/Glyph.tsx'
import { spellSpan } from '../../views/drawing/spell.ts'
import { describeThing, findEvent } from '../../views/words/describe-thing.ts'
import { fromTo } from '../../views/words/narrate-event.ts'
import { typed } from '../../views/words/narration.ts'
import { askWhy, runInTerminal, useStage } from '../stage.ts'
import css from './dock.module.css'

/** The event of a choice: from the replica, or from the worker where it lies further back. */
function useEvent(selection: Selection | undefined, replica: Replica): SimEvent | undefined {
  const [old, setOld] = useState<SimEvent>()
  const id = selection?.kind === 'event' ? selection.event : undefined
  const near = id === undefined ? undefined : findEvent(replica, id)
  useEffect(() => {
    if (id === undefined || near) return
    let gone = false
    void theLab()
      .ask<JournalEntry | undefined>({ q: 'entry', event: id })
      .then((entry) => !gone && setOld(entry?.event))
    return () => {
      gone = true
    }
  }, [id, near])
  return near ?? (old?.id === id ? old : undefined)
}

/** What was chosen: a sentence, its values, the object itself, and the command that shows it. */
export default function Inspector() {
  const selected = useStage((state) => state.selected)
  const replica = useLab((state) => state.replica)
  const event = useEvent(selected, replica)
  if (!selected) return <p className={css.none}>Choose something that moves or stands.</p>
  const about = describeThing(selected, replica, replica.now, event)
  const raw: object | undefined =
    selected.kind === 'record' ? replica.get(selected.table as never, selected.id) : (event?.data as object | undefined)
  if (!about) return <p className={css.none}>This is gone at the moment that is shown.</p>
  const line = about.command && typed(about.command)
  return (
    <div className={css.inspect}>
      <h2>
        {about.plane && <InlineGlyph plane={about.plane} />} {about.title}
      </h2>
      <p>{about.says}</p>
      <dl className={css.facts}>
        {about.now && (
          <>
            <dt>now</dt>
            <dd>{about.now(replica.now)}</dd>
          </>
        )}
        {event && <EventFacts event={event} />}
      </dl>
      {line && (
        <div className={css.command}>
          <code>{line}</code>
          <button className={css.tiny} onClick={() => runInTerminal(line)}>
            Run
          </button>
        </div>
      )}
      <button className={css.tiny} onClick={() => askWhy(selected)}>
        Why?
      </button>
      {about.doc && (
        <p className={css.rule}>
          <a href={about.doc.address} target="_blank" rel="noreferrer noopener">
            {about.doc.title}
          </a>
        </p>
      )}
      {raw && (
        <details className={css.raw}>
          <summary>{selected.kind === 'record' ? 'The record' : 'What it carries'}</summary>
          <pre>{JSON.stringify(raw, null, 2)}</pre>
        </details>
      )}
    </div>
  )
}

function EventFacts({ event }: { event: SimEvent }) {
  const { from, to } = fromTo(event)
  return (
    <>
      <dt>from, to</dt>
      <dd>
        {from}, {to}
      </dd>
      <dt>sent</dt>
      <dd>{stopwatch(event.sent)}</dd>
      <dt>arrives</dt>
      <dd>
        {stopwatch(event.at)}, {spellSpan(event.at - event.sent)}
      </dd>
    </>
  )
}
