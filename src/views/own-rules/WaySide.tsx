import type { Asked, TraceAnswer, Way, WayStep } from '../../lab/rules-protocol.ts'
import { Headers } from '../packet-path/Headers.tsx'
import { take } from './desk.ts'
import { answerIn, chanceOf, endsOf, fraction, isDraw, questionWords, wayWith } from './select.ts'
import css from './own-rules.module.css'

/** Beside the way: headers before and after, where else it may end, what had to be asked, what was assumed. */
export function WaySide({ answer, way, step }: { answer: TraceAnswer; way: Way; step: WayStep | undefined }) {
  return (
    <aside className={css.side} aria-label="The packet in hand" tabIndex={0}>
      <Headers before={way.before} after={step?.after ?? way.after} what="header" begin="as it came" />
      <Ends answer={answer} way={way} />
      <Questions answer={answer} way={way} />
      {answer.assumed.length > 0 && (
        <section>
          <h3>Assumed</h3>
          <ul className={css.assumed}>
            {answer.assumed.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
    </aside>
  )
}

const ENDS_SHOWN = 12

function Ends({ answer, way }: { answer: TraceAnswer; way: Way }) {
  if (answer.wayCount < 2) return null
  const ends = endsOf(answer.ways)
  return (
    <section>
      <h3>{answer.wayCount} ways it can go</h3>
      <ul className={css.ends}>
        {ends.slice(0, ENDS_SHOWN).map((end) => {
          const here = end.ways.some((one) => one.index === way.index)
          const chance = shareOf(answer, end.ways)
          return (
            <li key={end.title}>
              <button aria-pressed={here} onClick={() => take(end.ways[0]!.index)}>
                <code>{end.title}</code>
                <span>{chance ?? (end.ways.length > 1 ? `${end.ways.length} ways` : '')}</span>
              </button>
            </li>
          )
        })}
      </ul>
      {ends.length > ENDS_SHOWN && <p>… {ends.length - ENDS_SHOWN} more ends</p>}
    </section>
  )
}

/** Where only draws decide, the share of connections that end here. */
function shareOf(answer: TraceAnswer, ways: TraceAnswer['ways']): string | undefined {
  if (!answer.asked.every(isDraw)) return undefined
  let sum = 0
  for (const way of ways) {
    let share = 1
    for (const choice of way.choices)
      share *= chanceOf(
        answer.asked.find((asked) => asked.key === choice.key),
        choice.answer,
      )
    sum += share
  }
  return fraction(sum)
}

function Questions({ answer, way }: { answer: TraceAnswer; way: Way }) {
  const here = answer.ways.find((one) => one.index === way.index)
  const open = answer.asked.filter((asked) => !isDraw(asked))
  const draws = answer.asked.length - open.length
  if (answer.asked.length === 0) return null
  return (
    <section>
      <h3>What the rules do not say</h3>
      {open.map((asked) => (
        <Question key={asked.key} asked={asked} answer={answer} way={way} given={answerIn(here, asked.key)} />
      ))}
      {draws > 0 && (
        <p>
          {draws === 1 ? 'One draw' : `${draws} draws`} by chance: choose an end above to see the way that leads there.
        </p>
      )}
    </section>
  )
}

function Question({
  asked,
  answer,
  way,
  given,
}: {
  asked: Asked
  answer: TraceAnswer
  way: Way
  given: number | undefined
}) {
  const words = questionWords(asked)
  const label = (n: number): string =>
    asked.kind === 'nat-address' ? `number ${n + 1}` : n === 0 ? words.no : words.yes
  return (
    <fieldset className={css.question}>
      <legend>
        {words.says} <code>{asked.place}</code>
      </legend>
      {given === undefined && <p className={css.quiet}>This way does not come to it.</p>}
      {asked.answers.slice(0, 8).map((n) => {
        const to = n === given ? way.index : wayWith(answer, way.index, asked.key, n)
        return (
          <button
            key={n}
            aria-pressed={n === given}
            disabled={to === undefined}
            onClick={() => to !== undefined && take(to)}
          >
            {label(n)}
          </button>
        )
      })}
    </fieldset>
  )
}
