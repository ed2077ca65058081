import {
  useEffect,
  useLayoutEffect,
  useRef,
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
} from 'react'
import css from './shell.module.css'

interface MenuProps {
  /** The button that opened it: gets the keyboard back. */
  readonly anchor: RefObject<HTMLElement | null>
  readonly label: string
  readonly onClose: () => void
  readonly style: CSSProperties
  readonly children: ReactNode
}

/** A menu as the ARIA pattern describes it: arrows move, Escape and a click outside close. */
export function Menu({ anchor, label, onClose, style, children }: MenuProps) {
  const root = useRef<HTMLDivElement>(null)
  const close = useRef(onClose)
  useEffect(() => {
    close.current = onClose
  })
  const items = (): HTMLElement[] => [...(root.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])]

  useLayoutEffect(() => {
    const all = items()
    ;(all.find((item) => item.getAttribute('aria-checked') === 'true') ?? all[0])?.focus()
  }, [])
  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      const target = event.target as Node
      if (!root.current?.contains(target) && !anchor.current?.contains(target)) close.current()
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [anchor])

  const onKeyDown = (event: KeyboardEvent): void => {
    const all = items()
    const at = all.indexOf(document.activeElement as HTMLElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      all[(to + all.length) % all.length]?.focus()
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      onClose()
      if (event.key === 'Escape') anchor.current?.focus()
    } else if (event.key.length === 1) {
      const found = all.find((item) => item.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()))
      found?.focus()
    }
    event.stopPropagation()
  }
  const onClick = (event: React.MouseEvent): void => {
    if ((event.target as Element).closest('[role^="menuitem"]')) {
      onClose()
      anchor.current?.focus()
    }
  }
  return (
    <div
      ref={root}
      role="menu"
      aria-label={label}
      className={css.menu}
      style={style}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      {children}
    </div>
  )
}
