/** What a container remembers while it runs: its own files and its processes, as plain data in `ContainerRecord.memory`. */
import type { ContainerRecord } from '../tables.ts'

/** A program under way in a container: its first process, one that a shell started, or one that `exec` started. */
export type Task = {
  id: number
  /** Name of the program (programs.ts). */
  program: string
  argv: readonly string[]
  /** Task that waits for it, if one does. */
  parent?: number
  /** Started by exec: where its result goes. */
  exec?: { execId: string; caller: string; ctx: unknown }
  /** Of the program; plain data. */
  state: unknown
  /** Text of exec'd tasks; what the first task prints goes to the container's log. */
  out: string
  err: string
}

export type ProcessMemory = {
  /** Files written in the container, by absolute path. What the image brings is not listed. */
  files: Readonly<Record<string, string>>
  tasks: readonly Task[]
  nextTask: number
}

export const EMPTY_MEMORY: ProcessMemory = { files: {}, tasks: [], nextTask: 1 }

export function memoryOf(container: Pick<ContainerRecord, 'memory'>): ProcessMemory {
  return (container.memory as ProcessMemory | null) ?? EMPTY_MEMORY
}

/** The container has ended: its files stay readable until it is removed, its processes are gone. */
export function endedMemory(memory: unknown): ProcessMemory {
  return { ...((memory as ProcessMemory | null) ?? EMPTY_MEMORY), tasks: [] }
}
