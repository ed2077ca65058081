/** A rule as `iptables-save` and `iptables -S` print it. Checked line by line against iptables 1.8.9. */
import { type Match, type PortRange, type PortsMatch, type Rule, type Target, TCP_FLAGS } from './rule.ts'
import { saveWord } from './rule-words.ts'

const printed = new WeakMap<Rule, string>()

/** `-A CHAIN ...`. */
export function printRule(rule: Rule): string {
  let text = printed.get(rule)
  if (text === undefined) printed.set(rule, (text = `-A ${rule.chain}${printSpec(rule)}`))
  return text
}

/** The rule without `-A CHAIN`, with a blank in front. */
export function printSpec(rule: Rule): string {
  let out = ''
  if (rule.src) out += `${bang(rule.src.not)} -s ${rule.src.cidr.text}`
  if (rule.dst) out += `${bang(rule.dst.not)} -d ${rule.dst.cidr.text}`
  if (rule.inDev) out += `${bang(rule.inDev.not)} -i ${rule.inDev.name}`
  if (rule.outDev) out += `${bang(rule.outDev.not)} -o ${rule.outDev.name}`
  if (rule.proto) out += `${bang(rule.proto.not)} -p ${rule.proto.name}`
  if (rule.fragment) out += `${bang(rule.fragment === 'not')} -f`
  for (const match of rule.matches) out += printMatch(match)
  if (rule.target) out += printTarget(rule.target)
  return out
}

export function hex(bits: number): string {
  return `0x${(bits >>> 0).toString(16)}`
}

const bang = (not: boolean): string => (not ? ' !' : '')

function portText(range: PortRange): string {
  return range.from === range.to ? String(range.from) : `${range.from}:${range.to}`
}

export function flagNames(bits: number): string {
  const names = Object.entries(TCP_FLAGS)
    .filter(([, bit]) => bits & bit)
    .map(([name]) => name)
  return names.join(',') || 'NONE'
}

/** 2^-31 steps, eleven decimals: what libxt_statistic prints. */
export function probabilityText(probability: number): string {
  return (probability / 2_147_483_648).toFixed(11)
}

export function words(args: readonly string[]): string {
  return args.map((arg) => ` ${/^-|^!$/.test(arg) ? arg : saveOpaque(arg)}`).join('')
}

/** Arguments of what the model keeps as written: quotes only where a blank or a quote asks for them. */
function saveOpaque(arg: string): string {
  return /^[^\s"'\\]+$/.test(arg) ? arg : saveWord(arg)
}

function printMatch(match: Match): string {
  switch (match.kind) {
    case 'comment':
      return ` -m comment --comment ${saveWord(match.text)}`
    case 'ports':
      return ` -m ${match.name}${portOptions(match)}`
    case 'multiport': {
      const option = { s: '--sports', d: '--dports', both: '--ports' }[match.side]
      return ` -m multiport${bang(match.not)} ${option} ${match.ports.map(portText).join(',')}`
    }
    case 'icmp': {
      const option = match.name === 'icmp' ? '--icmp-type' : '--icmpv6-type'
      const type = match.type === 255 && match.name === 'icmp' ? 'any' : String(match.type)
      return ` -m ${match.name}${bang(match.not)} ${option} ${type}${match.code === undefined ? '' : `/${match.code}`}`
    }
    case 'conntrack': {
      let out = ` -m ${match.name}`
      const port = (name: string): boolean => name.endsWith('port')
      const before = match.tuple.filter((t) => !port(t.name) && t.name !== '--ctexpire')
      const after = match.tuple.filter((t) => t.name === '--ctexpire' || port(t.name))
      const one = (t: { name: string; value: string; not: boolean }): string => `${bang(t.not)} ${t.name} ${t.value}`
      if (match.states) {
        const option = match.name === 'state' ? '--state' : '--ctstate'
        out += `${bang(match.states.not)} ${option} ${match.states.names.join(',')}`
      }
      for (const t of before) out += one(t)
      if (match.status) out += `${bang(match.status.not)} --ctstatus ${match.status.names.join(',')}`
      for (const t of after) out += one(t)
      if (match.direction) out += ` --ctdir ${match.direction}`
      return out
    }
    case 'addrtype': {
      let out = ' -m addrtype'
      if (match.src) out += `${bang(match.src.not)} --src-type ${match.src.types.join(',')}`
      if (match.dst) out += `${bang(match.dst.not)} --dst-type ${match.dst.types.join(',')}`
      return out + (match.limit ? ` --limit-iface-${match.limit}` : '')
    }
    case 'mark':
    case 'connmark':
      return ` -m ${match.kind}${bang(match.not)} --mark ${hex(match.value)}${match.mask === -1 ? '' : `/${hex(match.mask)}`}`
    case 'statistic':
      return match.mode === 'random'
        ? ` -m statistic --mode random${bang(match.not)} --probability ${probabilityText(match.probability)}`
        : ` -m statistic --mode nth${bang(match.not)} --every ${match.every} --packet ${match.packet}`
    case 'recent': {
      let out = ` -m recent${bang(match.not)} --${match.mode}`
      if (match.seconds !== undefined) out += ` --seconds ${match.seconds}`
      if (match.reap) out += ' --reap'
      if (match.hitcount !== undefined) out += ` --hitcount ${match.hitcount}`
      if (match.rttl) out += ' --rttl'
      return `${out} --name ${match.name} --mask ${match.mask} --${match.side}`
    }
    case 'physdev':
      return ` -m physdev${match.options.map((o) => `${bang(o.not)} ${o.name}${o.value === undefined ? '' : ` ${o.value}`}`).join('')}`
    case 'nfacct':
      // libxt_nfacct.c prints two blanks before the name and one after it
      return ` -m nfacct --nfacct-name  ${match.name} `
    case 'limit':
      return ` -m limit --limit ${match.rate}${match.burst === 5 ? '' : ` --limit-burst ${match.burst}`}`
    case 'opaque':
      return ` -m ${match.name}${words(match.args)}`
  }
}

function portOptions(match: PortsMatch): string {
  let out = ''
  if (match.sport) out += `${bang(match.sport.not)} --sport ${portText(match.sport)}`
  if (match.dport) out += `${bang(match.dport.not)} --dport ${portText(match.dport)}`
  out += words(match.rest)
  if (match.flags)
    out += `${bang(match.flags.not)} --tcp-flags ${flagNames(match.flags.mask)} ${flagNames(match.flags.set)}`
  return out
}

function portSpan(ports: { from: number; to: number } | undefined): string {
  if (!ports) return ''
  return ports.from === ports.to ? String(ports.from) : `${ports.from}-${ports.to}`
}

export function targetName(target: Target): string {
  return 'name' in target ? target.name : target.kind
}

function printTarget(target: Target): string {
  const flags = 'flags' in target ? target.flags.map((flag) => ` ${flag}`).join('') : ''
  switch (target.kind) {
    case 'verdict':
      return ` -j ${target.name}`
    case 'chain':
      return ` -${target.goto ? 'g' : 'j'} ${target.name}`
    case 'REJECT':
      return ` -j REJECT --reject-with ${target.with}`
    case 'DNAT':
      return ` -j DNAT --to-destination ${target.text}${flags}`
    case 'SNAT':
      return ` -j SNAT --to-source ${target.text}${flags}`
    case 'MASQUERADE':
    case 'REDIRECT':
      return ` -j ${target.kind}${target.ports ? ` --to-ports ${portSpan(target.ports)}` : ''}${flags}`
    case 'NETMAP':
      return ` -j NETMAP --to ${target.to.text}`
    case 'TPROXY':
    case 'NFQUEUE':
      return ` -j ${target.kind}${words(target.args)}`
    case 'MARK':
      return ` -j MARK --set-xmark ${hex(target.value)}/${hex(target.mask)}`
    case 'CONNMARK':
      return target.mode === 'set'
        ? ` -j CONNMARK --set-xmark ${hex(target.value)}/${hex(target.mask)}`
        : ` -j CONNMARK --${target.mode}-mark --nfmask ${hex(target.mask)} --ctmask ${hex(target.ctmask)}`
    case 'NOTRACK':
    case 'passing':
    case 'opaque':
      return ` -j ${target.name}${words(target.args)}`
  }
}

/** What a matching rule does, in a few words, for traces. */
export function actionText(rule: Rule): string {
  const target = rule.target
  if (!target) return 'counts only'
  switch (target.kind) {
    case 'chain':
      return `${target.goto ? 'goto' : 'jump'} ${target.name}`
    case 'DNAT':
    case 'SNAT':
      return `${target.kind} to ${target.text}`
    case 'NETMAP':
      return `NETMAP to ${target.to.text}`
    case 'REJECT':
      return `REJECT with ${target.with}`
    case 'MARK':
      return markText(target)
    default:
      return targetName(target)
  }
}

/** `MARK or 0x4000` and so on, as `iptables -L` words it (libxt_MARK.c mark_tg_print). */
export function markText(target: { value: number; mask: number }): string {
  const { value, mask } = target
  if (value === 0) return `MARK and ${hex(~mask)}`
  if (value === mask) return `MARK or ${hex(value)}`
  if (mask === 0) return `MARK xor ${hex(value)}`
  if (mask === -1) return `MARK set ${hex(value)}`
  return `MARK xset ${hex(value)}/${hex(mask)}`
}
