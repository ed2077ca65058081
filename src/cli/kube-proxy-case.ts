/** A kube-proxy case file: configuration, node, Services and EndpointSlices, or steps that apply them one by one. */
import type { EndpointSlice, Service } from '../model/apiserver/objects.ts'
import { localDetector, masqueradeMark, type ProxierConfig } from '../model/kube-proxy/config.ts'
import type { Tracker } from '../model/kube-proxy/proxier.ts'
import { parseIp } from '../model/linux/netfilter/address.ts'
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

export type KubeProxyCase = {
  name: string
  mode: string
  config: ProxierConfig
  steps: CaseStep[]
  stepped: boolean
  /** As it stands in the file, for what one mode alone reads. */
  json: Json
}

export type FlowResult = { output: string; masq: boolean }

/** What --emit writes of a step. */
export type EmittedStep = {
  step: string
  rules: Record<string, string>
  flows: ({ name: string } & FlowResult)[]
  ipvs?: Json
}

/** A row of a conformance table. */
export type CaseRow = {
  readonly name: string
  readonly expected: unknown
  /** undefined: nothing in the model answers it. */
  readonly run: (() => unknown) | undefined
}

/** What the command line does with a case, mode by mode (kube-proxy-modes.ts). */
export type ModeCase = {
  rows(subject: KubeProxyCase): CaseRow[]
  emit(subject: KubeProxyCase): EmittedStep[]
  /** `nodeglass rules`; `as` is the mode as it was asked for, which may name a layout. `save`: the state after the last step. */
  print(subject: KubeProxyCase, as: string, save: boolean): string
}

/** Of a row: the case, the step and what of it. */
export function rowName(subject: KubeProxyCase, step: CaseStep, what: string): string {
  return `${[subject.name, step.name].filter((part) => part !== '').join(': ')}: ${what}`
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
    json,
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
    serviceCIDRs: serviceCIDRs(config.serviceCIDRs, family),
  }
}

/** OnServiceCIDRsChanged: those of the family, joined. */
function serviceCIDRs(value: Json, family: 4 | 6): string {
  const texts: string[] = Array.isArray(value) ? value : String(value ?? '').split(',')
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '' && text.includes(':') === (family === 6))
    .join(',')
}

const ops = (apply: Json, verb: string, kind: string): Json[] => {
  const value = apply[`${verb}${kind}s`] ?? apply[`${verb}${kind}`] ?? []
  return Array.isArray(value) ? value : [value]
}
const newest = (value: Json): Json => value.new ?? value.current ?? value.to ?? value

/** Brings the changes of a step to who tracks Services and slices. */
export function applyStep(proxier: Tracker, step: CaseStep): void {
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
