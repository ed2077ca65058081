/**
 * Mode ipvs: virtual servers over netlink, sets by ipset(8), addresses on kube-ipvs0, and one `iptables-restore` a sync.
 * Every sync looks at what is there and changes what differs. pkg/proxy/ipvs/proxier.go.
 */
import { MILLI } from '../../../sim/clock.ts'
import type { SetType } from '../../linux/ipset/records.ts'
import { setId } from '../../linux/ipset/records.ts'
import { linkOf } from '../../linux/links.ts'
import type { IpvsApply, IpvsOp } from '../../linux/ipvs/operations.ts'
import { type IpvsServiceRecord, serviceId } from '../../linux/ipvs/records.ts'
import { cidrContains, parseCidr, parseIp } from '../../linux/netfilter/address.ts'
import { type IptablesRestore, liveRules } from '../../linux/netfilter/live-rules.ts'
import type { ModelReader } from '../../tables.ts'
import type { KernelWrite, ProxyMode, SyncInput, SyncPlan } from '../mode.ts'
import { cleanupSteps, missingLines } from './chains.ts'
import { desiredState } from './desired.ts'
import { ipvsOptions, type IpvsOptions, startOps } from './options.ts'
import { ipvsRestoreLines } from './rules.ts'
import { setName, SETS } from './sets.ts'
import { serverOps } from './servers.ts'

export const DUMMY = 'kube-ipvs0'

export const ipvsMode: ProxyMode = {
  name: 'ipvs',
  answers: ['kernel.iptables-restored', 'kernel.ipvs-applied'],
  rules: { full: 'KI1', partial: 'KI1' },
  plan,
  cleanup,
}

function restoring(lines: readonly string[], delayMicros: number): KernelWrite {
  const data: IptablesRestore = { lines, noflush: true, writer: 'kube-proxy', trusted: true }
  return { kind: 'kernel.iptables-restore', data, delayMicros }
}

/** `draining`: real servers that got weight 0 and are looked after until their connections are over. */
function applying(ops: readonly IpvsOp[], delayMicros: number, draining: readonly string[] = []): KernelWrite {
  const data: IpvsApply = { ops, ...(draining.length > 0 ? { draining } : {}) }
  return { kind: 'kernel.ipvs-apply', data, delayMicros }
}

function plan(reader: ModelReader, input: SyncInput): SyncPlan {
  const { node, config, services } = input
  const options = ipvsOptions(input.options)
  const starting = reader.get('kubeProxies', node)?.syncs === 0
  const nodeAddresses = reader
    .by('links', 'netns', `${node}|`)
    .flatMap((link) => (link.name === DUMMY ? [] : link.addresses))
  const desired = desiredState({ config, services, scheduler: options.scheduler, nodeAddresses })
  const rules = liveRules(reader, node)
  const setup = missingLines(rules)
  const lines = ipvsRestoreLines(config, desired)
  const draining: string[] = []
  const ops: IpvsOp[] = starting ? startOps(options) : []
  const dummy = linkOf(reader, node, '', DUMMY)
  if (!dummy) ops.push({ op: 'dummy-add', dev: DUMMY })
  const bound = new Set((dummy?.addresses ?? []).map((address) => address.split('/')[0]!))
  const entries = setOps(reader, node, config.family, desired.sets)
  ops.push(...entries.create)
  const binding = new Set(bound)
  for (const server of desired.servers) {
    ops.push(...serverOps(reader, node, server, starting, draining))
    if (server.bind && !binding.has(server.address)) {
      binding.add(server.address)
      ops.push({ op: 'bind', dev: DUMMY, address: server.address })
    }
  }
  ops.push(...entries.fill)
  const last = leftOver(reader, node, config.family, desired, bound, options)

  // one process of iptables for each chain and jump, one of ipset for each set to list, and one for each entry
  let at = 20 * 2 * MILLI
  const writes: KernelWrite[] = []
  if (setup.length > 0) {
    const facts = { rules: setup.filter((line) => line.startsWith('-I')).length }
    writes.push({ ...restoring(setup, at), because: { rule: 'KI2', facts } })
  }
  at += SETS.length * 2 * MILLI + entries.count * 1_500 + ops.length * 30
  if (ops.length > 0) writes.push(applying(ops, at, draining))
  at += 9 * MILLI + lines.length * 28
  writes.push(restoring(lines, at))
  if (last.length > 0) writes.push(applying(last, at + 1 * MILLI + last.length * 30))
  const natRules = lines.indexOf('*filter')
  return {
    writes,
    cleanedUp: true,
    lines: lines.length + ops.length + last.length,
    metrics: {
      filterRules: lines.length - natRules,
      natRules,
      natRulesTotal: natRules,
      noLocalEndpointsInternal: desired.noLocalInternal,
      noLocalEndpointsExternal: desired.noLocalExternal,
      endpoints: desired.endpoints,
    },
  }
}

/** ensureIPSet and syncIPSetEntries. `count`: processes of ipset(8) that add or take one entry each. */
function setOps(
  reader: ModelReader,
  node: string,
  family: 4 | 6,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
): { create: IpvsOp[]; fill: IpvsOp[]; count: number } {
  const create: IpvsOp[] = []
  const fill: IpvsOp[] = []
  let count = 0
  for (const { name: plain, type } of SETS) {
    const name = setName(plain, family)
    const there = reader.get('ipsets', setId(node, name))
    if (!there) create.push({ op: 'set-create', name, type: type as SetType, family, exist: true })
    const want = wanted.get(plain)!
    const have = new Set(there?.members ?? [])
    const gone = [...have].filter((entry) => !want.has(entry)).sort()
    const come = [...want].filter((entry) => !have.has(entry)).sort()
    count += gone.length + come.length
    if (gone.length > 0) fill.push({ op: 'set-del', name, entries: gone, exist: true })
    if (come.length > 0) fill.push({ op: 'set-add', name, entries: come, exist: true })
  }
  return { create, fill, count }
}

/** Addresses that no Service has any more, and virtual servers that this sync did not want (cleanLegacyService). */
function leftOver(
  reader: ModelReader,
  node: string,
  family: 4 | 6,
  desired: ReturnType<typeof desiredState>,
  bound: ReadonlySet<string>,
  options: IpvsOptions,
): IpvsOp[] {
  const ops: IpvsOp[] = []
  for (const address of bound)
    if (!desired.bound.has(address) && parseIp(address)?.family === family)
      ops.push({ op: 'unbind', dev: DUMMY, address })
  const wanted = new Set(desired.servers.map((server) => serviceId(node, server)))
  const excluded = options.excludeCIDRs.map((text) => parseCidr(text))
  for (const service of reader.by('ipvsServices', 'node', node)) {
    if (wanted.has(serviceId(node, service))) continue
    const ip = parseIp(service.address)!
    if (ip.family !== family || excluded.some((cidr) => cidr && cidrContains(cidr, ip))) continue
    ops.push({ op: 'del-service', service: addressOf(service) })
  }
  return ops
}

const addressOf = ({ proto, address, port }: IpvsServiceRecord) => ({ proto, address, port })

/** CleanupLeftovers: every virtual server, also those of others (ipvs.Flush), kube-ipvs0, rules, then the sets. */
function cleanup(reader: ModelReader, node: string): readonly KernelWrite[] {
  const dummy = linkOf(reader, node, '', DUMMY)
  const sets = SETS.filter(({ name }) => reader.get('ipsets', setId(node, name)))
  if (!dummy && sets.length === 0 && reader.count('ipvsServices', 'node', node) === 0) return []
  const writes: KernelWrite[] = []
  const first: IpvsOp[] = [{ op: 'flush' }]
  if (dummy) first.push({ op: 'dummy-del', dev: DUMMY })
  writes.push(applying(first, 5 * MILLI))
  let at = 40 * MILLI
  for (const lines of cleanupSteps(liveRules(reader, node))) writes.push(restoring(lines, (at += 2 * MILLI)))
  if (sets.length > 0)
    writes.push(
      applying(
        sets.map(({ name }) => ({ op: 'set-destroy', name })),
        at + 2 * sets.length * MILLI,
      ),
    )
  return writes
}
