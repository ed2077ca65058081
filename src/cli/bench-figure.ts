/** A figure of the bench and how it is taken. */
export interface Figure {
  readonly what: string
  readonly ms: number
  /** None: told because it explains another figure. */
  readonly budgetMs?: number
  readonly note?: string
}

const clock = (): number => Number(process.hrtime.bigint()) / 1e6

export function timed<V>(run: () => V): { ms: number; value: V } {
  const from = clock()
  const value = run()
  return { ms: clock() - from, value }
}

/** The least of several runs: what the work costs when nothing else is in the way. */
export function best(times: number, run: () => number): number {
  let least = Infinity
  for (let i = 0; i < times; i++) least = Math.min(least, run())
  return least
}
