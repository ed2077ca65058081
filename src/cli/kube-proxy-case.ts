/** A kube-proxy case file: configuration, node, Services and EndpointSlices, or steps that apply them one by one. */
import type { EndpointSlice, Service } from '../model/apiserver/objects.ts'
import {
  localDetector,
  masqueradeMark,
  nodePortAddresses,
  type ProxierConfig,
  servesLocalhost,
} from '../model/kube-proxy/config.ts'
import { newProxier, type Proxier } from '../model/kube-proxy/proxier.ts'
import { restoreText, type SyncResult } from '../model/kube-proxy/iptables/sync.ts'
import { CANARY, jumpsFor } from '../model/kube-proxy/iptables/static-rules.ts'
import { explore } from '../model/linux/netfilter/explore.ts'
import type { NetNamespace } from '../model/linux/netfilter/namespace.ts'
import { parseIp } from '../model/linux/netfilter/address.ts'
import { isLocalAddress, type Link } from '../model/linux/netfilter/route.ts'
import { planRestore } from '../model/linux/netfilter/restore.ts'
import { MapRules } from '../model/linux/netfilter/ruleset.ts'
import { expandTrace } from '../model/linux/netfilter/trace.ts'
import { UsageError } from './arguments.ts'
import { type Json, lineOf, readJson } from './json-file.ts'

export type Flow = {
  name: string
  sourceIP: string
  destIP: string
  destPort: number
  protocol: string
  output?: string
  masq?: boolean
}

export type CaseStep = {
  name: string
  apply: Json
  /** The step follows a sync that failed, or asks for a full sync by itself. */
  full: boolean
  expectedRules?: string
  generatedRules?: Record<string, string>
  flows: Flow[]
}

export type KubeProxyCase = { name: string; mode: string; config: ProxierConfig; steps: CaseStep[]; stepped: boolean }

export type StepRun = {
  step: CaseStep
  sync: SyncResult
  text: string
  rules: MapRules
}

function list(file: string, where: Json, key: string): Json[] {
  const value = where[key]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new UsageError(`${lineOf(file, key)}: ${key} should be a list`)
  return value
}

export function readCase(file: string): KubeProxyCase {
  return toCase(file, readJson(file))
}

export function toCase(file: string, json: Json): KubeProxyCase {
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new UsageError(`${file}:1: a case is an object`)
  const input = json.input ?? json
  if (input === null || typeof input !== 'object')
    throw new UsageError(`${lineOf(file, 'input')}: input should be an object`)
  const steps = json.steps ?? input.steps
  if (steps !== undefined && !Array.isArray(steps))
    throw new UsageError(`${lineOf(file, 'steps')}: steps should be a list`)
  if (!steps && input.services === undefined && input.endpointSlices === undefined && input.config === undefined)
    throw new UsageError(`${file}:1: no config, services, endpointSlices or steps in it; is this a kube-proxy case?`)
  const start = { addServices: list(file, input, 'services'), addEndpointSlices: list(file, input, 'endpointSlices') }
  for (const service of start.addServices)
    if (!service?.metadata?.name || !service.spec)
      throw new UsageError(`${lineOf(file, 'services')}: a Service needs metadata.name and spec`)
  const config = toConfig(file, input.config ?? {}, input.node ?? {})
  const read = (step: Json, name: string): CaseStep => ({
    name,
    apply: step.apply ?? {},
    full: asksForFullSync(step),
    expectedRules: step.expectedRules,
    generatedRules: step.generatedRules,
    flows: step.flows ?? [],
  })
  const caseSteps = steps
    ? (steps as Json[]).map((step, i) => {
        const made = read(step, step.name ?? step.step ?? `step ${i + 1}`)
        return i === 0 ? { ...made, apply: merge(start, made.apply) } : made
      })
    : [{ ...read(json, ''), apply: start }]
  return {
    name: json.name ?? file,
    mode: json.mode ?? input.config?.mode ?? 'iptables',
    config,
    steps: caseSteps,
    stepped: steps !== undefined,
  }
}

function merge(start: Json, apply: Json): Json {
  return {
    ...apply,
    addServices: [...start.addServices, ...(apply.addServices ?? [])],
    addEndpointSlices: [...start.addEndpointSlices, ...(apply.addEndpointSlices ?? [])],
  }
}

/** A step after an injected failure is a full sync; cases say so by a key or in the name of the step. */
function asksForFullSync(step: Json): boolean {
  const keys = [...Object.entries(step), ...Object.entries(step.apply ?? {})]
  if (keys.some(([key, value]) => /full.?(re)?sync|fail/i.test(key) && value !== false && value !== null)) return true
  const words = `${step.name ?? ''} ${step.comment ?? ''} ${step.note ?? ''} ${step.notes ?? ''}`
  return /full (re)?sync|(sync|restore)\w* (\w+ ){0,3}fail|fail\w* (\w+ ){0,3}(sync|restore)/i.test(words)
}

function toConfig(file: string, config: Json, node: Json): ProxierConfig {
  const family = config.ipFamily === 'IPv6' ? 6 : 4
  const addresses: string[] = Array.isArray(node.addresses)
    ? node.addresses
    : Object.values((node.interfaceAddresses ?? {}) as Record<string, string[]>).flat()
  const nodeIP: string =
    node.ip ?? addresses.map((a) => a.split('/')[0]!).find((a) => parseIp(a)?.family === family) ?? ''
  let ports: Json = config.nodePortAddresses ?? []
  if (ports === 'primary' || (Array.isArray(ports) && ports.includes('primary')))
    ports = [`${nodeIP}/${family === 4 ? 32 : 128}`]
  if (typeof ports === 'string') ports = ports.split(',')
  if (!Array.isArray(ports))
    throw new UsageError(`${lineOf(file, 'nodePortAddresses')}: nodePortAddresses should be a list`)
  const cidrs = Array.isArray(config.clusterCIDR)
    ? config.clusterCIDR
    : String(config.clusterCIDR ?? '')
        .split(',')
        .filter((c) => c)
  const nodeCIDRs = node.podCIDRs ?? (node.podCIDR ? [node.podCIDR] : cidrs)
  const detect = config.detectLocal ?? config
  return {
    family,
    nodeName: node.name ?? 'node',
    nodeIP,
    nodeAddresses: addresses.length > 0 ? addresses : nodeIP ? [nodeIP] : [],
    zone: node.labels?.['topology.kubernetes.io/zone'] ?? node.zone ?? '',
    masqueradeAll: config.masqueradeAll ?? false,
    masqueradeMark: config.masqueradeMark ?? masqueradeMark(config.masqueradeBit ?? 14),
    localhostNodePorts: config.localhostNodePorts ?? true,
    nodePortAddresses: ports,
    tcpBeLiberal: config.conntrackTCPLiberal ?? false,
    randomFully: config.iptablesRandomFully ?? false,
    nfacct: {
      invalidDropped: config.nfacctCounters?.ct_state_invalid_dropped_pkts ?? false,
      localhostNodePorts: config.nfacctCounters?.localhost_nps_accepted_pkts ?? false,
    },
    localDetector: localDetector(
      config.detectLocalMode ?? undefined,
      {
        cidrs: config.detectLocalMode === 'NodeCIDR' ? nodeCIDRs : cidrs,
        bridge: detect.bridgeInterface,
        prefix: detect.interfaceNamePrefix,
      },
      family,
    ),
    nodeHints: true,
  }
}

/** A node as it is before kube-proxy starts: its jump rules and the chains they lead to. */
export function emptyNode(config: ProxierConfig): MapRules {
  const rules = new MapRules(config.family)
  for (const table of CANARY.tables) rules.table(table).set(CANARY.chain, { name: CANARY.chain, rules: [] })
  for (const jump of jumpsFor(config)) {
    const table = rules.table(jump.table)
    if (!table.has(jump.to)) table.set(jump.to, { name: jump.to, rules: [] })
    const from = table.get(jump.from)!
    table.set(jump.from, { ...from, rules: [`-A ${jump.from} ${jump.rule}`, ...from.rules] })
  }
  return rules
}

/** Applies and syncs step by step; every result stands on its own copy of the node's rules. */
export function runCase(subject: KubeProxyCase): StepRun[] {
  const proxier = newProxier(subject.config)
  let rules = emptyNode(subject.config)
  let cleaned = false
  return subject.steps.map((step) => {
    applyStep(proxier, step)
    if (step.full) proxier.needFullSync()
    // between the steps of a case no time passes, unless a step says so
    const cleanupDue = !cleaned || /age|stale|cleanup|elapse|period/i.test(Object.keys(step.apply).join(' '))
    const sync = proxier.sync([...rules.byTable.get('nat')!.keys()], cleanupDue)
    cleaned ||= sync.cleanedUp
    const next = new MapRules(subject.config.family)
    for (const [table, chains] of rules.byTable) next.byTable.set(table, new Map(chains))
    const plan = planRestore(next, sync.lines, { noflush: true })
    if (plan.error)
      throw new Error(
        `${step.name}: our own restore input is refused in line ${plan.error.line}: ${plan.error.message}`,
      )
    next.apply(plan.changes)
    rules = next
    return { step, sync, text: restoreText(sync.lines), rules }
  })
}

const ops = (apply: Json, verb: string, kind: string): Json[] => {
  const value = apply[`${verb}${kind}s`] ?? apply[`${verb}${kind}`] ?? []
  return Array.isArray(value) ? value : [value]
}
const newest = (value: Json): Json => value.new ?? value.current ?? value.to ?? value

function applyStep(proxier: Proxier, step: CaseStep): void {
  const { apply } = step
  for (const verb of ['add', 'update', 'modify', 'set', 'replace']) {
    for (const service of ops(apply, verb, 'Service')) proxier.setService(newest(service) as Service)
    for (const slice of ops(apply, verb, 'EndpointSlice')) proxier.setSlice(newest(slice) as EndpointSlice)
  }
  for (const verb of ['delete', 'remove']) {
    for (const service of ops(apply, verb, 'Service')) {
      const [namespace, name] =
        typeof service === 'string' ? service.split('/') : [service.metadata.namespace, service.metadata.name]
      proxier.deleteService(namespace ?? 'default', name)
    }
    for (const slice of ops(apply, verb, 'EndpointSlice')) proxier.deleteSlice(slice as EndpointSlice)
  }
}

export type FlowResult = { output: string; masq: boolean }

/** The namespace that a case describes: its addresses, everything else behind eth0. */
export function caseNamespace(config: ProxierConfig, rules: MapRules): NetNamespace {
  const loopback = config.nodeAddresses.filter((a) => a.startsWith('127.') || a.startsWith('::1'))
  const links: Link[] = [
    { name: 'lo', addresses: loopback.length > 0 ? loopback : ['127.0.0.1/8', '::1/128'] },
    {
      name: 'eth0',
      addresses: [
        ...config.nodeAddresses.filter((a) => !loopback.includes(a)),
        ...(config.nodeIP ? [config.nodeIP] : []),
      ],
    },
  ]
  return {
    rules,
    links,
    routes: [{ dst: 'default', dev: 'eth0' }],
    conntrack: () => undefined,
    sysctls: { ipForward: true, routeLocalnet: servesLocalhost(config) },
  }
}

/** Every possible DNAT target in rule order, or what stops the packet, or '' where nothing touches it. */
export function runFlow(config: ProxierConfig, rules: MapRules, flow: Flow): FlowResult {
  const ns = caseNamespace(config, rules)
  const src = parseIp(flow.sourceIP)
  if (!src) throw new Error(`flow ${flow.name}: bad sourceIP ${flow.sourceIP}`)
  const local = isLocalAddress(ns.links, src)
  const packet = {
    proto: flow.protocol.toLowerCase(),
    src: flow.sourceIP,
    dst: flow.destIP,
    sport: 40_000,
    dport: flow.destPort,
  }
  const { branches } = explore(ns, packet, local ? {} : { inDev: 'eth0' })
  const outputs: string[] = []
  const mark = Number(config.masqueradeMark)
  let masq = false
  for (const { traversal } of branches) {
    if (traversal.markBits & mark) masq = true
    const dnat = traversal.nat.find((n) => n.kind === 'DNAT')
    let output = dnat?.to ?? ''
    if (traversal.verdict !== 'ACCEPT') output = traversal.verdict
    else if (!dnat) {
      const accepted = expandTrace(rules, traversal.trace, true).some(
        (s) => s.table === 'filter' && s.action === 'ACCEPT' && s.chain !== 'KUBE-FORWARD',
      )
      if (accepted) output = 'ACCEPT'
    }
    if (!outputs.includes(output)) outputs.push(output)
  }
  return { output: outputs.filter((o) => o !== '' || outputs.length === 1).join(', '), masq }
}

export { nodePortAddresses }
