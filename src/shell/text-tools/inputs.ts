import { describe, normalise } from '../files.ts'
import type { Process } from '../process.ts'
import { readAll, textSource, type Source } from '../streams.ts'

export interface Input {
  readonly name: string
  readonly source: Source
}

/** The files named on a command line, or standard input. Says on stderr which ones cannot be read. */
export function openInputs(process: Process, names: readonly string[]): { inputs: Input[]; failed: boolean } {
  if (names.length === 0) return { inputs: [{ name: '-', source: process.io.stdin }], failed: false }
  const inputs: Input[] = []
  let failed = false
  for (const name of names) {
    if (name === '-' || name === '/dev/stdin') {
      inputs.push({ name, source: process.io.stdin })
      continue
    }
    const text = process.site.files.read(normalise(name, process.shell.cwd))
    if ('ok' in text) inputs.push({ name, source: textSource(text.ok) })
    else {
      process.io.stderr.write(`${process.argv[0]}: ${name}: ${describe(text.error)}\n`)
      failed = true
    }
  }
  return { inputs, failed }
}

export async function readInputs(
  process: Process,
  names: readonly string[],
): Promise<{ text: string; failed: boolean }> {
  const { inputs, failed } = openInputs(process, names)
  let text = ''
  for (const input of inputs) text += await readAll(input.source, process.group)
  return { text, failed }
}

/** Lines without their newlines; a last newline ends the last line and starts none. */
export function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
