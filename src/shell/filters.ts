import { describe, normalise } from './files.ts'
import { complain, type Filters, type Process, type Program } from './process.ts'
import { readAll } from './streams.ts'

/** Text tools that need their whole input, and their one-line summaries. They come from just-bash, loaded when first used. */
const NAMES: Readonly<Record<string, string>> = {
  sed: 'edit a stream of text',
  awk: 'fields and patterns',
  jq: 'query JSON',
  sort: 'sort lines',
  uniq: 'drop repeated lines',
  cut: 'columns of each line',
  tr: 'translate characters',
  column: 'align columns',
  diff: 'compare files',
  comm: 'compare sorted files',
  paste: 'join lines',
  join: 'join files on a field',
  tac: 'lines in reverse order',
  rev: 'characters in reverse order',
  nl: 'number lines',
  fold: 'wrap lines',
  expand: 'tabs to blanks',
  unexpand: 'blanks to tabs',
  od: 'dump bytes',
  md5sum: 'MD5 of files',
  sha256sum: 'SHA-256 of files',
  sha1sum: 'SHA-1 of files',
  strings: 'printable text',
  expr: 'evaluate an expression',
}

/** Those that read standard input only when no file is named, and how many words come before the file names. */
const READS_NOTHING = new Set(['expr'])

export const filterPrograms: readonly Program[] = Object.entries(NAMES).map(([name, summary]) => ({
  name,
  summary,
  run: (process) => runFilter(process, process.argv),
}))

async function runFilter(process: Process, argv: readonly string[]): Promise<number> {
  const { kernel, site, shell, io } = process
  if (!kernel.host.loadFilters) {
    complain(process, 'not available: the text tools are not loaded in this session')
    return 127
  }
  const files: Record<string, string> = {}
  for (const arg of argv.slice(1)) {
    const name = arg.startsWith('-') && arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : arg
    if (name === '' || name.length > 400 || name.includes('\n')) continue
    const path = normalise(name, shell.cwd)
    const text = site.files.read(path)
    if ('ok' in text) files[path] = text.ok
  }
  const hasFiles = Object.keys(files).length > 0 && !argv.includes('-')
  const stdin =
    READS_NOTHING.has(argv[0]!) || (io.stdin.tty && hasFiles)
      ? ''
      : hasFiles && !needsInput(argv)
        ? ''
        : await readAll(io.stdin, process.group)
  const filters = await kernel.host.loadFilters()
  const result = await filters.run({ argv, stdin, files, cwd: shell.cwd, env: process.env })
  io.stdout.write(result.out)
  io.stderr.write(result.err)
  for (const [path, text] of Object.entries(result.files)) {
    if (files[path] === text) continue
    const error = site.files.write(path, text)
    if (error) complain(process, `${path}: ${describe(error)}`)
  }
  return result.exit
}

/** `sed -f script`, `awk -f prog`, `jq -f` name a program file, not an input. */
function needsInput(argv: readonly string[]): boolean {
  const at = argv.findIndex((arg) => arg === '-f' || arg === '--from-file')
  return at > 0 && argv.length <= at + 2
}

export const pythonJsonTool: Program = {
  name: 'python3',
  summary: 'python3 -m json.tool only: indent JSON',
  async run(process) {
    if (process.argv[1] !== '-m' || process.argv[2] !== 'json.tool') {
      process.io.stderr.write('not simulated here: python3; python3 -m json.tool works, and so does jq\n')
      return 127
    }
    const named = process.argv.slice(3).find((arg) => !arg.startsWith('-'))
    let text: string
    if (named !== undefined) {
      const file = process.site.files.read(normalise(named, process.shell.cwd))
      if (!('ok' in file)) {
        process.io.stderr.write(
          `python3 -m json.tool: error: argument infile: can't open '${named}': [Errno 2] No such file or directory: '${named}'\n`,
        )
        return 2
      }
      text = file.ok
    } else text = await readAll(process.io.stdin, process.group)
    try {
      process.io.stdout.write(`${JSON.stringify(JSON.parse(text), null, 4)}\n`)
      return 0
    } catch {
      const empty = text.trim() === ''
      process.io.stderr.write(
        `${empty || /^[^[{"\d-]/.test(text.trim()) ? 'Expecting value: line 1 column 1 (char 0)' : 'Expecting property name or value: the input is not JSON'}\n`,
      )
      return 1
    }
  },
}

/** The part of just-bash that is used, so that pure code names no bundle. */
interface JustBash {
  Bash: new (options: {
    files: Record<string, string>
    cwd: string
    env: Record<string, string>
    executionLimits: Record<string, number>
  }) => {
    exec(
      line: string,
      options: { args: string[]; stdin: string; cwd: string },
    ): Promise<{ stdout: string; stderr: string; exitCode: number }>
    readFile(path: string): Promise<string>
    readonly fs: { exists(path: string): Promise<boolean> }
  }
}

/** Wraps the module that the host loaded with `import('just-bash/browser')`. */
export function createFilters(module: JustBash): Filters {
  return {
    names: Object.keys(NAMES),
    async run({ argv, stdin, files, cwd, env }) {
      const bash = new module.Bash({
        files: { ...files, [`${cwd === '/' ? '' : cwd}/.keep`]: '' },
        cwd,
        env: { ...env, LC_ALL: 'C' },
        executionLimits: { maxCommandCount: 1000, maxLoopIterations: 200_000 },
      })
      const result = await bash.exec(argv[0]!, { args: argv.slice(1), stdin, cwd })
      const after: Record<string, string> = {}
      const candidates = new Set([
        ...Object.keys(files),
        ...argv
          .slice(1)
          .filter((arg) => !/[\n\s]/.test(arg) && arg !== '' && !arg.startsWith('-'))
          .map((arg) => normalise(arg, cwd)),
      ])
      for (const path of candidates) {
        if (await bash.fs.exists(path)) {
          try {
            after[path] = await bash.readFile(path)
          } catch {
            // A directory.
          }
        }
      }
      return { out: result.stdout, err: result.stderr, exit: result.exitCode, files: after }
    },
  }
}
