/**
 * A packet and its connection: what conntrack knows of it, the chains of type nat, and what NAT does to it and to those
 * that follow. linux net/netfilter/nf_conntrack_core.c nf_conntrack_in, nf_nat_core.c (nf_nat_inet_fn, nf_nat_packet).
 */
import { type Ip, parseIp } from './address.ts'
import { type ConntrackEntry, track } from './conntrack.ts'
import { runTable, type TableVerdict } from './evaluate.ts'
import { type Detour, type HookName, natPassesAt, PRIORITY } from './hooks.ts'
import { leadsNowhere, natSetup } from './nat.ts'
import { type Packet, reverse } from './packet.ts'
import type { Hook } from './ruleset.ts'
import { type Run, type Stop, stopOf } from './run.ts'
import type { Traversal } from './traversal.ts'
import type { Walk } from './walk.ts'

export function conntrackIn(run: Run): Stop | undefined {
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
  const full = run.tracked.fresh && run.ns.room ? noRoom(run) : undefined
  if (full) return full
  run.ctState = run.tracked.state
  run.ctDirection = run.tracked.direction
  run.ctEntry = run.tracked.entry
  run.ctMark = run.tracked.entry?.mark ?? 0
  run.dnat = run.tracked.entry?.dnat ?? false
  run.snat = run.tracked.entry?.snat ?? false
  return undefined
}

/** __nf_conntrack_alloc: a full table takes a new entry only where an old one can go; else the packet is dropped. */
function noRoom(run: Run): Stop | undefined {
  const tuple = run.tracked.entry!.orig
  const room = run.ns.room!(tuple)
  if (room && room.evict === undefined) return undefined
  run.effects.push({ kind: 'full', tuple, ...(room?.evict === undefined ? {} : { evict: room.evict }) })
  if (room) return undefined
  run.tracked = { state: 'INVALID', direction: 0, entry: undefined, fresh: false }
  return {
    verdict: 'DROP',
    stoppedBy: { hook: run.hook, table: '', chain: '', rule: 0, why: 'nf_conntrack: table full, dropping packet' },
  }
}

/** nf_nat_inet_fn: the nat chains see the first packet of a connection only; all others follow its entry. */
export function natHook(run: Run, hook: Hook, half: 'dst' | 'src'): Stop | undefined {
  const entry = run.ctEntry
  if (run.untracked || run.known || !entry) return undefined
  if (run.tracked.fresh && !(half === 'dst' ? run.dstDone : run.srcDone)) {
    if (half === 'dst') run.dstDone = true
    else run.srcDone = true
    for (const ask of natChains(run, hook, half)) {
      const verdict = ask()
      run.markBits |= run.mark
      if (verdict.kind === 'DROP' || verdict.kind === 'REJECT') return stopOf(verdict, 'nat', hook)
      if (verdict.kind !== 'NAT') continue
      if (leadsNowhere(run, hook, verdict)) return stopOf({ ...verdict, kind: 'DROP', policy: false }, 'nat', hook)
      setUp(run, hook, half, verdict)
      return undefined
    }
    setUp(run, hook, half, undefined)
    return undefined
  }
  follow(run, hook, half)
  return undefined
}

/** All chains of type nat at a hook, iptables' among them, by priority; the first that says something ends it. */
function natChains(run: Run, hook: Hook, half: 'dst' | 'src'): readonly (() => TableVerdict)[] {
  const xtables = (): TableVerdict => runTable(run, 'nat', hook)
  const others = natPassesAt(hook, run.ns.passes)
  if (others.length === 0) return [xtables]
  const mine = half === 'dst' ? PRIORITY.dstnat : PRIORITY.srcnat
  const asks = others.map((pass) => ({ at: pass.priority, ask: () => natVerdict(pass.run(run)) }))
  const at = asks.findIndex((other) => other.at > mine)
  asks.splice(at < 0 ? asks.length : at, 0, { at: mine, ask: xtables })
  return asks.map((entry) => entry.ask)
}

const NOTHING: TableVerdict = { kind: 'ACCEPT', chain: '', index: -1, policy: true }

function natVerdict(result: TableVerdict | Detour | undefined): TableVerdict {
  return result === undefined || result.kind === 'OUTPUT' || result.kind === 'REDIRECT'
    ? NOTHING
    : (result as TableVerdict)
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

/** For passes that change addresses by themselves (IPVS, BPF): the change is part of what the traversal tells. */
export function rewriteFor(walk: Walk, half: 'dst' | 'src', kind: NatKind, address: string, port: number): void {
  rewrite(walk as Run, walk.hook, half, kind, address, port)
}

/** For passes that know connections by themselves: what conntrack holds of this packet's, replaced. */
export function replaceEntry(walk: Walk, entry: ConntrackEntry): void {
  walk.ctEntry = entry
}

type NatKind = Traversal['nat'][number]['kind']

function rewrite(
  run: Run,
  hook: HookName,
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
