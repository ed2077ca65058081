/** A script on the live cluster, as a click on Apply runs it: it waits on model time like a line in the terminal. */
import { createSession, type Session as Shell } from '../shell/session.ts'
import type { Ran } from '../lesson/play.ts'
import type { Host } from '../shell/process.ts'
import type { Tool } from '../tools/contract.ts'

export interface LiveScript {
  readonly shell: Shell
  readonly done: Promise<Ran>
  /** Called after each turn of the model. True when the script has ended. */
  check(): Promise<boolean>
}

/** Runs lines on the live cluster, in model time as the page plays it. */
export function runLive(
  host: Host,
  tools: readonly Tool[],
  script: string,
  files: Readonly<Record<string, string>>,
): LiveScript {
  let out = ''
  let err = ''
  const shell = createSession({
    host,
    tools,
    files,
    write(text, stream) {
      if (stream === 'out') out += text
      else err += text
    },
  })
  for (const line of script.split('\n')) shell.line(line)
  shell.finish()
  let finish: (ran: Ran) => void = () => {}
  const done = new Promise<Ran>((resolve) => (finish = resolve))
  return {
    shell,
    done,
    async check() {
      await shell.quiet()
      if (!shell.ended()) return false
      finish({ out, err, exit: shell.lastExit() })
      return true
    },
  }
}
