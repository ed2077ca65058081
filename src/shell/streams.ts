import { Killed, type Group, type Tasks } from './tasks.ts'

/** Where a process reads. `read` gives the next piece, or undefined at the end of input. */
export interface Source {
  readonly tty: boolean
  read(group: Group): Promise<string | undefined>
  /** The reader has gone: what is written from now on breaks the writer's pipe. */
  close(): void
}

/** Where a process writes. Throws `Killed('PIPE')` when nobody reads any more. */
export interface Sink {
  readonly tty: boolean
  write(text: string): void
  /** The last writer of a pipe closes it; files and the terminal ignore it. */
  close(): void
}

/** More than this unread in one pipe, and the writer is stopped: a bound, not back-pressure. */
const PIPE_LIMIT = 8_000_000

export class OutputTooLarge extends Error {}

export function createPipe(tasks: Tasks): { source: Source; sink: Sink } {
  let chunks: string[] = []
  let size = 0
  let writerGone = false
  let readerGone = false
  let wake: (() => void) | undefined
  const source: Source = {
    tty: false,
    async read(group) {
      while (chunks.length === 0) {
        if (writerGone) return undefined
        await tasks.block<void>(group, (resume) => {
          wake = () => resume()
          return () => (wake = undefined)
        })
      }
      const text = chunks.join('')
      chunks = []
      size = 0
      return text
    },
    close() {
      readerGone = true
      chunks = []
    },
  }
  const sink: Sink = {
    tty: false,
    write(text) {
      if (readerGone) throw new Killed('PIPE')
      if (text === '') return
      size += text.length
      if (size > PIPE_LIMIT) throw new OutputTooLarge('more than 8 MB waits in a pipe')
      chunks.push(text)
      wake?.()
    },
    close() {
      writerGone = true
      wake?.()
    },
  }
  return { source, sink }
}

export function textSource(text: string): Source {
  let left: string | undefined = text
  return {
    tty: false,
    read: () => {
      const piece = left === '' ? undefined : left
      left = undefined
      return Promise.resolve(piece)
    },
    close() {},
  }
}

export const nullSource: Source = { tty: false, read: () => Promise.resolve(undefined), close() {} }

export const nullSink: Sink = { tty: false, write() {}, close() {} }

export function collectingSink(limit = PIPE_LIMIT): Sink & { text(): string } {
  const parts: string[] = []
  let size = 0
  return {
    tty: false,
    write(text) {
      size += text.length
      if (size > limit) throw new OutputTooLarge('more than 8 MB of output')
      parts.push(text)
    },
    close() {},
    text: () => parts.join(''),
  }
}

export async function readAll(source: Source, group: Group): Promise<string> {
  const parts: string[] = []
  for (;;) {
    const piece = await source.read(group)
    if (piece === undefined) return parts.join('')
    parts.push(piece)
  }
}

/** Line by line as it comes; the last line may lack its newline (`ended` false). */
export function lineReader(source: Source): (group: Group) => Promise<{ line: string; ended: boolean } | undefined> {
  let rest = ''
  let atEnd = false
  return async (group) => {
    for (;;) {
      const end = rest.indexOf('\n')
      if (end >= 0) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 1)
        return { line, ended: true }
      }
      if (atEnd) {
        if (rest === '') return undefined
        const line = rest
        rest = ''
        return { line, ended: false }
      }
      const piece = await source.read(group)
      if (piece === undefined) atEnd = true
      else rest += piece
    }
  }
}
