import { useEffect, useRef, type KeyboardEvent } from 'react'
import css from './shell.module.css'

export interface TabItem {
  readonly id: string
  readonly title: string
}

interface TabsProps {
  readonly label: string
  readonly items: readonly TabItem[]
  readonly current: string | undefined
  /** The second of two views that stand side by side. */
  readonly beside?: string
  /** Id of the panel that the tabs show. */
  readonly panel: string
  readonly onChoose: (id: string) => void
}

export function Tabs({ label, items, current, beside, panel, onChoose }: TabsProps) {
  const root = useRef<HTMLDivElement>(null)
  useEffect(() => {
    root.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [current])
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = items.findIndex((item) => item.id === current)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const next = items[(to + items.length) % items.length]!
    onChoose(next.id)
    root.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus()
  }
  return (
    <div ref={root} role="tablist" aria-label={label} className={css.tablist} onKeyDown={onKeyDown}>
      {items.map(({ id, title }) => (
        <button
          key={id}
          role="tab"
          data-tab={id}
          id={`${panel}-${id}`}
          aria-selected={id === current}
          aria-controls={panel}
          data-beside={id === beside}
          tabIndex={id === current || (current === undefined && id === items[0]?.id) ? 0 : -1}
          className={css.tab}
          onClick={() => onChoose(id)}
        >
          <span data-text={title}>{title}</span>
        </button>
      ))}
    </div>
  )
}
