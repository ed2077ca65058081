/** What ipvsadm prints. ipvsadm.c list_all, print_service_entry, print_conn; libipvs ipvs_cmp_services, ipvs_cmp_dests. */
import { connectionsOf, isLive, templateEnd } from '../../model/linux/ipvs/connections.ts'
import { ratesAt } from '../../model/linux/ipvs/estimator.ts'
import {
  idOfConn,
  type IpvsServiceRecord,
  type IpvsStatsRecord,
  type RealServer,
  serverId,
  serviceId,
} from '../../model/linux/ipvs/records.ts'
import { joinHostPort, parseIp } from '../../model/linux/netfilter/address.ts'
import type { ModelReader } from '../../model/tables.ts'

export interface Format {
  readonly numeric: boolean
  readonly kind: 'plain' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'rules'
  readonly exact: boolean
  readonly sorted: boolean
}

const VERSION = 'IP Virtual Server version 1.2.1 (size=4096)\n'
const TITLES: Readonly<Record<Exclude<Format['kind'], 'rules'>, string>> = {
  plain:
    'Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n',
  stats: 'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n  -> RemoteAddress:Port\n',
  rate: 'Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n  -> RemoteAddress:Port\n',
  thresholds:
    'Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n  -> RemoteAddress:Port\n',
  'persistent-conn':
    'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n  -> RemoteAddress:Port\n',
}

/** The C library's unsigned words, subtracted as ints: far addresses come in the "wrong" order, as in the real one. */
function compareAddress(a: string, b: string): number {
  const left = parseIp(a)!
  const right = parseIp(b)!
  for (let i = 0; i < left.words.length; i++) {
    const difference = (left.words[i]! - right.words[i]!) | 0
    if (difference !== 0) return difference
  }
  return 0
}
const NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const

function compareServices(a: IpvsServiceRecord, b: IpvsServiceRecord): number {
  const family = (text: string): number => (text.includes(':') ? 10 : 2)
  return (
    family(a.address) - family(b.address) ||
    NUMBERS[a.proto] - NUMBERS[b.proto] ||
    compareAddress(a.address, b.address) ||
    a.port - b.port
  )
}
const compareServers = (a: RealServer, b: RealServer): number => compareAddress(a.address, b.address) || a.port - b.port

/** qsort of the C library is a merge sort; the order by wrapped differences has cycles, so the way of sorting shows. */
function mergeSort<T>(list: readonly T[], compare: (a: T, b: T) => number): T[] {
  if (list.length < 2) return [...list]
  const half = list.length >> 1
  const left = mergeSort(list.slice(0, half), compare)
  const right = mergeSort(list.slice(half), compare)
  const out: T[] = []
  let l = 0
  let r = 0
  while (l < left.length && r < right.length) out.push(compare(left[l]!, right[r]!) <= 0 ? left[l++]! : right[r++]!)
  return [...out, ...left.slice(l), ...right.slice(r)]
}

export function listText(
  reader: ModelReader,
  node: string,
  services: readonly IpvsServiceRecord[],
  format: Format,
  all: boolean,
): string {
  const sorted = format.sorted ? mergeSort(services, compareServices) : services
  let out = format.kind === 'rules' ? '' : `${all ? VERSION : ''}${TITLES[format.kind]}`
  for (const service of sorted) {
    out += serviceText(reader, node, service, format)
    const servers = format.sorted ? mergeSort(service.servers, compareServers) : service.servers
    for (const server of servers) out += serverText(reader, node, service, server, format)
  }
  return out
}

const NAMES: Readonly<Record<number, string>> = {
  22: 'ssh',
  53: 'domain',
  80: 'http',
  443: 'https',
  8080: 'http-alt',
  8443: '8443',
}

function at(address: string, port: number, numeric: boolean): string {
  const name = numeric ? undefined : NAMES[port]
  if (name === undefined) return joinHostPort(address, port)
  return `${address.includes(':') ? `[${address}]` : address}:${name}`
}

/** print_largenum */
function large(n: number, exact: boolean): string {
  if (exact || n < 100_000_000) return ` ${String(n).padStart(8)}`
  const [divisor, unit] = n < 1e9 ? [1e3, 'K'] : n < 1e11 ? [1e6, 'M'] : n < 1e14 ? [1e9, 'G'] : [1e12, 'T']
  return `${String(Math.floor(n / (divisor as number))).padStart(8)}${unit}`
}

function numbers(reader: ModelReader, stats: IpvsStatsRecord | undefined, format: Format): string {
  const five = !stats
    ? [0, 0, 0, 0, 0]
    : format.kind === 'rate'
      ? ratesAt(stats, reader.now)
      : [stats.conns, stats.inPkts, stats.outPkts, stats.inBytes, stats.outBytes]
  return five.map((n) => large(n, format.exact)).join('')
}

const OPTIONS = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const

function flagWords({ scheduler, flags }: IpvsServiceRecord): string {
  const named = scheduler === 'sh' || scheduler === 'mh'
  return flags
    .map((flag) =>
      named && flag === 'flag-1' ? `${scheduler}-fallback` : named && flag === 'flag-2' ? `${scheduler}-port` : flag,
    )
    .join(',')
}

function serviceText(reader: ModelReader, node: string, service: IpvsServiceRecord, format: Format): string {
  const { proto, address, port, scheduler, persistentSeconds } = service
  const name = at(address, port, format.numeric)
  const flags = flagWords(service)
  if (format.kind === 'rules')
    return `-A ${OPTIONS[proto]} ${name} -s ${scheduler}${flags === '' ? '' : ` -b ${flags}`}${persistentSeconds > 0 ? ` -p ${persistentSeconds}` : ''}\n`
  const start = `${proto.toUpperCase().padEnd(4)} ${name}`
  if (format.kind === 'stats' || format.kind === 'rate')
    return `${start.padEnd(33)}${numbers(reader, reader.get('ipvsStats', serviceId(node, service)), format)}\n`
  return `${start} ${scheduler}${flags === '' ? '' : ` (${flags})`}${persistentSeconds > 0 ? ` persistent ${persistentSeconds}` : ''}\n`
}

function serverText(
  reader: ModelReader,
  node: string,
  service: IpvsServiceRecord,
  server: RealServer,
  format: Format,
): string {
  const id = serviceId(node, service)
  const name = at(server.address, server.port, format.numeric)
  if (format.kind === 'rules')
    return `-a ${OPTIONS[service.proto]} ${at(service.address, service.port, format.numeric)} -r ${name} -m -w ${server.weight}\n`
  if (format.kind === 'stats' || format.kind === 'rate')
    return `  -> ${name.padEnd(28)}${numbers(reader, reader.get('ipvsStats', serverId(id, server)), format)}\n`
  const { active, inactive, persistent } = connectionsOf(reader, id, server)
  const conns = `${String(active).padEnd(10)} ${String(inactive).padEnd(10)}`
  const start = `  -> ${name.padEnd(28)} `
  if (format.kind === 'thresholds') return `${start}${'0'.padEnd(10)} ${'0'.padEnd(10)} ${conns}\n`
  const weight = String(server.weight)
  if (format.kind === 'persistent-conn')
    return `${start}${weight.padEnd(9)} ${String(persistent).padEnd(11)} ${conns}\n`
  return `${start}${'Masq'.padEnd(7)} ${weight.padEnd(6)} ${conns}\n`
}

/** `-Lc`: the kernel lists by hash; here the oldest comes first. */
export function connectionsText(reader: ModelReader, node: string, numeric: boolean): string {
  let out = 'IPVS connection entries\npro expire state       source             virtual            destination\n'
  for (const conn of reader.by('ipvsConns', 'node', node)) {
    const id = idOfConn(conn)
    if (!isLive(reader, conn, id)) continue
    const end = conn.template ? templateEnd(reader, conn, id) : conn.expiresAt
    const left = Math.max(0, Math.floor((end - reader.now) / 1_000_000))
    const two = (n: number): string => String(n).padStart(2, '0')
    const expire = `${two(Math.floor(left / 60))}:${two(left % 60)}`
    const source = at(conn.client, conn.cport, numeric)
    const virtual = at(conn.vaddr, conn.vport, numeric)
    const state = conn.state.padEnd(11)
    out += `${conn.proto.toUpperCase().padEnd(3)} ${expire.padEnd(6)} ${state} ${source.padEnd(18)} ${virtual.padEnd(18)} ${at(conn.daddr, conn.dport, numeric)}\n`
  }
  return out
}
