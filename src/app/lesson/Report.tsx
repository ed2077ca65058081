import { useId } from 'react'
import { causesOf } from '../../lesson/incident.ts'
import type { Lesson } from '../../lesson/schema.ts'
import type { ReportText } from './player-incident.ts'
import css from './player.module.css'
import own from './incident.module.css'

interface ReportProps {
  readonly lesson: Lesson
  readonly report: ReportText
  readonly onReport: (report: ReportText) => void
}

const LINES = [
  ['cause', 'Cause, in a line', 'What was wrong'],
  ['evidence', 'Evidence, in a line', 'What showed it'],
  ['fix', 'Fix, in a line', 'What you did about it'],
] as const

/** The report: the cause from a list is graded; the three lines are kept as they are written. */
export function Report({ lesson, report, onReport }: ReportProps) {
  const id = useId()
  return (
    <form onSubmit={(event) => event.preventDefault()} aria-label="Report">
      <h2>Your report</h2>
      {causesOf(lesson).map((cause) => (
        <fieldset key={cause.id} className={`${css.question} ${own.cause}`} data-cause={cause.id}>
          <legend className={css.asks}>{cause.ask}</legend>
          {cause.options.map((option, i) => (
            <div key={i} className={css.option} data-chosen={report.chosen[cause.id] === i}>
              <label>
                <input
                  type="radio"
                  name={`${id}-${cause.id}`}
                  checked={report.chosen[cause.id] === i}
                  onChange={() => onReport({ ...report, chosen: { ...report.chosen, [cause.id]: i } })}
                />
                <span>{option.says}</span>
              </label>
            </div>
          ))}
        </fieldset>
      ))}
      {LINES.map(([field, label, place]) => (
        <label key={field} className={own.line}>
          <span>{label}</span>
          <input
            type="text"
            value={report[field]}
            placeholder={place}
            maxLength={300}
            autoComplete="off"
            onChange={(event) => onReport({ ...report, [field]: event.target.value })}
          />
        </label>
      ))}
    </form>
  )
}
