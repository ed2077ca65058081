/**
 * What a machine is after its first boot with kubeadm: kernel, services, network, images. Runs inside a handler of the
 * boot, before any component has sent a message.
 */
import { controlPlaneImages, COREDNS_IMAGE, KUBERNETES_VERSION, PAUSE_IMAGE } from './images/catalogue.ts'
import { isMissing, lookUpImage } from './images/known-image.ts'
import { storeImage } from './cri/image-store.ts'
import { CONTAINERD_VERSION } from './cri/runtime-status.ts'
import { appendJournal } from './linux/journal.ts'
import { addAddress, putLink, putNetns } from './linux/links.ts'
import { addProcess } from './linux/process-table.ts'
import { putRoute } from './linux/routes.ts'
import { rfc3339Nano } from '../sim/clock.ts'
import type { MachineRecord, ModelWorld } from './tables.ts'

export type BootOptions = {
  /** The other machines, for the routes to their pods. */
  peers?: readonly Pick<MachineRecord, 'name' | 'ip' | 'podCIDR'>[]
  /** Images that are on the node beside pause and what kubeadm pulls. */
  images?: readonly string[]
}

const NODE_NETWORK = '172.18.0.0/16'
const GATEWAY = '172.18.0.1'

export function bootMachine(world: ModelWorld, spec: Omit<MachineRecord, 'cable'>, options: BootOptions = {}): void {
  const { name: node } = spec
  world.put('machines', node, { ...spec, cable: true })
  bootNetwork(world, spec, options.peers ?? [])
  bootServices(world, node)
  const version = spec.kubeletVersion || KUBERNETES_VERSION
  const images = [
    `registry.k8s.io/kube-proxy:${version}`,
    COREDNS_IMAGE,
    ...(spec.role === 'control-plane' ? controlPlaneImages(version) : []),
    ...(options.images ?? []),
  ]
  preload(world, node, PAUSE_IMAGE, true)
  for (const image of images) preload(world, node, image, false)
}

function preload(world: ModelWorld, node: string, image: string, pinned: boolean): void {
  const known = lookUpImage(image)
  if (!isMissing(known)) storeImage(world, node, known, pinned)
}

function bootNetwork(
  world: ModelWorld,
  spec: Omit<MachineRecord, 'cable'>,
  peers: NonNullable<BootOptions['peers']>,
): void {
  const { name: node, ip, podCIDR } = spec
  putNetns(world, node, '', '', true)
  world.put('netns', `${node}|`, {
    ...world.get('netns', `${node}|`)!,
    inode: 4_026_531_840,
    sysctls: { 'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '1' },
  })
  const mac = `02:42:${ip
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join(':')}`
  putLink(world, { node, netns: '', name: 'eth0', index: 2, kind: 'device', mac, mtu: 1500, up: true, addresses: [] })
  addAddress(world, node, '', 'eth0', `${ip}/${NODE_NETWORK.split('/')[1]}`)
  putRoute(world, { node, netns: '', dst: 'default', dev: 'eth0', via: GATEWAY })
  world.put('cniNodes', node, { node, podCIDR, lastReservedIp: '' })
  // Static from the first moment, so that the lab opens on a network that works; the agent keeps them in step.
  for (const peer of peers)
    if (peer.name !== node) putRoute(world, { node, netns: '', dst: peer.podCIDR, dev: 'eth0', via: peer.ip })
}

function bootServices(world: ModelWorld, node: string): void {
  const process = (pid: number, comm: string, cmdline: string[], cgroup: string, rss: number) =>
    addProcess(world, {
      node,
      pid,
      ppid: pid === 1 ? 0 : 1,
      comm,
      cmdline,
      netns: '',
      cgroup,
      startedAt: world.now,
      rss,
    })
  process(1, 'systemd', ['/sbin/init'], '/init.scope', 13 << 20)
  process(
    231,
    'systemd-journal',
    ['/usr/lib/systemd/systemd-journald'],
    '/system.slice/systemd-journald.service',
    18 << 20,
  )
  process(412, 'containerd', ['/usr/bin/containerd'], '/system.slice/containerd.service', 46 << 20)
  world.put('units', `${node}|containerd`, {
    node,
    unit: 'containerd',
    active: 'active',
    sub: 'running',
    since: world.now,
    pid: 412,
  })
  // The kubelet has its own start: this is the unit before it.
  if (!world.get('units', `${node}|kubelet`))
    world.put('units', `${node}|kubelet`, {
      node,
      unit: 'kubelet',
      active: 'inactive',
      sub: 'dead',
      since: world.now,
      pid: 0,
    })
  const time = `time="${rfc3339Nano(world.now)}" level=info`
  appendJournal(world, node, 'containerd', `${time} msg="starting containerd" version=${CONTAINERD_VERSION}`)
  appendJournal(world, node, 'containerd', `${time} msg="containerd successfully booted in 0.043117s"`)
}
