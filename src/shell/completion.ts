import { normalise } from './files.ts'
import { fileView } from './run-tool.ts'
import type { Session } from './session.ts'

export interface Completion {
  /** Where the word that is completed begins. */
  readonly start: number
  /** What may stand there, sorted, each once. */
  readonly words: readonly string[]
}

const SEPARATORS = /[|;&(]$|&&$|\|\|$/

/** Words that may stand at the cursor: programs, then what the tool's own descriptor says, else files. */
export function completeLine(session: Session, line: string, cursor: number): Completion {
  const before = line.slice(0, cursor)
  const words = wordsOf(before)
  const last = words.at(-1)!
  const start = cursor - last.length
  const { site, shell } = session.site()
  const sudo = words[0] === 'sudo' && words.length > 1 ? words.slice(1) : words
  let candidates: readonly string[]
  if (last.startsWith('$')) candidates = [...shell.vars.keys()].map((name) => `$${name}`)
  else if (sudo.length === 1 && !last.includes('/')) {
    const programs = session.kernel.programs().filter((p) => !p.places || p.places.includes(site.place.at)).map((p) => p.name) // prettier-ignore
    candidates = [
      ...programs,
      ...session
        .programNames()
        .filter((name) => session.kernel.findProgram(name, site.place) === undefined && /^[a-z]/.test(name)),
      ...shell.aliases.keys(),
    ]
  } else {
    const name = shell.aliases.get(sudo[0]!)?.split(' ')[0] ?? sudo[0]!
    const program = session.kernel.findProgram(name, site.place)
    const complete = program?.complete
    const reader = session.kernel.host.reader()
    const given = complete?.([name, ...sudo.slice(1)], {
      reader,
      place: site.place,
      files: fileView(site.files, shell.cwd),
      cwd: shell.cwd,
    })
    candidates = given ?? []
    // A tool that has no word to offer still may take a file.
    if (!given || (given.length === 0 && !last.startsWith('-'))) candidates = filesAt(session, last)
  }
  const fitting = [...new Set(candidates.filter((word) => word.startsWith(last) && word !== ''))].sort((a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  )
  return { start, words: fitting }
}

/** The words of the command that the cursor is in; the last one may be empty or unfinished. */
function wordsOf(text: string): string[] {
  let words: string[] = []
  let current = ''
  let quote = ''
  for (const c of text) {
    if (quote) {
      current += c
      if (c === quote) quote = ''
    } else if (c === '"' || c === "'") {
      quote = c
      current += c
    } else if (c === ' ' || c === '\t') {
      if (current !== '') words.push(current)
      current = ''
    } else if ('|;&('.includes(c)) {
      words = []
      current = ''
    } else current += c
  }
  if (words[0] !== undefined && SEPARATORS.test(words[0])) words = words.slice(1)
  return [...words, current]
}

function filesAt(session: Session, word: string): string[] {
  const { site, shell } = session.site()
  const slash = word.lastIndexOf('/')
  const typed = slash < 0 ? '' : word.slice(0, slash + 1)
  const dir = normalise(typed.startsWith('~/') ? typed.replace('~', site.home) : typed === '' ? '.' : typed, shell.cwd)
  const names = site.files.list(dir)
  if (!('ok' in names)) return []
  const hidden = word.slice(slash + 1).startsWith('.')
  return names.ok
    .filter((name) => hidden || !name.startsWith('.'))
    .map((name) => {
      const stat = site.files.stat(dir === '/' ? `/${name}` : `${dir}/${name}`)
      return `${typed}${name}${'ok' in stat && stat.ok.kind === 'dir' ? '/' : ''}`
    })
}
