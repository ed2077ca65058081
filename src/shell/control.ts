import { exitOf, Killed } from './tasks.ts'

/** Ways out of the middle of a script. */
export class ExitShell extends Error {
  readonly code: number
  constructor(code: number) {
    super('exit')
    this.code = code
  }
}

export class ReturnFrom extends Error {
  readonly code: number
  constructor(code: number) {
    super('return')
    this.code = code
  }
}

export class LoopControl extends Error {
  readonly kind: 'break' | 'continue'
  levels: number
  constructor(kind: 'break' | 'continue', levels: number) {
    super(kind)
    this.kind = kind
    this.levels = levels
  }
}

/** Turns the ways a process can end into its exit status. A line that is stopped goes on up. */
export async function asProcess(run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof ExitShell || error instanceof ReturnFrom) return error.code
    if (error instanceof LoopControl) return 0
    if (error instanceof Killed) return exitOf(error.signal)
    throw error
  }
}
