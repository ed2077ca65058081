import { useRef, type PointerEvent, type ReactNode } from 'react'
import { DOCK_TABS } from '../dock/panels.ts'
import { useStage, type DockTab } from '../stage.ts'
import { DockPanel } from './Dock.tsx'
import { Tabs } from './Tabs.tsx'
import css from './lab.module.css'

const HEIGHTS = [34, 60, 92] as const
/** Only the handle and the tabs. */
export const SHEET_CLOSED = 70
type Height = (typeof HEIGHTS)[number]

/** On a small screen: the lesson and the dock as one sheet over the stage, at three heights, or only its handle. */
export function Sheet({ lesson }: { lesson?: ReactNode }) {
  const height = useStage((state) => state.sheet)
  const tab = useStage((state) => state.tab)
  const inLesson = useStage((state) => state.sheetLesson)
  const drag = useRef<{ y: number; height: number; moved: boolean }>(undefined)
  const root = useRef<HTMLElement>(null)
  const items = [...(lesson ? [{ id: 'lesson', title: 'Lesson' }] : []), ...DOCK_TABS]
  const current = lesson && inLesson ? 'lesson' : tab

  const onPointerDown = (event: PointerEvent<HTMLElement>): void => {
    event.currentTarget.setPointerCapture(event.pointerId)
    drag.current = { y: event.clientY, height: root.current!.clientHeight, moved: false }
  }
  const onPointerMove = (event: PointerEvent): void => {
    const held = drag.current
    if (!held || !root.current) return
    if (Math.abs(event.clientY - held.y) > 4) held.moved = true
    root.current.style.transition = 'none'
    root.current.style.height = `${Math.max(SHEET_CLOSED, held.height + held.y - event.clientY)}px`
  }
  const onPointerUp = (event: PointerEvent): void => {
    const held = drag.current
    drag.current = undefined
    if (!held || !root.current) return
    root.current.style.transition = ''
    root.current.style.height = ''
    const part = ((held.height + held.y - event.clientY) / window.innerHeight) * 100
    const next: Height | 0 = !held.moved
      ? height === 0
        ? 34
        : 0
      : part < 18
        ? 0
        : HEIGHTS.reduce((best, one) => (Math.abs(one - part) < Math.abs(best - part) ? one : best))
    useStage.setState({ sheet: next })
  }
  const choose = (id: string): void => {
    useStage.setState(id === 'lesson' ? { sheetLesson: true } : { sheetLesson: false, tab: id as DockTab })
    if (height === 0) useStage.setState({ sheet: 34 })
  }
  return (
    <section
      ref={root}
      className={css.sheet}
      style={{ height: height === 0 ? SHEET_CLOSED : `${height}dvh` }}
      aria-label="Lesson and panels"
    >
      <button
        className={css.grip}
        aria-label={height === 0 ? 'Open the sheet' : 'Close the sheet'}
        aria-expanded={height > 0}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onKeyDown={(event) => {
          const at = HEIGHTS.indexOf(height as Height)
          if (event.key === 'ArrowUp') useStage.setState({ sheet: HEIGHTS[Math.min(2, at + 1)]! })
          else if (event.key === 'ArrowDown') useStage.setState({ sheet: at <= 0 ? 0 : HEIGHTS[at - 1]! })
          else if (event.key === 'Enter' || event.key === ' ') useStage.setState({ sheet: height === 0 ? 34 : 0 })
          else return
          event.preventDefault()
          event.stopPropagation()
        }}
      >
        <i />
      </button>
      <div className={css.sheetTabs}>
        <Tabs label="Sheet" items={items} current={current} panel="sheet-panel" onChoose={choose} />
      </div>
      {height > 0 && (
        <div className={css.sheetBody} id="sheet-panel" role="tabpanel" aria-labelledby={`sheet-panel-${current}`}>
          {current === 'lesson' ? lesson : <DockPanel tab={tab} />}
        </div>
      )}
    </section>
  )
}
