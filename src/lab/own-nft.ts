/** A pasted ruleset of nft: what is in it, and a packet worth sending. */
import { parseCidr } from '../model/linux/netfilter/address.ts'
import type { Dump } from '../model/linux/netfilter/parse-dump.ts'
import type { NftRuleset } from '../model/linux/nft/nft-ruleset.ts'
import type { NftStore, NftTable } from '../model/linux/nft/store.ts'
import type { DumpTarget, Loaded, PacketForm } from './rules-protocol.ts'

const TARGETS_LISTED = 60
/** An address of documentation that stands for the node, where a ruleset names none. */
const NODE = '192.0.2.10'

export function loadedNft(dump: Dump, nft: NftRuleset): Omit<Loaded, 'problems' | 'problemCount'> {
  const { store } = nft
  const targets = targetsOf(store)
  return {
    format: 'nft',
    tables: store.tables().map((table) => {
      const chains = store.chains(table.key)
      return {
        name: `${table.family} ${table.name}`,
        chains: chains.length,
        rules: chains.reduce((sum, chain) => sum + chain.rules.length, 0),
      }
    }),
    ruleCount: dump.ruleCount,
    targets,
    guess: guess(store, targets[0]),
    devices: devicesOf(store),
  }
}

/** `goto service-2QRHZV4L-default/kubernetes/tcp/https` is of default/kubernetes:https. */
function nameIn(verdict: string): string {
  const found = /(?:service|local|external|firewall)-[A-Z0-9]{8}-(.+)\/(?:tcp|udp|sctp)\/?(.*)$/.exec(verdict)
  return found ? `${found[1]}${found[2] === '' ? '' : `:${found[2]}`}` : verdict
}

function targetsOf(store: NftStore): DumpTarget[] {
  const found = new Map<string, DumpTarget>()
  const add = (says: string, proto: string, ip: string, port: number): void => {
    const key = `${proto} ${ip} ${port}`
    if (!found.has(key) && found.size < TARGETS_LISTED) found.set(key, { says, proto, ip, port })
  }
  for (const table of store.tables()) {
    const node = store.elements(table.key, 'nodeport-ips')[0]?.key ?? NODE
    // what is for everybody before what a firewall looks at
    const sets = [...store.sets(table.key)].sort(
      (a, b) => Number(b.name === 'service-ips') - Number(a.name === 'service-ips'),
    )
    for (const set of sets)
      for (const element of set.data === undefined ? [] : store.elements(table.key, set.name)) {
        const whole = /^(\S+) \. (tcp|udp|sctp) \. (\d+)$/.exec(element.key)
        const port = /^(tcp|udp|sctp) \. (\d+)$/.exec(element.key)
        const says = element.comment ?? nameIn(element.data ?? set.name)
        if (whole) add(says, whole[2]!, whole[1]!, Number(whole[3]))
        else if (port) add(says, port[1]!, node, Number(port[2]))
      }
    ports(store, table, (proto, port, chain) => add(chain, proto, node, port))
  }
  return [...found.values()].sort(
    (a, b) => Number(/^default\/kubernetes/.test(a.says)) - Number(/^default\/kubernetes/.test(b.says)),
  )
}

/** Ports that rules of nat chains name, and of filter chains where there is no NAT. */
function ports(store: NftStore, table: NftTable, add: (proto: string, port: number, chain: string) => void): void {
  for (const chain of store.chains(table.key))
    for (const rule of chain.rules.slice(0, 500)) {
      const found = /\b(tcp|udp|sctp) dport (\d+)\b/.exec(rule)
      const saddr = /\bip6? daddr (\S+)\b/.exec(rule)
      if (found && !saddr) add(found[1]!, Number(found[2]), chain.name)
    }
}

function guess(store: NftStore, target: DumpTarget | undefined): PacketForm {
  const six = target ? target.ip.includes(':') : store.tables().every((table) => table.family === 'ip6')
  const own = store.tables().flatMap((table) => store.elements(table.key, 'nodeport-ips').map((element) => element.key))
  const node = target !== undefined && (target.ip === NODE || own.includes(target.ip))
  return {
    proto: target?.proto ?? 'tcp',
    src: node ? (six ? '2001:db8::7' : '198.51.100.7') : (podRange(store) ?? (six ? 'fd00::7' : '10.244.1.7')),
    sport: '40000',
    dst: target?.ip ?? (six ? 'fd00:10::1' : '10.96.0.1'),
    dport: String(target?.port ?? 443),
    inDev: '',
    nodeIps: own.length > 0 ? own.join(' ') : node ? NODE : '',
    known: false,
  }
}

/** An address in the pods' range, which the masquerade rule of kube-proxy names. */
function podRange(store: NftStore): string | undefined {
  for (const table of store.tables())
    for (const chain of store.chains(table.key))
      for (const rule of chain.rules.slice(0, 20)) {
        const text = /ip saddr != (\d\S*\/\d+) .*(?:mark|jump mark-for-masquerade)/.exec(rule)?.[1]
        const cidr = text === undefined ? undefined : parseCidr(text)
        if (cidr?.family !== 4) continue
        const base = cidr.words[0]! >>> 0
        const host = cidr.prefix <= 16 ? 0x0107 : cidr.prefix <= 24 ? 0x07 : 1
        return [24, 16, 8, 0].map((shift) => ((base + host) >>> shift) & 255).join('.')
      }
  return undefined
}

function devicesOf(store: NftStore): string[] {
  const names = new Set<string>()
  for (const table of store.tables())
    for (const chain of store.chains(table.key))
      for (const rule of chain.rules)
        for (const found of rule.matchAll(/\biif(?:name)? (?:!= )?"?([\w.@-]+)"?/g))
          if (names.size < 20 && found[1] !== 'vmap') names.add(found[1]!)
  return [...names]
}
