import { Suspense, useEffect } from 'react'
import { useLab, useReplica, theLab } from '../../lab/client.ts'
import { hrefOf } from '../address.ts'
import { useNarrow, useTitle } from '../hooks.ts'
import { Arrow, Play } from '../icons.tsx'
import { Boundary } from '../layout/Boundary.tsx'
import { Legend, messageInHand, nameOfIdIn, Spoken } from '../layout/Caption.tsx'
import { Clock } from '../layout/Clock.tsx'
import { TopBar } from '../layout/TopBar.tsx'
import { ViewHost } from '../layout/ViewHost.tsx'
import { narrateEvent } from '../../views/words/narrate-event.ts'
import { nextLesson, PARTS, progressOf, useProgress, LESSONS } from '../lessons.ts'
import { DEFAULT_NODE, DEFAULT_SCENARIO, DEFAULT_SEED, frontWatch } from '../opening.ts'
import { go } from '../routes.ts'
import { openRun } from '../run.ts'
import { useStage } from '../stage.ts'
import { startPod } from '../start-a-pod.ts'
import { viewOf } from '../views.ts'
import { Course } from './Course.tsx'
import shell from '../layout/shell.module.css'
import css from './front.module.css'

export default function Front() {
  useTitle('Nodeglass: see inside a Kubernetes node')
  const view = viewOf('node')
  useEffect(() => {
    useStage.setState({ node: DEFAULT_NODE, selected: undefined, view: 'node' })
    const watch = frontWatch(DEFAULT_NODE)
    openRun({ scenario: DEFAULT_SCENARIO, seed: DEFAULT_SEED }, { watch, play: true })
    const lab = theLab()
    lab.send({ t: 'watch', filter: watch })
    lab.send({ t: 'pace', pace: { mode: 'follow' } })
    lab.send({ t: 'play', on: true })
  }, [])
  return (
    <div className={css.page}>
      <TopBar />
      <main id="main" tabIndex={-1} className={css.main}>
        <section className={css.hero} aria-labelledby="hero">
          <div className={css.words}>
            <h1 id="hero">See inside a Kubernetes node.</h1>
            <p>
              The kubelet, the runtime, the network and the kernel, at work in your browser. Stop time, step back, break
              something, and ask why.
            </p>
            <StartButton />
            <Next />
          </div>
          <div className={css.live}>
            <div className={css.picture}>{view && <ViewHost entry={view} label="A running node" />}</div>
            <Now />
          </div>
        </section>
        {PARTS.length > 0 && <Course />}
        <Doors />
      </main>
    </div>
  )
}

function StartButton() {
  const ready = useLab((state) => state.ready && !state.busy)
  const start = (): void => {
    startPod(DEFAULT_NODE)
    go(hrefOf('/lab', { view: 'node', with: viewOf('pod-start') ? 'pod-start' : undefined, node: DEFAULT_NODE }))
  }
  return (
    <button className={css.start} disabled={!ready} onClick={start}>
      <Play size={18} /> Start a pod and watch
    </button>
  )
}

/** The lesson to begin or to go on with. */
function Next() {
  const all = useProgress((state) => state.all)
  const last = useProgress((state) => state.last)
  const lesson = nextLesson({ all, last })
  if (!lesson) return null
  const begun = all[lesson.id] !== undefined
  return (
    <p className={css.next}>
      <a className={shell.link} href={hrefOf(`/lesson/${lesson.id}`)}>
        {begun ? `Go on with ${lesson.id}, ${lesson.title}` : `Or begin with ${lesson.id}, ${lesson.title}`}
      </a>
      <span>{lesson.minutes} min</span>
    </p>
  )
}

function Now() {
  const narrow = useNarrow()
  const says = useReplica((replica) => {
    const event = messageInHand(replica, frontWatch(DEFAULT_NODE))
    return event ? narrateEvent(event, nameOfIdIn(replica)).says : 'The cluster starts.'
  })
  return (
    <Boundary what="The caption">
      <Suspense fallback={null}>
        <div className={css.now}>
          <Clock className={css.clock} />
          <p className={css.says}>{says}</p>
          <Spoken says={says} />
          {!narrow && <Legend />}
        </div>
      </Suspense>
    </Boundary>
  )
}

/** Only doors behind which something stands. */
function Doors() {
  const all = useProgress((state) => state.all)
  const done = LESSONS.filter((lesson) => progressOf(all, lesson.id).done).length
  return (
    <div className={css.doors}>
      {LESSONS.length > 0 && (
        <section>
          <h2>
            <a href={hrefOf('/lessons')}>
              Learn <Arrow />
            </a>
          </h2>
          <p>Predict, do, observe, explain. Your progress stays on this device; there is no account.</p>
          {done > 0 && (
            <p>
              {done} of {LESSONS.length} done
            </p>
          )}
        </section>
      )}
      <section>
        <h2>
          <a href={hrefOf('/lab')}>
            Try things out <Arrow />
          </a>
        </h2>
        <p>A cluster of your own: apply YAML, type commands, pull a cable, step back and try another way.</p>
      </section>
      <section>
        <h2>
          <a href={hrefOf('/help', { at: 'embed' })}>
            Embed <Arrow />
          </a>
        </h2>
        <p>
          Any picture or lesson in your course page, with one line. It runs in the reader's browser and asks no server.
        </p>
        <code className={css.code}>{'<node-glass lesson="L13">'}</code>
      </section>
      <section>
        <h2>
          <a href={hrefOf('/help', { at: 'projector' })}>
            Teach <Arrow />
          </a>
        </h2>
        <p>Projector type, a clicker, a spotlight, and one link that puts the class into the same moment.</p>
      </section>
    </div>
  )
}
