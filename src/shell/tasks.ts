import type { Micros } from '../sim/contract.ts'

/**
 * The shell's processes, kept apart from any clock. A task runs until it blocks: on a stream, on another task, or on
 * model time. When nothing runs any more the session is quiet, and only then may the host move the model. So a run is
 * the same in a worker, in Node and in a lesson check, whatever the speed of the machine under it.
 */

export type Signal = 'INT' | 'TERM' | 'KILL' | 'HUP' | 'PIPE'

const SIGNAL_NUMBERS: Record<Signal, number> = { HUP: 1, INT: 2, KILL: 9, PIPE: 13, TERM: 15 }

/** Thrown inside a task at the place where it blocked or wrote. */
export class Killed extends Error {
  readonly signal: Signal
  constructor(signal: Signal) {
    super(`killed by SIG${signal}`)
    this.signal = signal
  }
}

export function exitOf(signal: Signal): number {
  return 128 + SIGNAL_NUMBERS[signal]
}

/** What a task waits for in the model: a deadline, a change in one of some tables, or whichever comes first. */
export interface ModelWait {
  /** Somebody asked time to go ahead: what happens on the way needs no moment of its own. */
  readonly hurry?: true
  readonly until?: Micros
  readonly tables?: readonly string[]
  /** Nothing in the model: let the host look at its own queue (Ctrl-C) and come back at once. */
  readonly breath?: true
}

/** A process group: what a signal reaches. Children get the signal too. */
export interface Group {
  readonly parent: Group | undefined
  killed: Signal | undefined
  readonly children: Set<Group>
  readonly blocked: Set<(reason: Killed) => void>
}

interface Waiter {
  readonly wait: ModelWait
  readonly wake: () => void
}

export interface Tasks {
  group(parent?: Group): Group
  /** Ends a group when its work is done, so that its parent forgets it. */
  close(group: Group): void
  kill(group: Group, signal: Signal): void
  /** Runs beside the caller. The promise never rejects. */
  spawn(run: () => Promise<void>): void
  /** Spawned and not ended yet. */
  alive(): number
  block<V>(group: Group, register: (wake: (value: V) => void) => (() => void) | undefined): Promise<V>
  waitForModel(group: Group, wait: ModelWait): Promise<void>
  /** Everything that is waited for in the model right now. */
  waits(): readonly ModelWait[]
  /** Wakes the tasks whose wait came true. `changed`: tables written since the last call, or 'any'. */
  wake(now: Micros, changed: ReadonlySet<string> | 'any'): void
  /** Resolves when no task can go on by itself. */
  quiet(): Promise<void>
  isQuiet(): boolean
}

export function createTasks(onError: (error: unknown) => void): Tasks {
  let running = 0
  let alive = 0
  const quietListeners: (() => void)[] = []
  const waiters = new Set<Waiter>()

  const settleQuiet = () => {
    if (running > 0) return
    for (const listener of quietListeners.splice(0)) listener()
  }

  const tasks: Tasks = {
    group(parent) {
      const group: Group = { parent, killed: parent?.killed, children: new Set(), blocked: new Set() }
      parent?.children.add(group)
      return group
    },
    close(group) {
      group.parent?.children.delete(group)
    },
    kill(group, signal) {
      group.killed ??= signal
      for (const child of [...group.children]) tasks.kill(child, signal)
      for (const reject of [...group.blocked]) reject(new Killed(signal))
    },
    alive: () => alive,
    spawn(run) {
      running++
      alive++
      run()
        .catch(onError)
        .finally(() => {
          running--
          alive--
          settleQuiet()
        })
    },
    block(group, register) {
      if (group.killed) return Promise.reject(new Killed(group.killed))
      return new Promise((resolve, reject) => {
        let open = true
        let unregister: (() => void) | undefined
        const close = () => {
          open = false
          group.blocked.delete(kill)
          unregister?.()
          running++
        }
        const kill = (reason: Killed) => {
          if (!open) return
          close()
          reject(reason)
        }
        running--
        group.blocked.add(kill)
        const stop = register((value) => {
          if (!open) return
          close()
          resolve(value)
        })
        if (open) {
          unregister = stop
          settleQuiet()
        } else stop?.()
      })
    },
    waitForModel(group, wait) {
      return tasks.block<void>(group, (wake) => {
        const waiter = { wait, wake }
        waiters.add(waiter)
        return () => waiters.delete(waiter)
      })
    },
    waits: () => [...waiters].map((waiter) => waiter.wait),
    wake(now, changed) {
      for (const waiter of [...waiters]) if (cameTrue(waiter.wait, now, changed)) waiter.wake()
    },
    quiet: () => (running > 0 ? new Promise((resolve) => quietListeners.push(resolve)) : Promise.resolve()),
    isQuiet: () => running === 0,
  }
  return tasks
}

export function cameTrue(wait: ModelWait, now: Micros, changed: ReadonlySet<string> | 'any'): boolean {
  if (wait.breath) return true
  if (wait.until !== undefined && now >= wait.until) return true
  if (!wait.tables) return false
  return changed === 'any' ? wait.tables.length > 0 : wait.tables.some((table) => changed.has(table))
}
