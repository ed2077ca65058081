/** containerd's own lines in the journal, logrus text format. */
import { appendJournal } from '../linux/journal.ts'
import type { ModelWorld, SandboxRecord } from '../tables.ts'
import { rfc3339Nano } from '../../sim/clock.ts'

export function logContainerd(
  world: ModelWorld,
  node: string,
  level: 'info' | 'warning' | 'error',
  msg: string,
  error?: string,
): void {
  const quote = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  appendJournal(
    world,
    node,
    'containerd',
    `time="${rfc3339Nano(world.now)}" level=${level} msg=${quote(msg)}${error === undefined ? '' : ` error=${quote(error)}`}`,
  )
}

/** Go's %+v of a PodSandboxMetadata. */
export function sandboxWords(metadata: SandboxRecord['metadata']): string {
  return `&PodSandboxMetadata{Name:${metadata.name},Uid:${metadata.uid},Namespace:${metadata.namespace},Attempt:${metadata.attempt},}`
}

export function containerWords(metadata: { name: string; attempt: number }): string {
  return `&ContainerMetadata{Name:${metadata.name},Attempt:${metadata.attempt},}`
}
