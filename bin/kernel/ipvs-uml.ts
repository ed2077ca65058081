/**
 * Mode ipvs against a kernel that has IPVS: user-mode Linux with the virtual servers, sets and rules that the model's
 * kube-proxy wrote. Connection by connection the same backend must answer, with the same source address, and the first
 * packet of each flow must have matched the same rules, in order, out of the same number compared.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigMap } from '../../src/model/apiserver/objects.ts'
import { SCHEDULERS, serverKey, type SchedulerName } from '../../src/model/linux/ipvs/records.ts'
import { newStage, type Stage } from '../../src/model/linux/net/stage.ts'
import { joinHostPort } from '../../src/model/linux/netfilter/address.ts'
import { liveRules } from '../../src/model/linux/netfilter/live-rules.ts'
import { printSave } from '../../src/model/linux/netfilter/print-save.ts'
import type { ModelReader, NetPlace } from '../../src/model/tables.ts'
import { type Client, type Flow, randomTopology, type Topology } from './topology.ts'

/** Connections of each flow: enough for a round or two of a scheduler. */
const TRIES = 6
/** The laptop's address is that of the oracle's own switch. */
const LAPTOP = { model: '172.18.0.1', oracle: '172.18.0.100' } as const

interface FlowRun {
  /** Backend of each connection, or how it failed. */
  readonly sequence: readonly string[]
  readonly sources: readonly string[]
  /** Of the first packet, per node: `table chain number`, in order. */
  readonly path: Readonly<Record<string, readonly string[]>>
  /** Rules that it was compared with, per node. */
  readonly compared: Readonly<Record<string, number>>
}

export interface IpvsReport {
  readonly seed: number
  readonly scheduler: SchedulerName
  readonly flows: number
  readonly connections: number
  readonly matched: number
  readonly compared: number
  readonly wrong: number
  readonly lines: readonly string[]
}

/** `oracle`: folder with uml-oracle.sh and what it needs (uml-tools.ts). */
export async function compareIpvs(seed: number, oracle: string): Promise<IpvsReport> {
  const topology = randomTopology(seed)
  const scheduler = SCHEDULERS[seed % SCHEDULERS.length]!
  const stage = newStage(topology.nodes, topology.pods, seed)
  stage.change((world) =>
    world.put('configmaps', 'kube-system/kube-proxy', configuration(topology, scheduler) as unknown as ConfigMap),
  )
  stage.startProxies(topology.services, topology.slices)
  const input = oracleInput(topology, stage.machine.reader)
  const model = topology.flows.map((flow) => runFlow(stage, topology, flow))
  const kernel = await runOracle(oracle, input)
  const lines: string[] = []
  let [connections, matched, compared, wrong] = [0, 0, 0, 0]
  topology.flows.forEach((flow, i) => {
    const differences = disagreements(model[i]!, kernel[i]!, isDrawn(flow, scheduler))
    connections += kernel[i]!.sequence.length
    for (const path of Object.values(kernel[i]!.path)) matched += path.length
    for (const count of Object.values(kernel[i]!.compared)) compared += count
    if (differences.length > 0) wrong++
    lines.push(
      `  ${differences.length > 0 ? 'DIFFERS' : 'agrees '} ipvs ${scheduler} ${flow.name}: ${kernel[i]!.sequence.join(' ')}`,
      ...differences.map((line) => `      ${line}`),
    )
  })
  return { seed, scheduler, flows: topology.flows.length, connections, matched, compared, wrong, lines }
}

function configuration(topology: Topology, scheduler: string): object {
  const { masqueradeAll, nodePortAddresses } = topology.proxy ?? { masqueradeAll: false, nodePortAddresses: [] }
  // `primary` is a word of nftables mode
  const addresses = nodePortAddresses.filter((text) => text !== 'primary')
  const config = [
    'apiVersion: kubeproxy.config.k8s.io/v1alpha1',
    'kind: KubeProxyConfiguration',
    'mode: ipvs',
    'clusterCIDR: 10.244.0.0/16',
    `nodePortAddresses: ${JSON.stringify(addresses)}`,
    'iptables:',
    `  masqueradeAll: ${masqueradeAll}`,
    'ipvs:',
    `  scheduler: ${scheduler}`,
    '',
  ].join('\n')
  const metadata = { namespace: 'kube-system', name: 'kube-proxy' }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.conf': config } }
}

/** In the form that ../shared/kernel-oracle/oracle.py reads. */
function oracleInput(topology: Topology, reader: ModelReader): object {
  const byNode = <T>(make: (node: string) => T): Record<string, T> =>
    Object.fromEntries(topology.nodes.map(({ name }) => [name, make(name)]))
  return {
    nodes: Object.fromEntries(
      topology.nodes.map(({ name, ip, pods }) => {
        const sysctl = { 'net.ipv4.conf.all.route_localnet': 0, 'net.ipv4.conf.default.route_localnet': 0 }
        return [name, { ip, podCIDR: `${pods}.0/24`, sysctl }]
      }),
    ),
    external: [
      { name: 'laptop', ip: LAPTOP.oracle },
      { name: 'external', ip: '203.0.113.10' },
    ],
    pods: topology.pods.map(({ name, node, ip, tcp = [], udp = [] }) => ({
      name,
      node,
      ip,
      ports: [...tcp, ...udp.map((port) => ({ port, proto: 'udp' }))],
    })),
    rules: byNode((node) => printSave(liveRules(reader, node))),
    ipvs: byNode((node) => ({
      table: ipvsTable(reader, node),
      addrs: (reader.get('links', `${node}||kube-ipvs0`)?.addresses ?? []).map((address) => address.split('/')[0]),
    })),
    ipset: byNode((node) => ipsetText(reader, node)),
    flows: topology.flows.map(({ name, from, dst, port, proto, via }) => {
      const way = via === undefined ? {} : { via }
      return { name, from: oracleName(from), dst, port, proto, count: TRIES, ...way }
    }),
    // legacy: the only tables whose rules this kernel can trace
    options: { backend: 'legacy', cni: 'bridge', concurrency: 1, trace: 'first', timeout: 0.6, maxSeconds: 150 },
  }
}

const oracleName = (client: Client): string =>
  'pod' in client ? client.pod : 'node' in client ? client.node : client.host

/** As the servers were added, so that the kernel's list has the same order. */
function ipvsTable(reader: ModelReader, node: string): string {
  const lines: string[] = []
  for (const service of reader.by('ipvsServices', 'node', node)) {
    const at = `${service.proto === 'tcp' ? '-t' : '-u'} ${joinHostPort(service.address, service.port)}`
    const port = service.flags.includes('flag-2') ? ' -b mh-port' : ''
    const sticky = service.persistentSeconds > 0 ? ` -p ${service.persistentSeconds}` : ''
    lines.push(`-A ${at} -s ${service.scheduler}${port}${sticky}`)
    for (const server of [...service.servers].reverse())
      lines.push(`-a ${at} -r ${serverKey(server)} -m -w ${server.weight}`)
  }
  return `${lines.join('\n')}\n`
}

function ipsetText(reader: ModelReader, node: string): string {
  const lines: string[] = []
  for (const { name, type, members } of reader.by('ipsets', 'node', node)) {
    const header = type.startsWith('bitmap') ? 'range 0-65535' : 'family inet hashsize 1024 maxelem 65536'
    lines.push(`create ${name} ${type} ${header}`, ...members.map((member) => `add ${name} ${member}`))
  }
  return `${lines.join('\n')}\n`
}

function placeOf(topology: Topology, client: Client): NetPlace {
  if ('host' in client) return client
  if ('node' in client) return { node: client.node, netns: '' }
  return { node: topology.pods.find((pod) => pod.name === client.pod)!.node, netns: client.pod }
}

function runFlow(stage: Stage, topology: Topology, flow: Flow): FlowRun {
  const sequence: string[] = []
  const sources = new Set<string>()
  const path: Record<string, string[]> = {}
  const compared: Record<string, number> = {}
  for (let i = 0; i < TRIES; i++) {
    const { from, proto, dst, port: dport, via } = flow
    const way = via === undefined ? {} : { via }
    const request = {
      from: placeOf(topology, from),
      proto,
      dst,
      dport,
      request: 'q',
      what: 'q',
      timeoutMicros: 600_000,
    }
    const result = stage.connect({ ...request, ...way })!
    const response = result.response as { from: string; peer: string } | undefined
    sequence.push(result.ok ? response!.from : result.error!)
    if (response) sources.add(response.peer)
    if (i > 0) continue
    for (const hop of stage.machine.reader.by('packets', 'flow', result.flow)[0]?.hops ?? []) {
      if (hop.netns !== '' || !hop.trace) continue
      const rules = hop.matched.filter((step) => step.table !== 'ipvs')
      ;(path[hop.node] ??= []).push(...rules.map((step) => `${step.table} ${step.chain} ${step.rule}`))
      compared[hop.node] = (compared[hop.node] ?? 0) + hop.compared
    }
  }
  return { sequence, sources: [...sources].sort(), path, compared }
}

interface OracleStep {
  readonly node: string
  readonly table: string
  readonly chain: string
  readonly type: 'rule' | 'end' | 'policy'
  readonly ruleNum?: number
}
interface OracleFlow {
  readonly sequence: readonly string[]
  readonly srcSeen: Readonly<Record<string, number>>
  readonly rulePath: readonly OracleStep[]
  readonly evaluated: Readonly<Record<string, Readonly<Record<string, number>>>>
}

const VERDICTS: Readonly<Record<string, string>> = {
  REJECT: 'refused',
  RST: 'refused',
  DROP: 'timeout',
  UNREACH: 'unreachable',
}

function runOracle(oracle: string, input: object): Promise<FlowRun[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nodeglass-ipvs-'))
  const [from, to] = [join(folder, 'in.json'), join(folder, 'out.json')]
  writeFileSync(from, JSON.stringify(input))
  return new Promise((resolve, reject) => {
    execFile('bash', [join(oracle, 'uml-oracle.sh'), from, to], (error, _out, err) => {
      try {
        if (!existsSync(to)) throw new Error(`user-mode Linux gave no answer: ${String(err || error).slice(0, 400)}`)
        const result = JSON.parse(readFileSync(to, 'utf8')) as { ok: boolean; error?: string; flows: OracleFlow[] }
        if (!result.ok) throw new Error(`the oracle failed: ${result.error}`)
        resolve(result.flows.map(seen))
      } catch (problem) {
        reject(problem as Error)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })
}

function seen(flow: OracleFlow): FlowRun {
  const path: Record<string, string[]> = {}
  for (const step of flow.rulePath)
    if (step.type === 'rule') (path[step.node] ??= []).push(`${step.table} ${step.chain} ${step.ruleNum}`)
  const compared: Record<string, number> = {}
  for (const [node, counts] of Object.entries(flow.evaluated)) compared[node] = counts['total']!
  const sources = Object.keys(flow.srcSeen).map((ip) => (ip === LAPTOP.oracle ? LAPTOP.model : ip))
  return { sequence: flow.sequence.map((word) => VERDICTS[word] ?? word), sources: sources.sort(), path, compared }
}

/** mh goes by the client's port, which is another one there, and sh by the laptop's address, which differs. */
function isDrawn(flow: Flow, scheduler: SchedulerName): boolean {
  return scheduler === 'mh' || (scheduler === 'sh' && 'host' in flow.from && flow.from.host === 'laptop')
}

function disagreements(model: FlowRun, kernel: FlowRun, random: boolean): string[] {
  const out: string[] = []
  // send() of a datagram fails at once (EPERM); the oracle tells of the ICMP error behind it, or of none
  const denied = model.sequence[0] === 'denied' && ['refused', 'timeout'].includes(kernel.sequence[0]!)
  // which backends then is chance; only what does not hang on them is alike
  const drawn = random && kernel.sources.length > 0 && model.sources.length > 0
  if (!denied && !drawn && model.sequence.join() !== kernel.sequence.join())
    out.push(`kernel: ${kernel.sequence.join(' ')}`, `model:  ${model.sequence.join(' ')}`)
  if (!drawn && model.sources.join() !== kernel.sources.join())
    out.push(`sources: kernel ${kernel.sources.join(', ')}, model ${model.sources.join(', ')}`)
  if (drawn && model.sequence[0] !== kernel.sequence[0]) return out
  for (const node of new Set([...Object.keys(model.path), ...Object.keys(kernel.path)])) {
    const [mine, its] = [model.path[node] ?? [], kernel.path[node] ?? []]
    if (mine.join() !== its.join())
      out.push(`rules on ${node}: kernel ${its.join(', ')}`, `rules on ${node}: model  ${mine.join(', ')}`)
    // a packet that comes by twice is counted once by the oracle
    else if (new Set(mine).size === mine.length && model.compared[node] !== kernel.compared[node])
      out.push(`compared on ${node}: kernel ${kernel.compared[node]}, model ${model.compared[node]}`)
  }
  return out
}
