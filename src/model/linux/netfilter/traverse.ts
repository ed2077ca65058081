/**
 * One packet through one network namespace: the hooks in kernel order, routing, connection tracking and NAT. Pure: what
 * changes (a conntrack entry, a remembered client) comes back as data.
 *
 * linux net/ipv4/ip_input.c, ip_forward.c, ip_output.c; net/netfilter/nf_nat_core.c (nf_nat_inet_fn, nf_nat_packet).
 */
import { isLoopback, parseIp, type Ip } from './address.ts'
import { type ConntrackEntry, track, type Tracked } from './conntrack.ts'
import { runTable, type TableVerdict } from './evaluate.ts'
import type { Ask, Walk } from './walk.ts'
import type { Entry, NetNamespace } from './namespace.ts'
import { natSetup } from './nat.ts'
import { type Packet, reverse } from './packet.ts'
import { isLocalAddress, lookupRoute } from './route.ts'
import type { Traversal } from './traversal.ts'
import { protocolOf, TCP_FLAGS } from './rule.ts'
import type { Hook } from './ruleset.ts'
import { TraceBuilder } from './trace.ts'

interface Run extends Walk {
  readonly ns: NetNamespace
  readonly packet0: Packet
  tracked: Tracked
  readonly nat: {
    hook: Hook
    kind: 'DNAT' | 'SNAT' | 'un-DNAT' | 'un-SNAT'
    from: string
    to: string
    byRule: boolean
  }[]
  /** nf_nat_initialized: which half of a new entry's NAT is settled. */
  dstDone: boolean
  srcDone: boolean
  known: boolean
  unknownDevices: boolean
  masqueraded: boolean
  markBits: number
}

type Stop = Pick<Traversal, 'verdict' | 'stoppedBy' | 'rejectWith'>

/** Sends `packet` through the namespace. `ask` answers what the rules leave to chance or to the unknown. */
export function traverse(ns: NetNamespace, packet: Packet, entry: Entry, ask: Ask): Traversal {
  const src = parseIp(packet.src)
  const dst = parseIp(packet.dst)
  if (!src || !dst || src.family !== dst.family) throw new Error(`not a packet: ${packet.src} > ${packet.dst}`)
  const run: Run = {
    ns,
    packet0: packet,
    source: ns.rules,
    links: ns.links,
    ask,
    recent: ns.recent,
    trace: new TraceBuilder(),
    assumed: new Set(),
    effects: [],
    family: src.family,
    proto: protocolOf(packet.proto)?.number ?? 255,
    src,
    dst,
    sport: packet.icmp ? 0 : packet.sport,
    dport: packet.icmp ? 0 : packet.dport,
    flags: packet.flags ?? (packet.proto === 'tcp' ? TCP_FLAGS.SYN : 0),
    icmpType: packet.icmp?.type ?? 0,
    icmpCode: packet.icmp?.code ?? 0,
    mark: packet.mark ?? 0,
    inDev: entry.inDev ?? (entry.unknownDevices ? undefined : ''),
    outDev: '',
    ctState: 'NEW',
    ctEntry: undefined,
    ctDirection: 0,
    ctMark: 0,
    dnat: false,
    snat: false,
    untracked: false,
    tracked: { state: 'NEW', direction: 0, entry: undefined, fresh: false },
    nat: [],
    dstDone: false,
    srcDone: false,
    known: entry.knownFlow === true,
    unknownDevices: entry.unknownDevices === true,
    masqueraded: false,
    markBits: packet.mark ?? 0,
  }
  const local = entry.local ?? (entry.inDev === undefined && !entry.unknownDevices)
  return local ? fromHere(run) : arriving(run)
}

/* ------------------------------------------------------------------ the ways through the stack */

function fromHere(run: Run): Traversal {
  run.inDev = ''
  let route = routeTo(run)
  if (!route) return finish(run, 'stopped', unreachable('no route to host'), undefined, undefined)
  const before = run.dst.text
  run.outDev = route.unknown ? undefined : route.dev
  const stop =
    table(run, 'raw', 'OUTPUT') ?? conntrackIn(run) ?? table(run, 'mangle', 'OUTPUT') ?? natHook(run, 'OUTPUT', 'dst')
  if (stop) return finish(run, 'stopped', stop, undefined, undefined)
  if (run.dst.text !== before) {
    // ip_route_me_harder: the new destination is routed anew, before the filter table sees it
    route = routeTo(run)
    if (!route) return finish(run, 'stopped', unreachable('no route to host'), undefined, undefined)
    run.outDev = route.unknown ? undefined : route.dev
  }
  if (isLoopback(run.src) && route.dev !== 'lo' && !run.ns.sysctls.routeLocalnet && !route.unknown)
    return finish(
      run,
      'stopped',
      martian('a loopback source cannot leave without route_localnet'),
      undefined,
      undefined,
    )
  const filtered = table(run, 'filter', 'OUTPUT')
  if (filtered) return finish(run, 'stopped', filtered, undefined, undefined)
  const post = postrouting(run)
  if (post) return finish(run, 'stopped', post, undefined, undefined)
  if (route.dev !== 'lo') return finish(run, 'sent', undefined, route.dev, route.via ?? run.dst.text)
  // over lo the same packet comes back in: conntrack keeps what it knows of it (nf_conntrack_in, "previously seen")
  run.inDev = 'lo'
  run.outDev = ''
  const back =
    table(run, 'raw', 'PREROUTING') ?? table(run, 'mangle', 'PREROUTING') ?? natHook(run, 'PREROUTING', 'dst')
  if (back) return finish(run, 'stopped', back, undefined, undefined)
  return deliver(run)
}

function arriving(run: Run): Traversal {
  const stop =
    table(run, 'raw', 'PREROUTING') ??
    conntrackIn(run) ??
    table(run, 'mangle', 'PREROUTING') ??
    natHook(run, 'PREROUTING', 'dst')
  if (stop) return finish(run, 'stopped', stop, undefined, undefined)
  if (isLoopback(run.dst) && run.inDev !== 'lo' && !run.ns.sysctls.routeLocalnet && !run.unknownDevices)
    return finish(
      run,
      'stopped',
      martian('a loopback destination from outside: martian without route_localnet'),
      undefined,
      undefined,
    )
  if (isLocalAddress(run.links, run.dst)) return deliver(run)
  if (!run.ns.sysctls.ipForward)
    return finish(run, 'stopped', drop('ROUTING', 'not for this host, and ip_forward is off'), undefined, undefined)
  const route = routeTo(run)
  if (!route) return finish(run, 'stopped', unreachable('no route to host'), undefined, undefined)
  run.outDev = route.unknown ? undefined : route.dev
  const forward = table(run, 'mangle', 'FORWARD') ?? table(run, 'filter', 'FORWARD')
  if (forward) return finish(run, 'stopped', forward, undefined, undefined)
  const post = postrouting(run)
  if (post) return finish(run, 'stopped', post, undefined, undefined)
  return finish(run, 'forwarded', undefined, route.dev, route.via ?? run.dst.text)
}

function deliver(run: Run): Traversal {
  const stop = table(run, 'mangle', 'INPUT') ?? table(run, 'filter', 'INPUT') ?? natHook(run, 'INPUT', 'src')
  return finish(run, stop ? 'stopped' : 'local', stop, undefined, undefined)
}

function postrouting(run: Run): Stop | undefined {
  run.inDev = ''
  return table(run, 'mangle', 'POSTROUTING') ?? natHook(run, 'POSTROUTING', 'src')
}

function routeTo(run: Run): { dev: string; via: string | undefined; unknown: boolean } | undefined {
  if (isLocalAddress(run.links, run.dst)) return { dev: 'lo', via: undefined, unknown: false }
  const route = lookupRoute(run.ns.routes, run.dst)
  if (!route) return run.unknownDevices ? { dev: '', via: undefined, unknown: true } : undefined
  if (route.type && route.type !== 'unicast') return undefined
  return { dev: route.dev ?? '', via: route.via, unknown: false }
}

/* ------------------------------------------------------------------ tables and stops */

const drop = (hook: Hook | 'ROUTING', why: string): Stop => ({
  verdict: 'DROP',
  stoppedBy: { hook, table: '', chain: '', rule: 0, why },
})
const martian = (why: string): Stop => drop('ROUTING', why)
const unreachable = (why: string): Stop => ({
  verdict: 'UNREACHABLE',
  rejectWith: 'icmp-host-unreachable',
  stoppedBy: { hook: 'ROUTING', table: '', chain: '', rule: 0, why },
})

function table(run: Run, name: string, hook: Hook): Stop | undefined {
  const verdict = runTable(run, name, hook)
  run.markBits |= run.mark
  if (verdict.kind === 'ACCEPT') return undefined
  if (verdict.kind === 'NAT') {
    run.assumed.add(`${verdict.target.kind} works in the nat table only: passed over in ${name}`)
    return undefined
  }
  return stopOf(verdict, name, hook)
}

function stopOf(verdict: Exclude<TableVerdict, { kind: 'NAT' }>, name: string, hook: Hook): Stop {
  const rule = verdict.index + 1
  const why = verdict.policy ? `policy of ${hook}` : `rule ${rule} of ${verdict.chain}`
  return {
    verdict: verdict.kind === 'REJECT' ? 'REJECT' : 'DROP',
    stoppedBy: { hook, table: name, chain: verdict.chain, rule, why },
    ...(verdict.kind === 'REJECT' ? { rejectWith: verdict.with } : {}),
  }
}

/* ------------------------------------------------------------------ connection tracking and NAT */

function conntrackIn(run: Run): undefined {
  if (run.known) {
    run.ctState = 'ESTABLISHED'
    run.tracked = { state: 'ESTABLISHED', direction: 0, entry: undefined, fresh: false }
    return undefined
  }
  if (run.untracked) {
    run.tracked = { state: 'UNTRACKED', direction: 0, entry: undefined, fresh: false }
    return undefined
  }
  const packet: Packet = { ...run.packet0, flags: run.flags }
  run.tracked = track(packet, run.ns.conntrack, run.ns.nowSeconds ?? 0, run.ns.timeouts)
  run.ctState = run.tracked.state
  run.ctDirection = run.tracked.direction
  run.ctEntry = run.tracked.entry
  run.ctMark = run.tracked.entry?.mark ?? 0
  run.dnat = run.tracked.entry?.dnat ?? false
  run.snat = run.tracked.entry?.snat ?? false
  return undefined
}

/** nf_nat_inet_fn: the nat chains see the first packet of a connection only; all others follow its entry. */
function natHook(run: Run, hook: Hook, half: 'dst' | 'src'): Stop | undefined {
  const entry = run.ctEntry
  if (run.untracked || run.known || !entry) return undefined
  if (run.tracked.fresh && !(half === 'dst' ? run.dstDone : run.srcDone)) {
    const verdict = runTable(run, 'nat', hook)
    run.markBits |= run.mark
    if (half === 'dst') run.dstDone = true
    else run.srcDone = true
    if (verdict.kind === 'DROP' || verdict.kind === 'REJECT') return stopOf(verdict, 'nat', hook)
    setUp(run, hook, half, verdict.kind === 'NAT' ? verdict : undefined)
    return undefined
  }
  follow(run, hook, half)
  return undefined
}

function setUp(
  run: Run,
  hook: Hook,
  half: 'dst' | 'src',
  verdict: Extract<TableVerdict, { kind: 'NAT' }> | undefined,
): void {
  const entry = run.ctEntry!
  const to = natSetup(run, run.ns, run.ask, hook, half, verdict)
  if (!to) return
  const from = half === 'dst' ? endpoint(run.dst, run.dport) : endpoint(run.src, run.sport)
  const ip = parseIp(to.address)!
  if (half === 'dst') {
    run.dst = ip
    run.dport = to.port
    run.dnat = true
  } else {
    run.src = ip
    run.sport = to.port
    run.snat = true
    if (verdict) run.masqueraded = true
  }
  run.nat.push({
    hook,
    kind: half === 'dst' ? 'DNAT' : 'SNAT',
    from,
    to: endpoint(ip, to.port),
    byRule: verdict !== undefined,
  })
  const reply = reverse({
    proto: entry.orig.proto,
    src: run.src.text,
    dst: run.dst.text,
    sport: portOf(run, 'sport'),
    dport: portOf(run, 'dport'),
  })
  run.ctEntry = { ...entry, reply, dnat: run.dnat, snat: run.snat }
}

function portOf(run: Run, side: 'sport' | 'dport'): number {
  return run.packet0.icmp ? run.packet0.sport : run[side]
}

function endpoint(ip: Ip, port: number): string {
  return port === 0 ? ip.text : ip.family === 6 ? `[${ip.text}]:${port}` : `${ip.text}:${port}`
}

/** nf_nat_packet: later packets get what the entry says, replies the other way round. Never a nat chain. */
function follow(run: Run, hook: Hook, half: 'dst' | 'src'): void {
  const entry = run.ctEntry!
  if (!entry.dnat && !entry.snat) return
  // over loopback the packet already carries what OUTPUT and POSTROUTING did to it
  if (run.tracked.fresh) return
  const back = run.ctDirection === 1
  if (half === 'dst' && (back ? entry.snat : entry.dnat)) {
    const [address, port] = back ? [entry.orig.src, entry.orig.sport] : [entry.reply.src, entry.reply.sport]
    rewrite(run, hook, 'dst', back ? 'un-SNAT' : 'DNAT', address, port)
  }
  if (half === 'src' && (back ? entry.dnat : entry.snat)) {
    const [address, port] = back ? [entry.orig.dst, entry.orig.dport] : [entry.reply.dst, entry.reply.dport]
    rewrite(run, hook, 'src', back ? 'un-DNAT' : 'SNAT', address, port)
  }
}

function rewrite(
  run: Run,
  hook: Hook,
  half: 'dst' | 'src',
  kind: 'DNAT' | 'SNAT' | 'un-DNAT' | 'un-SNAT',
  address: string,
  port: number,
): void {
  const side = half === 'dst' ? 'dport' : 'sport'
  const from = endpoint(run[half], run[side])
  const ip = parseIp(address)!
  if (ip.text === run[half].text && (run.packet0.icmp || run[side] === port)) return
  run[half] = ip
  if (!run.packet0.icmp) run[side] = port
  run.nat.push({ hook, kind, from, to: endpoint(ip, run[side]), byRule: false })
}

/* ------------------------------------------------------------------ the result */

function finish(
  run: Run,
  fate: Traversal['fate'],
  stop: Stop | undefined,
  outDev: string | undefined,
  nextHop: string | undefined,
): Traversal {
  const p = run.packet0
  const about =
    p.icmp?.about && run.ctEntry ? (run.ctDirection === 1 ? run.ctEntry.orig : run.ctEntry.reply) : p.icmp?.about
  const packet: Packet = {
    ...p,
    src: run.src.text,
    dst: run.dst.text,
    ...(p.icmp ? {} : { sport: run.sport, dport: run.dport }),
    ...(p.icmp && about ? { icmp: { ...p.icmp, about } } : {}),
    mark: run.mark,
  }
  const settled: ConntrackEntry | undefined =
    run.ctEntry && (run.ctMark === run.ctEntry.mark ? run.ctEntry : { ...run.ctEntry, mark: run.ctMark })
  // an entry is kept when its first packet gets through (nf_conntrack_confirm at INPUT or POSTROUTING)
  const kept = stop && run.tracked.fresh ? undefined : settled
  return {
    verdict: stop?.verdict ?? 'ACCEPT',
    fate,
    ...(stop?.stoppedBy ? { stoppedBy: stop.stoppedBy } : {}),
    ...(stop?.rejectWith ? { rejectWith: stop.rejectWith } : {}),
    packet,
    inDev: run.inDev === '' ? undefined : run.inDev,
    outDev,
    nextHop,
    trace: run.trace.done(),
    conntrack: { ...run.tracked, entry: kept },
    nat: run.nat,
    masqueraded: run.masqueraded,
    markBits: run.markBits,
    assumed: [...run.assumed],
    effects: run.effects,
  }
}
