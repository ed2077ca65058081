// Lines of the kubelet's log in klog's form: severity, month and day, time, pid, file:line, message.
// Upstream: k8s.io/klog/v2 (formatHeader). Line numbers are those of our reading, not of a build.
import { civil } from '../../sim/clock.ts'
import { appendJournal } from '../linux/journal.ts'
import type { ModelWorld } from '../tables.ts'

const pad = (n: number, width: number): string => String(n).padStart(width, '0')

export type Severity = 'I' | 'W' | 'E' | 'F'

/** `pairs` are printed as klog prints structured values: strings quoted, the rest as they are. */
export function klog(
  world: ModelWorld,
  node: string,
  severity: Severity,
  place: string,
  message: string,
  pairs: Readonly<Record<string, string | number | boolean | readonly string[] | { raw: string }>> = {},
): void {
  const t = civil(world.now)
  const pid = world.get('kubelets', node)?.pid ?? 0
  const head = `${severity}${pad(t.month, 2)}${pad(t.day, 2)} ${pad(t.hour, 2)}:${pad(t.minute, 2)}:${pad(t.second, 2)}.${pad(t.micros, 6)}`
  let text = `${head} ${String(pid).padStart(7)} ${place}] ${JSON.stringify(message)}`
  for (const [key, value] of Object.entries(pairs)) text += ` ${key}=${shown(value)}`
  appendJournal(world, node, 'kubelet', text)
}

function shown(value: string | number | boolean | readonly string[] | { raw: string }): string {
  if (typeof value === 'object' && 'raw' in value) return value.raw
  if (typeof value === 'object') return `[${value.map((v) => JSON.stringify(v)).join(',')}]`
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
