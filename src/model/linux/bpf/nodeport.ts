/**
 * The program at a device's ingress: packets from outside to a Service are translated and handed on by redirect, past
 * the hooks of netfilter; packets between pods are redirected, too (BPF host routing). cilium/cilium
 * bpf/lib/nodeport.h nodeport_lb4, nodeport_rev_dnat_ipv4, bpf/bpf_host.c, bpf/bpf_lxc.c.
 */
import type { ModelReader } from '../../tables.ts'
import type { TableVerdict } from '../netfilter/evaluate.ts'
import type { Detour, HookPass, StepTexts } from '../netfilter/hooks.ts'
import { parseIp } from '../netfilter/address.ts'
import { lookupRoute } from '../netfilter/route.ts'
import { TCP_FLAGS } from '../netfilter/rule.ts'
import { loadedRule } from '../netfilter/ruleset.ts'
import { rewriteFor } from '../netfilter/connection.ts'
import type { Walk } from '../netfilter/walk.ts'
import { type Choice, chooseBackend } from './choose.ts'
import { type BpfFlowRecord, flowId, type LbProto, lookupService } from './maps.ts'

/** What a step of a program does; the trace counts positions in these. */
export const STEPS: Readonly<Record<string, readonly string[]>> = {
  cil_from_netdev: [
    'look up the flow in cilium_ct4_global',
    'look up the destination in cilium_lb4_services_v2',
    'choose a slot, look up its backend in cilium_lb4_backends_v3',
    'rewrite the destination to the backend',
    'rewrite the source to this node (cilium_snat_v4_external)',
    'bpf_redirect_peer: into the network namespace of the pod',
    'bpf_redirect_neigh: out of the device',
    'drop: the Service has no backend',
    'rewrite source and destination back: the client sees the Service',
  ],
  cil_from_container: [
    'look up the flow in cilium_ct4_global',
    'rewrite the source back to the Service (cilium_lb4_reverse_nat)',
    'bpf_redirect_neigh: out of the device',
    'bpf_redirect_peer: into the network namespace of the pod',
  ],
  cil_to_netdev: [
    'look up the flow in cilium_ct4_global',
    'rewrite the source back to the Service (cilium_lb4_reverse_nat)',
  ],
}

const BRIDGE = 'cni0'
const WIRE = 'eth0'
const PROTOS: Readonly<Record<number, LbProto>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }
/** bpf-ct-timeout-regular-tcp, -tcp-syn, -tcp-fin, -any; seconds. */
const LIFETIME = { tcp: 8_000, syn: 60, fin: 10, any: 60 }

export function passesFor(reader: ModelReader, node: string): readonly HookPass[] {
  const pass = (hook: HookPass['hook'], run: HookPass['run']): HookPass => ({
    hook,
    priority: 0,
    type: 'filter',
    table: 'bpf',
    run,
  })
  return [
    pass('INGRESS', (walk) =>
      walk.inDev === WIRE
        ? fromWire(reader, node, walk)
        : walk.inDev === BRIDGE
          ? fromPod(reader, node, walk)
          : undefined,
    ),
    pass('EGRESS', (walk) => (walk.outDev === WIRE ? toWire(reader, node, walk) : undefined)),
  ]
}

export const bpfTexts: StepTexts = {
  step(table, chain, index) {
    if (table !== 'bpf') return undefined
    const text = STEPS[chain]?.[index] ?? chain
    return { text, action: text.split(':')[0]! }
  },
}

/** Says that a program did one of its steps. */
function did(walk: Walk, program: string, step: number): void {
  walk.trace.run(walk.trace.chain('bpf', program), step, step, true)
}

function enter(walk: Walk, hook: 'INGRESS' | 'EGRESS'): void {
  walk.trace.enter(hook, 'bpf')
}

function fromWire(reader: ModelReader, node: string, walk: Walk): Detour | TableVerdict | undefined {
  const proto = PROTOS[walk.proto]
  if (!proto) return undefined
  const program = 'cil_from_netdev'
  const back = findBack(reader, node, proto, end(walk.src.text, walk.sport), end(walk.dst.text, walk.dport))
  if (back?.snat) {
    enter(walk, 'INGRESS')
    walk.trace.lookedUp(flowText(back))
    did(walk, program, 0)
    did(walk, program, 8)
    rewriteFor(walk, 'dst', 'un-SNAT', back.client.ip, back.client.port)
    rewriteFor(walk, 'src', 'un-DNAT', back.service.ip, back.service.port)
    touch(reader, walk, back)
    did(walk, program, 6)
    return out(reader, node, walk)
  }
  const known = reader.get('bpfFlows', flowId(node, { proto, client: from(walk), service: to(walk) }))
  const live = known && known.expiresAt > reader.now && !(known.closing && isSyn(walk)) ? known : undefined
  const service = lookupService(reader, node, proto, walk.dst.text, walk.dport, 'external')
  if (!live && (!service || service.type === 'ClusterIP')) return toPod(reader, node, walk, program)
  enter(walk, 'INGRESS')
  walk.trace.lookedUp(live && flowText(live))
  did(walk, program, 0)
  let flow = live
  if (!flow) {
    walk.trace.lookedUp(`${service!.ip}:${service!.port} (${service!.backends.length}) ${service!.type}`)
    did(walk, program, 1)
    const choice = choose(reader, walk, service!, proto)
    if (!choice) {
      did(walk, program, 7)
      return { kind: 'DROP', chain: program, index: 7, policy: false }
    }
    const { backend } = choice
    walk.trace.lookedUp(`${backend.id} => ${backend.ip}:${backend.port} (${backend.state}), by ${choice.by}`)
    did(walk, program, 2)
    const remote = !isHere(reader, node, backend.ip)
    flow = {
      node,
      proto,
      client: from(walk),
      service: to(walk),
      backend: { ip: backend.ip, port: backend.port, id: backend.id },
      revNat: service!.revNat,
      ...(remote
        ? { snat: { ip: reader.get('machines', node)!.ip, port: freePort(reader, node, walk, proto, backend) } }
        : {}),
      startedAt: reader.now,
      expiresAt: 0,
      packets: 0,
    }
  }
  did(walk, program, 3)
  rewriteFor(walk, 'dst', 'DNAT', flow.backend.ip, flow.backend.port)
  touch(reader, walk, flow)
  if (flow.snat) {
    did(walk, program, 4)
    rewriteFor(walk, 'src', 'SNAT', flow.snat.ip, flow.snat.port)
    did(walk, program, 6)
    return out(reader, node, walk)
  }
  // a backend in the host's own namespace is reached by the stack
  if (!inPodRange(reader, node, flow.backend.ip)) return undefined
  did(walk, program, 5)
  return { kind: 'REDIRECT', dev: BRIDGE, via: flow.backend.ip }
}

/** BPF host routing: what comes for a pod of this node goes to it without a look at the stack. */
function toPod(reader: ModelReader, node: string, walk: Walk, program: string): Detour | undefined {
  if (!inPodRange(reader, node, walk.dst.text)) return undefined
  enter(walk, 'INGRESS')
  did(walk, program, program === 'cil_from_netdev' ? 5 : 3)
  return { kind: 'REDIRECT', dev: BRIDGE, via: walk.dst.text }
}

function fromPod(reader: ModelReader, node: string, walk: Walk): Detour | undefined {
  const proto = PROTOS[walk.proto]
  if (!proto) return undefined
  const program = 'cil_from_container'
  const back = findBack(reader, node, proto, end(walk.src.text, walk.sport), end(walk.dst.text, walk.dport))
  if (back && !back.snat) {
    enter(walk, 'INGRESS')
    walk.trace.lookedUp(flowText(back))
    did(walk, program, 0)
    did(walk, program, 1)
    rewriteFor(walk, 'src', 'un-DNAT', back.service.ip, back.service.port)
    touch(reader, walk, back)
    did(walk, program, 2)
    return out(reader, node, walk)
  }
  const here = toPod(reader, node, walk, program)
  if (here) return here
  // to pods and hosts of other nodes; what leaves the cluster takes the stack, which masquerades it
  const { text } = walk.dst
  const remote = reader
    .all('machines')
    .some((m) => m.name !== node && (m.ip === text || inPodRange(reader, m.name, text)))
  if (!remote) return undefined
  enter(walk, 'INGRESS')
  did(walk, program, 2)
  return out(reader, node, walk)
}

/** A reply of a backend in the host's own namespace. */
function toWire(reader: ModelReader, node: string, walk: Walk): undefined {
  const proto = PROTOS[walk.proto]
  const back = proto && findBack(reader, node, proto, end(walk.src.text, walk.sport), end(walk.dst.text, walk.dport))
  if (!back || back.snat) return undefined
  enter(walk, 'EGRESS')
  walk.trace.lookedUp(flowText(back))
  did(walk, 'cil_to_netdev', 0)
  did(walk, 'cil_to_netdev', 1)
  rewriteFor(walk, 'src', 'un-DNAT', back.service.ip, back.service.port)
  touch(reader, walk, back)
  return undefined
}

/* ------------------------------------------------------------------ look-ups and what is kept */

const end = (ip: string, port: number): string => `${ip}:${port}`
const from = (walk: Walk): { ip: string; port: number } => ({ ip: walk.src.text, port: walk.sport })
const to = (walk: Walk): { ip: string; port: number } => ({ ip: walk.dst.text, port: walk.dport })
const isSyn = (walk: Walk): boolean => (walk.flags & (TCP_FLAGS.SYN | TCP_FLAGS.ACK)) === TCP_FLAGS.SYN
const flowText = (f: BpfFlowRecord): string =>
  `${f.proto.toUpperCase()} ${end(f.client.ip, f.client.port)} -> ${end(f.service.ip, f.service.port)} => ${end(f.backend.ip, f.backend.port)}`

/** Key of the reply of a flow: from the backend, to the client or to this node's port. */
export const backKey = (f: BpfFlowRecord): string =>
  `${f.node}|${f.proto} ${end(f.backend.ip, f.backend.port)}>${f.snat ? end(f.snat.ip, f.snat.port) : end(f.client.ip, f.client.port)}`

function findBack(
  reader: ModelReader,
  node: string,
  proto: string,
  src: string,
  dst: string,
): BpfFlowRecord | undefined {
  return reader.by('bpfFlows', 'back', `${node}|${proto} ${src}>${dst}`).find((f) => f.expiresAt > reader.now)
}

function choose(
  reader: ModelReader,
  walk: Walk,
  service: NonNullable<ReturnType<typeof lookupService>>,
  proto: string,
): Choice | undefined {
  const tuple = `${proto} ${end(walk.src.text, walk.sport)} ${end(walk.dst.text, walk.dport)}`
  return chooseBackend(reader, service, walk.src.text, tuple, (below) =>
    walk.ask({
      kind: 'nat-address',
      table: 'bpf',
      chain: 'cil_from_netdev',
      index: 2,
      rule: loadedRule('-A bpf'),
      below,
      about: `which backend of ${service.name}?`,
    }),
  )
}

/** The source port is kept where nobody else has it (snat_v4_new_mapping). */
function freePort(
  reader: ModelReader,
  node: string,
  walk: Walk,
  proto: string,
  backend: { ip: string; port: number },
): number {
  const ip = reader.get('machines', node)!.ip
  const taken = (port: number): boolean =>
    findBack(reader, node, proto, end(backend.ip, backend.port), end(ip, port)) !== undefined
  let port = walk.sport < 1024 ? walk.sport + 32_768 : walk.sport
  while (taken(port)) port = port >= 65_535 ? 1_024 : port + 1
  return port
}

function touch(reader: ModelReader, walk: Walk, flow: BpfFlowRecord): void {
  const closing = flow.closing === true || (walk.flags & (TCP_FLAGS.FIN | TCP_FLAGS.RST)) !== 0
  const seconds =
    flow.proto !== 'tcp' ? LIFETIME.any : closing ? LIFETIME.fin : isSyn(walk) ? LIFETIME.syn : LIFETIME.tcp
  const data: BpfFlowRecord = {
    ...flow,
    ...(closing && flow.proto === 'tcp' ? { closing } : {}),
    expiresAt: reader.now + seconds * 1_000_000,
    packets: flow.packets + 1,
  }
  walk.effects.push({ kind: 'keep', facility: 'bpf', data })
}

/** bpf_fib_lookup, and out of the device to the neighbour it names. */
function out(reader: ModelReader, node: string, walk: Walk): Detour {
  const route = lookupRoute(reader.by('routes', 'netns', `${node}|`), walk.dst)
  return { kind: 'REDIRECT', dev: route?.dev ?? WIRE, ...(route?.via === undefined ? {} : { via: route.via }) }
}

function inPodRange(reader: ModelReader, node: string, ip: string): boolean {
  const cidr = reader.get('machines', node)?.podCIDR ?? ''
  const at = cidr.lastIndexOf('.')
  // the lab's nodes have a /24 each; its first address is the bridge
  return at > 0 && ip.startsWith(cidr.slice(0, at + 1)) && ip !== `${cidr.slice(0, at)}.1` && parseIp(ip) !== undefined
}

const isHere = (reader: ModelReader, node: string, ip: string): boolean =>
  reader.get('machines', node)?.ip === ip || inPodRange(reader, node, ip)
