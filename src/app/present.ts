/** The projector: large type, ink on white, the picture alone, a clicker that steps through time. */
import { step } from './layout/time.ts'
import { useStage } from './stage.ts'
import { applyTheme } from './theme.ts'

export function setPresent(on: boolean): void {
  useStage.setState({ present: on, spotlight: false })
  document.documentElement.toggleAttribute('data-present', on)
  applyTheme()
  if (on) document.documentElement.requestFullscreen?.().catch(() => undefined)
  else if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined)
}

/** Leaving full screen by the browser's own key leaves the projector too. */
export function watchFullscreen(): () => void {
  let was = false
  const changed = (): void => {
    if (was && !document.fullscreenElement && useStage.getState().present) setPresent(false)
    was = document.fullscreenElement !== null
  }
  document.addEventListener('fullscreenchange', changed)
  return () => document.removeEventListener('fullscreenchange', changed)
}

/** The keys of a clicker. True: it was one. */
export function clicked(key: string): boolean {
  if (!useStage.getState().present) return false
  if (key === 'PageDown' || key === 'ArrowRight') step(1)
  else if (key === 'PageUp' || key === 'ArrowLeft') step(-1)
  else return false
  return true
}
