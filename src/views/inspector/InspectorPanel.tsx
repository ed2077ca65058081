/** What was chosen: a sentence, its values, the object itself, the real command, Why. */
import { useEffect, useState } from 'react'
import { stopwatch } from '../../sim/clock.ts'
import type { JournalEntry } from '../../sim/contract.ts'
import type { FrameCallback, Replica, Selection, SimEvent } from '../contract.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { Live, LiveSpan } from '../drawing/live.tsx'
import { spellSpan } from '../drawing/spell.ts'
import { yamlText } from '../drawing/yaml-text.ts'
import { describeThing, findEvent } from '../words/describe-thing.ts'
import { fromTo } from '../words/narrate-event.ts'
import { typed } from '../words/narration.ts'
import { say } from '../words/say.ts'
import { fieldsOf, messageParts, valuesOf, type Field } from './fields.ts'
import css from './inspector.module.css'

export interface InspectorProps {
  readonly replica: Replica
  readonly selected: Selection | undefined
  readonly onRun: (command: string) => void
  readonly onWhy: (selection: Selection) => void
  readonly ask: <T>(question: { q: 'entry'; event: number }) => Promise<T>
  readonly onFrame: (callback: FrameCallback) => () => void
}

export default function InspectorPanel({ replica, selected, onRun, onWhy, ask, onFrame }: InspectorProps) {
  const event = useEvent(selected, replica, ask)
  if (!selected) return <p className={css.none}>{say('inspector.choose')}</p>
  const about = describeThing(selected, replica, replica.now, event)
  if (!about) return <p className={css.none}>{say('thing.gone')}</p>
  const record =
    selected.kind === 'record' ? (replica.get(selected.table as never, selected.id) as object | undefined) : undefined
  const line = about.command && typed(about.command)
  return (
    <Live replica={replica} now={replica.now} onFrame={onFrame}>
      <div className={css.inspector}>
        <h2>
          {about.plane && <InlineGlyph plane={about.plane} size={16} />}
          <span>{about.title}</span>
        </h2>
        <p>{about.says}</p>
        <dl className={css.facts}>
          {about.now && (
            <>
              <dt>now</dt>
              <dd>
                <LiveSpan say={about.now} />
              </dd>
            </>
          )}
          {event && <Times event={event} />}
        </dl>
        {line !== undefined && (
          <div className={css.command}>
            <code>{line}</code>
            <button type="button" onClick={() => onRun(line)}>
              Run
            </button>
          </div>
        )}
        <div className={css.row}>
          <button type="button" className={css.button} onClick={() => onWhy(selected)}>
            Why?
          </button>
          {about.doc && (
            <a href={about.doc.address} target="_blank" rel="noreferrer noopener">
              {about.doc.title}
            </a>
          )}
        </div>
        {event &&
          messageParts(event).map((part) => (
            <Fields key={part.title} title={part.title} fields={fieldsOf(part.value)} />
          ))}
        {record && <Fields title="Now" fields={valuesOf(record)} />}
        {record && (
          <details className={css.raw}>
            <summary>The whole object</summary>
            <pre tabIndex={0}>{yamlText(record)}</pre>
          </details>
        )}
        {event && (
          <details className={css.raw}>
            <summary>The whole message</summary>
            <pre tabIndex={0}>
              {yamlText({ id: event.id, kind: event.kind, from: event.from, to: event.to, data: event.data })}
            </pre>
          </details>
        )}
      </div>
    </Live>
  )
}

/** From the replica, or from the worker where it lies further back. */
function useEvent(
  selection: Selection | undefined,
  replica: Replica,
  ask: InspectorProps['ask'],
): SimEvent | undefined {
  const [old, setOld] = useState<SimEvent>()
  const id = selection?.kind === 'event' ? selection.event : undefined
  const near = id === undefined ? undefined : findEvent(replica, id)
  const far = id !== undefined && !near
  useEffect(() => {
    if (!far || id === undefined) return
    let gone = false
    ask<JournalEntry | undefined>({ q: 'entry', event: id }).then(
      (entry) => !gone && setOld(entry?.event),
      () => undefined,
    )
    return () => {
      gone = true
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `ask` is the lab's
  }, [id, far])
  return near ?? (old?.id === id ? old : undefined)
}

function Times({ event }: { event: SimEvent }) {
  const { from, to } = fromTo(event)
  return (
    <>
      <dt>from, to</dt>
      <dd>{from === to ? from : `${from}, ${to}`}</dd>
      <dt>sent</dt>
      <dd className={css.mono}>{stopwatch(event.sent)}</dd>
      <dt>arrives</dt>
      <dd className={css.mono}>{`${stopwatch(event.at)}, ${spellSpan(event.at - event.sent)}`}</dd>
    </>
  )
}

function Fields({ title, fields }: { title: string; fields: readonly Field[] }) {
  if (fields.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <dl className={css.fields}>
        {fields.map((field, i) => (
          <div key={i}>
            <dt style={{ paddingLeft: field.depth * 10 }}>{field.name}</dt>
            <dd title={field.value}>{field.value}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
