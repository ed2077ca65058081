/**
 * The cgroup v2 files of containers and pods, computed from what was asked for and what runs.
 * Upstream: linux Documentation/admin-guide/cgroup-v2.rst; containerd and the kubelet write them, runc in between.
 */
import { cpuSharesToWeight, cpuSharesToWeightLinear } from '../kubelet/cm/cpu-values.ts'
import { podCgroupValues } from '../kubelet/cm/pod-cgroup.ts'
import { cgroupPath, podCgroup, scopeName } from '../kubelet/cm/cgroup-names.ts'
import { podQos } from '../kubelet/qos.ts'
import type { Pod } from '../apiserver/objects.ts'
import type { ContainerRecord, ModelReader } from '../tables.ts'

/** Path below /sys/fs/cgroup of a pod's slice. */
export function podCgroupPath(pod: Pick<Pod, 'metadata' | 'spec'>): string {
  return cgroupPath(podCgroup(podQos(pod.spec), pod.metadata.uid), 'systemd')
}

export function containerCgroupPath(reader: ModelReader, container: ContainerRecord): string {
  const parent = reader.get('sandboxes', container.sandboxId)?.cgroupParent ?? ''
  return `${parent.replace(/\/+$/, '')}/${scopeName('containerd', container.id)}`
}

/** Bytes that a container's processes hold. */
export function memoryCurrent(reader: ModelReader, containerId: string): number {
  let sum = 0
  for (const process of reader.by('processes', 'container', containerId)) sum += process.rss
  return sum
}

const CONTAINER_FILES = [
  'cgroup.procs',
  'cpu.max',
  'cpu.weight',
  'memory.current',
  'memory.events',
  'memory.high',
  'memory.low',
  'memory.max',
  'memory.min',
  'memory.oom.group',
  'memory.swap.max',
  'pids.current',
  'pids.max',
]
export const cgroupFileNames = (): readonly string[] => CONTAINER_FILES

/** One file of a container's cgroup, with its newline. Undefined: the lab has no such file. */
export function cgroupFile(reader: ModelReader, container: ContainerRecord, file: string): string | undefined {
  const { resources } = container
  const processes = reader.by('processes', 'container', container.id)
  switch (file) {
    case 'cpu.max':
      return `${resources.cpuQuota > 0 ? resources.cpuQuota : 'max'} ${resources.cpuPeriod || 100_000}\n`
    case 'cpu.weight':
      return `${cpuSharesToWeight(resources.cpuShares) || 100}\n`
    case 'memory.max':
      return `${resources.memoryLimitInBytes || 'max'}\n`
    case 'memory.current':
      return `${memoryCurrent(reader, container.id)}\n`
    case 'memory.high':
    case 'memory.swap.max':
    case 'pids.max':
      return file === 'memory.swap.max' && resources.memoryLimitInBytes > 0 ? '0\n' : 'max\n'
    case 'memory.min':
    case 'memory.low':
      return '0\n'
    case 'memory.oom.group':
      // The kubelet asks for it since 1.28 (singleProcessOOMKill false): one kill ends the whole container.
      return '1\n'
    case 'memory.events': {
      const killed = container.reason === 'OOMKilled' ? 1 : 0
      return `low 0\nhigh 0\nmax ${killed}\noom ${killed}\noom_kill ${killed}\noom_group_kill ${killed}\n`
    }
    case 'pids.current':
      return `${processes.length}\n`
    case 'cgroup.procs':
      return processes.map((p) => `${p.pid}\n`).join('')
    default:
      return undefined
  }
}

/** One file of a pod's slice, as the kubelet wrote it. */
export function podCgroupFile(
  reader: ModelReader,
  pod: Pick<Pod, 'metadata' | 'spec'>,
  file: string,
): string | undefined {
  const values = podCgroupValues(pod.spec)
  switch (file) {
    case 'cpu.weight':
      return `${cpuSharesToWeightLinear(values.cpuShares)}\n`
    case 'cpu.max':
      return `${values.cpuQuota !== undefined && values.cpuQuota > 0 ? values.cpuQuota : 'max'} ${values.cpuPeriod ?? 100_000}\n`
    case 'memory.max':
      return `${values.memory || 'max'}\n`
    case 'memory.current': {
      let sum = 0
      for (const container of reader.by('containers', 'pod', pod.metadata.uid))
        sum += memoryCurrent(reader, container.id)
      return `${sum}\n`
    }
    default:
      return undefined
  }
}

/** Mounts of a machine: the base of a node and, for each running container, its root, /dev/shm and its volumes. */
export function mountCount(reader: ModelReader, node: string): number {
  let count = 34
  for (const sandbox of reader.by('sandboxes', 'node', node))
    if (sandbox.state === 'SANDBOX_READY') count += sandbox.hostNetwork ? 2 : 3
  for (const container of reader.by('containers', 'node', node))
    if (container.state === 'CONTAINER_RUNNING') count += 1 + container.mounts.length
  return count
}
