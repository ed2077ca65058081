/** Right of the lanes, where there is room: the chosen message, and its way back to the root. */
import type { SimEvent } from '../../sim/contract.ts'
import { stopwatch } from '../../sim/clock.ts'
import type { Replica, Selection } from '../contract.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { isAnswer } from '../drawing/plane.ts'
import { ofEvent } from '../drawing/selection.ts'
import { spellSpan } from '../drawing/spell.ts'
import { nameById } from '../words/describe-thing.ts'
import { fromTo, narrateEvent } from '../words/narrate-event.ts'
import css from './timeline.module.css'

export interface SideProps {
  readonly event: SimEvent
  readonly causes: readonly SimEvent[]
  readonly effects: number
  readonly replica: Replica
  readonly onSelect: (selection: Selection) => void
  readonly onWhy: (selection: Selection) => void
  readonly onFit: () => void
}

const STEPS = 9

export function Side({ event, causes, effects, replica, onSelect, onWhy, onFit }: SideProps) {
  const names = nameById(replica)
  const about = narrateEvent(event, names)
  const { from, to } = fromTo(event)
  const told = causes.filter((e) => e.from !== e.to)
  return (
    <aside className={css.side} aria-label="The chosen message">
      <h3>
        {about.plane && <InlineGlyph plane={about.plane} size={16} state={isAnswer(event) ? 'hollow' : 'solid'} />}
        {about.title}
      </h3>
      <p>{about.says}</p>
      <dl>
        <dt>from, to</dt>
        <dd>{`${from}, ${to}`}</dd>
        <dt>sent</dt>
        <dd>{stopwatch(event.sent)}</dd>
        <dt>arrived</dt>
        <dd>{`${stopwatch(event.at)}, ${spellSpan(event.at - event.sent)}`}</dd>
        <dt>led to</dt>
        <dd>{effects === 1 ? '1 event' : `${effects} events`}</dd>
      </dl>
      <div className={css.row}>
        <button type="button" className={css.button} onClick={() => onWhy(ofEvent(event.id))}>
          Why?
        </button>
        <button type="button" className={css.button} onClick={onFit}>
          Show all of it
        </button>
      </div>
      {told.length > 0 && (
        <>
          <h4>Back to the root</h4>
          <ol className={css.steps}>
            {told.slice(0, STEPS).map((cause, i) => (
              <li key={cause.id}>
                <button type="button" onClick={() => onSelect(ofEvent(cause.id))}>
                  <i>{i + 1}</i>
                  <span>{narrateEvent(cause, names).title}</span>
                  <small>{`-${spellSpan(event.at - cause.at)}`}</small>
                </button>
              </li>
            ))}
          </ol>
          {told.length > STEPS && <p>{`and ${told.length - STEPS} more before`}</p>}
        </>
      )}
    </aside>
  )
}
