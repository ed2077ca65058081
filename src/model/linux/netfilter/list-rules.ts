/** Chains as `iptables -L -n` prints them, with and without `-v` and `--line-numbers`. */
import { type Chain, type ChainSource, loadedRule, policyCounters, ruleCounters } from './ruleset.ts'
import type { Match, PortRange, Rule, Target } from './rule.ts'
import { hex, markText, probabilityText, targetName, words } from './print-rule.ts'

export interface ListOptions {
  readonly verbose?: boolean
  readonly lineNumbers?: boolean
  /** iptables 1.8.9 printed `6` for `tcp` with -n; 1.8.10 and later print the name again. */
  readonly numericProtocols?: boolean
}

/** The chains of a table, or one of them. */
export function listChains(source: ChainSource, table: string, only: string | undefined, options: ListOptions): string {
  const chains = source.chains(table)
  const references = new Map<string, number>()
  for (const chain of chains)
    for (const line of chain.rules) {
      const target = loadedRule(line).target
      if (target?.kind === 'chain') references.set(target.name, (references.get(target.name) ?? 0) + 1)
    }
  const blocks: string[] = []
  for (const chain of chains)
    if (only === undefined || chain.name === only)
      blocks.push(listChain(source, table, chain, references.get(chain.name) ?? 0, options))
  return blocks.join('\n')
}

function listChain(source: ChainSource, table: string, chain: Chain, references: number, options: ListOptions): string {
  const [packets, bytes] = policyCounters(source, table, chain)
  const state = chain.policy
    ? `policy ${chain.policy}${options.verbose ? ` ${packets} packets, ${bytes} bytes` : ''}`
    : `${references} references`
  let out = `Chain ${chain.name} (${state})\n`
  if (options.lineNumbers) out += 'num  '
  if (options.verbose) out += ' pkts bytes '
  out += 'target     prot opt '
  if (options.verbose) out += 'in     out     '
  out += 'source               destination         \n'
  chain.rules.forEach((line, i) => {
    out += `${options.lineNumbers ? `${String(i + 1).padEnd(4)} ` : ''}${listRule(loadedRule(line), ruleCounters(source, table, chain, i), options)}\n`
  })
  return out
}

/** Four digits and a unit, as xtables_print_num does without --exact. */
function short(n: number): string {
  let value = n
  for (const unit of ['', 'K', 'M', 'G', 'T']) {
    if (value < (unit === '' ? 100_000 : 10_000) || unit === 'T') return `${value}${unit}`
    value = Math.floor((value + 500) / 1000)
  }
  return String(n)
}

function listRule(rule: Rule, counters: readonly [number, number], options: ListOptions): string {
  let out = ''
  if (options.verbose) {
    const [packets, bytes] = counters.map(short)
    out += `${packets!.padStart(5)} ${bytes!.padStart(5)} `
  }
  const name = rule.target ? targetName(listed(rule.target)) : ''
  out += `${name.padEnd(9)} ${protocol(rule, options)}${options.verbose ? ' ' : ' '}`
  out += `${rule.fragment === 'yes' ? '-f' : rule.fragment === 'not' ? '!f' : '--'}  `
  if (options.verbose) {
    out += `${device(rule.inDev).padEnd(6)} ${device(rule.outDev).padEnd(6)}  `
  }
  out += `${address(rule.src).padEnd(19)}  ${address(rule.dst).padEnd(19)} `
  if (rule.target?.kind === 'chain' && rule.target.goto) out = `${out.slice(0, -1)} [goto] `
  const details = [...rule.matches.map(listMatch), ...(rule.target ? [listTarget(rule.target)] : [])].filter((d) => d)
  return details.length > 0 ? `${out} ${details.join(' ')}` : out
}

/** NOTRACK lists under the name of the target that carries it out. */
function listed(target: Target): Target {
  return target.kind === 'NOTRACK' ? { ...target, name: 'CT' } : target
}

function protocol(rule: Rule, options: ListOptions): string {
  const name = rule.proto
    ? options.numericProtocols
      ? String(rule.proto.number)
      : rule.proto.name
    : options.numericProtocols
      ? '0'
      : 'all'
  return `${rule.proto?.not ? '!' : ' '}${name}`.padEnd(5).padEnd(options.numericProtocols ? 5 : 5)
}

function device(match: Rule['inDev']): string {
  return match ? `${match.not ? '!' : ''}${match.name}` : '*'
}

function address(match: Rule['src']): string {
  if (!match) return '0.0.0.0/0'
  const full = match.cidr.family === 4 ? 32 : 128
  const text = match.cidr.prefix === full ? match.cidr.text.slice(0, match.cidr.text.indexOf('/')) : match.cidr.text
  return `${match.not ? '!' : ''}${text}`
}

function ports(label: string, range: PortRange | undefined): string[] {
  if (!range) return []
  const not = range.not ? '!' : ''
  return [range.from === range.to ? `${label}:${not}${range.from}` : `${label}s:${not}${range.from}:${range.to}`]
}

function listMatch(match: Match): string {
  const not = 'not' in match && match.not ? '! ' : ''
  switch (match.kind) {
    case 'comment':
      return `/* ${match.text} */`
    case 'ports': {
      const parts = [match.name, ...ports('spt', match.sport), ...ports('dpt', match.dport)]
      if (match.flags) {
        const two = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`
        parts.push(`flags:${match.flags.not ? '!' : ''}${two(match.flags.mask)}/${two(match.flags.set)}`)
      }
      return parts.length > 1 ? parts.join(' ') : match.name
    }
    case 'multiport': {
      const list = match.ports.map((p) => (p.from === p.to ? p.from : `${p.from}:${p.to}`)).join(',')
      return `multiport ${{ s: 'sports', d: 'dports', both: 'ports' }[match.side]} ${not}${list}`
    }
    case 'icmp':
      return match.type === 255
        ? match.name
        : `${match.name}type ${not ? '!' : ''}${match.type}${match.code === undefined ? '' : ` code ${match.code}`}`
    case 'conntrack': {
      const parts: string[] = []
      if (match.states)
        parts.push(
          `${match.states.not ? '! ' : ''}${match.name === 'state' ? 'state' : 'ctstate'} ${match.states.names.join(',')}`,
        )
      for (const t of match.tuple) parts.push(`${t.not ? '! ' : ''}${t.name.slice(2)} ${t.value}`)
      if (match.status) parts.push(`${match.status.not ? '! ' : ''}ctstatus ${match.status.names.join(',')}`)
      if (match.direction) parts.push(`ctdir ${match.direction}`)
      return parts.join(' ')
    }
    case 'addrtype': {
      let out = 'ADDRTYPE match'
      if (match.src) out += ` src-type ${match.src.not ? '!' : ''}${match.src.types.join(',')}`
      if (match.dst) out += ` dst-type ${match.dst.not ? '!' : ''}${match.dst.types.join(',')}`
      return out + (match.limit ? ` limit-${match.limit}` : '')
    }
    case 'mark':
    case 'connmark':
      return `${match.kind} match ${not || (match.kind === 'connmark' ? ' ' : '')}${hex(match.value)}${match.mask === -1 ? '' : `/${hex(match.mask)}`}`
    case 'statistic':
      return match.mode === 'random'
        ? `statistic mode random ${not}probability ${probabilityText(match.probability)}`
        : `statistic mode nth ${not}every ${match.every}${match.packet ? ` packet ${match.packet}` : ''}`
    case 'recent': {
      let out = `${not}recent: ${{ set: 'SET', rcheck: 'CHECK', update: 'UPDATE', remove: 'REMOVE' }[match.mode]}`
      if (match.seconds !== undefined) out += ` seconds: ${match.seconds}`
      if (match.reap) out += ' reap'
      if (match.hitcount !== undefined) out += ` hit_count: ${match.hitcount}`
      if (match.rttl) out += ' TTL-Match'
      return `${out} name: ${match.name} side: ${match.side === 'rsource' ? 'source' : 'dest'} mask: ${match.mask}`
    }
    case 'physdev':
      return `PHYSDEV match${match.options.map((o) => `${o.not ? ' !' : ''} ${o.name}${o.value === undefined ? '' : ` ${o.value}`}`).join('')}`
    case 'nfacct':
      return `nfacct-name  ${match.name} `
    case 'limit':
      return `limit: avg ${match.rate} burst ${match.burst}`
    case 'opaque':
      return match.name === 'set' || match.name === 'ipvs'
        ? listOptions(match.name, match.args)
        : `${match.name}${words(match.args)}`
  }
}

/** set_print_v4 and ipvs_mt: options without their dashes. */
function listOptions(name: string, args: readonly string[]): string {
  const text = args.map((arg) => arg.replace(/^--/, '')).join(' ')
  return name === 'ipvs' ? `ipvs ${text}` : text
}

function listTarget(target: Target): string {
  const flags = 'flags' in target ? target.flags.map((flag) => ` ${flag.slice(2)}`).join('') : ''
  switch (target.kind) {
    case 'verdict':
    case 'chain':
      return ''
    case 'REJECT':
      return `reject-with ${target.with}`
    case 'DNAT':
    case 'SNAT':
      return `to:${target.text}${flags}`
    case 'MASQUERADE': {
      const ports = target.ports
        ? `masq ports: ${target.ports.from}${target.ports.to === target.ports.from ? '' : `-${target.ports.to}`}`
        : ''
      return (ports + flags).trim()
    }
    case 'REDIRECT':
      return `redir ports ${target.ports ? `${target.ports.from}${target.ports.to === target.ports.from ? '' : `-${target.ports.to}`}` : ''}${flags}`
    case 'NETMAP':
      return `to:${target.to.text}`
    case 'TPROXY':
      return `TPROXY redirect ${target.address ?? '0.0.0.0'}:${target.port} mark ${hex(target.value)}/${hex(target.mask)}`
    case 'NFQUEUE':
      return `NFQUEUE ${target.args.map((arg) => arg.replace('--queue-', '')).join(' ')}`
    case 'MARK':
      return markText(target)
    case 'CONNMARK':
      return target.mode === 'set'
        ? `CONNMARK xset ${hex(target.value)}/${hex(target.mask)}`
        : `CONNMARK ${target.mode}${target.mask === -1 ? '' : ` mask ${hex(target.mask)}`}`
    case 'NOTRACK':
      return target.name === 'NOTRACK' ? 'NOTRACK' : 'CT notrack'
    case 'passing':
    case 'opaque':
      return `${target.name}${words(target.args)}`
  }
}
