/**
 * A handler's working copy of one container while its programs run: it is read at the start, written once at the end.
 */
import { appendContainerLog } from '../cri/container-log.ts'
import type { ContainerRecord, ModelWorld } from '../tables.ts'
import type { EventId, Micros } from '../../sim/contract.ts'
import { memoryOf, type Task } from './process-memory.ts'

export type Session = {
  readonly world: ModelWorld
  readonly container: ContainerRecord
  /** Actor of the programs of the node. */
  readonly actor: string
  readonly kernel: string
  files: Readonly<Record<string, string>>
  tasks: Task[]
  nextTask: number
  changed: boolean
  /** The first process has ended: nothing of the container runs on. */
  ended: boolean
}

export function openSession(world: ModelWorld, container: ContainerRecord): Session {
  const memory = memoryOf(container)
  return {
    world,
    container,
    actor: `${container.node}/proc`,
    kernel: `${container.node}/kernel`,
    files: memory.files,
    tasks: [...memory.tasks],
    nextTask: memory.nextTask,
    changed: false,
    ended: false,
  }
}

export function closeSession(s: Session): void {
  if (!s.changed) return
  const now = s.world.get('containers', s.container.id)
  if (!now) return
  const memory = { files: s.files, tasks: s.ended ? [] : s.tasks, nextTask: s.nextTask }
  s.world.put('containers', now.id, { ...now, memory })
}

export function taskOf(s: Session, id: number): Task | undefined {
  return s.tasks.find((task) => task.id === id)
}

/** Replaces the task's record. */
export function setTask(s: Session, task: Task): void {
  s.changed = true
  const at = s.tasks.findIndex((t) => t.id === task.id)
  if (at < 0) s.tasks.push(task)
  else s.tasks[at] = task
}

export function setState(s: Session, id: number, state: unknown): void {
  const task = taskOf(s, id)
  if (task) setTask(s, { ...task, state })
}

/** The largest file of a container's own that is kept whole. */
const MAX_FILE = 64_000

export function writeFile(s: Session, path: string, text: string | undefined): void {
  s.changed = true
  const { [path]: _old, ...rest } = s.files
  s.files = text === undefined ? rest : { ...rest, [path]: text.slice(-MAX_FILE) }
}

const MAX_EXEC_OUTPUT = 64_000

/** Output of a task: of an exec it is kept for the answer, else it is a line of the container's log. */
export function print(s: Session, id: number, stream: 'stdout' | 'stderr', text: string): void {
  if (text === '') return
  let task = taskOf(s, id)
  while (task && !task.exec && task.parent !== undefined) task = taskOf(s, task.parent)
  if (task?.exec) {
    const field = stream === 'stdout' ? 'out' : 'err'
    setTask(s, { ...task, [field]: (task[field] + text).slice(0, MAX_EXEC_OUTPUT) })
    return
  }
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) appendContainerLog(s.world, s.container.id, stream, line)
}

/** `timer.task` to the task itself. */
export function wakeAfter(s: Session, id: number, delayMicros: Micros, what: string): EventId {
  return s.world.send(
    'timer.task',
    s.actor,
    { containerId: s.container.id, pid: s.container.pid, task: id, what },
    { from: s.actor, delayMicros },
  )
}

export const hostnameOf = (s: Session): string =>
  s.world.get('sandboxes', s.container.sandboxId)?.hostname || s.container.podName

export function environment(container: Pick<ContainerRecord, 'envs'>): Record<string, string> {
  const env: Record<string, string> = {}
  for (const { key, value } of container.envs) env[key] = value
  return env
}
