/** What an embedded picture or lesson says to the page around it, and what that page may ask. */
import { theLab } from '../lab/client.ts'
import type { LessonProgress } from './lesson/player.ts'
import { useStage } from './stage.ts'
import { viewOf } from './views.ts'

const framed = (): boolean => window.parent !== window

/** Nothing of it is secret: any page that shows the frame may hear it. */
export function tellPage(type: string, detail: Readonly<Record<string, unknown>> = {}): void {
  if (framed()) window.parent.postMessage({ nodeglass: 1, type, ...detail }, '*')
}

/** The steps from one state of a lesson to the next, as a learning system counts them. */
export function tellProgress(lesson: string, before: LessonProgress, after: LessonProgress): void {
  if (!framed()) return
  for (const check of after.passed) if (!before.passed.includes(check)) tellPage('check-passed', { lesson, check })
  for (const [question, option] of Object.entries(after.answers))
    if (before.answers[question] !== option)
      tellPage('quiz-answered', { lesson, question, option, right: after.right[question] === option })
  tellPage('progress', { lesson, phase: after.phase, passed: after.passed.length, done: after.done })
  if (after.done && !before.done) tellPage('completed', { lesson })
}

/** Commands come only from the page around; each does what a click on its control does. */
export function hearPage(): () => void {
  const hear = (event: MessageEvent): void => {
    if (event.source !== window.parent || !framed()) return
    const data = event.data as { nodeglass?: unknown; do?: unknown; view?: unknown; at?: unknown } | null
    if (data?.nodeglass !== 1) return
    if (data.do === 'play' || data.do === 'pause') theLab().send({ t: 'play', on: data.do === 'play' })
    else if (data.do === 'view' && typeof data.view === 'string') {
      const view = viewOf(data.view)
      if (view) useStage.setState({ view: view.id })
    } else if (data.do === 'seek' && Number.isSafeInteger(data.at) && (data.at as number) >= 0)
      theLab().send({ t: 'seek', at: Math.min(data.at as number, theLab().store.getState().head) })
  }
  window.addEventListener('message', hear)
  return () => window.removeEventListener('message', hear)
}
