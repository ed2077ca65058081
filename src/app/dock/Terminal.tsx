import { lazy, useEffect, useState, type ComponentType } from 'react'
import type { TerminalPanelProps } from '../../views/terminal/Panel.tsx'
import { useStage } from '../stage.ts'
import { terminalPanel } from './panels.ts'
import { terminalSession } from './terminal-session.ts'

const Panel = lazy(terminalPanel as unknown as () => Promise<{ default: ComponentType<TerminalPanelProps> }>)

/** Lines that were already typed for a click on a command, so that coming back to the tab types nothing twice. */
let typedSoFar = 0

export default function Terminal() {
  const session = terminalSession('main')
  const typed = useStage((state) => state.typed)
  const focus = useStage((state) => state.focusTerminal)
  const [backlog] = useState(() => session.backlog())
  useEffect(() => {
    if (typed.count <= typedSoFar) return
    typedSoFar = typed.count
    session.send({ d: 'run', line: typed.line })
  }, [typed, session])
  return <Panel backlog={backlog} send={session.send} listen={session.listen} focus={focus} />
}
