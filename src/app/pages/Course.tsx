import { hrefOf } from '../address.ts'
import { LESSONS, isIncident, nextLesson, PARTS, progressOf, useProgress, type LessonEntry } from '../lessons.ts'
import css from './front.module.css'

/** The whole course as one strip: a block is a lesson, its width is its time; filled is done, ticks are incidents. */
export function Course() {
  const all = useProgress((state) => state.all)
  const last = useProgress((state) => state.last)
  const next = nextLesson({ all, last })
  const lessons = LESSONS.filter((lesson) => !isIncident(lesson)).length
  const incidents = LESSONS.length - lessons
  const hours = Math.max(1, Math.round(LESSONS.reduce((sum, lesson) => sum + lesson.minutes, 0) / 60))
  const count = [
    lessons === 1 ? '1 lesson' : `${lessons} lessons`,
    ...(incidents > 0 ? [incidents === 1 ? '1 incident' : `${incidents} incidents`] : []),
    hours === 1 ? '1 hour' : `${hours} hours`,
  ].join(', ')
  return (
    <section className={css.course} aria-labelledby="course">
      <div className={css.courseTitle}>
        <h2 id="course">The course</h2>
        <p>{count}. A block is a lesson, its width is its time.</p>
      </div>
      <div className={css.strip}>
        {PARTS.map((part) => (
          <div
            key={part.title}
            className={css.part}
            style={{ flexGrow: part.lessons.reduce((sum, one) => sum + one.minutes, 0) }}
          >
            <h3>
              <span>{part.number}</span> {part.title}
            </h3>
            <ol>
              {part.lessons.map((lesson) => (
                <Block key={lesson.id} lesson={lesson} state={stateOf(lesson, next, all)} />
              ))}
            </ol>
            {part.incidents.length > 0 && (
              <ul className={css.ticks} aria-label={`Incidents of ${part.title}`}>
                {part.incidents.map((incident) => (
                  <li key={incident.id} data-done={progressOf(all, incident.id).done}>
                    <a
                      href={hrefOf(`/lesson/${incident.id}`)}
                      title={`${incident.id} ${incident.title}`}
                      aria-label={`${incident.id} ${incident.title}`}
                    />
                  </li>
                ))}
              </ul>
            )}
          </div>
        ))}
      </div>
    </section>
  )
}

function stateOf(lesson: LessonEntry, next: LessonEntry | undefined, all: Parameters<typeof progressOf>[0]): string {
  if (progressOf(all, lesson.id).done) return 'done'
  return next?.id === lesson.id ? 'next' : 'open'
}

function Block({ lesson, state }: { lesson: LessonEntry; state: string }) {
  const words = { done: 'done', next: 'next', open: 'open' }[state]
  return (
    <li style={{ flexGrow: lesson.minutes }} data-state={state}>
      <a
        href={hrefOf(`/lesson/${lesson.id}`)}
        title={`${lesson.title}, ${lesson.minutes} min`}
        aria-label={`${lesson.id} ${lesson.title}, ${lesson.minutes} minutes, ${words}`}
      >
        {lesson.id.slice(1)}
      </a>
      {state === 'next' && <b aria-hidden="true">next</b>}
    </li>
  )
}
