import type { Host } from '../process.ts'
import type { ViewFile, ViewTree } from '../overlay-files.ts'

/** What a process in a container sees: its own identity, DNS settings, limits, mounts. */
export function containerViews(host: Host, node: string, container: string): ViewTree {
  const reader = host.reader()
  const files = new Map<string, ViewFile>()
  const record = reader.get('containers', container)
  const sandbox = record && reader.get('sandboxes', record.sandboxId)
  void node
  if (sandbox) files.set('/etc/hostname', { text: () => `${sandbox.hostname}\n` })
  return { files }
}
