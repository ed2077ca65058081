/** What containers print, a record a line, bounded. On a real node: CRI log files under /var/log/pods. */
import type { ModelWorld } from '../tables.ts'

/** The kubelet rotates at 10 MiB; a lesson reads the last screens. */
export const LOG_LINES_PER_CONTAINER = 400

export function appendContainerLog(
  world: ModelWorld,
  container: string,
  stream: 'stdout' | 'stderr',
  text: string,
): void {
  const seq = world.serial(`log ${container}`)
  world.put('containerLogs', `${container}|${seq}`, { container, seq, at: world.now, stream, text })
  if (seq > LOG_LINES_PER_CONTAINER)
    world.put('containerLogs', `${container}|${seq - LOG_LINES_PER_CONTAINER}`, undefined)
}

export function dropLog(world: ModelWorld, container: string): void {
  for (const line of world.by('containerLogs', 'container', container))
    world.put('containerLogs', `${container}|${line.seq}`, undefined)
}
