/** Commands that read and write the files of a container. */
import { DELETED, DIRECTORY, listIn, normalize, readIn, visibleFiles } from '../container-files.ts'
import { writeFile, type Session } from '../session.ts'
import type { Command, CommandCall } from './commands.ts'
import type { ShellState } from './state.ts'

const operands = (argv: readonly string[]): string[] => argv.slice(1).filter((w) => !w.startsWith('-') || w === '-')
const flags = (argv: readonly string[]): string =>
  argv
    .slice(1)
    .filter((w) => /^-[A-Za-z0-9]/.test(w))
    .join('')

function isDirectory(s: Session, path: string): boolean {
  if (s.files[path] === DIRECTORY || listIn(s.files, path) !== undefined) return true
  return s.container.mounts.some((m) => m.containerPath === path)
}

const exists = (s: Session, path: string): boolean => {
  const text = readIn(s, path)
  return (text !== undefined && text !== DELETED) || isDirectory(s, path)
}

/** `test -f PATH` and the like; for strings -z and -n. */
function probe(s: Session, sh: ShellState, op: string, word: string): boolean | string {
  if (op === '-z') return word === ''
  if (op === '-n') return word !== ''
  const path = normalize(sh.cwd, word)
  const text = readIn(s, path)
  switch (op) {
    case '-e':
    case '-r':
    case '-w':
    case '-x':
      return exists(s, path)
    case '-f':
      return text !== undefined && text !== DIRECTORY
    case '-d':
      return isDirectory(s, path)
    case '-s':
      return text !== undefined && text !== DIRECTORY && text.length > 0
    default:
      return `${op}: unknown operand`
  }
}

/** Text of the named files, or of the input; the errors of those that are not there. */
export function inputs(
  { argv, s, sh, stdin }: CommandCall,
  names: readonly string[],
): { texts: string[]; err: string } {
  if (names.length === 0) return { texts: [stdin ?? ''], err: '' }
  const texts: string[] = []
  let err = ''
  for (const name of names) {
    const path = normalize(sh.cwd, name)
    const text = name === '-' ? (stdin ?? '') : readIn(s, path)
    if (text === undefined)
      err += isDirectory(s, path)
        ? `${argv[0]}: read error: Is a directory\n`
        : `${argv[0]}: can't open '${name}': No such file or directory\n`
    else if (text === DIRECTORY) err += `${argv[0]}: read error: Is a directory\n`
    else texts.push(text)
  }
  return { texts, err }
}

const cat: Command = (call) => {
  const { texts, err } = inputs(call, operands(call.argv))
  return { out: texts.join(''), err, status: err === '' ? 0 : 1 }
}

const touch: Command = ({ s, sh, argv }) => {
  let err = ''
  for (const name of operands(argv)) {
    const path = normalize(sh.cwd, name)
    const parent = path.slice(0, path.lastIndexOf('/')) || '/'
    if (readIn(s, path) !== undefined) continue
    if (isReadOnly(s, path)) err += `touch: ${name}: Read-only file system\n`
    else if (!isDirectory(s, parent) && !STANDARD_PARENT.test(parent))
      err += `touch: ${name}: No such file or directory\n`
    else writeFile(s, path, '')
  }
  return { err, status: err === '' ? 0 : 1 }
}

/** Directories that images bring beyond those that the lab lists. */
const STANDARD_PARENT =
  /^\/(bin|dev|etc|home|lib|media|mnt|opt|root|run|sbin|srv|sys|tmp|usr|var)(\/(lib|log|run|cache|local|share|tmp|bin|spool|www|nginx|html|data)(\/[\w.-]+){0,2})?$/

const isReadOnly = (s: Session, path: string): boolean =>
  s.container.mounts.some((m) => m.readonly && (path === m.containerPath || path.startsWith(`${m.containerPath}/`)))

const rm: Command = ({ s, sh, argv }) => {
  const recursive = /[rR]/.test(flags(argv))
  const force = flags(argv).includes('f')
  let err = ''
  for (const name of operands(argv)) {
    const path = normalize(sh.cwd, name)
    if (recursive)
      for (const file of Object.keys(s.files)) if (file.startsWith(`${path}/`)) writeFile(s, file, undefined)
    if (readIn(s, path) !== undefined) {
      writeFile(s, path, undefined)
      // A file of the image: say that it is gone.
      if (readIn(s, path) !== undefined) writeFile(s, path, DELETED)
    } else if (!force) err += `rm: can't remove '${name}': No such file or directory\n`
  }
  return { err, status: err === '' ? 0 : 1 }
}

const mkdir: Command = ({ s, sh, argv }) => {
  let err = ''
  for (const name of operands(argv)) {
    const path = normalize(sh.cwd, name)
    if (exists(s, path)) {
      if (!flags(argv).includes('p')) err += `mkdir: can't create directory '${name}': File exists\n`
    } else writeFile(s, path, DIRECTORY)
  }
  return { err, status: err === '' ? 0 : 1 }
}

const ls: Command = ({ s, sh, argv }) => {
  const names = operands(argv)
  const files = { ...visibleFiles(s.world, s.container), ...s.files }
  let out = ''
  let err = ''
  for (const name of names.length > 0 ? names : ['.']) {
    const path = normalize(sh.cwd, name)
    const list = listIn(files, path)
    const text = readIn(s, path)
    if (list) out += list.map((n) => `${n}\n`).join('')
    else if (text !== undefined && text !== DIRECTORY) out += `${name}\n`
    else if (!isDirectory(s, path)) err += `ls: ${name}: No such file or directory\n`
  }
  return { out, err, status: err === '' ? 0 : 1 }
}

const copy: Command = ({ s, sh, argv }) => {
  const names = operands(argv)
  const to = names.pop() ?? ''
  let err = ''
  for (const name of names) {
    const from = normalize(sh.cwd, name)
    const text = readIn(s, from)
    if (text === undefined) {
      err += `${argv[0]}: can't stat '${name}': No such file or directory\n`
      continue
    }
    const target = normalize(sh.cwd, to)
    writeFile(s, isDirectory(s, target) ? `${target}/${from.slice(from.lastIndexOf('/') + 1)}` : target, text)
    if (argv[0] === 'mv') writeFile(s, from, undefined)
  }
  return { err, status: err === '' ? 0 : 1 }
}

const tee: Command = ({ s, sh, argv, stdin }) => {
  for (const name of operands(argv)) {
    const path = normalize(sh.cwd, name)
    writeFile(s, path, (flags(argv).includes('a') ? (readIn(s, path) ?? '') : '') + (stdin ?? ''))
  }
  return { out: stdin ?? '' }
}

/** Only the size counts: `if=/dev/zero of=FILE bs=1M count=5` writes a mark of how much. */
const dd: Command = ({ s, sh, argv }) => {
  const value = (key: string) => argv.find((w) => w.startsWith(`${key}=`))?.slice(key.length + 1)
  const of = value('of')
  const unit = { K: 1024, M: 1_048_576, G: 1_073_741_824 }
  const bs = /^(\d+)([KMG]?)$/.exec(value('bs') ?? '512')
  const count = Number(value('count') ?? 0)
  const bytes = (bs ? Number(bs[1]) * (unit[bs[2] as 'K' | 'M' | 'G'] ?? 1) : 512) * count
  if (of !== undefined && of !== '/dev/null') writeFile(s, normalize(sh.cwd, of), `${bytes} bytes\n`)
  return { err: `${count}+0 records in\n${count}+0 records out\n${bytes} bytes copied\n` }
}

export const FILE_COMMANDS = {
  probe,
  commands: {
    cat,
    touch,
    rm,
    mkdir,
    ls,
    cp: copy,
    mv: copy,
    tee,
    dd,
    chmod: () => ({ status: 0 }),
    chown: () => ({ status: 0 }),
    ln: () => ({ status: 0 }),
    stat: ({ s, sh, argv }: CommandCall) => {
      const name = operands(argv)[0] ?? ''
      return exists(s, normalize(sh.cwd, name))
        ? { out: `  File: ${name}\n` }
        : { err: `stat: can't stat '${name}': No such file or directory\n`, status: 1 }
    },
  } satisfies Record<string, Command>,
}
