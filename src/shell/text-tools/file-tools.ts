import { civil } from '../../sim/clock.ts'
import { describe, nameOf, normalise, parentOf, type FileError, type FileStat, type Files } from '../files.ts'
import { matchesGlob } from '../glob.ts'
import { complain, type Process, type Program } from '../process.ts'
import { parseOptions } from './options.ts'

const at = (process: Process, name: string) => normalise(name, process.shell.cwd)
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export const ls: Program = {
  name: 'ls',
  summary: 'list a directory',
  run(process) {
    const options = parseOptions(process, {
      flags: 'lahA1dFRrtSpinsCx',
      long: { all: 'a', 'almost-all': 'A', directory: 'd', recursive: 'R', 'human-readable': 'h', color: 'C' },
    })
    if (!options) return 2
    const has = (flag: string) => options.flags.has(flag)
    const { files } = process.site
    let failed = false
    const single: string[] = []
    const dirs: string[] = []
    for (const name of options.args.length > 0 ? options.args : ['.']) {
      const stat = files.stat(at(process, name))
      if (!('ok' in stat)) {
        process.io.stderr.write(`ls: cannot access '${name}': ${describe(stat.error)}\n`)
        failed = true
      } else if (stat.ok.kind === 'dir' && !has('d')) dirs.push(name)
      else single.push(name)
    }
    const row = (name: string, path: string) => ({ name, stat: statOf(files, path) })
    const print = (rows: { name: string; stat: FileStat }[]) => {
      if (has('t')) rows.sort((a, b) => b.stat.modified - a.stat.modified)
      if (has('S')) rows.sort((a, b) => b.stat.size - a.stat.size)
      if (has('r')) rows.reverse()
      process.io.stdout.write(
        has('l') || has('n')
          ? longRows(rows, has('h'))
          : shortRows(rows, process.io.stdout.tty && !has('1'), has('F') || has('p')),
      )
    }
    if (single.length > 0) print(single.map((name) => row(name, at(process, name))))
    const queue = [...dirs]
    const headings = dirs.length + single.length > 1 || has('R') || failed
    for (let first = single.length === 0; queue.length > 0; first = false) {
      const dir = queue.shift()!
      const path = at(process, dir)
      const listed = files.list(path)
      if (!('ok' in listed)) {
        process.io.stderr.write(`ls: cannot open directory '${dir}': ${describe(listed.error)}\n`)
        failed = true
        continue
      }
      const names = listed.ok.filter((name) => has('a') || has('A') || !name.startsWith('.'))
      if (headings) process.io.stdout.write(`${first ? '' : '\n'}${dir}:\n`)
      const rows = names.map((name) => row(name, join(path, name)))
      if (has('a')) rows.unshift(row('.', path), row('..', parentOf(path)))
      if (has('l') || has('n'))
        process.io.stdout.write(`total ${rows.reduce((sum, r) => sum + Math.ceil(r.stat.size / 4096) * 4, 0)}\n`)
      print(rows)
      if (has('R'))
        queue.unshift(
          ...rows
            .filter((r) => r.stat.kind === 'dir' && r.name !== '.' && r.name !== '..')
            .map((r) => join(dir, r.name)),
        )
    }
    return failed ? 2 : 0
  },
}

function join(dir: string, name: string): string {
  return dir.endsWith('/') ? dir + name : `${dir}/${name}`
}

function statOf(files: Files, path: string): FileStat {
  const stat = files.stat(path)
  return 'ok' in stat ? stat.ok : { kind: 'file', size: 0, modified: 0 }
}

function longRows(rows: readonly { name: string; stat: FileStat }[], human: boolean): string {
  const size = (n: number) =>
    !human || n < 1024
      ? String(n)
      : n < 1_048_576
        ? `${(n / 1024).toFixed(n < 10_240 ? 1 : 0)}K`
        : `${(n / 1_048_576).toFixed(1)}M`
  const width = Math.max(0, ...rows.map((r) => size(r.stat.size).length))
  return rows
    .map(({ name, stat }) => {
      const c = civil(stat.modified)
      const when = `${MONTHS[c.month - 1]} ${String(c.day).padStart(2)} ${String(c.hour).padStart(2, '0')}:${String(c.minute).padStart(2, '0')}`
      const mode =
        stat.mode ?? (stat.kind === 'dir' ? 'drwxr-xr-x' : stat.kind === 'link' ? 'lrwxrwxrwx' : '-rw-r--r--')
      return `${mode} 1 root root ${size(stat.size).padStart(width)} ${when} ${name}${stat.target ? ` -> ${stat.target}` : ''}\n`
    })
    .join('')
}

/** Columns as GNU ls fills them: down first, as many columns as fit in 80. */
function shortRows(rows: readonly { name: string; stat: FileStat }[], columns: boolean, marks: boolean): string {
  const names = rows.map((r) => r.name + (marks && r.stat.kind === 'dir' ? '/' : ''))
  if (!columns || names.length === 0) return names.map((name) => `${name}\n`).join('')
  for (let perColumn = 1; perColumn <= names.length; perColumn++) {
    const count = Math.ceil(names.length / perColumn)
    const widths = Array.from(
      { length: count },
      (_, c) => Math.max(...names.slice(c * perColumn, (c + 1) * perColumn).map((name) => name.length)) + 2,
    )
    if (widths.reduce((a, b) => a + b, 0) - 2 > 80 && perColumn < names.length) continue
    let out = ''
    for (let r = 0; r < perColumn; r++) {
      const cells = widths.map((width, c) => (names[c * perColumn + r] ?? '').padEnd(width))
      out += `${cells.join('').trimEnd()}\n`
    }
    return out
  }
  return ''
}

export const mkdir: Program = {
  name: 'mkdir',
  summary: 'make directories',
  run(process) {
    const options = parseOptions(process, { flags: 'pv', values: 'm', long: { parents: 'p' } })
    if (!options) return 1
    let exit = 0
    for (const name of options.args) {
      const path = at(process, name)
      const error = options.flags.has('p') ? makeParents(process.site.files, path) : process.site.files.makeDir(path)
      if (error) {
        complain(process, `cannot create directory '${name}': ${describe(error)}`)
        exit = 1
      }
    }
    return exit
  },
}

function makeParents(files: Files, path: string): FileError | undefined {
  const stat = files.stat(path)
  if ('ok' in stat) return stat.ok.kind === 'dir' ? undefined : 'EEXIST'
  return makeParents(files, parentOf(path)) ?? files.makeDir(path)
}

export const rmdir: Program = {
  name: 'rmdir',
  summary: 'remove empty directories',
  run(process) {
    let exit = 0
    for (const name of process.argv.slice(1).filter((arg) => !arg.startsWith('-'))) {
      const stat = process.site.files.stat(at(process, name))
      const error = !('ok' in stat)
        ? stat.error
        : stat.ok.kind !== 'dir'
          ? 'ENOTDIR'
          : process.site.files.remove(at(process, name))
      if (error) {
        complain(process, `failed to remove '${name}': ${describe(error)}`)
        exit = 1
      }
    }
    return exit
  },
}

export const rm: Program = {
  name: 'rm',
  summary: 'remove files',
  run(process) {
    const argv = process.argv.filter((arg) => arg !== '--no-preserve-root')
    const options = parseOptions({ ...process, argv }, { flags: 'rRfivd', long: { recursive: 'r', force: 'f' } })
    if (!options) return 1
    const recursive = options.flags.has('r') || options.flags.has('R')
    let exit = 0
    if (options.args.length === 0 && !options.flags.has('f')) {
      complain(process, "missing operand\nTry 'rm --help' for more information.")
      return 1
    }
    for (const name of options.args) {
      const path = at(process, name)
      if (path === '/' && recursive) {
        if (argv.length === process.argv.length) {
          complain(
            process,
            "it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe",
          )
        } else complain(process, "'/' stays: the lab keeps what it runs on (the option was understood)")
        exit = 1
        continue
      }
      if (/^(\.|\.\.)$/.test(nameOf(name.replace(/\/+$/, '')))) {
        complain(process, `refusing to remove '.' or '..' directory: skipping '${name}'`)
        exit = 1
        continue
      }
      const stat = process.site.files.stat(path)
      if (!('ok' in stat)) {
        if (options.flags.has('f')) continue
        complain(process, `cannot remove '${name}': ${describe(stat.error)}`)
        exit = 1
      } else if (stat.ok.kind === 'dir' && !recursive) {
        complain(process, `cannot remove '${name}': Is a directory`)
        exit = 1
      } else if (!removeTree(process, path, name)) exit = 1
    }
    return exit
  },
}

function removeTree(process: Process, path: string, name: string): boolean {
  const { files } = process.site
  const stat = files.stat(path)
  let fine = true
  if ('ok' in stat && stat.ok.kind === 'dir') {
    const names = files.list(path)
    for (const child of 'ok' in names ? names.ok : [])
      fine = removeTree(process, join(path, child), join(name, child)) && fine
    if (!fine) return false
  }
  const error = files.remove(path)
  if (error) complain(process, `cannot remove '${name}': ${describe(error)}`)
  return !error
}

export const touch: Program = {
  name: 'touch',
  summary: 'make an empty file',
  run(process) {
    let exit = 0
    for (const name of process.argv.slice(1).filter((arg) => !arg.startsWith('-'))) {
      const path = at(process, name)
      const old = process.site.files.read(path)
      if ('error' in old && old.error === 'EISDIR') continue
      const error = process.site.files.write(path, 'ok' in old ? old.ok : '')
      if (error) {
        complain(process, `cannot touch '${name}': ${describe(error)}`)
        exit = 1
      }
    }
    return exit
  },
}

function copyTree(files: Files, from: string, to: string): FileError | undefined {
  const text = files.read(from)
  if ('ok' in text) return files.write(to, text.ok)
  if (text.error !== 'EISDIR') return text.error
  const made = files.makeDir(to)
  if (made && made !== 'EEXIST') return made
  const names = files.list(from)
  for (const name of 'ok' in names ? names.ok : []) {
    const error = copyTree(files, join(from, name), join(to, name))
    if (error) return error
  }
  return undefined
}

function copyOrMove(move: boolean): Program['run'] {
  return (process) => {
    const verb = move ? 'move' : 'copy'
    const options = parseOptions(process, {
      flags: 'rRafnvipTu',
      long: { recursive: 'r', force: 'f', archive: 'a', verbose: 'v' },
    })
    if (!options) return 1
    const { files } = process.site
    const targets = [...options.args]
    const to = targets.pop()
    if (to === undefined || targets.length === 0) {
      complain(
        process,
        `${to === undefined ? 'missing file operand' : `missing destination file operand after '${to}'`}\nTry '${process.argv[0]} --help' for more information.`,
      )
      return 1
    }
    const toStat = files.stat(at(process, to))
    const intoDir = 'ok' in toStat && toStat.ok.kind === 'dir'
    if (targets.length > 1 && !intoDir) {
      complain(process, `target '${to}' is not a directory`)
      return 1
    }
    let exit = 0
    for (const name of targets) {
      const from = at(process, name)
      const stat = files.stat(from)
      const target = intoDir ? join(at(process, to), nameOf(from)) : at(process, to)
      const fail = (text: string) => {
        complain(process, text)
        exit = 1
      }
      if (!('ok' in stat)) fail(`cannot stat '${name}': ${describe(stat.error)}`)
      else if (stat.ok.kind === 'dir' && !move && !['r', 'R', 'a'].some((flag) => options.flags.has(flag))) {
        complain(process, `-r not specified; omitting directory '${name}'`)
        exit = 1
      } else if (from === target) fail(`'${name}' and '${to}' are the same file`)
      else if (target.startsWith(`${from}/`)) fail(`cannot ${verb} '${name}' to a subdirectory of itself, '${to}'`)
      else {
        const error = copyTree(files, from, target)
        if (error)
          fail(`cannot ${move ? `move '${name}' to '${to}'` : `create regular file '${to}'`}: ${describe(error)}`)
        else if (move) removeTree(process, from, name)
      }
    }
    return exit
  }
}

export const cp: Program = { name: 'cp', summary: 'copy files', run: copyOrMove(false) }
export const mv: Program = { name: 'mv', summary: 'move files', run: copyOrMove(true) }

/** find: -name, -iname, -type, -maxdepth, -path; prints paths. */
export const find: Program = {
  name: 'find',
  summary: 'find files by name',
  run(process) {
    const args = process.argv.slice(1)
    const roots: string[] = []
    while (args[0] !== undefined && !args[0].startsWith('-')) roots.push(args.shift()!)
    const tests: ((path: string, stat: FileStat) => boolean)[] = []
    let maxDepth = 50
    while (args.length > 0) {
      const option = args.shift()!
      if (option === '-print') continue
      const value = args.shift()
      if (value === undefined) {
        complain(process, `missing argument to \`${option}'`)
        return 1
      }
      if (option === '-name') tests.push((path) => matchesGlob(value, nameOf(path)))
      else if (option === '-iname') tests.push((path) => matchesGlob(value.toLowerCase(), nameOf(path).toLowerCase()))
      else if (option === '-path') tests.push((path) => matchesGlob(value, path))
      else if (option === '-type') tests.push((_, stat) => ({ file: 'f', dir: 'd', link: 'l' })[stat.kind] === value)
      else if (option === '-maxdepth') maxDepth = Number(value)
      else {
        complain(process, `not simulated here: ${option}; -name, -iname, -path, -type and -maxdepth work`)
        return 1
      }
    }
    let exit = 0
    let count = 0
    const walk = (path: string, name: string, depth: number) => {
      const stat = process.site.files.stat(path)
      if (!('ok' in stat)) {
        process.io.stderr.write(`find: '${name}': ${describe(stat.error)}\n`)
        exit = 1
        return
      }
      if (++count > 20_000) return
      if (tests.every((test) => test(name, stat.ok))) process.io.stdout.write(`${name}\n`)
      if (stat.ok.kind !== 'dir' || depth >= maxDepth) return
      const names = process.site.files.list(path)
      for (const child of 'ok' in names ? names.ok : []) walk(join(path, child), join(name, child), depth + 1)
    }
    for (const root of roots.length > 0 ? roots : ['.']) walk(at(process, root), root, 0)
    return exit
  },
}
