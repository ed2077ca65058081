import { useEffect, useRef } from 'react'
import css from './lab.module.css'

/** Dims all but a circle round the pointer. */
export function Spotlight() {
  const node = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const move = (event: PointerEvent): void => {
      node.current?.style.setProperty('--x', `${event.clientX}px`)
      node.current?.style.setProperty('--y', `${event.clientY}px`)
    }
    window.addEventListener('pointermove', move)
    return () => window.removeEventListener('pointermove', move)
  }, [])
  return <div ref={node} className={css.spotlight} aria-hidden="true" />
}
