/** Every key of the lab: one table for the handler, the key list and the palette. */
import { hrefOf } from './address.ts'
import { changeSpeed, jump, play, setFollow, step } from './layout/time.ts'
import { theLab } from '../lab/client.ts'
import { clicked, setPresent } from './present.ts'
import { go } from './routes.ts'
import { arrange, openDock, select, useStage } from './stage.ts'
import { toggleTheme } from './theme.ts'
import { VIEWS } from './views.ts'
import { DOCK_TABS } from './dock/panels.ts'

export interface Key {
  /** As `KeyboardEvent.key`. */
  readonly key: string
  /** As people read it. */
  readonly name: string
  readonly says: string
  /** Only where there is a lab on the page. */
  readonly lab: boolean
  readonly run: () => void
}

const lab = (key: string, name: string, says: string, run: () => void): Key => ({ key, name, says, lab: true, run })
const any = (key: string, name: string, says: string, run: () => void): Key => ({ key, name, says, lab: false, run })

export const KEYS: readonly Key[] = [
  lab(' ', 'Space', 'Play or pause', () => play()),
  lab('.', '.', 'Step forward one message', () => step(1)),
  lab(',', ',', 'Step back one message', () => step(-1)),
  lab(':', 'Shift .', 'Step forward one event, timers too', () => step(1, true)),
  lab(';', 'Shift ,', 'Step back one event, timers too', () => step(-1, true)),
  lab(']', ']', 'To the next flag on the line', () => jump(1)),
  lab('[', '[', 'To the last flag on the line', () => jump(-1)),
  lab('f', 'F', 'Follow on or off', () => setFollow(theLab().store.getState().pace.mode !== 'follow')),
  lab('+', '+', 'Faster', () => changeSpeed(1)),
  lab('-', '-', 'Slower', () => changeSpeed(-1)),
  ...VIEWS.map((view, i) =>
    lab(String(i + 1), String(i + 1), `Picture: ${view.title}`, () => useStage.setState({ view: view.id })),
  ),
  lab('t', 'T', 'Terminal', () => {
    openDock(DOCK_TABS[0]!.id)
    useStage.setState({ focusTerminal: useStage.getState().focusTerminal + 1 })
  }),
  lab('y', 'Y', 'YAML editor', () => openDock('yaml')),
  lab('e', 'E', 'Events', () => openDock('events')),
  lab('w', 'W', 'Why?', () => openDock('why')),
  lab('i', 'I', 'Inspector', () => arrange({ inspector: !useStage.getState().inspector, dockOpen: true })),
  lab('d', 'D', 'Close or open the dock', () => arrange({ dockOpen: !useStage.getState().dockOpen })),
  lab('l', 'L', 'Close or open the lesson', () => arrange({ lessonOpen: !useStage.getState().lessonOpen })),
  lab('s', 'S', 'Share this moment', () => useStage.setState({ overlay: 'share' })),
  lab('p', 'P', 'Projector on or off', () => setPresent(!useStage.getState().present)),
  lab('o', 'O', 'Spotlight, on the projector', () =>
    useStage.setState({ spotlight: useStage.getState().present && !useStage.getState().spotlight }),
  ),
  lab('Escape', 'Esc', 'Let go of what is chosen; leave the projector', () => {
    if (useStage.getState().present && !useStage.getState().selected) setPresent(false)
    select(undefined)
  }),
  any('/', '/', 'Find anything', () => useStage.setState({ overlay: 'palette' })),
  any('?', '?', 'This list', () => useStage.setState({ overlay: 'keys' })),
  any('h', 'H', 'Front page', () => go(hrefOf('/'))),
  any('n', 'N', 'Light or dark', toggleTheme),
]

/** What Shift makes of `.` and `,` differs by keyboard layout; the code does not. */
function nameOf(event: KeyboardEvent): string {
  if (event.shiftKey && event.code === 'Period') return ':'
  if (event.shiftKey && event.code === 'Comma') return ';'
  return event.key.length === 1 ? event.key.toLowerCase() : event.key
}

const WRITES = 'input, textarea, select, [contenteditable="true"], .xterm, .monaco-editor'

export function onKey(event: KeyboardEvent, inLab: boolean): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    const { overlay } = useStage.getState()
    useStage.setState({ overlay: overlay === 'palette' ? undefined : 'palette' })
    return
  }
  const { keys, overlay } = useStage.getState()
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || overlay) return
  const target = event.target as Element
  if (target.closest(WRITES)) return
  if (event.key === ' ' && target.closest('button, a, [role="tab"], [role="slider"], summary')) return
  if (inLab && clicked(event.key)) return event.preventDefault()
  const name = nameOf(event)
  const found = KEYS.find((one) => one.key === name && (inLab || !one.lab))
  if (!found || (!keys && found.key !== '?' && found.key !== 'Escape')) return
  event.preventDefault()
  found.run()
}
