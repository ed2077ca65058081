/** The programs that run in containers: how each starts, what a signal does to it, what it does when time has passed. */
import { MILLI, SECOND } from '../../sim/clock.ts'
import type { ConnectResult } from '../linux/net/result.ts'
import type { GrowRequest } from '../linux/oom.ts'
import type { ExitRequest } from '../linux/processes.ts'
import type { ListenRequest } from '../linux/listeners.ts'
import { readIn, normalize } from './container-files.ts'
import { baseName, programOf } from './entrypoint.ts'
import { imageNote, isMissing, lookUpImage, type KnownImage } from './known-image.ts'
import { netStep, startNet, type NetOutcome, type NetWork } from './network-tools.ts'
import type { Task } from './process-memory.ts'
import { runsLoneCommandInPlace } from './tools.ts'
import { SERVER_PROGRAMS, type ServerProgram } from './servers.ts'
import { environment, print, setState, setTask, taskOf, wakeAfter, type Session } from './session.ts'
import { entryOf, runCommand } from './shell/commands.ts'
import { compile } from './shell/program.ts'
import { finish, resume, runShell, type Host } from './shell/run.ts'
import { newShell, type ShellState } from './shell/state.ts'

type Start = { s: Session; id: number; argv: readonly string[]; env: Readonly<Record<string, string>>; cwd: string }
export type Program = {
  rss: number
  start(at: Start): void
  /** Undefined: the first process of a container ignores what it has no handler for; another process is ended by it. */
  signal?(s: Session, id: number, signal: string): void
  tick?(s: Session, id: number, what: string): void
  childEnded?(s: Session, id: number, child: number, code: number): void
  net?(s: Session, id: number, result: ConnectResult): void
}

export function knownImage(s: Session): KnownImage | undefined {
  const image = lookUpImage(s.container.image)
  return isMissing(image) ? undefined : image
}

/** A program by its words, as a new task. `parent` undefined: the container's first process, or an exec. */
export function startTask(
  s: Session,
  argv: readonly string[],
  more: Pick<Task, 'parent' | 'exec'> & { env?: Readonly<Record<string, string>>; cwd?: string },
): number {
  const id = s.nextTask++
  const name = programOf(knownImage(s), argv)
  const { env = environment(s.container), cwd = s.container.workingDir, ...links } = more
  setTask(s, { id, program: name, argv: [...argv], state: null, out: '', err: '', ...links })
  PROGRAMS[name]!.start({ s, id, argv, env, cwd })
  return id
}

/** A task ends: who waits for it goes on. With the first, the container ends. */
export function exitTask(s: Session, id: number, code: number): void {
  const task = taskOf(s, id)
  if (!task) return
  s.changed = true
  const descendants = new Set([id])
  for (const other of s.tasks)
    if (other.parent !== undefined && descendants.has(other.parent)) descendants.add(other.id)
  s.tasks = s.tasks.filter((t) => !descendants.has(t.id))
  if (task.exec) {
    const { execId, caller, ctx } = task.exec
    s.world.send(
      'oci.exec-result',
      caller,
      { execId, stdout: task.out, stderr: task.err, exitCode: code, ctx },
      { from: s.actor, delayMicros: 800 },
    )
  } else if (task.parent !== undefined) {
    const parent = taskOf(s, task.parent)
    if (parent) PROGRAMS[parent.program]?.childEnded?.(s, parent.id, id, code)
  } else if (id === 1) {
    s.ended = true
    const exit: ExitRequest = { pid: s.container.pid, code, containerId: s.container.id }
    s.world.because('IM1', { argv: task.argv, code })
    s.world.send('kernel.exit-group', s.kernel, exit, { from: s.actor, delayMicros: 30 })
  }
}

const host: Host = {
  spawn(s, argv, parent, sh) {
    const image = knownImage(s)
    const name = programOf(image, argv)
    if (name === 'unknown' && image?.entry) return undefined
    return startTask(s, argv, { parent, env: sh.vars, cwd: sh.cwd })
  },
  replace(s, id, argv) {
    const image = knownImage(s)
    const name = programOf(image, argv)
    if (name === 'unknown' && image?.entry) return false
    const task = taskOf(s, id)!
    const sh = task.state as ShellState
    setTask(s, { ...task, program: name, argv: [...argv], state: null })
    PROGRAMS[name]!.start({ s, id, argv, env: sh.vars, cwd: sh.cwd })
    return true
  },
  exit: exitTask,
  background(s, parent, sh) {
    const id = s.nextTask++
    setTask(s, { id, program: 'shell', argv: ['sh'], state: sh, out: '', err: '', parent })
    runShell(s, host, id)
    return id
  },
  running: (s, parent) => s.tasks.some((task) => task.parent === parent),
}

/** A wait for the network is started where the shell has asked for one; goes on until it waits for something else. */
function go(s: Session, id: number): void {
  for (let turns = 0; turns < 200; turns++) {
    runShell(s, host, id)
    const task = taskOf(s, id)
    const sh = task?.state as ShellState | null | undefined
    if (!task || sh?.wait?.for !== 'net' || sh.wait.work !== undefined) return
    const work = startNet(s, id, sh.wait.argv)
    if (!settle(s, id, work)) return
  }
}

/** Puts an outcome where the shell looks, or keeps the work. True: the shell can go on. */
function settle(s: Session, id: number, work: NetWork | NetOutcome): boolean {
  const sh = taskOf(s, id)!.state as ShellState
  if (!('status' in work)) {
    setState(s, id, { ...sh, wait: { ...sh.wait, for: 'net', work } })
    return false
  }
  const next = finish(s, host, id, { ...sh, wait: undefined }, [], work, 0)
  if (next) setState(s, id, resume({ ...next, wait: undefined }, work.status))
  return true
}

const shell: Program = {
  rss: 1_600_000,
  start({ s, id, argv, env, cwd }) {
    const words = argv.slice(1)
    while (words[0] !== undefined && /^-[^c]*$/.test(words[0])) words.shift()
    let code: string | undefined
    let params: string[] = [argv[0]!]
    if (words[0] !== undefined && /^-[a-z]*c[a-z]*$/.test(words[0])) {
      code = words[1] ?? ''
      if (words.length > 2) params = words.slice(2)
    } else if (words[0] !== undefined) {
      code = readIn(s, normalize(cwd, words[0]))
      params = words
      if (code === undefined) {
        print(s, id, 'stderr', `sh: can't open '${words[0]}': No such file or directory\n`)
        return exitTask(s, id, 2)
      }
    }
    const script = compile(code ?? '')
    if (script.error !== undefined) {
      print(s, id, 'stderr', `sh: ${script.error}\n`)
      return exitTask(s, id, 2)
    }
    // bash and dash run a lone command in their own place.
    const [only] = script.ops
    const lone =
      script.ops.length === 1 && only?.op === 'run' && only.redirects.length === 0 && runsLoneCommandInPlace(entryOf(s))
    setState(s, id, newShell({ code: lone ? `exec ${code}` : (code ?? ''), vars: env, params, cwd }))
    go(s, id)
  },
  signal: signalShell,
  tick(s, id) {
    const sh = taskOf(s, id)?.state as ShellState
    if (sh.wait?.for !== 'timer') return
    setState(s, id, resume(sh, sh.wait.status))
    go(s, id)
  },
  childEnded(s, id, child, code) {
    const sh = taskOf(s, id)?.state as ShellState
    if (sh.wait?.for === 'child' && sh.wait.task === child) setState(s, id, resume(sh, code))
    else if (sh.wait?.for === 'jobs' && !host.running(s, id)) setState(s, id, resume(sh, 0))
    else return
    go(s, id)
  },
  net(s, id, result) {
    const sh = taskOf(s, id)?.state as ShellState
    if (sh.wait?.for !== 'net' || !sh.wait.work) return
    if (settle(s, id, netStep(s, id, sh.wait.work, result))) go(s, id)
  },
}

/** A trap runs when the command in hand is over (POSIX 2.11); `wait` is interrupted by it. */
function signalShell(s: Session, id: number, signal: string): void {
  const sh = taskOf(s, id)!.state as ShellState | null
  if (!sh || sh.traps[signal] === undefined) return
  const pending = [...sh.pending, signal]
  if (sh.wait?.for === 'jobs') {
    setState(s, id, { ...resume(sh, 143), pending })
    go(s, id)
  } else setState(s, id, { ...sh, pending })
}

/** A lone command: `sleep 3600`, `tail -f /dev/null`, `curl ...`. The kernel drops its signals when it is first. */
const tool: Program = {
  ...shell,
  rss: 900_000,
  start({ s, id, argv, env, cwd }) {
    const sh = newShell({ words: argv, vars: env, params: [...argv], cwd })
    setState(s, id, sh)
    const next = finish(s, host, id, sh, argv, runCommand(s, sh, argv, undefined), 0)
    if (!next) return
    setState(s, id, next)
    go(s, id)
  },
}

function server(program: ServerProgram): Program {
  return {
    rss: program.rss,
    start({ s, id, argv }) {
      setState(s, id, { stage: 'starting' })
      wakeAfter(s, id, program.startMicros, 'listen')
      if (argv.length === 0) exitTask(s, id, 1)
    },
    tick(s, id, what) {
      const task = taskOf(s, id)!
      if (what === 'exit') return exitTask(s, id, program.stop?.codeOf?.(task.argv) ?? program.stop?.code ?? 0)
      const wrong = program.fails?.(s.world, s.container)
      if (wrong !== undefined) {
        print(s, id, 'stderr', wrong)
        return exitTask(s, id, 1)
      }
      print(s, id, 'stderr', program.hello(s.container, s.world.now, task.argv))
      setState(s, id, { stage: 'serving' })
      // Programs that are an actor of their own: the container is only their process.
      if (ACTORS.has(task.program))
        s.world.send(
          `${task.program}.start`,
          `${s.container.node}/${task.program}`,
          { pid: s.container.pid },
          { from: s.actor, delayMicros: 60 },
        )
      for (const { proto, port, ip = '0.0.0.0' } of program.ports(s.container, task.argv)) {
        const listen: ListenRequest = { pid: s.container.pid, containerId: s.container.id, proto, ip, port }
        s.world.send('kernel.listen', s.kernel, listen, { from: s.actor, delayMicros: 40 })
      }
      grow(s, program.rss)
    },
    ...(program.stop
      ? {
          signal(s: Session, id: number, signal: string) {
            if (
              !/^SIG(TERM|QUIT|INT|WINCH)$/.test(signal) ||
              (taskOf(s, id)!.state as { stage: string }).stage === 'stopping'
            )
              return
            setState(s, id, { stage: 'stopping' })
            print(s, id, 'stderr', program.stop!.says?.(signal, s.world.now) ?? '')
            wakeAfter(s, id, program.stop!.afterMicros, 'exit')
          },
        }
      : {}),
  }
}

const ACTORS: ReadonlySet<string> = new Set(['kube-proxy', 'coredns', 'metallb-controller', 'metallb-speaker'])

function grow(s: Session, rss: number): void {
  const request: GrowRequest = { pid: s.container.pid, rss, containerId: s.container.id }
  s.world.send('kernel.grow', s.kernel, request, { from: s.actor, delayMicros: 20 })
}

const number = (env: Readonly<Record<string, string>>, name: string, usual: number): number => {
  const value = Number(env[name])
  return env[name] === undefined || !Number.isFinite(value) ? usual : value
}

/** A script of the lab in place of a program. */
function script(text: string): Program {
  return {
    ...shell,
    start({ s, id, env, argv, cwd }) {
      setState(s, id, newShell({ code: text, vars: env, params: [...argv], cwd }))
      go(s, id)
    },
  }
}

/** Grows by steps until it has what it wants, or the kernel has had enough. */
const hog: Program = {
  rss: 4 << 20,
  start({ s, id, argv, env }) {
    const bytes = argv.includes('--vm-bytes') ? sizeOf(argv[argv.indexOf('--vm-bytes') + 1] ?? '256M') : Infinity
    const isStress = baseName(argv[0]!) === 'stress'
    if (isStress) {
      const vm = argv.includes('--vm') || argv.includes('-m')
      const cpu = argv.includes('--cpu') || argv.includes('-c') ? 1 : 0
      print(s, id, 'stdout', `stress: info: [1] dispatching hogs: ${cpu} cpu, 0 io, ${vm ? 1 : 0} vm, 0 hdd\n`)
      setState(s, id, { rss: 4 << 20, most: vm ? bytes : 4 << 20, step: bytes === Infinity ? 256 << 20 : bytes })
    } else {
      const most = env.MAX_MEGABYTES === undefined ? null : number(env, 'MAX_MEGABYTES', 0) * 1_048_576
      setState(s, id, { rss: 4 << 20, most, step: Math.max(1, number(env, 'MEGABYTES_PER_SECOND', 10)) * 1_048_576 })
    }
    wakeAfter(s, id, isStress ? 200 * MILLI : SECOND, 'grow')
  },
  tick(s, id) {
    const state = taskOf(s, id)!.state as { rss: number; most: number | null; step: number }
    const rss = Math.min(state.rss + state.step, state.most ?? Number.MAX_SAFE_INTEGER)
    if (rss === state.rss) return
    if (state.most === null) print(s, id, 'stdout', `holding ${Math.round(rss / 1_048_576)} MiB\n`)
    setState(s, id, { ...state, rss })
    grow(s, rss)
    if (rss < 8 * 1_073_741_824) wakeAfter(s, id, SECOND, 'grow')
  },
}

function sizeOf(text: string): number {
  const m = /^(\d+)([bkmg]?)/i.exec(text)
  const unit = { k: 1024, m: 1_048_576, g: 1_073_741_824 }[(m?.[2] ?? '').toLowerCase()] ?? 1
  return Number(m?.[1] ?? 0) * unit
}

const idle = (rss: number): Program => ({ rss, start: ({ s, id }) => setState(s, id, {}) })

export const PROGRAMS: Readonly<Record<string, Program>> = {
  shell,
  tool,
  crasher: script(
    'echo "ends with code ${EXIT_CODE:-1} in ${AFTER_SECONDS:-5} s"; sleep ${AFTER_SECONDS:-5}; echo "that is it" >&2; exit ${EXIT_CODE:-1}',
  ),
  client: script(
    'while true; do curl -sS --max-time ${TIMEOUT_SECONDS:-5} "${URL:-http://web/}"; sleep ${EVERY_SECONDS:-2}; done',
  ),
  'udp-sender': script(
    'while true; do echo sent; nc -u -w 1 -p ${SOURCE_PORT:-40000} "${HOST:-echo}" ${PORT:-5140}; sleep ${EVERY_SECONDS:-5}; done',
  ),
  'memory-hog': hog,
  stress: hog,
  'ignores-sigterm': {
    ...idle(1_600_000),
    start: ({ s, id }) => {
      print(s, id, 'stdout', 'ready; SIGTERM will not end me\n')
      setState(s, id, {})
    },
    signal: (s, id, signal) => print(s, id, 'stdout', `${signal}: heard, going on\n`),
  },
  /** An entrypoint that runs its arguments. */
  'exec-args': {
    ...shell,
    start({ s, id, argv, env, cwd }) {
      const words = argv.slice(1)
      const first = words[0] ?? 'sh'
      const line = first.startsWith('-') ? ['curl', ...words] : words
      const name = programOf(knownImage(s), line)
      setTask(s, { ...taskOf(s, id)!, program: name, argv: line })
      PROGRAMS[name]!.start({ s, id, argv: line, env, cwd })
    },
  },
  /** Runs, does nothing, and ends as most programs do when they are asked to. */
  unknown: {
    ...idle(20 << 20),
    start({ s, id, argv }) {
      const note = imageNote(s.container.image)
      print(
        s,
        id,
        'stdout',
        `nodeglass: ${note ?? `the lab does not know the program "${argv.join(' ')}"; it only sleeps (behaviour: unknown)`}\n`,
      )
      setState(s, id, {})
    },
    signal(s, id, signal) {
      if (signal === 'SIGTERM' || signal === 'SIGINT') wakeAfter(s, id, 10 * MILLI, 'exit')
    },
    tick: (s, id) => exitTask(s, id, 0),
  },
  pause: { ...idle(700_000), signal: (s, id) => exitTask(s, id, 0) },
  ...Object.fromEntries(Object.entries(SERVER_PROGRAMS).map(([name, program]) => [name, server(program)])),
}
