import { parse } from 'yaml'
import { conflist, CONFLIST_PATH, NETWORK_NAME } from '../../model/cni/conflist.ts'
import { nodeResolv, printResolv } from '../../model/dns/resolv-conf.ts'
import {
  cgroupFile,
  cgroupFileNames,
  containerCgroupPath,
  podCgroupFile,
  podCgroupPath,
} from '../../model/linux/cgroup.ts'
import { listConntrack } from '../../model/linux/net/conntrack-table.ts'
import { rfc3339Nano } from '../../sim/clock.ts'
import type { ContainerRecord, ModelReader } from '../../model/tables.ts'
import { kubeconfigText } from '../../tools/kubectl/kubeconfig.ts'
import { kubeletConfigText } from '../../tools/kubelet-config.ts'
import { conntrackLine } from '../../tools/linux/conntrack.ts'
import { KUBELET_DROP_IN, UNIT_FILES } from '../../tools/systemd/units.ts'
import { yamlText } from '../../tools/yaml-text.ts'
import type { FileError } from '../files.ts'
import type { ViewFile, ViewTree } from '../overlay-files.ts'
import type { Host } from '../process.ts'

const MANIFESTS = '/etc/kubernetes/manifests'

/** Texts of static pod manifests as they were typed here, comments and all; the model keeps their content. */
const typed = new WeakMap<Host, Map<string, { text: string; content: string }>>()

/** A node's files as views of the model; static pod manifests can be written. */
export function nodeViews(host: Host, node: string): ViewTree {
  const reader = host.reader()
  const files = new Map<string, ViewFile>()
  const put = (path: string, text: () => string) => void files.set(path, { text })
  etc(reader, node, put)
  proc(reader, node, put)
  logs(reader, node, files)
  cgroups(reader, node, put)
  const written = writeManifest(host, node)
  for (const { file, manifest } of reader.all('staticManifests').filter((m) => m.node === node)) {
    const path = `${MANIFESTS}/${file}`
    files.set(path, { text: () => manifestText(host, path, manifest), write: (text) => written(path, text), mode: '-rw-------' })
  }
  const dirs = new Map([[MANIFESTS, { create: (path: string, text: string) => written(path, text) }]])
  return { files, dirs: new Map<string, { create?: (path: string, text: string) => FileError | undefined }>([...dirs, ['/opt/cni/bin', {}], ['/etc/cni/net.d', {}], ['/var/log/pods', {}], ['/sys/fs/cgroup', {}]]) }
} // prettier-ignore

function manifestText(host: Host, path: string, manifest: unknown): string {
  const kept = typed.get(host)?.get(path)
  return kept && kept.content === JSON.stringify(manifest) ? kept.text : yamlText(manifest)
}

/** The kubelet reads the directory itself: the file's content is what the model gets. */
function writeManifest(host: Host, node: string): (path: string, text: string | undefined) => FileError | undefined {
  return (path, text) => {
    const file = path.slice(MANIFESTS.length + 1)
    let manifest: unknown
    try {
      manifest = text === undefined ? undefined : (parse(text, { maxAliasCount: 100 }) ?? undefined)
    } catch {
      return 'EINVAL'
    }
    const texts = typed.get(host) ?? new Map<string, { text: string; content: string }>()
    typed.set(host, texts)
    if (text === undefined || manifest === undefined) texts.delete(path)
    else texts.set(path, { text, content: JSON.stringify(manifest) })
    host.give([
      {
        kind: 'kubelet.manifest',
        to: `${node}/kubelet`,
        from: 'laptop',
        data: { file, ...(manifest === undefined ? {} : { manifest }) },
      },
    ])
    return undefined
  }
}

type Put = (path: string, text: () => string) => void

function etc(reader: ModelReader, node: string, put: Put): void {
  const machine = reader.get('machines', node)
  put('/etc/hostname', () => `${node}\n`)
  put('/etc/hosts', () => `127.0.0.1\tlocalhost\n${reader.all('machines').map((m) => `${m.ip}\t${m.name}\n`).join('')}`) // prettier-ignore
  put('/etc/resolv.conf', () => printResolv(nodeResolv()))
  put('/etc/machine-id', () => `${machine?.machineID ?? ''}\n`)
  put('/etc/os-release', () => `PRETTY_NAME="${machine?.osImage ?? ''}"\nNAME="Ubuntu"\nID=ubuntu\n`)
  put(
    '/etc/crictl.yaml',
    () =>
      'runtime-endpoint: unix:///run/containerd/containerd.sock\nimage-endpoint: unix:///run/containerd/containerd.sock\n',
  )
  const network = conflist(reader, node)
  if (network !== undefined) put(CONFLIST_PATH, () => network)
  for (const plugin of ['bridge', 'host-local', 'loopback', 'portmap']) put(`/opt/cni/bin/${plugin}`, () => '')
  for (const lease of reader.all('ipReservations')) {
    if (lease.node === node)
      put(`/run/cni-ipam-state/${NETWORK_NAME}/${lease.ip}`, () => `${lease.containerId}\r\n${lease.ifname}`)
  }
  put('/var/lib/kubelet/config.yaml', () => kubeletConfigText(reader))
  put(
    '/var/lib/kubelet/kubeadm-flags.env',
    () =>
      `KUBELET_KUBEADM_ARGS="--node-ip=${machine?.ip ?? ''} --pod-infra-container-image=registry.k8s.io/pause:3.10.1"\n`,
  )
  put('/etc/kubernetes/kubelet.conf', () => kubeconfigText().replaceAll('nodeglass-admin', `system:node:${node}`))
  if (machine?.role === 'control-plane') put('/etc/kubernetes/admin.conf', () => kubeconfigText())
  for (const unit of Object.values(UNIT_FILES)) put(unit.path, () => unit.text)
  put('/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf', () => KUBELET_DROP_IN)
}

const CONNTRACK_MAX = 131_072

function proc(reader: ModelReader, node: string, put: Put): void {
  const machine = reader.get('machines', node)
  put('/proc/version', () => `Linux version ${machine?.kernelVersion ?? ''}\n`)
  put('/proc/sys/kernel/random/boot_id', () => `${machine?.bootID ?? ''}\n`)
  put('/proc/sys/kernel/hostname', () => `${node}\n`)
  put('/proc/sys/net/netfilter/nf_conntrack_count', () => `${listConntrack(reader, node).length}\n`)
  put('/proc/sys/net/netfilter/nf_conntrack_max', () => `${CONNTRACK_MAX}\n`)
  put('/proc/net/nf_conntrack', () =>
    listConntrack(reader, node)
      .map((entry) => `ipv4     2 ${conntrackLine(entry, reader.now).replace(/use=1\n$/, 'zone=0 use=2\n')}`)
      .join(''),
  )
  for (const what of ['cpu', 'io', 'memory'])
    put(`/proc/pressure/${what}`, () => '# not simulated here: pressure stall information\n')
  for (const [name, value] of Object.entries(reader.get('netns', `${node}|`)?.sysctls ?? {}))
    put(`/proc/sys/${name.replaceAll('.', '/')}`, () => `${value}\n`)
  put('/proc/meminfo', () => {
    const used = reader.by('processes', 'node', node).reduce((sum, p) => sum + p.rss, 0)
    const total = machine?.memoryKi ?? 0
    const free = Math.max(0, total - Math.round(used / 1024))
    const line = (name: string, value: number) => `${`${name}:`.padEnd(16)}${String(value).padStart(8)} kB\n`
    return line('MemTotal', total) + line('MemFree', free) + line('MemAvailable', free)
  })
  put('/proc/cpuinfo', () => Array.from({ length: machine?.cpus ?? 1 }, (_, i) => `processor\t: ${i}\n\n`).join(''))
  for (const process of reader.by('processes', 'node', node)) {
    const at = `/proc/${process.pid}`
    put(`${at}/cmdline`, () => process.cmdline.map((word) => `${word}\0`).join(''))
    put(`${at}/comm`, () => `${process.comm.slice(0, 15)}\n`)
    put(`${at}/cgroup`, () => `0::${process.cgroup}\n`)
    put(
      `${at}/status`,
      () =>
        `Name:\t${process.comm.slice(0, 15)}\nState:\t${process.zombie ? 'Z (zombie)' : 'S (sleeping)'}\nPid:\t${process.pid}\nPPid:\t${process.ppid}\nVmRSS:\t${String(Math.round(process.rss / 1024)).padStart(8)} kB\n`,
    )
  }
}

/** The CRI log format: time, stream, F for a whole line, text. */
function logs(reader: ModelReader, node: string, files: Map<string, ViewFile>): void {
  for (const container of reader.by('containers', 'node', node)) {
    const path = logFile(reader, container)
    if (path === undefined) continue
    files.set(path, {
      text: () => reader.by('containerLogs', 'container', container.id).map((line) => `${rfc3339Nano(line.at)} ${line.stream} F ${line.text}\n`).join(''),
      mode: '-rw-r-----',
    }) // prettier-ignore
    const link = `/var/log/containers/${container.podName}_${container.namespace}_${container.metadata.name}-${container.id}.log`
    files.set(link, { text: () => files.get(path)!.text(), target: path })
  }
}

function logFile(reader: ModelReader, container: ContainerRecord): string | undefined {
  if (container.logPath.startsWith('/')) return container.logPath
  const directory = reader.get('sandboxes', container.sandboxId)?.logDirectory
  return directory ? `${directory}/${container.logPath}` : undefined
}

const POD_FILES = ['cpu.max', 'cpu.weight', 'memory.max', 'memory.current']

function cgroups(reader: ModelReader, node: string, put: Put): void {
  const root = (path: string) => `/sys/fs/cgroup${path.startsWith('/') ? '' : '/'}${path}`
  for (const pod of reader.by('pods', 'node', node)) {
    for (const file of POD_FILES) {
      if (podCgroupFile(reader, pod, file) !== undefined)
        put(`${root(podCgroupPath(pod))}/${file}`, () => podCgroupFile(reader, pod, file) ?? '')
    }
  }
  for (const container of reader.by('containers', 'node', node)) {
    if (container.state !== 'CONTAINER_RUNNING') continue
    for (const file of cgroupFileNames())
      put(`${root(containerCgroupPath(reader, container))}/${file}`, () => cgroupFile(reader, container, file) ?? '')
  }
}
