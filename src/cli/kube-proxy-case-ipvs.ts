/** kube-proxy cases in mode ipvs: virtual servers, sets, addresses of kube-ipvs0, the restore input, and where packets go. */
import type { ProxierConfig } from '../model/kube-proxy/config.ts'
import { type Desired, desiredState } from '../model/kube-proxy/ipvs/desired.ts'
import { missingLines } from '../model/kube-proxy/ipvs/chains.ts'
import { ipvsRestoreLines } from '../model/kube-proxy/ipvs/rules.ts'
import { setName, SETS } from '../model/kube-proxy/ipvs/sets.ts'
import { newTracker } from '../model/kube-proxy/proxier.ts'
import { ipvsPasses } from '../model/linux/ipvs/hooks.ts'
import { type IpvsServiceRecord, serviceId } from '../model/linux/ipvs/records.ts'
import { parseIp } from '../model/linux/netfilter/address.ts'
import { explore } from '../model/linux/netfilter/explore.ts'
import type { NetNamespace } from '../model/linux/netfilter/namespace.ts'
import { printSave } from '../model/linux/netfilter/print-save.ts'
import { planRestore } from '../model/linux/netfilter/restore.ts'
import { isLocalAddress } from '../model/linux/netfilter/route.ts'
import { MapRules } from '../model/linux/netfilter/ruleset.ts'
import type { ModelReader } from '../model/tables.ts'
import type { Json } from './json-file.ts'
import {
  applyStep,
  type CaseRow,
  type CaseStep,
  type Flow,
  type FlowResult,
  type KubeProxyCase,
  type ModeCase,
  rowName,
} from './kube-proxy-case.ts'
import { caseNamespace } from './kube-proxy-case-iptables.ts'

type IpvsRun = { step: CaseStep; desired: Desired; text: string; state: IpvsState; rules: MapRules }

/** In the shapes of the cases' own `generatedState`. */
type IpvsState = {
  virtualServers: Json[]
  ipsets: Record<string, string[]>
  dummyAddrs: string[]
  iptables: string
}

function runIpvsCase(subject: KubeProxyCase): IpvsRun[] {
  const { config } = subject
  const tracker = newTracker(config)
  const asked = subject.json.input?.config ?? subject.json.config ?? {}
  const scheduler = asked.ipvsScheduler || asked.ipvs?.scheduler || asked.scheduler || 'rr'
  let rules = new MapRules(config.family)
  return subject.steps.map((step) => {
    applyStep(tracker, step)
    const desired = desiredState({
      config,
      services: tracker.services(),
      scheduler,
      nodeAddresses: config.nodeAddresses,
    })
    tracker.synced()
    const lines = ipvsRestoreLines(config, desired)
    const text = `${lines.join('\n')}\n`
    const next = new MapRules(config.family)
    for (const [table, chains] of rules.byTable) next.byTable.set(table, new Map(chains))
    for (const part of [missingLines(next), lines]) {
      const plan = planRestore(next, part, { noflush: true })
      if (plan.error)
        throw new Error(
          `${step.name}: our own restore input is refused in line ${plan.error.line}: ${plan.error.message}`,
        )
      next.apply(plan.changes)
    }
    rules = next
    return { step, desired, text, state: stateOf(config, desired, text), rules }
  })
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const order = (a: Json, b: Json): number =>
  byText(a.address, b.address) || a.port - b.port || byText(a.protocol ?? '', b.protocol ?? '')

function sortServers(servers: Json[]): Json[] {
  return servers.map((server) => ({ ...server, realServers: [...(server.realServers ?? [])].sort(order) })).sort(order)
}

function stateOf(config: ProxierConfig, desired: Desired, text: string): IpvsState {
  const virtualServers = desired.servers.map((server) => {
    const flags = [
      ...(server.persistentSeconds > 0 ? ['persistent'] : []),
      ...(server.flags.includes('flag-2') ? ['sourcehash'] : []),
    ]
    return {
      address: server.address,
      port: server.port,
      protocol: server.proto.toUpperCase(),
      scheduler: server.scheduler,
      ...(flags.length > 0 ? { flags } : {}),
      ...(server.persistentSeconds > 0 ? { timeout: server.persistentSeconds } : {}),
      realServers: server.endpoints.map((ep) => ({ address: ep.ip, port: ep.port, weight: 1 })),
    }
  })
  const ipsets: Record<string, string[]> = {}
  for (const { name } of SETS) {
    const entries = [...desired.sets.get(name)!].sort(byText)
    if (entries.length > 0) ipsets[setName(name, config.family)] = entries
  }
  return {
    virtualServers: sortServers(virtualServers),
    ipsets,
    dummyAddrs: [...desired.bound].sort(byText),
    iptables: text,
  }
}

/** `{ jump, match, src }` of each rule of a chain, as far as the expectation names them. */
function jumps(text: string, expected: Record<string, Json[]>): Record<string, Json[]> {
  const out: Record<string, Json[]> = {}
  for (const [chain, wanted] of Object.entries(expected)) {
    const lines = text.split('\n').filter((line) => line.startsWith(`-A ${chain} `))
    out[chain] = lines.map((line, i) => {
      const all: Record<string, string | undefined> = {
        jump: / -j (\S+)/.exec(line)?.[1],
        match: / --match-set (\S+)/.exec(line)?.[1],
        src: /(?<!!) -s (\S+)/.exec(line)?.[1],
      }
      const keys = Object.keys(wanted[i] ?? all)
      return Object.fromEntries(keys.filter((key) => all[key] !== undefined).map((key) => [key, all[key]]))
    })
  }
  return out
}

function compared(subject: KubeProxyCase, run: IpvsRun, what: string, expected: Json): CaseRow[] {
  const rows: CaseRow[] = []
  const row = (part: string, wanted: unknown, got: () => unknown): void =>
    void rows.push({ name: rowName(subject, run.step, `${what}.${part}`), expected: wanted, run: got })
  const { state } = run
  if (expected.virtualServers) row('virtualServers', sortServers(expected.virtualServers), () => state.virtualServers)
  if (expected.ipsets) {
    const names = Object.keys(expected.ipsets)
    const sorted = Object.fromEntries(names.map((name) => [name, [...expected.ipsets[name]].sort(byText)]))
    row('ipsets', sorted, () =>
      what === 'expected' ? Object.fromEntries(names.map((name) => [name, state.ipsets[name] ?? []])) : state.ipsets,
    )
  }
  if (expected.dummyAddrs) row('dummyAddrs', [...expected.dummyAddrs].sort(byText), () => state.dummyAddrs)
  if (expected.chains) row('chains', expected.chains, () => jumps(state.iptables, expected.chains))
  if (expected.iptables !== undefined) row('iptables', expected.iptables.trim(), () => state.iptables.trim())
  return rows
}

/** Every real server that a packet may get, or what stops it, or '' where nothing touches it. */
function runIpvsFlow(config: ProxierConfig, run: IpvsRun, flow: Flow): FlowResult {
  const proto = flow.protocol.toLowerCase()
  const at = `${proto} ${parseIp(flow.destIP)?.text ?? flow.destIP} ${flow.destPort}`
  const wanted = run.desired.servers.find((server) => `${server.proto} ${server.address} ${server.port}` === at)
  const outputs: string[] = []
  const mark = Number(config.masqueradeMark)
  let masq = false
  // the scheduler's choice is made for it, once for each server
  for (const only of wanted && wanted.endpoints.length > 0 ? wanted.endpoints : [undefined]) {
    const services = run.desired.servers.map((server): IpvsServiceRecord => {
      const { proto, address, port, scheduler, flags } = server
      const endpoints = server === wanted && only ? [only] : server.endpoints
      const servers = endpoints.map((ep) => ({ address: ep.ip, port: ep.port, weight: 1 }))
      return { node: 'node', proto, address, port, scheduler, flags, persistentSeconds: 0, servers }
    })
    const ns = ipvsNamespace(config, run, services)
    const src = parseIp(flow.sourceIP)
    if (!src) throw new Error(`flow ${flow.name}: bad sourceIP ${flow.sourceIP}`)
    const packet = { proto, src: flow.sourceIP, dst: flow.destIP, sport: 40_000, dport: flow.destPort }
    for (const { traversal } of explore(ns, packet, isLocalAddress(ns.links, src) ? {} : { inDev: 'eth0' }).branches) {
      if (traversal.markBits & mark || traversal.masqueraded) masq = true
      const to = traversal.nat.find((change) => change.kind === 'DNAT')?.to ?? ''
      const output = traversal.verdict === 'ACCEPT' ? to : traversal.verdict
      if (!outputs.includes(output)) outputs.push(output)
    }
  }
  return { output: outputs.filter((o) => o !== '' || outputs.length === 1).join(', '), masq }
}

function ipvsNamespace(config: ProxierConfig, run: IpvsRun, services: readonly IpvsServiceRecord[]): NetNamespace {
  const byId = new Map(services.map((service) => [serviceId('node', service), service]))
  const netns = { sysctls: { 'net.ipv4.vs.conntrack': '1' } }
  const reader = {
    now: 0,
    get: (table: string, id: string) =>
      table === 'ipvsServices' ? byId.get(id) : table === 'netns' ? netns : undefined,
    by: () => [],
    count: () => 0,
  } as unknown as ModelReader
  const sets = new Map(Object.entries(run.state.ipsets))
  const { rules } = run
  const typed = new Map<string, string>(SETS.map(({ name, type }) => [setName(name, config.family), type]))
  const withSets = Object.assign(Object.create(rules) as MapRules, {
    sets: (name: string) => ({
      name,
      type: typed.get(name) ?? 'hash:ip',
      entries: (sets.get(name) ?? []).map((entry) => ({ parts: entry.split(','), except: false })),
    }),
  })
  const ns = caseNamespace(config, withSets, ipvsPasses(reader, 'node'))
  return {
    ...ns,
    links: [...ns.links, { name: 'kube-ipvs0', addresses: run.state.dummyAddrs.map((ip) => `${ip}/32`) }],
  }
}

export const ipvsCase: ModeCase = {
  rows(subject) {
    const runs = runIpvsCase(subject)
    const rows: CaseRow[] = []
    const steps: Json[] | undefined = subject.json.steps ?? subject.json.input?.steps
    runs.forEach((run, i) => {
      const of: Json = steps ? steps[i] : subject.json
      for (const what of ['expected', 'generatedState'])
        if (of[what]) rows.push(...compared(subject, run, what, of[what]))
      for (const flow of run.step.flows)
        if (flow.output !== undefined)
          rows.push({
            name: rowName(subject, run.step, `flow ${flow.name}`),
            expected: { output: flow.output, masq: flow.masq ?? false },
            run: () => runIpvsFlow(subject.config, run, flow),
          })
    })
    return rows
  },
  emit(subject) {
    return runIpvsCase(subject).map((run) => ({
      step: run.step.name,
      rules: { iptables: run.text },
      flows: run.step.flows.map((flow) => ({ name: flow.name, ...runIpvsFlow(subject.config, run, flow) })),
      ipvs: {
        ...run.state,
        chains: jumps(
          run.text,
          Object.fromEntries([...run.text.matchAll(/^:(\S+)/gm)].map((found) => [found[1]!, [] as Json[]])),
        ),
      },
    }))
  },
  print(subject, _as, save) {
    const runs = runIpvsCase(subject)
    if (save) return printSave(runs[runs.length - 1]!.rules)
    return runs.map((run) => `${subject.stepped ? `# ${run.step.name}\n` : ''}${run.text}${ipvsText(run)}`).join('')
  },
}

/** The rest of what this mode programs, in the words of ipvsadm-save and ipset save. */
function ipvsText({ state }: IpvsRun): string {
  const lines: string[] = ['# ipvsadm -Sn']
  for (const { address, port, protocol, scheduler, flags, timeout, realServers } of state.virtualServers) {
    const at = `${protocol === 'TCP' ? '-t' : protocol === 'UDP' ? '-u' : '--sctp-service'} ${address.includes(':') ? `[${address}]` : address}:${port}`
    const port2 = flags?.includes('sourcehash') ? ' -b mh-port' : ''
    lines.push(`-A ${at} -s ${scheduler}${timeout ? ` -p ${timeout}` : ''}${port2}`)
    for (const real of realServers)
      lines.push(
        `-a ${at} -r ${real.address.includes(':') ? `[${real.address}]` : real.address}:${real.port} -m -w ${real.weight}`,
      )
  }
  lines.push('# ipset save')
  for (const [name, entries] of Object.entries(state.ipsets))
    for (const entry of entries) lines.push(`add ${name} ${entry}`)
  lines.push('# ip addr show kube-ipvs0', ...state.dummyAddrs.map((ip) => `${ip}/${ip.includes(':') ? 128 : 32}`))
  return `${lines.join('\n')}\n`
}
