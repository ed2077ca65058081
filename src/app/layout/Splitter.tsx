import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import css from './shell.module.css'

interface SplitterProps {
  readonly label: string
  /** The line between two things side by side is vertical. */
  readonly direction: 'vertical' | 'horizontal'
  readonly value: number
  readonly least: number
  readonly most: number
  /** +1: grows with the pointer's coordinate; -1: against it. */
  readonly sign: 1 | -1
  /** Value per pixel; 1 where the value is pixels. */
  readonly scale?: () => number
  readonly step?: number
  readonly onChange: (value: number) => void
  /** Double click and Enter: collapse, or back to the first size. */
  readonly onToggle?: () => void
}

/** The line between two panels. Sizes are CSS; this only says a number. Keyboard as the ARIA window splitter. */
export function Splitter(props: SplitterProps) {
  const { label, direction, value, least, most, sign, scale = () => 1, step = 16, onChange, onToggle } = props
  const start = useRef<{ at: number; value: number }>(undefined)
  const [drag, setDrag] = useState(false)
  const along = (event: PointerEvent): number => (direction === 'vertical' ? event.clientX : event.clientY)
  const set = (next: number): void => onChange(Math.round(Math.min(most, Math.max(least, next))))

  const onKeyDown = (event: KeyboardEvent): void => {
    const forward = direction === 'vertical' ? 'ArrowRight' : 'ArrowDown'
    const back = direction === 'vertical' ? 'ArrowLeft' : 'ArrowUp'
    if (event.key === forward) set(value + sign * step)
    else if (event.key === back) set(value - sign * step)
    else if (event.key === 'Home') set(least)
    else if (event.key === 'End') set(most)
    else if (event.key === 'Enter') onToggle?.()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={direction}
      aria-valuenow={Math.round(value)}
      aria-valuemin={least}
      aria-valuemax={most}
      className={css.splitter}
      data-drag={drag}
      onKeyDown={onKeyDown}
      onDoubleClick={onToggle}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        start.current = { at: along(event), value }
        setDrag(true)
      }}
      onPointerMove={(event) => {
        if (start.current) set(start.current.value + sign * (along(event) - start.current.at) * scale())
      }}
      onPointerUp={() => {
        start.current = undefined
        setDrag(false)
      }}
      onPointerCancel={() => {
        start.current = undefined
        setDrag(false)
      }}
    />
  )
}
