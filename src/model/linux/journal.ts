/**
 * The systemd journal of a machine: what services write to standard error, one line a record, bounded per unit.
 * Printing (`Jun 10 22:00:00 worker-1 kubelet[812]: ...`) belongs to journalctl.
 */
import type { ModelWorld } from '../tables.ts'
import { joined } from '../../sim/joined.ts'

/** systemd would keep megabytes; a lesson looks at the last screens. */
export const JOURNAL_LINES_PER_UNIT = 500

/** Appends a line; `unit` without `.service` (`kubelet`, `containerd`). The pid is that of the unit. */
export function appendJournal(world: ModelWorld, node: string, unit: string, text: string, comm = unit): void {
  const seq = world.serial(`journal ${node} ${unit}`)
  world.put('journal', `${node}|${unit}|${seq}`, {
    node,
    unit,
    seq,
    at: world.now,
    pid: world.get('units', joined(node, unit))?.pid ?? 0,
    comm,
    text,
  })
  if (seq > JOURNAL_LINES_PER_UNIT) world.put('journal', `${node}|${unit}|${seq - JOURNAL_LINES_PER_UNIT}`, undefined)
}
