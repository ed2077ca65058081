/** 390 px: the overview stays; below it a list: causes above, the chosen, effects below. */
import type { Micros, SimEvent } from '../../sim/contract.ts'
import type { ViewProps } from '../contract.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { isAnswer, planeOf } from '../drawing/plane.ts'
import { ofEvent } from '../drawing/selection.ts'
import { spellSpan } from '../drawing/spell.ts'
import { Stage } from '../drawing/Stage.tsx'
import { nameById, tipFor } from '../words/describe-thing.ts'
import { fromTo, narrateEvent } from '../words/narrate-event.ts'
import { stopwatch } from '../../sim/clock.ts'
import { isRoutine } from '../../lab/watch.ts'
import type { Overview } from './density.ts'
import { OverviewBand } from './OverviewBand.tsx'
import { OVERVIEW, type Relation } from './select.ts'
import type { Stretch } from './window.ts'
import css from './timeline.module.css'

export interface PhoneProps extends ViewProps {
  readonly history: readonly SimEvent[]
  readonly relation: Relation
  readonly effects: readonly SimEvent[]
  readonly overview: Overview
  readonly stretch: Stretch
  readonly onMove: (centre: Micros) => void
}

export function PhoneTimeline(props: PhoneProps) {
  const { history, relation, effects, overview, stretch, replica, now, selected, size, onMove } = props
  const chosen = selected?.kind === 'event' ? selected.event : undefined
  const event = chosen === undefined ? undefined : history.find((e) => e.id === chosen)
  const told = (e: SimEvent) => e.from !== e.to && planeOf(e) !== undefined
  return (
    <Stage view={props} label="Timeline" describe={tipFor} height={size.height + 1}>
      <div style={{ height: OVERVIEW }}>
        <svg width={size.width} height={OVERVIEW} role="presentation">
          <OverviewBand
            overview={overview}
            stretch={stretch}
            now={now}
            width={size.width}
            axisY={OVERVIEW}
            left={16}
            onMove={onMove}
          />
        </svg>
      </div>
      <ol className={css.list}>
        {event ? (
          <>
            <li className={css.part}>Causes</li>
            {relation.causes
              .filter(told)
              .slice(0, 8)
              .reverse()
              .map((e) => (
                <Line key={e.id} event={e} about={event} {...props} />
              ))}
            <li className={css.part}>Chosen</li>
            <Line event={event} about={event} {...props} />
            <li className={css.part}>Effects</li>
            {effects
              .filter(told)
              .slice(0, 30)
              .map((e) => (
                <Line key={e.id} event={e} about={event} {...props} />
              ))}
          </>
        ) : (
          history
            .filter((e) => told(e) && !isRoutine(e))
            .slice(-60)
            .reverse()
            .map((e) => <Line key={e.id} event={e} {...props} />)
        )}
      </ol>
      {replica.executed === 0 && <p className={css.part}>Nothing has happened yet.</p>}
    </Stage>
  )
}

function Line({ event, about, replica, selected, onSelect }: { event: SimEvent; about?: SimEvent } & PhoneProps) {
  const { title } = narrateEvent(event, nameById(replica))
  const { from, to } = fromTo(event)
  const plane = planeOf(event)
  const chosen = selected?.kind === 'event' && selected.event === event.id
  const far =
    about === undefined || about === event
      ? stopwatch(event.at).slice(3)
      : `${event.at < about.at ? '-' : '+'}${spellSpan(Math.abs(event.at - about.at))}`
  return (
    <li>
      <button type="button" aria-pressed={chosen} onClick={() => onSelect(chosen ? undefined : ofEvent(event.id))}>
        {plane && <InlineGlyph plane={plane} state={isAnswer(event) ? 'hollow' : 'solid'} />}
        <span>
          <b>{title}</b>
          <small>{`${from} to ${to}`}</small>
        </span>
        <small>{far}</small>
      </button>
    </li>
  )
}
