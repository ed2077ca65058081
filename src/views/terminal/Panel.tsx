import { useEffect, useRef } from 'react'
import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal, type ITheme } from '@xterm/xterm'
import type { TerminalToWorker } from '../../lab/protocol.ts'
import css from './terminal.module.css'

export interface TerminalPanelProps {
  /** Text of this session since it was opened, for a panel that was hidden and comes back. */
  readonly backlog: string
  readonly send: (data: TerminalToWorker) => void
  /** Calls back with each piece of output; returns its own undo. */
  readonly listen: (callback: (text: string) => void) => () => void
  /** Counts up whenever the keyboard should go to the terminal. */
  readonly focus: number
}

const SCROLLBACK = 5_000
const PASTE_LIMIT = 100_000

function themeOf(host: Element): ITheme {
  const style = getComputedStyle(host)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  const ink = token('--ink')
  const quiet = token('--ink3')
  return {
    background: token('--surface'),
    foreground: ink,
    cursor: ink,
    cursorAccent: token('--surface'),
    selectionBackground: token('--deep'),
    selectionForeground: ink,
    // The terminal is ink on paper: colour belongs to the planes. Only failure keeps its red.
    black: ink,
    red: token('--fail'),
    green: token('--ink2'),
    yellow: token('--ink2'),
    blue: token('--ink2'),
    magenta: token('--ink2'),
    cyan: token('--ink2'),
    white: quiet,
    brightBlack: quiet,
    brightRed: token('--fail'),
    brightGreen: ink,
    brightYellow: ink,
    brightBlue: ink,
    brightMagenta: ink,
    brightCyan: ink,
    brightWhite: ink,
  }
}

/** xterm over a session in the worker. It holds no state of its own: keys go out, text comes back. */
export default function TerminalPanel({ backlog, send, listen, focus }: TerminalPanelProps) {
  const host = useRef<HTMLDivElement>(null)
  const shown = useRef<Terminal>(undefined)
  const first = useRef({ backlog, send })

  useEffect(() => {
    const element = host.current
    if (!element) return
    const terminal = new Terminal({
      fontFamily: "'JetBrains Mono', monospace",
      fontSize: 13,
      lineHeight: 1.12,
      cursorBlink: false,
      cursorStyle: 'block',
      scrollback: SCROLLBACK,
      screenReaderMode: true,
      theme: themeOf(element),
      allowProposedApi: false,
    })
    const fit = new FitAddon()
    terminal.loadAddon(fit)
    terminal.loadAddon(new SearchAddon())
    terminal.open(element)
    fit.fit()
    shown.current = terminal
    const { send: out, backlog: earlier } = first.current
    if (earlier) terminal.write(earlier)
    out({ d: 'open', cols: terminal.cols, rows: terminal.rows })

    const typing = terminal.onData((text) => {
      if (text.length > PASTE_LIMIT) {
        terminal.write(`\r\n[${text.length} characters are too many for one paste; the limit is ${PASTE_LIMIT}]\r\n`)
        return
      }
      out({ d: 'key', text })
    })
    // Escape then Tab leaves the terminal, so that nobody who works by keyboard is trapped in it.
    let leaving = false
    terminal.attachCustomKeyEventHandler((event) => {
      if (event.type !== 'keydown') return true
      if (event.key === 'Tab' && leaving) return false
      if (event.key !== 'Shift') leaving = event.key === 'Escape'
      return !((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k')
    })
    const resized = terminal.onResize(({ cols, rows }) => out({ d: 'size', cols, rows }))
    const room = new ResizeObserver(() => element.clientWidth > 0 && fit.fit())
    room.observe(element)
    const theme = new MutationObserver(() => (terminal.options.theme = themeOf(element)))
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] })
    return () => {
      typing.dispose()
      resized.dispose()
      room.disconnect()
      theme.disconnect()
      shown.current = undefined
      terminal.dispose()
    }
  }, [])

  useEffect(() => listen((text) => shown.current?.write(text)), [listen])
  useEffect(() => {
    if (focus > 0) shown.current?.focus()
  }, [focus])

  return <div ref={host} className={css.terminal} role="group" aria-label="Terminal. Escape, then Tab, leaves it." />
}
