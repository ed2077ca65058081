/** Reading and writing the table of processes; pids and signal numbers. */
import type { ModelReader, ModelWorld, ProcessRecord } from '../tables.ts'

/** Numbers of the signals that the lab uses; an exit by signal has the code 128 + number. */
export const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGWINCH: 28,
}

const FIRST_PID = 12_000

/** Pids only grow; the kernel would wrap at pid_max, which no run of the lab reaches. */
export function nextPid(world: ModelWorld, node: string): number {
  return FIRST_PID + world.serial(`pid ${node}`)
}

export function processOf(reader: ModelReader, node: string, pid: number): ProcessRecord | undefined {
  return reader.get('processes', `${node}|${pid}`)
}

export function addProcess(world: ModelWorld, process: ProcessRecord): void {
  world.put('processes', `${process.node}|${process.pid}`, process)
}
