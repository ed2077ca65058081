/** The page's hold on one terminal session: its text so far, for a panel that was hidden and comes back. */
import { theLab } from '../../lab/client.ts'
import type { TerminalToWorker } from '../../lab/protocol.ts'

const BACKLOG = 200_000

export interface TerminalSession {
  backlog(): string
  send(data: TerminalToWorker): void
  listen(callback: (text: string) => void): () => void
}

const sessions = new Map<string, TerminalSession>()

export function terminalSession(name: string): TerminalSession {
  const held = sessions.get(name)
  if (held) return held
  let text = ''
  const listeners = new Set<(text: string) => void>()
  const wire = theLab().terminal(name, (piece) => {
    text = (text + piece).slice(-BACKLOG)
    for (const listener of listeners) listener(piece)
  })
  const made: TerminalSession = {
    backlog: () => text,
    send: (data) => wire.send(data),
    listen(callback) {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
  }
  sessions.set(name, made)
  return made
}
