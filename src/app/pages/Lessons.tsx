import { useRef, useState } from 'react'
import { hrefOf } from '../address.ts'
import { useTitle } from '../hooks.ts'
import { TopBar } from '../layout/TopBar.tsx'
import { LESSONS, PARTS, progressOf, useProgress, type LessonEntry } from '../lessons.ts'
import type { LessonProgress } from '../lesson/player.ts'
import shell from '../layout/shell.module.css'
import css from './pages.module.css'

export default function Lessons() {
  useTitle('Lessons, Nodeglass')
  const all = useProgress((state) => state.all)
  const done = LESSONS.filter((lesson) => progressOf(all, lesson.id).done).length
  return (
    <div className={css.page}>
      <TopBar current="lessons" />
      <main className={css.wide} id="main" tabIndex={-1}>
        <h1>Lessons</h1>
        <p className={css.lead}>
          {done === 0 ? 'Predict, do, observe, explain.' : `${done} of ${LESSONS.length} done.`} What you did is kept on
          this device only.
        </p>
        {PARTS.map((part) => (
          <section key={part.title} className={css.part}>
            <h2>
              <span>{part.number}</span> {part.title}
              <small>{[...part.lessons, ...part.incidents].reduce((sum, one) => sum + one.minutes, 0)} min</small>
            </h2>
            <Lines lessons={part.lessons} all={all} />
            {part.incidents.length > 0 && <h3>Incidents: find it, repair it, be graded</h3>}
            <Lines lessons={part.incidents} all={all} />
          </section>
        ))}
        <Keep />
      </main>
    </div>
  )
}

interface LinesProps {
  lessons: readonly LessonEntry[]
  all: Readonly<Record<string, LessonProgress>>
}

function Lines({ lessons, all }: LinesProps) {
  if (lessons.length === 0) return null
  return (
    <ol>
      {lessons.map((lesson) => (
        <li key={lesson.id}>
          <Line lesson={lesson} progress={all[lesson.id]} />
        </li>
      ))}
    </ol>
  )
}

function Line({ lesson, progress }: { lesson: LessonEntry; progress: LessonProgress | undefined }) {
  const state = progress?.done ? 'done' : progress ? 'begun' : 'open'
  const best = progress?.incident?.best
  return (
    <a className={css.lesson} data-state={state} href={hrefOf(`/lesson/${lesson.id}`)}>
      <i aria-hidden="true" />
      <code>{lesson.id}</code>
      <b>
        {lesson.title}
        <span className="unseen">, {state}</span>
      </b>
      <span>
        {lesson.says}
        {best !== undefined && ` Best so far: ${best} points.`}
      </span>
      <small>{lesson.minutes} min</small>
    </a>
  )
}

/** Progress as a file: to keep it, or to go on with on another device. */
function Keep() {
  const { all, replace, forget } = useProgress()
  const [says, setSays] = useState('')
  const [sure, setSure] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const save = (): void => {
    const link = document.createElement('a')
    link.href = `data:application/json,${encodeURIComponent(JSON.stringify({ nodeglass: 1, progress: all }, null, 2))}`
    link.download = 'nodeglass-progress.json'
    link.click()
  }
  const open = async (file: File | undefined): Promise<void> => {
    if (!file) return
    try {
      if (file.size > 2_000_000) throw new Error('large')
      const found = (JSON.parse(await file.text()) as { progress?: Record<string, LessonProgress> }).progress
      const known = Object.entries(found ?? {}).filter(
        ([id, one]) =>
          LESSONS.some((lesson) => lesson.id === id) && typeof one.phase === 'number' && Array.isArray(one.passed),
      )
      if (known.length === 0) throw new Error('empty')
      replace({ ...all, ...Object.fromEntries(known) })
      setSays(`${known.length} lessons taken from ${file.name}.`)
    } catch {
      setSays(`${file.name} holds no progress of Nodeglass.`)
    }
  }
  return (
    <div className={css.tools}>
      <button className={shell.button} onClick={save} disabled={Object.keys(all).length === 0}>
        Save progress as a file
      </button>
      <button className={shell.button} onClick={() => input.current?.click()}>
        Take progress from a file
      </button>
      <input
        ref={input}
        type="file"
        accept="application/json"
        hidden
        aria-label="A file with progress"
        onChange={(event) => void open(event.target.files?.[0])}
      />
      {Object.keys(all).length > 0 && (
        <button
          className={shell.button}
          onClick={() => {
            if (sure) forget()
            setSure(!sure)
          }}
        >
          {sure ? 'Forget all of it, really' : 'Forget progress'}
        </button>
      )}
      <span role="status">{says}</span>
    </div>
  )
}
