/** The card beside a thing: what it is, how it stands now, the command that shows it, Why. */
import type { Micros } from '../../sim/contract.ts'
import type { Selection, Size } from '../contract.ts'
import { InlineGlyph } from './Glyph.tsx'
import { LiveSpan } from './live.tsx'
import type { Plane } from './plane.ts'
import css from './drawing.module.css'

export interface Description {
  readonly title: string
  readonly plane?: Plane
  readonly says: string
  /** How it stands at this moment. */
  readonly now?: (now: Micros) => string
  /** What an operator types to see it. */
  readonly command?: string
}

export interface TooltipProps {
  readonly about: Description
  readonly selection: Selection
  readonly anchor: { x: number; y: number; width: number; height: number }
  readonly size: Size
  readonly onRun: (command: string) => void
  readonly onWhy: (selection: Selection) => void
  readonly onEnter: () => void
  readonly onLeave: () => void
  /** On a phone the card lies along the bottom and is closed by hand. */
  readonly onClose?: () => void
}

const WIDTH = 304

export function Tooltip({ about, selection, anchor, size, onRun, onWhy, onEnter, onLeave, onClose }: TooltipProps) {
  const card = onClose !== undefined
  const style = card ? undefined : beside(anchor, size, about)
  return (
    <div
      className={card ? css.card : css.tip}
      style={style}
      role={card ? 'dialog' : 'tooltip'}
      aria-label={about.title}
      onPointerEnter={onEnter}
      onPointerLeave={onLeave}
    >
      <h4>
        {about.plane && <InlineGlyph plane={about.plane} />}
        <span>{about.title}</span>
        {card && (
          <button type="button" className={css.close} onClick={onClose}>
            Close
          </button>
        )}
      </h4>
      <p>{about.says}</p>
      {about.now && (
        <dl>
          <dt>now</dt>
          <dd>
            <LiveSpan say={about.now} />
          </dd>
        </dl>
      )}
      <div className={css.tipRow}>
        {about.command ? (
          <button
            type="button"
            className={css.cmd}
            title={`Run in the terminal: ${about.command}`}
            onClick={() => onRun(about.command!)}
          >
            {about.command}
          </button>
        ) : (
          <span style={{ flex: 1 }} />
        )}
        <button type="button" className={css.why} onClick={() => onWhy(selection)}>
          Why?
        </button>
      </div>
    </div>
  )
}

/** Right of the thing, else left, else under it; always inside the stage. */
function beside(anchor: TooltipProps['anchor'], size: Size, about: Description): { left: number; top: number } {
  const height = 76 + Math.ceil(about.says.length / 44) * 18 + (about.now ? 23 : 0)
  const gap = 12
  let left = anchor.x + anchor.width + gap
  let top = anchor.y + anchor.height / 2 - 24
  if (left + WIDTH > size.width - 8) left = anchor.x - gap - WIDTH
  if (left < 8) {
    left = Math.min(size.width - WIDTH - 8, Math.max(8, anchor.x + anchor.width / 2 - WIDTH / 2))
    top = anchor.y + anchor.height + gap
    if (top + height > size.height - 8) top = anchor.y - gap - height
  }
  return { left: Math.round(left), top: Math.round(Math.max(8, Math.min(size.height - height - 8, top))) }
}
