import { lazy, Suspense, use, useCallback, useEffect, useLayoutEffect, useState } from 'react'
import { setupScript } from '../../lesson/incident.ts'
import { theLab } from '../../lab/client.ts'
import type { Lesson } from '../../lesson/schema.ts'
import { again } from '../lesson/player-incident.ts'
import type { Ran } from '../lesson/Player.tsx'
import { hrefOf } from '../address.ts'
import { hearPage, tellPage, tellProgress } from '../frame-messages.ts'
import { useNarrow, useTitle } from '../hooks.ts'
import { Boundary } from '../layout/Boundary.tsx'
import { LabShell } from '../layout/LabShell.tsx'
import { setFault } from '../layout/set-fault.ts'
import { bodyOf, isIncident, lessonOf, PARTS, progressOf, useProgress, type LessonEntry } from '../lessons.ts'
import { nodeWatch } from '../opening.ts'
import { go } from '../routes.ts'
import { openRun, setPace } from '../run.ts'
import { arrange, openDock, planesOf, putFile, runInTerminal, useStage } from '../stage.ts'
import { viewOf } from '../views.ts'
import { showFace } from '../../views/rules/face.ts'
import NotFound from './NotFound.tsx'
import css from '../layout/lab.module.css'

const Player = lazy(() => import('../lesson/Player.tsx').then((module) => ({ default: module.Player })))

const Incident = lazy(() => import('../lesson/Incident.tsx').then((module) => ({ default: module.Incident })))

const parsed = new Map<string, Promise<Lesson>>()

/** The parser of lessons is large: it comes with the first lesson. */
function parsedLesson(entry: LessonEntry): Promise<Lesson> {
  let promise = parsed.get(entry.id)
  if (!promise) {
    promise = Promise.all([bodyOf(entry), import('../../lesson/parse.ts')]).then(([text, { parseLesson }]) =>
      parseLesson(text, entry.path),
    )
    promise.catch(() => parsed.delete(entry.id))
    parsed.set(entry.id, promise)
  }
  return promise
}

const titleOfModule = (entry: LessonEntry): string => PARTS.find((part) => part.number === entry.module)?.title ?? ''

export default function LessonPage({ id, embedded = false }: { id: string; embedded?: boolean }) {
  const entry = lessonOf(id)
  useTitle(entry ? `${entry.id} ${entry.title}, Nodeglass` : 'Nodeglass')
  if (!entry) return <NotFound what="lesson" />
  return <Open key={entry.id} entry={entry} embedded={embedded} />
}

/** Of an incident the set-up comes with its text, which is there by then; it waits for its learner, standing. */
function open(entry: LessonEntry, anew: boolean, lesson?: Lesson): void {
  const node = entry.node || 'worker-1'
  const [picture, face] = entry.view.split('/')
  const view = viewOf(picture)
  showFace(face === 'modes' ? 'modes' : 'table')
  useStage.setState({
    node,
    view: view?.id ?? 'node',
    beside: undefined,
    selected: undefined,
    planes: planesOf(entry.watch),
    files: [],
    file: '',
    sheetLesson: true,
    sheet: 60,
  })
  const watch = view?.watch(node) ?? nodeWatch(node)
  openRun(
    { scenario: entry.scenario, seed: entry.seed },
    { watch, play: !lesson, anew, ...(lesson ? { setup: setupScript(lesson) } : {}) },
  )
}

function Open({ entry, embedded }: { entry: LessonEntry; embedded: boolean }) {
  const part = titleOfModule(entry)
  const narrow = useNarrow()
  useEffect(() => {
    if (!embedded) return
    tellPage('ready', { lesson: entry.id })
    return hearPage()
  }, [embedded, entry.id])
  // Before the player lays out its files: opening a run clears the working directory.
  useLayoutEffect(() => {
    if (!isIncident(entry)) open(entry, true)
  }, [entry])
  const lesson = (
    <Boundary what="This lesson">
      <Suspense fallback={<p className={css.loading}>{entry.title}</p>}>
        {isIncident(entry) ? <IncidentBody entry={entry} /> : <Body entry={entry} />}
      </Suspense>
    </Boundary>
  )
  const crumb = (
    <>
      {!narrow && (
        <>
          <a href={hrefOf('/lessons')}>{part}</a>
          <span aria-hidden="true">/</span>
        </>
      )}
      <b>
        {entry.id} {entry.title}
      </b>
    </>
  )
  return (
    <LabShell
      crumb={crumb}
      embedded={embedded}
      title={entry.title}
      lesson={lesson}
      rail={
        <Suspense fallback={null}>
          <Rail entry={entry} />
        </Suspense>
      }
    />
  )
}

const ask = (script: string): Promise<Ran> => theLab().ask<Ran>({ q: 'run', script })
const onFile = (name: string, text: string): void => {
  putFile(name, text)
  theLab().send({ t: 'terminal', session: 'main', data: { d: 'file', name, text } })
}
const openFile = (name: string, text: string): void => {
  onFile(name, text)
  useStage.setState({ file: name })
}
function Body({ entry }: { entry: LessonEntry }) {
  const lesson = use(parsedLesson(entry))
  const progress = useProgress((state) => progressOf(state.all, entry.id))
  const set = useProgress((state) => state.set)
  const onProgress = useCallback(
    (next: typeof progress) => {
      tellProgress(entry.id, progressOf(useProgress.getState().all, entry.id), next)
      set(entry.id, next)
    },
    [set, entry.id],
  )
  return (
    <Player
      lesson={lesson}
      moduleTitle={titleOfModule(entry)}
      progress={progress}
      onProgress={onProgress}
      ask={ask}
      onRun={runInTerminal}
      onFile={openFile}
      onFault={setFault}
      onReset={() => {
        useProgress.getState().forget(entry.id)
        open(entry, true)
        openDock('terminal')
      }}
      onLeave={() => go(hrefOf('/lessons'))}
    />
  )
}

/** An incident begins anew with its page: what was not closed is given up. */
function beginAnew(entry: LessonEntry, lesson: Lesson): void {
  const { all, set } = useProgress.getState()
  const kept = all[entry.id]
  if (kept?.incident && !kept.incident.closed && kept.incident.arrivedAt !== undefined) set(entry.id, again(kept))
  open(entry, true, lesson)
}

function IncidentBody({ entry }: { entry: LessonEntry }) {
  const lesson = use(parsedLesson(entry))
  const progress = useProgress((state) => progressOf(state.all, entry.id))
  const set = useProgress((state) => state.set)
  const [attempt, setAttempt] = useState(0)
  useLayoutEffect(() => beginAnew(entry, lesson), [entry, lesson, attempt])
  useEffect(() => () => setPace({ mode: 'follow' }), [])
  return (
    <Incident
      key={attempt}
      lesson={lesson}
      moduleTitle={titleOfModule(entry)}
      progress={progress}
      onProgress={(next) => {
        tellProgress(entry.id, progressOf(useProgress.getState().all, entry.id), next)
        set(entry.id, next)
      }}
      ask={ask}
      onRun={runInTerminal}
      onReset={() => {
        set(entry.id, again(progress))
        setAttempt(attempt + 1)
      }}
      onLeave={() => go(hrefOf('/lessons'))}
    />
  )
}

/** The lesson closed to a rail: where one is, and the way back. */
function Rail({ entry }: { entry: LessonEntry }) {
  const lesson = use(parsedLesson(entry))
  const progress = useProgress((state) => progressOf(state.all, entry.id))
  const set = useProgress((state) => state.set)
  return (
    <>
      <span className={css.railId}>{entry.id}</span>
      <ol className={css.railDots} aria-label="Phases of this lesson">
        {lesson.phases.map((phase, i) => (
          <li key={phase.slug} data-state={i < progress.phase ? 'done' : i === progress.phase ? 'now' : 'ahead'}>
            <button
              aria-label={phase.title}
              title={phase.title}
              aria-current={i === progress.phase ? 'step' : undefined}
              onClick={() => {
                set(entry.id, { ...progress, phase: i })
                arrange({ lessonOpen: true })
              }}
            >
              <i />
            </button>
          </li>
        ))}
      </ol>
      <span className={css.railTitle}>{entry.title}</span>
      <button aria-label="Open the lesson" title="Open the lesson  L" onClick={() => arrange({ lessonOpen: true })}>
        »
      </button>
    </>
  )
}
