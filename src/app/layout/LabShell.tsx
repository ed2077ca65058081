import { Suspense, useEffect, useRef, type CSSProperties, type ReactNode } from 'react'
import { theLab } from '../../lab/client.ts'
import { useNarrow, useWide } from '../hooks.ts'
import { arrange, LESSON_WIDTH, openDock, putFile, useStage } from '../stage.ts'
import { VIEWS, viewOf } from '../views.ts'
import { Boundary } from './Boundary.tsx'
import { Caption } from './Caption.tsx'
import { Dock } from './Dock.tsx'
import { FaultMenu } from './FaultMenu.tsx'
import { Spotlight } from './Spotlight.tsx'
import { setPresent, watchFullscreen } from '../present.ts'
import { Sheet, SHEET_CLOSED } from './Sheet.tsx'
import { Splitter } from './Splitter.tsx'
import { Tabs } from './Tabs.tsx'
import { TopBar } from './TopBar.tsx'
import { Transport } from './Transport.tsx'
import { ViewHost } from './ViewHost.tsx'
import shell from './shell.module.css'
import css from './lab.module.css'

export interface LabShellProps {
  readonly crumb: ReactNode
  /** The page's heading where no lesson brings its own. */
  readonly title: string
  /** The lesson beside the stage; on a small screen it is in the sheet. */
  readonly lesson?: ReactNode
  readonly rail?: ReactNode
  /** In a frame of another page: no top bar. */
  readonly embedded?: boolean
}

/** The lab: lesson, stage, dock and time, in whatever room there is. */
export function LabShell({ crumb, title, lesson, rail, embedded }: LabShellProps) {
  const narrow = useNarrow()
  const present = useStage((state) => state.present)
  const spotlight = useStage((state) => state.spotlight)
  useEffect(watchFullscreen, [])
  useEffect(() => () => setPresent(false), [])
  const sheet = useStage((state) => state.sheet)
  // `kubectl edit` opens the editor on what it would have written to a file.
  useEffect(
    () =>
      theLab().onEffect((_session, effect) => {
        putFile(effect.name, effect.text)
        useStage.setState({ file: effect.name })
        openDock('yaml')
      }),
    [],
  )
  const lessonWidth = useStage((state) => state.lesson)
  const lessonOpen = useStage((state) => state.lessonOpen)
  return (
    <div
      className={css.page}
      data-sheet={(narrow && !present) || undefined}
      data-present={present || undefined}
      style={{ '--sheet-height': sheet === 0 ? `${SHEET_CLOSED}px` : `${sheet}dvh` } as CSSProperties}
    >
      {!embedded && !present && <TopBar crumb={crumb} lab />}
      <div className={css.main}>
        {!narrow && !present && lesson && !lessonOpen && <aside className={css.rail}>{rail}</aside>}
        {!narrow && !present && lesson && lessonOpen && (
          <aside className={css.lesson} style={{ width: lessonWidth }} aria-label="Lesson">
            <div className={css.lessonBody}>{lesson}</div>
            <Splitter
              label="Width of the lesson"
              direction="vertical"
              sign={1}
              value={lessonWidth}
              least={LESSON_WIDTH.least}
              most={LESSON_WIDTH.most}
              onChange={(width) => arrange({ lesson: width })}
              onToggle={() => arrange({ lessonOpen: false })}
            />
          </aside>
        )}
        <main className={css.work}>
          {!lesson && <h1 className="unseen">{title}</h1>}
          <StageArea />
          {!narrow && !present && <Dock />}
        </main>
      </div>
      <Transport />
      {narrow && !present && <Sheet lesson={lesson} />}
      {present && spotlight && <Spotlight />}
    </div>
  )
}

function StageArea() {
  const wide = useWide()
  const narrow = useNarrow()
  const present = useStage((state) => state.present)
  const node = useStage((state) => state.node)
  const chosen = useStage((state) => state.view)
  const planes = useStage((state) => state.planes)
  const second = useStage((state) => state.beside)
  const split = useStage((state) => state.split)
  const stage = useRef<HTMLDivElement>(null)
  const view = viewOf(chosen) ?? VIEWS[0]
  const beside = wide && second !== view?.id ? viewOf(second) : undefined

  // What Follow dwells on is what the picture shows.
  useEffect(() => {
    if (view) theLab().send({ t: 'watch', filter: { ...view.watch(node), ...(planes ? { planes } : {}) } })
  }, [view, node, planes])

  if (!view) return <p className={css.loading}>There is no picture in this build.</p>
  const choose = (id: string): void => {
    const { beside: other, view: now } = useStage.getState()
    useStage.setState(other === id ? { view: id, beside: now } : { view: id })
  }
  const toggleBeside = (): void =>
    useStage.setState({
      beside: beside
        ? undefined
        : (VIEWS.find((one) => one.id === 'pod-start' && one !== view) ?? VIEWS.find((one) => one !== view))?.id,
    })
  return (
    <>
      <div className={shell.tabs}>
        <Tabs label="Pictures" items={VIEWS} current={view.id} beside={beside?.id} panel="main" onChoose={choose} />
        <div className={shell.tabsRight}>
          {!narrow && <FaultMenu />}
          {present && (
            <button className={shell.small} onClick={() => setPresent(false)}>
              Leave the projector
            </button>
          )}
          {wide && VIEWS.length > 1 && (
            <button className={shell.small} aria-pressed={beside !== undefined} onClick={toggleBeside}>
              Side by side
            </button>
          )}
        </div>
      </div>
      <div
        ref={stage}
        className={css.stage}
        id="main"
        role="tabpanel"
        tabIndex={-1}
        aria-labelledby={`main-${view.id}`}
      >
        <div className={css.pane} style={beside ? { flex: `0 0 ${split}%` } : undefined}>
          <ViewHost key={view.id} entry={view} inspects={!narrow} />
        </div>
        {beside && (
          <>
            <Splitter
              label="Width of the first picture"
              direction="vertical"
              sign={1}
              value={split}
              least={30}
              most={70}
              step={2}
              scale={() => 100 / (stage.current?.clientWidth ?? 1000)}
              onChange={(value) => arrange({ split: value })}
              onToggle={() => useStage.setState({ beside: undefined })}
            />
            <div className={css.pane}>
              <ViewHost key={beside.id} entry={beside} inspects={!narrow} />
            </div>
          </>
        )}
      </div>
      <Boundary what="The caption" resetKey={view.id}>
        <Suspense fallback={<div className={css.caption} />}>
          <Caption entry={view} />
        </Suspense>
      </Boundary>
    </>
  )
}
