import { lazy, Suspense, useEffect, useRef } from 'react'
import { Boundary } from './layout/Boundary.tsx'
import { onKey } from './keys.ts'
import Front from './pages/Front.tsx'
import { useRoute } from './routes.ts'
import { useStage } from './stage.ts'

const Lab = lazy(() => import('./pages/Lab.tsx'))
const LessonPage = lazy(() => import('./pages/LessonPage.tsx'))
const Lessons = lazy(() => import('./pages/Lessons.tsx'))
const Help = lazy(() => import('./pages/Help.tsx'))
const Embed = lazy(() => import('./pages/Embed.tsx'))
const NotFound = lazy(() => import('./pages/NotFound.tsx'))
const Palette = lazy(() => import('./overlays/Palette.tsx'))
const KeyList = lazy(() => import('./overlays/KeyList.tsx'))
const Share = lazy(() => import('./overlays/Share.tsx'))

export function App() {
  const { path } = useRoute()
  const overlay = useStage((state) => state.overlay)
  const inLab = /^\/(lab|lesson\/|embed\/)/.test(path)
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => onKey(event, inLab)
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [inLab])
  const shown = useRef(path)
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    window.scrollTo(0, 0)
    // What had the keyboard is gone: a new page is walked from its top, not from where the last one ended.
    document.getElementById('root')?.focus({ preventScroll: true })
  }, [path])
  return (
    <>
      <Boundary what="This page" resetKey={path}>
        <Suspense fallback={null}>{pageOf(path)}</Suspense>
      </Boundary>
      <Suspense fallback={null}>
        {overlay === 'palette' && <Palette />}
        {overlay === 'keys' && <KeyList />}
        {overlay === 'share' && <Share />}
      </Suspense>
    </>
  )
}

function pageOf(path: string) {
  const [, first, second, third] = path.split('/').map(decode)
  if (path === '/') return <Front />
  if (path === '/lab') return <Lab />
  if (path === '/lessons') return <Lessons />
  if (path === '/help') return <Help />
  if (first === 'lesson' && second && !third) return <LessonPage id={second} />
  if (first === 'embed' && second === 'view' && third) return <Embed id={third} />
  if (first === 'embed' && second === 'lesson' && third) return <LessonPage id={third} embedded />
  return <NotFound />
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
