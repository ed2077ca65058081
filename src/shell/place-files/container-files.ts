import type { ContainerWrite } from '../../model/images/proc.ts'
import { visibleFiles, writableDirectories } from '../../model/images/container-files.ts'
import type { Host } from '../process.ts'
import type { ViewFile, ViewTree } from '../overlay-files.ts'

/**
 * What a process in a container sees: its own files, volumes, identity, DNS settings, limits. What is written goes into
 * the model, so that a probe or a server of the container finds it.
 */
export function containerViews(host: Host, node: string, container: string): ViewTree {
  const reader = host.reader()
  const record = reader.get('containers', container)
  const files = new Map<string, ViewFile>()
  if (!record) return { files }
  const write = (path: string, text: string | undefined): undefined => {
    const data: ContainerWrite = { containerId: container, path, ...(text === undefined ? {} : { text }) }
    host.give([{ kind: 'container.write', to: `${node}/proc`, data }])
  }
  const readOnly = record.mounts.filter((m) => m.readonly).map((m) => m.containerPath)
  for (const [path, text] of Object.entries(visibleFiles(reader, record))) {
    const fixed =
      path.startsWith('/sys/') ||
      path.startsWith('/proc/') ||
      readOnly.some((p) => path === p || path.startsWith(`${p}/`))
    files.set(path, fixed ? { text: () => text } : { text: () => text, write: (next) => write(path, next) })
  }
  const dirs = new Map(writableDirectories(record).map((dir) => [dir, { create: write }]))
  return { files, dirs }
}
