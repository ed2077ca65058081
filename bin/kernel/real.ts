/** The same flows on the real kernel: agents in the namespaces connect, nft tells which rules the first packet matched. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type AgentAnswer, type AgentCommand, TRACED_PORTS } from './agent-words.ts'
import { type KernelPath, readTrace } from './kernel-trace.ts'
import { type KernelRules, kernelRules } from './kernel-rules.ts'
import { makeNet, type Net } from './namespaces.ts'
import type { IpvsRules } from './ipvs-rules.ts'
import type { Mode, Modelled } from './modelled.ts'
import type { Client, Flow, Topology } from './topology.ts'

export interface Seen {
  /** verdict -> how often */
  readonly verdicts: Readonly<Record<string, number>>
  /** backend -> source addresses that it saw */
  readonly backends: Readonly<Record<string, readonly string[]>>
  /** Of the first connection. */
  readonly first: AgentAnswer
  readonly path: Readonly<Record<string, KernelPath>>
}

type Inside = Pick<Net, 'ns'>

export class Agent {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly waiting = new Map<number, (answer: AgentAnswer) => void>()
  private next = 1
  constructor(net: Inside, name: string, script: string) {
    this.child = spawn('ip', ['netns', 'exec', net.ns(name), process.execPath, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }) as unknown as ChildProcessWithoutNullStreams
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as AgentAnswer
      this.waiting.get(answer.id)?.(answer)
      this.waiting.delete(answer.id)
    })
  }
  ask(
    command: AgentCommand extends infer C ? (C extends { id: number } ? Omit<C, 'id'> : never) : never,
  ): Promise<AgentAnswer> {
    const id = this.next++
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.child.stdin.write(`${JSON.stringify({ ...command, id })}\n`)
    })
  }
  stop(): void {
    this.child.stdin.end()
    this.child.kill()
  }
}

/** Follows the tracing events of one node. */
export class Monitor {
  private lines: string[] = []
  private readonly child: ChildProcessWithoutNullStreams
  constructor(net: Inside, node: string) {
    const command = ['netns', 'exec', net.ns(node), 'stdbuf', '-oL', 'nft', '-a', 'monitor', 'trace']
    this.child = spawn('ip', command) as ChildProcessWithoutNullStreams
    createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line))
  }
  get count(): number {
    return this.lines.length
  }
  /** What was said since the last call. */
  take(): string[] {
    const out = this.lines
    this.lines = []
    return out
  }
  stop(): void {
    this.child.kill()
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * A request from one of our ports is painted (DSCP) by the first node that it meets, and painted packets are traced:
 * the paint outlives NAT, ports do not. Answers are not painted.
 */
export const TRACE_TABLE = 'ngtrace'
const PAINT = '0x2a'
/** What another node sends on has another port after MASQUERADE, and may have one of ours by chance. */
const hook = (name: string, from: string): string => `
  chain ${name} {
    type filter hook ${name} priority -400; policy accept;
    ${from}meta l4proto { tcp, udp } th sport ${TRACED_PORTS.from}-${TRACED_PORTS.to} ip dscp set ${PAINT}
    ip dscp ${PAINT} meta l4proto != tcp meta nftrace set 1
    ip dscp ${PAINT} tcp flags & (syn | ack | rst) == syn meta nftrace set 1
  }`
export const TRACE_RULES = `table ip ${TRACE_TABLE} {${hook('prerouting', 'ip saddr != 172.18.0.2-172.18.0.9 ')}${hook('output', '')}\n}\n`

export class Kernel {
  private readonly net: Net
  private readonly agents = new Map<string, Agent>()
  private readonly monitors = new Map<string, Monitor>()
  private readonly rules = new Map<string, KernelRules>()
  private readonly topology: Topology
  private readonly script: string
  private sport: number = TRACED_PORTS.from
  private mode: Mode = 'iptables'

  private constructor(topology: Topology, script: string) {
    this.topology = topology
    this.script = script
    this.net = makeNet(topology)
  }

  static async build(topology: Topology, script: string): Promise<Kernel> {
    const kernel = new Kernel(topology, script)
    try {
      const ready: Promise<AgentAnswer>[] = []
      for (const pod of topology.pods)
        if (pod.tcp)
          ready.push(kernel.agent(pod.name).ask({ do: 'listen', name: pod.name, tcp: pod.tcp, udp: pod.udp ?? [] }))
      for (const flow of topology.flows) kernel.agent(namespaceOf(flow.from))
      await Promise.all(ready)
    } catch (error) {
      kernel.destroy()
      throw error
    }
    return kernel
  }

  /** Puts the rules of a mode in the place of those that are there. */
  async load({ mode, rules, localnet }: Pick<Modelled, 'mode' | 'rules' | 'localnet'>): Promise<void> {
    this.mode = mode
    for (const monitor of this.monitors.values()) monitor.stop()
    this.monitors.clear()
    if (mode === 'ipvs') {
      for (const { name } of this.topology.nodes) this.loadIpvs(name, JSON.parse(rules[name]!) as IpvsRules)
      return
    }
    for (const { name } of this.topology.nodes) {
      this.net.inside(name, ['nft', 'flush', 'ruleset'])
      this.net.inside(name, ['sysctl', '-q', '-w', `net.ipv4.conf.all.route_localnet=${localnet[name] ? 1 : 0}`])
      if (mode === 'iptables') this.net.inside(name, ['iptables-restore'], rules[name]!)
      else this.net.inside(name, ['nft', '-f', '-'], rules[name]!)
      this.net.inside(name, ['nft', '-f', '-'], TRACE_RULES)
      this.rules.set(name, kernelRules(this.net, name))
      this.monitors.set(name, new Monitor(this.net, name))
    }
    await this.warmUp()
  }

  private readonly ipvs = new Map<string, string>()

  /** By the tools of the kernel that has IPVS; what kube-proxy sets at start is set here (NewProxier). */
  private loadIpvs(name: string, { iptables, ipset, ipvs, addresses }: IpvsRules): void {
    const sysctls = [
      'net.ipv4.vs.conntrack=1',
      'net.ipv4.vs.expire_nodest_conn=1',
      'net.ipv4.vs.expire_quiescent_template=1',
    ]
    this.net.inside(name, ['ip', 'link', 'add', 'kube-ipvs0', 'type', 'dummy'])
    this.net.inside(name, ['sysctl', '-q', '-w', ...sysctls])
    if (addresses.length > 0)
      this.net.inside(name, ['ip', '-batch', '-'], addresses.map((ip) => `addr add ${ip} dev kube-ipvs0\n`).join(''))
    this.net.inside(name, ['ipset', 'restore'], ipset)
    this.net.inside(name, ['iptables-legacy-restore'], iptables)
    this.net.inside(name, ['ipvsadm', '-R'], ipvs)
    this.ipvs.set(name, ipvs)
  }

  /** Until each monitor has told of a packet. */
  private async warmUp(): Promise<void> {
    const pods = this.topology.nodes.map((node) => this.topology.pods.find((pod) => pod.node === node.name && pod.tcp)!)
    for (let i = 0; i < 100; i++) {
      const quiet = pods.filter((pod) => this.monitors.get(pod.node)!.count === 0)
      if (quiet.length === 0) break
      const sport = this.nextPort()
      await Promise.all(
        quiet.map((pod) =>
          this.agent(pod.name).ask({ do: 'connect', proto: 'udp', dst: '192.0.2.254', port: 9, timeoutMs: 30, sport }),
        ),
      )
    }
    await this.quiet()
    for (const monitor of this.monitors.values()) monitor.take()
  }

  /** What the node prints of its rules, to compare with what was loaded. */
  saved(node: string): string {
    if (this.mode === 'iptables') return this.net.inside(node, ['iptables-save'])
    return this.net.inside(node, ['nft', 'list', 'table', 'ip', 'kube-proxy'])
  }

  private agent(name: string): Agent {
    let agent = this.agents.get(name)
    if (!agent) this.agents.set(name, (agent = new Agent(this.net, name, this.script)))
    return agent
  }

  private nextPort(): number {
    return (this.sport = this.sport >= TRACED_PORTS.to ? TRACED_PORTS.from : this.sport + 1)
  }

  /** `patience`: how long to wait for answers and for the end of the trace. */
  async run(flow: Flow, patience = 1): Promise<Seen> {
    if (flow.via !== undefined) {
      const node = this.topology.nodes.find((n) => n.name === flow.via)!
      this.net.inside('switch', ['ip', 'route', 'replace', `${flow.dst}/32`, 'via', node.ip, 'table', '100'])
    }
    this.forget()
    for (const monitor of this.monitors.values()) monitor.take()
    const agent = this.agent(namespaceOf(flow.from))
    const to = { proto: flow.proto, dst: flow.dst, port: flow.port, timeoutMs: 600 * patience } as const
    const first = await agent.ask({ do: 'connect', ...to, sport: this.nextPort() })
    if (this.monitors.size > 0) await this.quiet(patience)
    const path: Record<string, KernelPath> = {}
    for (const [node, monitor] of this.monitors) {
      const lines = monitor.take()
      if (lines.length > 0) path[node] = readTrace(lines, this.rules.get(node)!, (table) => table === TRACE_TABLE)
    }
    const verdicts: Record<string, number> = { [first.verdict]: 1 }
    const backends: Record<string, string[]> = first.backend === undefined ? {} : { [first.backend]: [first.peer!] }
    // one dead end is like the other; backends need many tries
    if (first.verdict === 'answer') {
      const all = await agent.ask({ do: 'share', ...to, count: flow.count, atOnce: 12 })
      for (const [verdict, n] of Object.entries(all.verdicts!)) verdicts[verdict] = (verdicts[verdict] ?? 0) + n
      for (const [backend, peers] of Object.entries(all.peers!))
        backends[backend] = [...new Set([...(backends[backend] ?? []), ...peers])]
    }
    return { verdicts, backends, first, path }
  }

  /** How many connections each backend got. */
  async shares(flow: Flow, count: number): Promise<Record<string, number>> {
    this.forget()
    const to = { proto: flow.proto, dst: flow.dst, port: flow.port, timeoutMs: 3_000 } as const
    const all = await this.agent(namespaceOf(flow.from)).ask({ do: 'share', ...to, count, atOnce: 32 })
    return {
      ...all.backends!,
      ...(all.verdicts!.answer === count ? {} : { '(none)': count - (all.verdicts!.answer ?? 0) }),
    }
  }

  /** Nobody is remembered, as in the model. */
  private forget(): void {
    if (!this.topology.services.some((service) => service.spec?.sessionAffinity === 'ClientIP')) return
    if (this.mode === 'ipvs') {
      for (const [node, table] of this.ipvs) {
        this.net.inside(node, ['ipvsadm', '-C'])
        this.net.inside(node, ['ipvsadm', '-R'], table)
      }
      return
    }
    const script =
      this.mode === 'iptables'
        ? 'for f in /proc/net/xt_recent/*; do [ -e "$f" ] && echo / > "$f"; done; true'
        : `nft list sets | sed -n 's/^\\tset \\(affinity-[^ ]*\\) .*/flush set ip kube-proxy \\1/p' | nft -f -`
    for (const node of this.topology.nodes) this.net.inside(node.name, ['sh', '-c', script])
  }

  /** Until the monitors have nothing more to say. Every flow passes a node, so they all say something. */
  private async quiet(patience = 1): Promise<void> {
    let last = 0
    let still = 0
    for (let i = 0; i < 300 && still < 4 * patience; i++) {
      await sleep(6)
      const now = [...this.monitors.values()].reduce((sum, monitor) => sum + monitor.count, 0)
      still = now > 0 && now === last ? still + 1 : 0
      last = now
    }
  }

  destroy(): void {
    for (const agent of this.agents.values()) agent.stop()
    for (const monitor of this.monitors.values()) monitor.stop()
    this.net.destroy()
  }
}

function namespaceOf(client: Client): string {
  if ('pod' in client) return client.pod
  if ('node' in client) return client.node
  return client.host === 'laptop' ? 'switch' : 'external'
}
