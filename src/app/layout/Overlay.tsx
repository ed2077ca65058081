import { useEffect, useRef, type ReactNode } from 'react'
import { Close } from '../icons.tsx'
import { useStage } from '../stage.ts'
import shell from './shell.module.css'
import css from './overlay.module.css'

const close = (): void => useStage.setState({ overlay: undefined })

/** A modal dialog of the browser's own: focus stays in it, Escape closes, the page behind is inert. */
export function Overlay({
  title,
  wide,
  bare,
  children,
}: {
  title: string
  wide?: boolean
  bare?: boolean
  children: ReactNode
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const node = dialog.current
    node?.showModal()
    return () => node?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      className={css.dialog}
      data-wide={wide}
      data-bare={bare}
      aria-label={title}
      // Escape cancels first; `close` comes a task later, and a key pressed between the two was lost.
      onCancel={close}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div className={css.box}>
        {!bare && (
          <header>
            <h2>{title}</h2>
            <button className={shell.icon} aria-label="Close" onClick={close}>
              <Close />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  )
}
