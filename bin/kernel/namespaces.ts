/**
 * Real network namespaces, made like the model's nodes and pods: a switch (which is also the laptop and the gateway), an
 * outside machine behind it, nodes with a bridge, pods on veth pairs. All carry one prefix and go away however it ends.
 */
import { execFileSync, spawn, type ChildProcess, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import type { Topology } from './topology.ts'

const PREFIX = `ngk${process.pid}-`

export function run(command: readonly string[], input?: string): string {
  return execFileSync(command[0]!, command.slice(1), {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  })
}

export interface Net {
  /** Full name of a namespace: `switch`, `external`, a node, a pod. */
  ns(name: string): string
  inside(name: string, command: readonly string[], input?: string): string
  destroy(): void
}

let serial = 0

/** In front of the names of one set of namespaces. */
export const newPrefix = (): string => `${PREFIX}${serial++}-`

export function makeNet(topology: Topology): Net {
  const mine = newPrefix()
  const ns = (name: string): string => mine + name
  const net: Net = {
    ns,
    inside: (name, command, input) => run(['ip', 'netns', 'exec', ns(name), ...command], input),
    destroy: () => removeNamespaces(mine),
  }
  const all = ['switch', 'external', ...topology.nodes.map((n) => n.name), ...topology.pods.map((p) => p.name)]
  batch(all.map((name) => `netns add ${ns(name)}`))
  const links: string[] = []
  const ends = ['external', ...topology.nodes.map((n) => n.name)]
  ends.forEach((name, i) =>
    links.push(`link add eth0 netns ${ns(name)} type veth peer name u${i} netns ${ns('switch')}`),
  )
  for (const pod of topology.pods)
    links.push(`link add eth0 netns ${ns(pod.name)} type veth peer name v-${pod.name} netns ${ns(pod.node)}`)
  batch(links)
  buildSwitch(net, ends.length)
  batch(
    ['link set lo up', 'addr add 203.0.113.10/24 dev eth0', 'link set eth0 up', 'route add default via 203.0.113.1'],
    ns('external'),
  )
  for (const node of topology.nodes) buildNode(net, topology, node.name)
  for (const pod of topology.pods) {
    const gateway = `${pod.ip.slice(0, pod.ip.lastIndexOf('.'))}.1`
    batch(
      ['link set lo up', `addr add ${pod.ip}/24 dev eth0`, 'link set eth0 up', `route add default via ${gateway}`],
      ns(pod.name),
    )
  }
  return net
}

function batch(lines: readonly string[], ns?: string): void {
  run(['ip', ...(ns === undefined ? [] : ['-n', ns]), '-batch', '-'], `${lines.join('\n')}\n`)
}

function sysctl(net: Net, name: string, values: Readonly<Record<string, string>>): void {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`)
  net.inside(name, ['sysctl', '-q', '-e', '-p', '-'], `${lines.join('\n')}\n`)
}

/** The node network 172.18.0.0/16 with its gateway; beyond it one machine, and nothing else. */
function buildSwitch(net: Net, ports: number): void {
  sysctl(net, 'switch', {
    'net.bridge.bridge-nf-call-iptables': '0',
    'net.ipv4.ip_forward': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.default.send_redirects': '0',
  })
  const lines = [
    'link add br0 type bridge forward_delay 0',
    'addr add 172.18.0.1/16 dev br0',
    'link set lo up',
    'link set br0 up',
    'addr add 203.0.113.1/24 dev u0',
    'link set u0 up',
    'route add blackhole default',
  ]
  for (let i = 1; i < ports; i++) lines.push(`link set u${i} master br0 up`)
  // what a node does not know comes back here, and must not be sent round again
  lines.push('rule add iif u0 lookup 100 pref 100', 'rule add iif lo lookup 100 pref 101')
  batch(lines, net.ns('switch'))
}

function buildNode(net: Net, topology: Topology, name: string): void {
  const node = topology.nodes.find((n) => n.name === name)!
  sysctl(net, name, {
    'net.ipv4.ip_forward': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.default.send_redirects': '0',
    'net.ipv4.icmp_ratelimit': '0',
    'net.ipv4.icmp_msgs_per_sec': '1000000',
    'net.bridge.bridge-nf-call-iptables': '1',
  })
  const lines = [
    'link set lo up',
    `addr add ${node.ip}/16 dev eth0`,
    'link set eth0 up',
    'route add default via 172.18.0.1',
    'link add cni0 type bridge forward_delay 0',
    `addr add ${node.pods}.1/24 dev cni0`,
    'link set cni0 up',
  ]
  for (const pod of topology.pods)
    if (pod.node === name)
      lines.push(`link set v-${pod.name} master cni0 up`, `link set dev v-${pod.name} type bridge_slave hairpin on`)
  for (const other of topology.nodes)
    if (other.name !== name) lines.push(`route add ${other.pods}.0/24 via ${other.ip}`)
  batch(lines, net.ns(name))
}

/** Namespaces of this process, or of one of its topologies. */
export function removeNamespaces(prefix = PREFIX): void {
  let names: string[] = []
  try {
    names = readdirSync('/run/netns').filter((name) => name.startsWith(prefix))
  } catch {
    return
  }
  if (names.length > 0)
    spawnSync('ip', ['-force', '-batch', '-'], { input: names.map((name) => `netns del ${name}\n`).join('') })
}

/** A process that outlives us by a moment: when our end of the pipe closes, however we end, it removes what is left. */
export function guard(): void {
  const script = `cat >/dev/null; for n in /run/netns/${PREFIX}*; do [ -e "$n" ] && ip netns del "$(basename "$n")"; done`
  const child: ChildProcess = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
}

/** Why it cannot run here; undefined when it can. */
export function cannotRun(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'it needs root'
  for (const tool of ['ip', 'iptables-restore', 'iptables-save', 'nft', 'stdbuf', 'sysctl'])
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
      return `the tool ${tool} is missing (packages iproute2, iptables, nftables, coreutils, procps)`
  const name = `${PREFIX}try`
  try {
    run(['ip', 'netns', 'add', name])
    run([
      'ip',
      'netns',
      'exec',
      name,
      'iptables',
      '-t',
      'nat',
      '-A',
      'OUTPUT',
      '-p',
      'tcp',
      '-m',
      'comment',
      '--comment',
      'x',
      '-m',
      'statistic',
      '--mode',
      'random',
      '--probability',
      '0.5',
      '-j',
      'DNAT',
      '--to-destination',
      '10.0.0.1:1',
    ])
    if (!run(['ip', 'netns', 'exec', name, 'iptables', '--version']).includes('nf_tables'))
      return 'iptables is the legacy one; the comparison needs iptables-nft'
    run(['ip', 'netns', 'exec', name, 'nft', '-f', '-'], 'table ip t { chain c { meta nftrace set 1; }; }\n')
    run(['ip', '-n', name, 'link', 'add', 'br0', 'type', 'bridge'])
    if (run(['ip', 'netns', 'exec', name, 'sysctl', '-n', '-e', 'net.bridge.bridge-nf-call-iptables']).trim() === '')
      return 'the kernel has no br_netfilter'
  } catch (error) {
    return `network namespaces or iptables do not work here: ${((error as { stderr?: string }).stderr || (error as Error).message).trim().split('\n')[0]}`
  } finally {
    spawnSync('ip', ['netns', 'del', name])
  }
  return undefined
}
