/** The shell of the containers, second half: runs operations until one has to wait, and goes on when that is over. */
import { DELETED, normalize, readIn } from '../container-files.ts'
import { print, setTask, taskOf, wakeAfter, writeFile, type Session } from '../session.ts'
import { runCommand, type CommandResult } from './commands.ts'
import { expandJoined, expandWords } from './expand.ts'
import { compile, type Op, type Redirect } from './program.ts'
import type { FileTarget, ShellState, Sink } from './state.ts'

/** Operations in one turn; a loop that never sleeps goes on after a pause, so that a run cannot hang. */
const TURN = 300
const TURN_PAUSE = 100_000

/** What the shell asks of the programs of the container: defined in `programs.ts`, given to it at the call. */
export type Host = {
  /** Starts a program that the shell waits for (or not) and returns its task; undefined: not a program. */
  spawn(s: Session, argv: readonly string[], parent: number, sh: ShellState): number | undefined
  /** The shell's process becomes that program. False: not a program. */
  replace(s: Session, task: number, argv: readonly string[]): boolean
  exit(s: Session, task: number, code: number): void
  background(s: Session, parent: number, sh: ShellState): number
  running(s: Session, parent: number): boolean
}

const opsOf = (sh: ShellState): readonly Op[] => (sh.code === undefined ? [] : compile(sh.code).ops)

export function runShell(s: Session, host: Host, id: number): void {
  const task = taskOf(s, id)
  if (!task) return
  let sh = task.state as ShellState
  const save = () => {
    const now = taskOf(s, id)
    if (now) setTask(s, { ...now, state: sh })
  }
  for (let steps = 0; ; steps++) {
    if (sh.wait) return save()
    if (steps >= TURN) {
      sh = { ...sh, wait: { for: 'timer', timer: wakeAfter(s, id, TURN_PAUSE, 'turn'), status: sh.status } }
      return save()
    }
    const signal = sh.pending[0]
    if (signal !== undefined) {
      sh = { ...sh, pending: sh.pending.slice(1) }
      const code = sh.traps[signal]
      if (code)
        sh = { ...sh, frames: [...sh.frames, { code: sh.code ?? '', at: sh.at, status: sh.status }], code, at: 0 }
      continue
    }
    const ops = opsOf(sh)
    if (sh.at >= ops.length || sh.at === sh.stopAt) {
      const frame = sh.frames.at(-1)
      if (frame) {
        sh = { ...sh, frames: sh.frames.slice(0, -1), code: frame.code, at: frame.at, status: frame.status }
        continue
      }
      if (sh.traps.EXIT) {
        const { EXIT, ...traps } = sh.traps
        sh = { ...sh, traps, frames: [{ code: sh.code ?? '', at: sh.at, status: sh.status }], code: EXIT, at: 0 }
        continue
      }
      save()
      return host.exit(s, id, sh.status)
    }
    const op = ops[sh.at]!
    if (op.op === 'run') {
      const next = runSimple(s, host, id, { ...sh, at: sh.at + 1 }, op)
      if (!next) return
      sh = next
      continue
    }
    if (op.op === 'background') {
      const child = host.background(s, id, {
        ...sh,
        at: sh.at + 1,
        stopAt: sh.at + 1 + op.by,
        wait: undefined,
        traps: {},
        pending: [],
        frames: [],
      })
      sh = { ...sh, at: sh.at + 1 + op.by, status: 0, vars: { ...sh.vars, '!': String(child + 100) } }
      continue
    }
    sh = step(s, sh, op)
  }
}

function step(s: Session, sh: ShellState, op: Exclude<Op, { op: 'run' | 'background' }>): ShellState {
  const next = { ...sh, at: sh.at + 1 }
  switch (op.op) {
    case 'jump':
      return { ...sh, at: sh.at + op.by }
    case 'branch':
      return (sh.status === 0) === op.ok ? { ...sh, at: sh.at + op.by } : next
    case 'not':
      return { ...next, status: sh.status === 0 ? 1 : 0 }
    case 'status':
      return { ...next, status: op.to }
    case 'capture':
      return { ...next, sinks: [...sh.sinks, { capture: '' }] }
    case 'feed': {
      const stdin = op.first ? sh.stdin : sh.stdin.slice(0, -1)
      return { ...next, sinks: sh.sinks.slice(0, -1), stdin: [...stdin, captured(sh)] }
    }
    case 'unfeed':
      return { ...next, stdin: sh.stdin.slice(0, -1) }
    case 'slot':
      return { ...next, sinks: sh.sinks.slice(0, -1), slots: { ...sh.slots, [op.slot]: captured(sh) } }
    case 'for':
      return { ...next, loops: [...sh.loops, { name: op.name, items: expandWords(sh, op.words), next: 0 }] }
    case 'next': {
      const loop = sh.loops.at(-1)!
      if (loop.next >= loop.items.length) return { ...sh, at: sh.at + op.by, status: 0 }
      return {
        ...next,
        vars: { ...sh.vars, [loop.name]: loop.items[loop.next]! },
        loops: [...sh.loops.slice(0, -1), { ...loop, next: loop.next + 1 }],
      }
    }
    case 'endfor':
      return { ...next, loops: sh.loops.slice(0, -1) }
    case 'redirect':
      return { ...next, sinks: [...sh.sinks, sinkOf(s, sh, op.redirects)] }
    case 'unredirect':
      return { ...next, sinks: sh.sinks.slice(0, -1) }
  }
}

function captured(sh: ShellState): string {
  const top = sh.sinks.at(-1)
  return top && 'capture' in top ? top.capture : ''
}

/** Where redirections lead; a `>` empties its file at once. */
function sinkOf(s: Session, sh: ShellState, redirects: readonly Redirect[]): Sink {
  const sink: { out?: FileTarget; err?: FileTarget } = {}
  for (const { fd, append, to } of redirects) {
    if (fd === 0) continue
    if ('fd' in to) {
      const target: FileTarget = to.fd === 1 ? (sink.out ?? { fd: 1 }) : (sink.err ?? { fd: 2 })
      if (fd === 1) sink.out = target
      else sink.err = target
      continue
    }
    const path = normalize(sh.cwd, expandJoined(sh, to))
    if (!append && !path.startsWith('/dev/') && !path.startsWith('/proc/')) writeFile(s, path, '')
    const target: FileTarget = OUTSIDE[path] ?? { path }
    if (fd === 1 || fd === 12) sink.out = target
    if (fd === 2 || fd === 12) sink.err = target
  }
  return sink
}

const OUTSIDE: Readonly<Record<string, FileTarget>> = {
  '/dev/stdout': { fd: 1 },
  '/dev/stderr': { fd: 2 },
  '/proc/1/fd/1': { fd: 1 },
  '/proc/1/fd/2': { fd: 2 },
  '/proc/self/fd/1': { fd: 1 },
}

/** Sends text through the sinks, from the innermost outward. */
export function emit(s: Session, id: number, sh: ShellState, fd: 1 | 2, text: string): ShellState {
  if (text === '') return sh
  let stream = fd
  for (let i = sh.sinks.length - 1; i >= 0; i--) {
    const sink = sh.sinks[i]!
    if ('capture' in sink) {
      if (stream === 2) continue
      const sinks = [...sh.sinks]
      sinks[i] = { capture: (sink.capture + text).slice(0, 64_000) }
      return { ...sh, sinks }
    }
    const target = stream === 1 ? sink.out : sink.err
    if (!target) continue
    if ('path' in target) {
      if (target.path === '/dev/null') return sh
      const before = readIn(s, target.path)
      writeFile(s, target.path, (before === undefined || before === DELETED ? '' : before) + text)
      return sh
    }
    stream = target.fd
  }
  print(s, id, stream === 1 ? 'stdout' : 'stderr', text)
  return sh
}

/** Undefined: the shell's process is no longer a shell, or has ended. */
function runSimple(
  s: Session,
  host: Host,
  id: number,
  sh: ShellState,
  op: Extract<Op, { op: 'run' }>,
): ShellState | undefined {
  const words = expandWords(sh, op.words)
  const assigned: Record<string, string> = {}
  for (const { name, word } of op.assigns)
    assigned[name] = expandJoined({ ...sh, vars: { ...sh.vars, ...assigned } }, word)
  if (words.length === 0) {
    if (op.redirects.length > 0) sinkOf(s, sh, op.redirects)
    return { ...sh, status: 0, vars: { ...sh.vars, ...assigned } }
  }
  let own = { ...sh, sinks: [...sh.sinks] }
  if (op.redirects.length > 0) own = { ...own, sinks: [...own.sinks, sinkOf(s, sh, op.redirects)] }
  const input = op.redirects.find((r) => r.fd === 0)
  const stdin =
    input && !('fd' in input.to) ? (readIn(s, normalize(sh.cwd, expandJoined(sh, input.to))) ?? '') : sh.stdin.at(-1)
  const vars = { ...sh.vars, ...assigned }
  const result = runCommand(s, { ...own, vars }, words, stdin)
  return finish(s, host, id, own, words, result, op.redirects.length > 0 ? 1 : 0)
}

/** Applies what a command did; `extra` sinks are its own redirections. */
export function finish(
  s: Session,
  host: Host,
  id: number,
  sh: ShellState,
  words: readonly string[],
  result: CommandResult,
  extra: number,
): ShellState | undefined {
  let next = emit(s, id, sh, 1, result.out ?? '')
  next = emit(s, id, next, 2, result.err ?? '')
  const bare = (): ShellState => ({ ...next, sinks: next.sinks.slice(0, next.sinks.length - extra) })
  if (result.exit !== undefined) {
    const ended: ShellState = { ...bare(), status: result.exit, at: 1_000_000_000, frames: [], stopAt: undefined }
    return ended
  }
  if (result.change) next = { ...next, ...result.change }
  if (result.program) {
    const argv = words[0] === 'exec' ? words.slice(1) : result.program
    if (result.replace) {
      setTask(s, { ...taskOf(s, id)!, state: next })
      if (host.replace(s, id, argv)) return undefined
    } else {
      const child = host.spawn(s, argv, id, next)
      if (child !== undefined) return { ...next, wait: { for: 'child', task: child }, waitSinks: extra }
    }
    next = emit(s, id, next, 2, `sh: ${argv[0]}: not found\n`)
    return { ...bare(), status: 127 }
  }
  if (result.sleepMicros !== undefined) {
    const timer = wakeAfter(s, id, result.sleepMicros, 'sleep')
    return { ...next, wait: { for: 'timer', timer, status: result.status ?? 0 }, waitSinks: extra }
  }
  if (result.forever) return { ...next, wait: { for: 'ever' }, waitSinks: extra }
  if (result.waitJobs) {
    if (host.running(s, id)) return { ...next, wait: { for: 'jobs' }, waitSinks: extra }
    return { ...bare(), status: 0 }
  }
  if (result.net) return { ...next, wait: { for: 'net', argv: words }, waitSinks: extra }
  return { ...bare(), status: result.status ?? 0 }
}

/** The wait is over. */
export function resume(sh: ShellState, status: number): ShellState {
  const { wait: _over, waitSinks = 0, ...rest } = sh
  return { ...rest, status, sinks: sh.sinks.slice(0, sh.sinks.length - waitSinks) }
}
