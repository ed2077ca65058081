/** What a program reads in a container: its own files, then mounted volumes, then what the node and the image put there. */
import { podResolvConf } from '../dns/resolv-conf.ts'
import type { ContainerRecord, ModelReader } from '../tables.ts'
import { cgroupFile, cgroupFileNames } from '../linux/cgroup.ts'
import { memoryOf } from './process-memory.ts'
import type { Session } from './session.ts'
import { mountedFiles } from './volume-files.ts'
import { HTTPD_PAGE, NGINX_PAGE } from './pages.ts'

/** The file as one of the container's programs sees it. Undefined: no such file. */
export function readContainerFile(
  reader: ModelReader,
  container: ContainerRecord,
  path: string,
  files: Readonly<Record<string, string>> = memoryOf(container).files,
): string | undefined {
  const own = files[path]
  if (own !== undefined) return own === DELETED ? undefined : own
  const volume = mountedFile(reader, container, path)
  if (volume !== undefined) return volume
  return systemFile(reader, container, path)
}

/** Marks a file of the image that was removed in the container. */
export const DELETED = '\u0000deleted'

export function normalize(cwd: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** ConfigMaps, Secrets and the like, and what other containers of the pod wrote into a volume. */
function mountedFile(reader: ModelReader, container: ContainerRecord, path: string): string | undefined {
  const mount = container.mounts.find((m) => path === m.containerPath || path.startsWith(`${m.containerPath}/`))
  if (!mount) return undefined
  const pod = reader.get('pods', `${container.namespace}/${container.podName}`)
  const written = pod && mountedFiles(reader, pod, container.metadata.name)[path]
  if (written !== undefined) return written
  const below = path.slice(mount.containerPath.length)
  return sharedFile(reader, container, mount.hostPath + below)
}

/** A file that another container of the pod wrote into a shared volume. */
function sharedFile(reader: ModelReader, container: ContainerRecord, hostPath: string): string | undefined {
  for (const other of reader.by('containers', 'pod', container.podUid)) {
    if (other.id === container.id || other.node !== container.node) continue
    for (const mount of other.mounts)
      if (hostPath.startsWith(mount.hostPath)) {
        const text = memoryOf(other).files[mount.containerPath + hostPath.slice(mount.hostPath.length)]
        if (text !== undefined && text !== DELETED) return text
      }
  }
  return undefined
}

function systemFile(reader: ModelReader, container: ContainerRecord, path: string): string | undefined {
  const sandbox = reader.get('sandboxes', container.sandboxId)
  const hostname = sandbox?.hostname || container.podName
  if (path.startsWith('/sys/fs/cgroup/')) return cgroupFile(reader, container, path.slice(15))
  switch (path) {
    case '/etc/hostname':
      return `${hostname}\n`
    case '/etc/hosts':
      return hostsFile(sandbox?.ip ?? '', hostname)
    case '/etc/resolv.conf':
      return podResolvConf(reader, container.namespace, container.podName)
    case '/etc/os-release':
      return container.image.includes('alpine') ? 'NAME="Alpine Linux"\nID=alpine\n' : undefined
    case '/usr/share/nginx/html/index.html':
      return container.behaviour === 'nginx' ? NGINX_PAGE : undefined
    case '/usr/local/apache2/htdocs/index.html':
      return container.behaviour === 'httpd' ? HTTPD_PAGE : undefined
    case '/proc/1/cmdline':
      return container.argv.join('\u0000')
    case '/dev/null':
      return ''
    default:
      return undefined
  }
}

/** The kubelet's own file for a pod. Upstream: pkg/kubelet/kubelet_pods.go nodeHostsFileContent, managedHostsFileContent. */
export function hostsFile(ip: string, hostname: string): string {
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${ip}\t${hostname}
`
}

export const readIn = (s: Session, path: string): string | undefined =>
  readContainerFile(s.world, s.container, path, s.files)

const SYSTEM_FILES = [
  '/etc/hostname',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/os-release',
  '/usr/share/nginx/html/index.html',
  '/usr/local/apache2/htdocs/index.html',
  '/proc/1/cmdline',
]

/** Every file that the lab knows in a container, by absolute path: for places that list and read them. */
export function visibleFiles(reader: ModelReader, container: ContainerRecord): Record<string, string> {
  const files: Record<string, string> = {}
  const add = (path: string) => {
    const text = readContainerFile(reader, container, path)
    if (text !== undefined && text !== DIRECTORY) files[path] = text
  }
  for (const path of SYSTEM_FILES) add(path)
  for (const name of cgroupFileNames()) add(`/sys/fs/cgroup/${name}`)
  const pod = reader.get('pods', `${container.namespace}/${container.podName}`)
  if (pod) for (const path of Object.keys(mountedFiles(reader, pod, container.metadata.name))) add(path)
  for (const other of reader.by('containers', 'pod', container.podUid))
    for (const [path, text] of Object.entries(memoryOf(other).files)) {
      if (text === DELETED || text === DIRECTORY) continue
      if (other.id === container.id) add(path)
      else for (const inside of sharedPaths(other, container, path)) add(inside)
    }
  for (const [path, text] of Object.entries(memoryOf(container).files)) if (text === DELETED) delete files[path]
  return files
}

/** Where a file of one container stands in another that mounts the same volume. */
function sharedPaths(owner: ContainerRecord, viewer: ContainerRecord, path: string): string[] {
  const paths: string[] = []
  for (const mount of owner.mounts) {
    if (!path.startsWith(`${mount.containerPath}/`)) continue
    for (const same of viewer.mounts)
      if (same.hostPath === mount.hostPath) paths.push(same.containerPath + path.slice(mount.containerPath.length))
  }
  return paths
}

/** Directories that are there though nothing is in them, and take new files. */
export function writableDirectories(container: ContainerRecord): string[] {
  const own = Object.entries(memoryOf(container).files)
    .filter(([, text]) => text === DIRECTORY)
    .map(([path]) => path)
  const volumes = container.mounts
    .filter((m) => !m.readonly && !/\/(etc-hosts|containers\/)/.test(m.hostPath))
    .map((m) => m.containerPath)
  return [...new Set([...Object.keys(STANDARD), ...own, ...volumes, container.workingDir])]
}

/** Names directly below a directory that programs have written or volumes hold; undefined where nothing is known. */
export function listIn(files: Readonly<Record<string, string>>, directory: string): string[] | undefined {
  const prefix = directory === '/' ? '/' : `${directory}/`
  const names = new Set<string>()
  for (const [path, text] of Object.entries(files))
    if (path.startsWith(prefix) && text !== DELETED) names.add(path.slice(prefix.length).split('/')[0]!)
  const known = STANDARD[directory]
  for (const name of known ?? []) names.add(name)
  if (names.size === 0 && known === undefined && files[directory] !== DIRECTORY) return undefined
  return [...names].filter((name) => name !== '').sort((a, b) => (a < b ? -1 : 1))
}

export const DIRECTORY = '\u0000directory'

const STANDARD: Readonly<Record<string, readonly string[]>> = {
  '/': ['bin', 'dev', 'etc', 'home', 'lib', 'proc', 'root', 'sys', 'tmp', 'usr', 'var'],
  '/etc': ['group', 'hostname', 'hosts', 'passwd', 'resolv.conf'],
  '/tmp': [],
  '/usr/share/nginx/html': ['50x.html', 'index.html'],
  '/usr/local/apache2/htdocs': ['index.html'],
}
