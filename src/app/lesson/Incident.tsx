import { useEffect, useRef, useState } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import { checksOf, hintsOf, POINTS, usedMicros } from '../../lesson/incident.ts'
import type { Lesson } from '../../lesson/schema.ts'
import { closeIncident, findCauses } from './close-incident.ts'
import { Debrief } from './Debrief.tsx'
import { NOT_BEGUN, spellTime, type IncidentProgress } from './player-incident.ts'
import type { LessonProgress } from './player.ts'
import type { Ran } from './Player.tsx'
import { Prose } from './Prose.tsx'
import { Report } from './Report.tsx'
import css from './player.module.css'
import own from './incident.module.css'

export interface IncidentProps {
  readonly lesson: Lesson
  readonly moduleTitle: string
  readonly progress: LessonProgress
  readonly onProgress: (progress: LessonProgress) => void
  readonly ask: (script: string) => Promise<Ran>
  readonly onRun: (line: string) => void
  /** Starts the incident anew. */
  readonly onReset: () => void
  readonly onLeave: () => void
}

/** An incident beside the stage: the page that came in, the report, and after the end the debrief. */
export function Incident(props: IncidentProps) {
  const { lesson, progress, onProgress, ask } = props
  const incident = progress.incident ?? NOT_BEGUN
  const { arrivedAt, closed } = incident
  const [arrived, setArrived] = useState<number>()
  const [busy, setBusy] = useState('')
  const [trouble, setTrouble] = useState('')
  const hints = hintsOf(lesson)
  const top = useRef<HTMLHeadingElement>(null)
  const moved = useRef(false)
  const state = closed ? 'Debrief' : arrivedAt === undefined ? 'Page' : 'Work'

  useEffect(() => {
    let gone = false
    theLab()
      .ask<number>({ q: 'arrived' })
      .then(
        (at) => !gone && setArrived(at),
        (error: Error) => !gone && setTrouble(error.message),
      )
    return () => {
      gone = true
    }
  }, [])
  useEffect(() => {
    if (moved.current) top.current?.focus()
  }, [state])

  const change = (part: Partial<IncidentProgress>): void =>
    onProgress({ ...progress, incident: { ...incident, ...part } })

  const begin = async (): Promise<void> => {
    if (arrived === undefined) return
    setBusy('The clock starts in a moment.')
    try {
      const right = await findCauses(lesson, ask)
      moved.current = true
      change({
        ...NOT_BEGUN,
        right,
        arrivedAt: arrived,
        ...(incident.best === undefined ? {} : { best: incident.best }),
      })
      theLab().send({ t: 'pace', pace: { mode: 'speed', factor: 1 } })
      theLab().send({ t: 'play', on: true })
    } catch (error) {
      setTrouble((error as Error).message)
    }
    setBusy('')
  }
  const close = async (): Promise<void> => {
    setBusy('The checks are looking at your cluster.')
    theLab().send({ t: 'play', on: false })
    try {
      const end = await closeIncident(lesson, incident, ask)
      moved.current = true
      const best = Math.max(incident.best ?? 0, end.grade.score)
      onProgress({
        ...progress,
        passed: Object.keys(end.checks).filter((id) => end.checks[id] === ''),
        done: progress.done || end.grade.passes,
        incident: { ...incident, closed: end, best },
      })
    } catch (error) {
      setTrouble((error as Error).message)
    }
    theLab().send({ t: 'pace', pace: { mode: 'follow' } })
    setBusy('')
  }

  const page = lesson.phases.find((phase) => phase.slug === 'page')
  return (
    <article className={css.player} aria-label={`Incident ${lesson.meta.id}`}>
      <header className={css.head}>
        <p className={css.module}>
          <span>
            Incident, level {lesson.meta.level} of 3, module {lesson.meta.module}, {props.moduleTitle}
          </span>
        </p>
        <h1>{lesson.meta.title}</h1>
        <Timer minutes={lesson.meta.minutes} arrivedAt={arrivedAt} used={closed?.usedMicros} />
      </header>
      <div className={css.body} tabIndex={0} role="region" aria-label={state}>
        <h2 ref={top} tabIndex={-1}>
          {closed ? 'Debrief' : 'The page'}
        </h2>
        {!closed &&
          page?.blocks.map((block, i) => (block.kind === 'text' ? <Prose key={i} hast={block.hast} /> : null))}
        {!closed && (
          <>
            <h2>When you close it, this must hold</h2>
            <ul className={own.goals}>
              {checksOf(lesson).map((check) => (
                <li key={check.id}>{check.says}</li>
              ))}
            </ul>
          </>
        )}
        {state === 'Page' && <Rules lesson={lesson} best={incident.best} />}
        {state === 'Work' && (
          <>
            <Report lesson={lesson} report={incident.report} onReport={(report) => change({ report })} />
            {hints.slice(0, incident.hints).map((hint, i) => (
              <aside key={i} className={css.hint} aria-label={`Hint ${i + 1} of ${hints.length}`}>
                <p className={css.label}>
                  Hint {i + 1} of {hints.length}, {POINTS.hint} points
                </p>
                <Prose hast={hint.hast} />
              </aside>
            ))}
          </>
        )}
        {closed && <Debrief lesson={lesson} closed={closed} onRun={props.onRun} />}
        {(busy || trouble) && (
          <p className={css.notyet} role={trouble ? 'alert' : 'status'}>
            {trouble || busy}
          </p>
        )}
      </div>
      <footer className={css.foot}>
        {state === 'Page' && (
          <>
            <button className={css.button} onClick={props.onLeave}>
              Leave
            </button>
            <button
              className={css.primary}
              disabled={arrived === undefined || busy !== ''}
              onClick={() => void begin()}
            >
              {arrived === undefined ? 'The cluster is being set up' : 'Begin'}
            </button>
          </>
        )}
        {state === 'Work' && (
          <>
            <button
              className={css.button}
              disabled={incident.hints >= hints.length}
              onClick={() => change({ hints: incident.hints + 1 })}
            >
              Hint, costs {POINTS.hint} points
            </button>
            <button className={css.primary} disabled={busy !== ''} onClick={() => void close()}>
              Close the incident
            </button>
          </>
        )}
        {state === 'Debrief' && (
          <>
            <button className={css.button} onClick={props.onReset}>
              Try again
            </button>
            <button className={css.primary} onClick={props.onLeave}>
              All lessons
            </button>
          </>
        )}
      </footer>
    </article>
  )
}

/** Model time since the clock started, on all branches together. */
function Timer({
  minutes,
  arrivedAt,
  used,
}: {
  minutes: number
  arrivedAt?: number | undefined
  used?: number | undefined
}) {
  const branches = useLab((state) => state.branches)
  const micros = used ?? (arrivedAt === undefined ? 0 : usedMicros(branches, arrivedAt))
  const over = micros > minutes * 60_000_000
  return (
    <p className={own.timer} data-over={over}>
      <b role="timer" aria-label="Time used">
        {spellTime(micros)}
      </b>
      <span>
        of {minutes} min of cluster time{over ? ', over' : ''}
      </span>
      <i aria-hidden="true">
        <i style={{ width: `${Math.min(100, (micros / (minutes * 60_000_000)) * 100)}%` }} />
      </i>
    </p>
  )
}

function Rules({ lesson, best }: { lesson: Lesson; best: number | undefined }) {
  return (
    <>
      <h2>How it is graded</h2>
      <ul className={own.goals}>
        <li>
          {POINTS.checks} points for what holds at the end, {POINTS.causes} for the right cause in your report.{' '}
          {POINTS.pass} of 100 pass.
        </li>
        <li>A hint costs {POINTS.hint} points. There are three.</li>
        <li>
          Each object that you change and that has nothing to do with it costs {POINTS.touched}. Looking costs nothing,
          and what you make yourself is yours.
        </li>
        <li>
          The clock runs in cluster time, {lesson.meta.minutes} minutes. Each started quarter above costs {POINTS.late}.
          To go back in time and try again adds up.
        </li>
        {best !== undefined && <li>Your best so far: {best} points.</li>}
      </ul>
    </>
  )
}
