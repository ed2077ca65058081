// Names of cgroups under both drivers.
// Upstream: pkg/kubelet/cm/cgroup_manager_linux.go (ToSystemd, ToCgroupfs, ParseSystemdToCgroupName),
// pkg/kubelet/cm/pod_container_manager_linux.go (GetPodContainerName), containerd internal/cri/server (getCgroupsPath).
import type { QosClass } from '../../apiserver/objects.ts'

export type CgroupDriver = 'systemd' | 'cgroupfs'
/** A path from the root, one component per level: ['kubepods', 'burstable', 'pod123']. */
export type CgroupName = readonly string[]

// systemd reads "-" as one level down, so a dash inside a component becomes an underscore.
const escaped = (component: string): string => component.replaceAll('-', '_')
const unescaped = (component: string): string => component.replaceAll('_', '-')

/** Each slice carries the names of all its parents: /kubepods.slice/kubepods-burstable.slice */
export function toSystemd(name: CgroupName): string {
  if (name.length === 0 || (name.length === 1 && name[0] === '')) return '/'
  let path = ''
  let prefix = ''
  for (const component of name) {
    prefix = prefix === '' ? escaped(component) : `${prefix}-${escaped(component)}`
    path += `/${prefix}.slice`
  }
  return path
}

export function toSystemdBasename(name: CgroupName): string {
  return toSystemd(name).split('/').at(-1)!
}

export function toCgroupfs(name: CgroupName): string {
  return `/${name.join('/')}`
}

/** The basename alone says it all: "kubepods-burstable-pod1_2.slice" -> kubepods, burstable, pod1-2. */
export function parseSystemd(path: string): CgroupName {
  const base = path
    .split('/')
    .at(-1)!
    .replace(/\.slice$/, '')
  return base === '' ? [] : base.split('-').map(unescaped)
}

export function parseCgroupfs(path: string): CgroupName {
  const inner = path.replace(/^\//, '')
  return inner === '' ? [] : inner.split('/')
}

/** Guaranteed pods stand directly under kubepods. */
export function podCgroup(qos: QosClass, uid: string): CgroupName {
  const pod = `pod${uid}`
  return qos === 'Guaranteed' ? ['kubepods', pod] : ['kubepods', qos.toLowerCase(), pod]
}

export function cgroupPath(name: CgroupName, driver: CgroupDriver): string {
  return driver === 'systemd' ? toSystemd(name) : toCgroupfs(name)
}

/** `cgroupsPath` of the OCI spec: a plain path, or slice:prefix:id for systemd to make a scope of. */
export function containerdCgroupsPath(parent: string, containerId: string): string {
  const base = parent.replace(/\/+$/, '').split('/').at(-1)!
  if (base.endsWith('.slice')) return `${base}:cri-containerd:${containerId}`
  return `${parent.replace(/\/+$/, '')}/${containerId}`
}

export function scopeName(runtime: 'containerd' | 'cri-o', id: string): string {
  return `${runtime === 'containerd' ? 'cri-containerd' : 'crio'}-${id}.scope`
}
