import { useId, useState } from 'react'
import type { QuestionBlock } from '../../lesson/schema.ts'
import type { Ran } from './Player.tsx'
import css from './player.module.css'

interface QuestionProps {
  readonly question: QuestionBlock
  readonly answer: number | undefined
  readonly right: number | undefined
  readonly ask: (script: string) => Promise<Ran>
  readonly onAnswer: (answer: number, right: number | undefined) => void
}

/** A prediction is kept first and answered by the model; a quiz explains whatever was chosen. */
export function Question({ question, answer, right, ask, onAnswer }: QuestionProps) {
  const [chosen, setChosen] = useState<number>()
  const [waiting, setWaiting] = useState(false)
  const [trouble, setTrouble] = useState('')
  const name = useId()
  const kept = answer !== undefined
  const told = right !== undefined

  const keep = async (): Promise<void> => {
    if (chosen === undefined) return
    if (question.run === undefined)
      return onAnswer(
        chosen,
        question.options.findIndex((option) => option.right),
      )
    setWaiting(true)
    try {
      const ran = await ask(question.run)
      const found = question.options.findIndex(
        (o) => o.when !== undefined && new RegExp(o.when, 'm').test(ran.out.trim()),
      )
      onAnswer(chosen, found < 0 ? undefined : found)
      if (found < 0)
        setTrouble(`In your cluster this came out otherwise: ${ran.out.trim() || ran.err.trim() || 'no output'}`)
    } catch (error) {
      setTrouble((error as Error).message)
    }
    setWaiting(false)
  }

  return (
    <form
      className={css.question}
      data-question={question.id}
      onSubmit={(event) => {
        event.preventDefault()
        void keep()
      }}
    >
      <fieldset disabled={kept || waiting}>
        <legend>
          <span className={css.label}>{question.kind === 'predict' ? 'Predict' : 'Quiz'}</span>
          <span className={css.asks}>{question.ask}</span>
        </legend>
        {question.options.map((option, i) => {
          const state = !told ? 'open' : i === right ? 'right' : i === answer ? 'wrong' : 'other'
          return (
            <div key={i} className={css.option} data-state={state} data-chosen={(kept ? answer : chosen) === i}>
              <label>
                <input
                  type="radio"
                  name={name}
                  checked={(kept ? answer : chosen) === i}
                  onChange={() => setChosen(i)}
                />
                <span>{option.says}</span>
              </label>
              {told && (i === right || i === answer) && (
                <p className={css.why}>
                  <strong>{i === right ? 'So it is. ' : 'Not so. '}</strong>
                  {option.why}
                </p>
              )}
            </div>
          )
        })}
      </fieldset>
      {!kept && (
        <div className={css.keep}>
          <button className={css.primary} type="submit" disabled={chosen === undefined || waiting}>
            {question.kind === 'predict' ? 'Keep my answer' : 'Answer'}
          </button>
          {question.run !== undefined && (
            <span>{waiting ? 'The model runs ahead …' : 'The model will answer, not this page.'}</span>
          )}
        </div>
      )}
      {trouble && (
        <p className={css.notyet} role="alert">
          {trouble}
        </p>
      )}
    </form>
  )
}
