import type { Tool } from '../tools/contract.ts'
import type { Session as Shell } from '../shell/session.ts'
import { fileView } from '../shell/run-tool.ts'

/** Words that may stand at the cursor: programs, what a tool offers for its arguments, else names of files. */
export function completeAt(
  shell: Shell,
  tools: readonly Tool[],
  line: string,
  cursor: number,
): { start: number; words: string[] } {
  const before = line.slice(0, cursor)
  const command = before.slice(Math.max(...['|', ';', '&', '('].map((sign) => before.lastIndexOf(sign))) + 1)
  const words = command.trimStart().split(/\s+/)
  const typed = words[words.length - 1] ?? ''
  const start = cursor - typed.length
  const fits = (names: Iterable<string>): string[] =>
    [...new Set(names)].filter((name) => name.startsWith(typed)).sort()
  if (words.length <= 1) return { start, words: fits(shell.programNames()) }
  const { site, shell: state } = shell.site()
  const called = words[0] === 'sudo' ? words.slice(1) : words
  const name = called[0] === 'k' ? 'kubectl' : called[0]
  const tool = tools.find((t) => t.name === name || t.aliases?.includes(name ?? ''))
  const files = fileView(site.files, state.cwd)
  const offered = tool?.complete?.(called, {
    reader: shell.kernel.host.reader(),
    place: site.place,
    files,
    cwd: state.cwd,
  })
  if (offered && offered.length > 0) return { start, words: fits(offered) }
  const slash = typed.lastIndexOf('/') + 1
  const folder = typed.slice(0, slash)
  const names = files.list(folder === '' ? '.' : folder) ?? []
  return { start, words: fits(names.map((entry) => folder + entry)) }
}
