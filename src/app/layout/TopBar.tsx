import { useRef, useState, type ReactNode } from 'react'
import { useNarrow, useTheme } from '../hooks.ts'
import { hrefOf } from '../address.ts'
import { LESSONS } from '../lessons.ts'
import { useStage } from '../stage.ts'
import { setPresent } from '../present.ts'
import { toggleTheme } from '../theme.ts'
import { Find, Logo, Menu as MenuIcon } from '../icons.tsx'
import { Menu } from './Menu.tsx'
import css from './shell.module.css'

const command = /mac|iphone|ipad/i.test(navigator.platform) ? '⌘K' : 'Ctrl K'

export interface TopBarProps {
  /** Where one is: part and lesson, or the name of the page. */
  readonly crumb?: ReactNode
  /** The page is a lab: its run can be shared. */
  readonly lab?: boolean
  readonly current?: 'lessons' | 'lab' | 'help'
}

const palette = (): void => useStage.setState({ overlay: 'palette' })
const share = (): void => useStage.setState({ overlay: 'share' })

export function TopBar({ crumb, lab, current }: TopBarProps) {
  const narrow = useNarrow()
  const theme = useTheme()
  const [open, setOpen] = useState(false)
  const more = useRef<HTMLButtonElement>(null)
  const here = (page: string) => (current === page ? 'page' : undefined)
  return (
    <header className={css.top}>
      <a className={css.skip} href="#main" onClick={skip}>
        Skip to the picture
      </a>
      <a className={css.brand} href={hrefOf('/')} aria-label="Nodeglass, front page">
        <Logo />
        {!(narrow && crumb) && <span>Nodeglass</span>}
      </a>
      {crumb && (
        <nav className={css.crumb} aria-label="Where you are">
          {crumb}
        </nav>
      )}
      <div className={css.actions}>
        {narrow ? (
          <>
            <button className={css.action} onClick={palette} aria-label="Find anything">
              <Find />
            </button>
            <button
              ref={more}
              className={css.action}
              aria-label="Menu"
              aria-haspopup="menu"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              <MenuIcon />
            </button>
            {open && (
              <Menu anchor={more} onClose={() => setOpen(false)} style={{ right: 6, top: 46 }} label="Menu">
                {LESSONS.length > 0 && (
                  <a role="menuitem" href={hrefOf('/lessons')}>
                    Lessons
                  </a>
                )}
                <a role="menuitem" href={hrefOf('/lab')}>
                  Free lab
                </a>
                {lab && (
                  <button role="menuitem" onClick={share}>
                    Share
                  </button>
                )}
                <button role="menuitem" onClick={toggleTheme}>
                  {theme === 'dark' ? 'Light theme' : 'Dark theme'}
                </button>
                <a role="menuitem" href={hrefOf('/help')}>
                  Help
                </a>
              </Menu>
            )}
          </>
        ) : (
          <>
            <button className={`${css.action} ${css.find}`} onClick={palette}>
              Find anything <kbd className={css.kbd}>{command}</kbd>
            </button>
            {!lab && LESSONS.length > 0 && (
              <a className={css.action} href={hrefOf('/lessons')} aria-current={here('lessons')}>
                Lessons
              </a>
            )}
            {!lab && (
              <a className={css.action} href={hrefOf('/lab')} aria-current={here('lab')}>
                Free lab
              </a>
            )}
            {lab && (
              <button className={css.action} onClick={share}>
                Share
              </button>
            )}
            {lab && (
              <button className={css.action} onClick={() => setPresent(true)} title="For a projector  P">
                Present
              </button>
            )}
            <button
              className={css.action}
              onClick={toggleTheme}
              aria-label={theme === 'dark' ? 'Theme: dark. Change to light' : 'Theme: light. Change to dark'}
            >
              Theme
            </button>
            <a className={css.action} href={hrefOf('/help')} aria-current={here('help')}>
              Help <kbd className={css.kbd}>?</kbd>
            </a>
          </>
        )}
      </div>
    </header>
  )
}

function skip(event: React.MouseEvent): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}
