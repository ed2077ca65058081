import type { LinkRecord, ModelReader, RouteRecord } from '../../model/tables.ts'
import { lookupRoute } from '../../model/linux/routes.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { jsonText } from '../json-text.ts'
import { namespaceOf } from '../place.ts'
import { localRoutes, localRoutesText } from './local-routes.ts'

type Net = { node: string; netns: string }

function run(call: ToolCall): ToolResult {
  const words = call.argv.slice(1)
  const flags = new Set<string>()
  let netns: string | undefined
  while (words[0]?.startsWith('-')) {
    const flag = words.shift()!
    if (flag === '-n' || flag === '-netns') netns = words.shift()
    else flags.add(flag.replace(/^--?/, ''))
  }
  const here = namespaceOf(call.reader, call.place)
  if (!here && /^n(e(i(g(h(b(ou?r?)?)?)?)?)?)?$/.test(words[0] ?? ''))
    return { out: neighbourLines(call.reader, undefined, 'br-nodes'), exit: 0 }
  if (!here)
    return {
      err: "not simulated here: the laptop's own network; on a node (ssh worker-1) and in pods ip works\n",
      exit: 1,
    }
  const at: Net = netns === undefined ? here : { node: here.node, netns }
  if (netns !== undefined && !call.reader.get('netns', `${here.node}|${netns}`))
    return { err: `Cannot open network namespace "${netns}": No such file or directory\n`, exit: 255 }
  const object = words.shift()
  const busybox = call.place.at === 'container'
  if (object === undefined || object === '')
    return { err: 'Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n', exit: 255 }
  switch (true) {
    case 'address'.startsWith(object):
      return links(call.reader, at, words, true, flags, busybox)
    case 'link'.startsWith(object):
      return links(call.reader, at, words, false, flags, busybox)
    case 'route'.startsWith(object):
      return routes(call.reader, at, words, flags)
    case 'neighbor'.startsWith(object) || 'neighbour'.startsWith(object):
      return neighbours(call.reader, at, words)
    case object === 'netns':
      return namespaces(call, here, words)
    case object === 'rule' || object === 'ru':
      return {
        out: '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
        exit: 0,
      }
    default:
      return { err: `Object "${object}" is unknown, try "ip help".\n`, exit: 1 }
  }
}

function isChange(words: readonly string[]): boolean {
  return ['add', 'del', 'delete', 'set', 'change', 'replace', 'flush', 'append'].includes(words[0] ?? '')
}

const REFUSED: ToolResult = {
  err: 'not simulated here: changing the network by hand; the CNI plugin and faults change it (lab faults)\n',
  exit: 1,
}

function namedDevice(words: readonly string[]): string | undefined {
  const rest = words.filter((word) => !['show', 'list', 'lst', 's', 'sh', 'ls', 'dev', 'up', 'type'].includes(word))
  return rest[0]
}

function links(
  reader: ModelReader,
  at: Net,
  words: readonly string[],
  addresses: boolean,
  flags: ReadonlySet<string>,
  busybox: boolean,
): ToolResult {
  if (isChange(words)) return REFUSED
  const all = [...reader.by('links', 'netns', `${at.node}|${at.netns}`)].sort((a, b) => a.index - b.index)
  const name = words.includes('type') ? undefined : namedDevice(words)
  const kind = words[words.indexOf('type') + 1]
  const chosen = words.includes('type')
    ? all.filter((link) => link.kind === kind)
    : name === undefined
      ? all
      : all.filter((link) => link.name === name.replace(/@.*$/, ''))
  if (name !== undefined && chosen.length === 0) return { err: `Device "${name}" does not exist.\n`, exit: 1 }
  if (flags.has('j') || flags.has('json'))
    return {
      out: `${jsonText(
        chosen.map((l) => ({
          ifindex: l.index,
          ifname: l.name,
          mtu: l.mtu,
          address: l.mac,
          addr_info: l.addresses.map((a) => ({ local: a.split('/')[0], prefixlen: Number(a.split('/')[1]) })),
        })),
        0,
      )}\n`,
      exit: 0,
    }
  if (flags.has('br') || flags.has('brief')) {
    return {
      out: chosen
        .map(
          (l) =>
            `${deviceName(l).padEnd(16)} ${stateOf(reader, l).padEnd(14)} ${addresses ? l.addresses.join(' ') : `${l.mac} <${flagsOf(reader, l)}>`} \n`,
        )
        .join(''),
      exit: 0,
    }
  }
  return { out: chosen.map((link) => linkText(reader, link, addresses, busybox)).join(''), exit: 0 }
}

const carrier = (reader: ModelReader, link: LinkRecord): boolean =>
  !(link.netns === '' && link.name === 'eth0' && reader.get('machines', link.node)?.cable === false)

function flagsOf(reader: ModelReader, link: LinkRecord): string {
  const kind =
    link.kind === 'loopback'
      ? ['LOOPBACK']
      : link.kind === 'dummy'
        ? ['BROADCAST', 'NOARP']
        : ['BROADCAST', 'MULTICAST']
  if (!link.up) return kind.join(',')
  return carrier(reader, link) ? [...kind, 'UP', 'LOWER_UP'].join(',') : ['NO-CARRIER', ...kind, 'UP'].join(',')
}

function stateOf(reader: ModelReader, link: LinkRecord): string {
  if (link.kind === 'loopback') return link.up ? 'UNKNOWN' : 'DOWN'
  return link.up && carrier(reader, link) ? 'UP' : 'DOWN'
}

function deviceName(link: LinkRecord): string {
  return link.peer ? `${link.name}@if${link.peer.index}` : link.name
}

function linkText(reader: ModelReader, link: LinkRecord, addresses: boolean, busybox: boolean): string {
  const queue = link.kind === 'device' ? 'mq' : 'noqueue'
  const length = link.kind === 'veth' ? '' : 'qlen 1000'
  const group = busybox ? '' : addresses ? 'group default ' : 'mode DEFAULT group default '
  const master = link.master ? `master ${link.master} ` : ''
  let out = `${link.index}: ${deviceName(link)}: <${flagsOf(reader, link)}> mtu ${link.mtu} qdisc ${link.up ? queue : 'noop'} ${master}state ${stateOf(reader, link)} ${group}${length}\n`
  const peer =
    !link.peer || busybox
      ? ''
      : link.peer.netns === ''
        ? ' link-netnsid 0'
        : link.netns === ''
          ? ` link-netns ${link.peer.netns}`
          : ' link-netnsid 0'
  out +=
    link.kind === 'loopback'
      ? `    link/loopback ${link.mac} brd 00:00:00:00:00:00\n`
      : `    link/ether ${link.mac} brd ff:ff:ff:ff:ff:ff${peer}\n`
  if (!addresses) return out
  for (const address of link.addresses) {
    const loop = link.kind === 'loopback'
    out += `    inet ${address}${loop || /\/3[12]$/.test(address) ? '' : ` brd ${broadcast(address)}`} scope ${loop ? 'host' : 'global'} ${link.name}\n       valid_lft forever preferred_lft forever\n`
  }
  return out
}

const toNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const toText = (n: number): string => [n / 16_777_216, n / 65_536, n / 256, n].map((part) => Math.floor(part) % 256).join('.') // prettier-ignore

function broadcast(address: string): string {
  const [ip = '', prefix = '32'] = address.split('/')
  const size = Array.from({ length: 32 - Number(prefix) }).reduce<number>((n) => n * 2, 1)
  return toText(Math.floor(toNumber(ip) / size) * size + size - 1)
}

function routeText(route: RouteRecord, bare: boolean): string {
  const parts = [bare ? '' : route.dst, ...(route.via ? [`via ${route.via}`] : []), `dev ${route.dev}`]
  if (route.proto) parts.push(`proto ${route.proto}`)
  if (route.scope) parts.push(`scope ${route.scope}`)
  if (route.src) parts.push(`src ${route.src}`)
  // iproute2 leaves a blank behind every word, the last one too.
  return `${parts.filter((part) => part !== '').join(' ')} \n`
}

function routes(reader: ModelReader, at: Net, words: readonly string[], flags: ReadonlySet<string>): ToolResult {
  if (isChange(words)) return REFUSED
  const all = [...reader.by('routes', 'netns', `${at.node}|${at.netns}`)]
  if (words[0] === 'get') {
    const target = words[1] ?? ''
    const links = reader.by('links', 'netns', `${at.node}|${at.netns}`)
    if (links.some((link) => link.addresses.some((address) => address.split('/')[0] === target)))
      return { out: `local ${target} dev lo src ${target} uid 0 \n    cache <local> \n`, exit: 0 }
    const route = /^\d+\.\d+\.\d+\.\d+$/.test(target) ? lookupRoute(reader, at.node, at.netns, target) : undefined
    if (!route) return { err: 'RTNETLINK answers: Network is unreachable\n', exit: 2 }
    const own =
      reader
        .by('links', 'netns', `${at.node}|${at.netns}`)
        .find((l) => l.name === route.dev)
        ?.addresses[0]?.split('/')[0] ?? ''
    return {
      out: `${target} ${route.via ? `via ${route.via} ` : ''}dev ${route.dev} src ${route.src ?? own} uid 0 \n    cache \n`,
      exit: 0,
    }
  }
  const key = (route: RouteRecord) => (route.dst === 'default' ? -1 : toNumber(route.dst.split('/')[0]!))
  all.sort((a, b) => key(a) - key(b))
  const dev = words.includes('dev') ? words[words.indexOf('dev') + 1] : undefined
  if (words.includes('local') && (words.includes('table') || words.includes('type'))) {
    const links = reader.by('links', 'netns', `${at.node}|${at.netns}`)
    return { out: localRoutesText(localRoutes(links, broadcast, dev), dev !== undefined), exit: 0 }
  }
  const chosen = all.filter((route) => dev === undefined || route.dev === dev)
  if (flags.has('j'))
    return {
      out: `${jsonText(
        chosen.map((r) => ({ dst: r.dst, gateway: r.via, dev: r.dev, prefsrc: r.src })),
        0,
      )}\n`,
      exit: 0,
    }
  return { out: chosen.map((route) => routeText(route, false)).join(''), exit: 0 }
}

/** Neighbours that the topology gives: what stands on the same bridge or on the node network. ARP's own timers are not modelled. */
function neighbours(reader: ModelReader, at: Net, words: readonly string[]): ToolResult {
  if (isChange(words)) return REFUSED
  const dev = words.includes('dev') ? words[words.indexOf('dev') + 1] : undefined
  const lines: string[] = []
  for (const link of reader.by('links', 'netns', `${at.node}|${at.netns}`)) {
    if (dev !== undefined && link.name !== dev) continue
    if (link.kind === 'bridge') {
      for (const port of reader.by('links', 'netns', `${at.node}|${at.netns}`)) {
        if (port.master !== link.name || !port.peer) continue
        const inside = reader.get('links', `${at.node}|${port.peer.netns}|${port.peer.name}`)
        for (const address of inside?.addresses ?? [])
          lines.push(`${address.split('/')[0]} dev ${link.name} lladdr ${inside!.mac} REACHABLE `)
      }
    }
    if (link.kind === 'device' && reader.get('machines', at.node)?.cable)
      lines.push(...neighbourLines(reader, at.node, link.name).split('\n').filter(Boolean))
  }
  return { out: lines.map((line) => `${line}\n`).join(''), exit: 0 }
}

/** The node network as `node` (or the laptop, its gateway) knows it: the machines, and addresses that a speaker announced. */
function neighbourLines(reader: ModelReader, node: string | undefined, dev: string): string {
  const lines: string[] = []
  for (const machine of reader.all('machines')) {
    const other = reader.get('links', `${machine.name}||eth0`)
    if (machine.name !== node && other && machine.cable)
      lines.push(`${machine.ip} dev ${dev} lladdr ${other.mac} REACHABLE \n`)
  }
  for (const { ip, node: owner, mac } of reader.all('neighbours'))
    if (owner !== node) lines.push(`${ip} dev ${dev} lladdr ${mac} REACHABLE \n`)
  return lines.join('')
}

function namespaces(call: ToolCall, here: Net, words: readonly string[]): ToolResult {
  const { reader } = call
  const [verb = 'list', name, ...command] = words
  if (verb === 'list' || verb === 'ls' || verb === 'show') {
    const names = reader.by('netns', 'node', here.node).filter((n) => n.name !== '')
    return { out: names.map((n, i) => `${n.name} (id: ${i})\n`).join(''), exit: 0 }
  }
  if (verb === 'exec' && name !== undefined) {
    if (!reader.get('netns', `${here.node}|${name}`))
      return { err: `Cannot open network namespace "${name}": No such file or directory\n`, exit: 255 }
    if (command[0] === 'ip') return run({ ...call, argv: ['ip', '-n', name, ...command.slice(1)] })
    const sandbox = reader.get('netns', `${here.node}|${name}`)!.sandboxId
    const container = reader.by('containers', 'sandbox', sandbox).find((c) => c.state === 'CONTAINER_RUNNING')
    if (command.length === 0) return { err: 'No command specified\n', exit: 255 }
    if (!container)
      return {
        err: `not simulated here: ${command[0]} in a namespace without a running container; ip works\n`,
        exit: 1,
      }
    return {
      exit: 0,
      effect: { kind: 'enter', place: { at: 'container', node: here.node, container: container.id }, argv: command },
    }
  }
  return REFUSED
}

export const ip: Tool = {
  name: 'ip',
  summary: 'addresses, links, routes, namespaces: ip addr, ip route, ip netns',
  places: ['node', 'container', 'laptop'],
  run,
  complete: (words) => (words.length <= 2 ? ['addr', 'link', 'route', 'neigh', 'netns', 'rule'] : []),
}
