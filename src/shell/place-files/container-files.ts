import { cgroupFileNames } from '../../model/linux/cgroup.ts'
import { DELETED, DIRECTORY, listIn, readContainerFile } from '../../model/images/container-files.ts'
import { memoryOf } from '../../model/images/process-memory.ts'
import type { FileError } from '../files.ts'
import type { ViewFile, ViewTree } from '../overlay-files.ts'
import type { Host } from '../process.ts'

const SYSTEM = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf', '/etc/os-release', '/usr/share/nginx/html/index.html', '/usr/local/apache2/htdocs/index.html', '/proc/1/cmdline'] // prettier-ignore

/** What a process in a container sees. What is written here is written in the model: probes and programs see it. */
export function containerViews(host: Host, node: string, id: string): ViewTree {
  const reader = host.reader()
  const container = reader.get('containers', id)
  if (!container) return { files: new Map() }
  const files = new Map<string, ViewFile>()
  const write = (path: string) => (text: string | undefined): FileError | undefined => {
    if (reader.get('containers', id)?.state !== 'CONTAINER_RUNNING') return 'EROFS'
    host.give([{ kind: 'container.write', to: `${node}/proc`, from: 'laptop', data: { containerId: id, path, ...(text === undefined ? {} : { text }) } }])
    return undefined
  } // prettier-ignore
  const put = (path: string, writable: boolean) => {
    if (readContainerFile(reader, container, path) === undefined) return
    files.set(path, { text: () => readContainerFile(host.reader(), host.reader().get('containers', id) ?? container, path) ?? '', ...(writable ? { write: write(path) } : {}) })
  } // prettier-ignore
  for (const path of SYSTEM) put(path, !path.startsWith('/proc') && !path.startsWith('/etc/hos'))
  for (const name of cgroupFileNames()) put(`/sys/fs/cgroup/${name}`, false)
  const dirs = new Map<string, { create: (path: string, text: string) => FileError | undefined }>()
  const known = (path: string) => dirs.set(path, { create: (child, text) => write(child)(text) })
  for (const dir of [
    '/bin',
    '/dev',
    '/etc',
    '/home',
    '/lib',
    '/proc',
    '/root',
    '/sys',
    '/tmp',
    '/usr',
    '/var',
    '/var/run',
    '/var/log',
    '/run',
  ])
    known(dir)
  for (const [path, text] of Object.entries(memoryOf(container).files)) {
    if (text === DIRECTORY) known(path)
    else if (text !== DELETED) put(path, true)
  }
  for (const mount of container.mounts) {
    known(mount.containerPath)
    for (const name of listIn(volumeFiles(host, id, mount.containerPath), mount.containerPath) ?? [])
      put(`${mount.containerPath}/${name}`, !mount.readonly)
  }
  return { files, dirs }
}

/** Files of a shared volume that other containers of the pod have written, under this container's path. */
function volumeFiles(host: Host, id: string, at: string): Record<string, string> {
  const reader = host.reader()
  const container = reader.get('containers', id)!
  const mount = container.mounts.find((m) => m.containerPath === at)!
  const found: Record<string, string> = {}
  for (const other of reader.by('containers', 'pod', container.podUid)) {
    for (const m of other.mounts) {
      if (m.hostPath !== mount.hostPath) continue
      for (const [path, text] of Object.entries(memoryOf(other).files))
        if (path.startsWith(`${m.containerPath}/`)) found[at + path.slice(m.containerPath.length)] = text
    }
  }
  return found
}
