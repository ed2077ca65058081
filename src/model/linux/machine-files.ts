/**
 * Files of a machine that show the state of the model: network configuration and reservations, cgroups, logs of
 * containers, /proc. Each is a path and a function that gives its text now.
 */
import { conflist, CONFLIST_PATH, NETWORK_NAME } from '../cni/conflist.ts'
import { nodeResolv, printResolv } from '../dns/resolv-conf.ts'
import type { ContainerRecord, ModelReader } from '../tables.ts'
import { rfc3339Nano } from '../../sim/clock.ts'
import { SYSCTLS, sysctlOf } from './sysctls.ts'
import { cgroupFile, cgroupFileNames, containerCgroupPath, podCgroupFile, podCgroupPath } from './cgroup.ts'

export type MachineFiles = ReadonlyMap<string, () => string>

const CGROUP = '/sys/fs/cgroup'
const POD_FILES = ['cpu.max', 'cpu.weight', 'memory.current', 'memory.max']

export function machineFiles(reader: ModelReader, node: string): MachineFiles {
  const files = new Map<string, () => string>()
  const put = (path: string, text: () => string | undefined) => files.set(path, () => text() ?? '')
  if (conflist(reader, node) !== undefined) put(CONFLIST_PATH, () => conflist(reader, node))
  put('/etc/resolv.conf', () => printResolv(nodeResolv()))
  put('/etc/hosts', () => `127.0.0.1\tlocalhost\n${reader.get('machines', node)?.ip ?? ''}\t${node}\n`)
  for (const name of Object.keys(SYSCTLS))
    put(`/proc/sys/${name.replaceAll('.', '/')}`, () => `${sysctlOf(reader, node, name)}\n`)
  put('/etc/containerd/config.toml', () => CONTAINERD_CONFIG)
  reservations(reader, node, put)
  cgroups(reader, node, put)
  logs(reader, node, put)
  processes(reader, node, put)
  return files
}

type Put = (path: string, text: () => string | undefined) => void

/** host-local keeps one file an address: the container and the interface. */
function reservations(reader: ModelReader, node: string, put: Put): void {
  const directory = `/run/cni-ipam-state/${NETWORK_NAME}`
  const network = reader.get('cniNodes', node)
  if (network?.lastReservedIp) put(`${directory}/last_reserved_ip.0`, () => network.lastReservedIp)
  for (const { ip, containerId, ifname } of reader.by('ipReservations', 'node', node))
    put(`${directory}/${ip}`, () => `${containerId}\r\n${ifname}`)
}

function cgroups(reader: ModelReader, node: string, put: Put): void {
  for (const pod of reader.by('pods', 'node', node)) {
    const path = CGROUP + podCgroupPath(pod)
    for (const name of POD_FILES) put(`${path}/${name}`, () => podCgroupFile(reader, pod, name))
  }
  for (const container of reader.by('containers', 'node', node)) {
    if (container.state !== 'CONTAINER_RUNNING') continue
    const path = CGROUP + containerCgroupPath(reader, container)
    for (const name of cgroupFileNames()) put(`${path}/${name}`, () => cgroupFile(reader, container, name))
  }
}

/** The CRI log format: time, stream, F for a full line, text. */
export function criLog(reader: ModelReader, container: ContainerRecord): string {
  return reader
    .by('containerLogs', 'container', container.id)
    .map((line) => `${rfc3339Nano(line.at)} ${line.stream} F ${line.text}\n`)
    .join('')
}

/** Under /var/log/pods by pod, and under /var/log/containers one link a container. */
function logs(reader: ModelReader, node: string, put: Put): void {
  for (const container of reader.by('containers', 'node', node)) {
    if (container.logPath === '') continue
    put(container.logPath, () => criLog(reader, container))
    const link = `${container.podName}_${container.namespace}_${container.metadata.name}-${container.id}.log`
    put(`/var/log/containers/${link}`, () => criLog(reader, container))
  }
}

function processes(reader: ModelReader, node: string, put: Put): void {
  for (const process of reader.by('processes', 'node', node)) {
    const path = `/proc/${process.pid}`
    put(`${path}/comm`, () => `${process.comm}\n`)
    put(`${path}/cmdline`, () => process.cmdline.map((word) => `${word}\0`).join(''))
    put(`${path}/cgroup`, () => `0::${process.cgroup}\n`)
    const container = process.containerId === undefined ? undefined : reader.get('containers', process.containerId)
    put(`${path}/oom_score_adj`, () => `${container?.resources.oomScoreAdj ?? (process.containerId ? -998 : 0)}\n`)
    put(
      `${path}/status`,
      () =>
        `Name:\t${process.comm}\nState:\t${process.zombie ? 'Z (zombie)' : 'S (sleeping)'}\nPid:\t${process.pid}\nPPid:\t${process.ppid}\nVmRSS:\t${String(Math.floor(process.rss / 1024)).padStart(8)} kB\n`,
    )
  }
}

const CONTAINERD_CONFIG = `version = 3

[plugins.'io.containerd.cri.v1.images']
  max_concurrent_downloads = 3
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = 'registry.k8s.io/pause:3.10.1'

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/opt/cni/bin']
  conf_dir = '/etc/cni/net.d'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    SystemdCgroup = true
`
