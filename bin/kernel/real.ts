/** The same flows on the real kernel: agents in the namespaces connect, xtables-monitor tells which rules matched. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type AgentAnswer, type AgentCommand, UDP_REQUEST_BYTES } from './agent-words.ts'
import { makeNet, type Net } from './namespaces.ts'
import type { Client, Flow, Topology } from './topology.ts'

export interface Seen {
  /** verdict -> how often */
  readonly verdicts: Readonly<Record<string, number>>
  /** backend -> source addresses that it saw */
  readonly backends: Readonly<Record<string, readonly string[]>>
  /** Of the first connection. */
  readonly first: AgentAnswer
  readonly path: Readonly<Record<string, readonly string[]>>
}

class Agent {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly waiting = new Map<number, (answer: AgentAnswer) => void>()
  private next = 1
  constructor(net: Net, name: string, script: string) {
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
class Monitor {
  private lines: string[] = []
  private readonly child: ChildProcessWithoutNullStreams
  constructor(net: Net, node: string) {
    this.child = spawn('ip', [
      'netns',
      'exec',
      net.ns(node),
      'stdbuf',
      '-oL',
      'xtables-monitor',
      '--trace',
      '-4',
    ]) as ChildProcessWithoutNullStreams
    createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line))
  }
  get count(): number {
    return this.lines.length
  }
  /** Rules that matched since the last call, without our own tracing rules: `table -A CHAIN ...`. */
  take(): string[] {
    const out: string[] = []
    for (const line of this.lines) {
      const found = /TRACE: \S+ \S+ (\w+):\S+?:rule:\S+\s+-4 -t \w+ (-A .*)$/.exec(line)
      if (found && found[1] !== 'raw') out.push(`${found[1]} ${found[2]!.trimEnd()}`)
    }
    this.lines = []
    return out
  }
  stop(): void {
    this.child.kill()
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Only the first connection of a flow is traced: more would overrun the socket of the monitor. */
const TRACE_CHAIN = '*raw\n:NGTRACE - [0:0]\nCOMMIT\n'
const TRACE_JUMPS = `${TRACE_CHAIN}*raw\n-I PREROUTING -j NGTRACE\n-I OUTPUT -j NGTRACE\nCOMMIT\n`
const TRACE_ON = `*raw
:NGTRACE - [0:0]
-A NGTRACE -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TRACE
-A NGTRACE -p udp -m length --length ${28 + UDP_REQUEST_BYTES} -j TRACE
COMMIT
`

export class Kernel {
  private readonly net: Net
  private readonly agents = new Map<string, Agent>()
  private readonly monitors = new Map<string, Monitor>()
  private readonly topology: Topology
  private readonly script: string

  private constructor(topology: Topology, script: string) {
    this.topology = topology
    this.script = script
    this.net = makeNet(topology)
  }

  static async build(topology: Topology, rules: Readonly<Record<string, string>>, script: string): Promise<Kernel> {
    const kernel = new Kernel(topology, script)
    try {
      for (const node of topology.nodes) {
        kernel.net.inside(node.name, ['iptables-restore'], rules[node.name]!)
        kernel.net.inside(node.name, ['iptables-restore', '--noflush'], TRACE_JUMPS)
        kernel.monitors.set(node.name, new Monitor(kernel.net, node.name))
      }
      const ready: Promise<AgentAnswer>[] = []
      for (const pod of topology.pods)
        if (pod.tcp)
          ready.push(kernel.agent(pod.name).ask({ do: 'listen', name: pod.name, tcp: pod.tcp, udp: pod.udp ?? [] }))
      for (const flow of topology.flows) kernel.agent(namespaceOf(flow.from))
      await Promise.all(ready)
      await sleep(120)
    } catch (error) {
      kernel.destroy()
      throw error
    }
    return kernel
  }

  /** What iptables-save prints on a node, to compare with what was loaded. */
  saved(node: string): string {
    return this.net.inside(node, ['iptables-save'])
  }

  private agent(name: string): Agent {
    let agent = this.agents.get(name)
    if (!agent) this.agents.set(name, (agent = new Agent(this.net, name, this.script)))
    return agent
  }

  async run(flow: Flow): Promise<Seen> {
    if (flow.via !== undefined) {
      const node = this.topology.nodes.find((n) => n.name === flow.via)!
      this.net.inside('switch', ['ip', 'route', 'replace', `${flow.dst}/32`, 'via', node.ip, 'table', '100'])
    }
    this.forget()
    this.trace(TRACE_ON)
    for (const monitor of this.monitors.values()) monitor.take()
    const agent = this.agent(namespaceOf(flow.from))
    const ask = (): Promise<AgentAnswer> =>
      agent.ask({ do: 'connect', proto: flow.proto, dst: flow.dst, port: flow.port, timeoutMs: 600 })
    const first = await ask()
    await this.quiet()
    const path: Record<string, string[]> = {}
    for (const [node, monitor] of this.monitors) {
      const rules = monitor.take()
      if (rules.length > 0) path[node] = rules
    }
    this.trace(TRACE_CHAIN)
    const answers = [first]
    // one dead end is like the other; backends need many tries
    const more = first.verdict === 'answer' ? flow.count : 0
    for (let i = 0; i < more; i += 8)
      answers.push(...(await Promise.all(Array.from({ length: Math.min(8, more - i) }, ask))))
    const verdicts: Record<string, number> = {}
    const backends: Record<string, string[]> = {}
    for (const answer of answers) {
      verdicts[answer.verdict] = (verdicts[answer.verdict] ?? 0) + 1
      if (!answer.backend) continue
      const peers = (backends[answer.backend] ??= [])
      if (!peers.includes(answer.peer!)) peers.push(answer.peer!)
    }
    return { verdicts, backends, first, path }
  }

  /** Nobody is remembered by -m recent, as in the model. */
  private forget(): void {
    for (const node of this.topology.nodes)
      this.net.inside(node.name, [
        'sh',
        '-c',
        'for f in /proc/net/xt_recent/*; do [ -e "$f" ] && echo / > "$f"; done; true',
      ])
  }

  private trace(rules: string): void {
    for (const node of this.topology.nodes) this.net.inside(node.name, ['iptables-restore', '--noflush'], rules)
  }

  /** Until the monitors have nothing more to say. Every flow passes a node, so they all say something. */
  private async quiet(): Promise<void> {
    let last = 0
    let still = 0
    for (let i = 0; i < 300 && still < 5; i++) {
      await sleep(8)
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
