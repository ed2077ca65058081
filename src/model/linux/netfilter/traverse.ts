/**
 * One packet through one network namespace: the hooks in kernel order, routing, connection tracking and NAT. Pure: what
 * changes (a conntrack entry, a remembered client) comes back as data.
 *
 * linux net/ipv4/ip_input.c, ip_forward.c, ip_output.c; net/netfilter/nf_nat_core.c (nf_nat_inet_fn, nf_nat_packet).
 */
import { isLoopback, parseIp } from './address.ts'
import { conntrackIn, natHook } from './connection.ts'
import type { ConntrackEntry } from './conntrack.ts'
import { runTable, type TableVerdict } from './evaluate.ts'
import { type Run, type Stop, stopOf } from './run.ts'
import type { Ask } from './walk.ts'
import type { Entry, NetNamespace } from './namespace.ts'
import type { Packet } from './packet.ts'
import { isLocalAddress, lookupRoute } from './route.ts'
import type { Traversal } from './traversal.ts'
import { protocolOf, TCP_FLAGS } from './rule.ts'
import { type Detour, entriesAt, type HookName, type HookPass } from './hooks.ts'
import type { Hook } from './ruleset.ts'
import { TraceBuilder } from './trace.ts'

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
    seen: false,
    hook: 'PREROUTING',
  }
  const local = entry.local ?? (entry.inDev === undefined && !entry.unknownDevices)
  run.arrivedBy = local ? '' : run.inDev
  return local ? fromHere(run) : arriving(run)
}

/* ------------------------------------------------------------------ the ways through the stack */

function fromHere(run: Run): Traversal {
  run.inDev = ''
  let route = routeOut(run)
  if ('verdict' in route) return finish(run, 'stopped', route)
  let before = run.dst.text
  run.outDev = route.unknown ? undefined : route.dev
  for (const entry of entriesAt('OUTPUT', run.ns.passes)) {
    const stop = enter(run, 'OUTPUT', entry)
    if (stop && isDetour(stop)) return detour(run, stop, 'sent')
    if (stop) return finish(run, 'stopped', stop)
    if (run.dst.text === before) continue
    // ip_route_me_harder: the new destination is routed anew, before the filter table sees it
    before = run.dst.text
    route = routeOut(run)
    if ('verdict' in route) return finish(run, 'stopped', route)
  }
  // the chains of OUTPUT see the device of the first route to the end (nf_hook_state)
  run.outDev = route.unknown ? undefined : route.dev
  const post = passHook(run, 'POSTROUTING')
  if (post) return isDetour(post) ? detour(run, post, 'sent') : finish(run, 'stopped', post)
  if (route.dev !== 'lo') return leave(run, 'sent', route.dev, route.via ?? run.dst.text)
  // over lo the same packet comes back in: conntrack keeps what it knows of it (nf_conntrack_in, "previously seen")
  run.inDev = 'lo'
  run.outDev = ''
  run.seen = true
  const back = passHook(run, 'PREROUTING')
  if (back) return isDetour(back) ? detour(run, back, 'sent') : finish(run, 'stopped', back)
  return deliver(run)
}

function arriving(run: Run): Traversal {
  const stop = passHook(run, 'INGRESS') ?? passHook(run, 'PREROUTING')
  if (stop) return isDetour(stop) ? detour(run, stop, 'forwarded') : finish(run, 'stopped', stop)
  if (isLoopback(run.dst) && run.inDev !== 'lo' && !run.ns.sysctls.routeLocalnet && !run.unknownDevices)
    return finish(run, 'stopped', martian('a loopback destination from outside: martian without route_localnet'))
  // fib_validate_source without accept_local: with IPVS every node has the same virtual addresses
  if (run.inDev !== 'lo' && !run.unknownDevices && isLocalAddress(run.links, run.src))
    return finish(run, 'stopped', martian(`the source ${run.src.text} is an address of this host: martian`))
  if (isLocalAddress(run.links, run.dst)) return deliver(run)
  if (!run.ns.sysctls.ipForward)
    return finish(run, 'stopped', drop('ROUTING', 'not for this host, and ip_forward is off'))
  const route = routeTo(run)
  if (!route) return finish(run, 'stopped', unreachable('no route to host'))
  run.outDev = route.unknown ? undefined : route.dev
  const forward = passHook(run, 'FORWARD')
  if (forward) return isDetour(forward) ? detour(run, forward, 'forwarded') : finish(run, 'stopped', forward)
  const post = passHook(run, 'POSTROUTING')
  if (post) return isDetour(post) ? detour(run, post, 'forwarded') : finish(run, 'stopped', post)
  return leave(run, 'forwarded', route.dev, route.via ?? run.dst.text)
}

function deliver(run: Run): Traversal {
  const stop = passHook(run, 'INPUT')
  if (stop && isDetour(stop)) return detour(run, stop, 'forwarded')
  return stop ? finish(run, 'stopped', stop) : finish(run, 'local')
}

/** The packet's last hook before a wire. */
function leave(run: Run, fate: 'sent' | 'forwarded', dev: string, via: string): Traversal {
  run.outDev = dev
  const stop = passHook(run, 'EGRESS')
  if (stop && isDetour(stop)) return detour(run, stop, fate)
  return stop ? finish(run, 'stopped', stop) : finish(run, fate, undefined, dev, via)
}

/** A pass sends the packet itself: along its own way, or through OUTPUT as if this host had made it. */
function detour(run: Run, how: Detour, fate: 'sent' | 'forwarded'): Traversal {
  if (how.kind === 'REDIRECT') return finish(run, fate, undefined, how.dev, how.via ?? run.dst.text)
  const route = routeTo(run)
  if (!route) return finish(run, 'stopped', unreachable('no route to host'))
  run.inDev = ''
  run.outDev = route.unknown ? undefined : route.dev
  run.seen = true
  for (const hook of ['OUTPUT', 'POSTROUTING'] as const) {
    const stop = passHook(run, hook)
    if (stop && !isDetour(stop)) return finish(run, 'stopped', stop)
  }
  if (route.dev === 'lo') return finish(run, 'local')
  return finish(run, fate, undefined, route.dev, route.via ?? run.dst.text)
}

/** The route of a packet that starts here; a loopback source may not leave (__mkroute_output). */
function routeOut(run: Run): Stop | { dev: string; via: string | undefined; unknown: boolean } {
  const route = routeTo(run)
  if (!route) return unreachable('no route to host')
  if (isLoopback(run.src) && route.dev !== 'lo' && !run.ns.sysctls.routeLocalnet && !route.unknown)
    return martian('a loopback source cannot leave without route_localnet')
  return route
}

/** Everything that hangs at a hook, until something stops the packet or takes it away. */
function passHook(run: Run, hook: HookName): Stop | Detour | undefined {
  if (hook === 'POSTROUTING') run.inDev = ''
  for (const entry of entriesAt(hook, run.ns.passes)) {
    const stop = enter(run, hook, entry)
    if (stop) return stop
  }
  return undefined
}

function enter(run: Run, hook: HookName, entry: ReturnType<typeof entriesAt>[number]): Stop | Detour | undefined {
  run.hook = hook
  switch (entry.kind) {
    case 'xtables':
      return table(run, entry.table, hook as Hook)
    case 'conntrack':
      return run.seen ? undefined : conntrackIn(run)
    case 'nat':
      return natHook(run, hook as Hook, hook === 'PREROUTING' || hook === 'OUTPUT' ? 'dst' : 'src')
    case 'pass':
      return other(run, entry.pass!)
  }
}

const isDetour = (stop: Stop | Detour): stop is Detour => !('verdict' in stop)

function other(run: Run, pass: HookPass): Stop | Detour | undefined {
  const result = pass.run(run)
  run.markBits |= run.mark
  if (!result) return undefined
  if (result.kind === 'OUTPUT' || result.kind === 'REDIRECT') return result as Detour
  const verdict = result as TableVerdict
  if (verdict.kind === 'ACCEPT') return undefined
  if (verdict.kind === 'NAT') {
    run.assumed.add(`${verdict.target.kind} works in chains of type nat only: passed over in ${pass.table}`)
    return undefined
  }
  return stopOf(verdict, pass.table, pass.hook as Hook)
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

/* ------------------------------------------------------------------ the result */

function finish(run: Run, fate: Traversal['fate'], stop?: Stop, outDev?: string, nextHop?: string): Traversal {
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
