import type { SimEvent } from '../../sim/contract.ts'
import { placeOf } from '../../sim/contract.ts'
import { actorPhrase, actorSubject } from './actors.ts'
import { dig, pick, plain, words, type Plain } from './facts.ts'
import type { Narration } from './narration.ts'
import { say } from './say.ts'
import { DOCS } from './upstream-docs.ts'

/** `10.244.1.5:41822` of one end of a packet, whatever the sender called its fields. */
function end(packet: Plain, side: 'src' | 'dst'): string | undefined {
  const long = side === 'src' ? 'source' : 'destination'
  const value = packet[side] ?? packet[long]
  const ip = typeof value === 'string' ? value : pick(plain(value), 'ip', 'address')
  if (ip === undefined) return pick(packet, `${side}Ip`, `${side}IP`, side === 'src' ? 'from' : 'to')
  const port = pick(plain(value), 'port') ?? pick(packet, `${side}Port`, side === 'src' ? 'sport' : 'dport')
  return port === undefined || ip.includes(':') ? ip : `${ip}:${port}`
}

/** `GET /ready`, `query web.shop.svc`. */
function requestWords(value: unknown): string | undefined {
  const request = plain(value)
  const method = pick(request, 'method')
  if (method !== undefined) return `${method} ${pick(request, 'path') ?? '/'}`
  const name = pick(request, 'name')
  return name === undefined ? undefined : `query ${name}`
}

export function narratePacket(event: SimEvent): Narration {
  const data = plain(event.data)
  const packet = typeof data.packet === 'object' ? plain(data.packet) : data
  const node = placeOf(event.to)
  const facts = {
    to: actorPhrase(event.to),
    proto: (pick(packet, 'proto', 'protocol') ?? 'TCP').toUpperCase(),
    src: end(packet, 'src'),
    dst: end(packet, 'dst'),
    what: pick(data, 'what') ?? requestWords(data.request) ?? words(event.kind),
    status: pick(plain(data.response), 'status', 'rcode'),
    peer: pick(data, 'peerIp'),
    why: pick(data, 'why', 'reason', 'verdict') ?? pick(plain(dig(data, 'drop')), 'why'),
    place: pick(data, 'dev'),
    From: actorSubject(event.from),
  }
  const command = { line: 'conntrack -L', node }
  const base = { plane: 'packet' as const, command, doc: DOCS.service }
  if (/drop|lost|reject/.test(event.kind) && facts.why !== undefined) {
    return { ...base, title: say('net.dropped.title'), says: say('net.dropped', facts) }
  }
  if (event.kind === 'net.hop' || event.kind === 'net.probe-hop') {
    return { ...base, title: say('net.hop.title', facts), says: say('net.hop', facts) }
  }
  if (event.kind === 'net.arp') {
    const arp = { ...facts, ip: pick(data, 'ip'), node: placeOf(event.from), service: pick(data, 'service') }
    return { ...base, title: say('net.arp.title', arp), says: say('net.arp', arp) }
  }
  const title = say('net.title', { what: words(event.kind) })
  if (event.kind === 'net.request')
    return { ...base, title: say('net.request.title', facts), says: say('net.request', facts) }
  if (event.kind === 'net.dialed' || event.kind === 'net.result') {
    const ok = data.ok !== false
    const how = facts.status ?? (ok ? 'connected' : (pick(data, 'error') ?? 'no answer'))
    return {
      ...base,
      title: say('net.result.title', { how }),
      says: say('net.result', { ...facts, To: actorSubject(event.to), how }),
    }
  }
  if (event.kind === 'net.respond') return { ...base, title: say('net.respond.title'), says: say('net.respond', facts) }
  if (/reply|response|answer/.test(event.kind) && facts.src !== undefined) {
    return { ...base, title: say('net.reply.title', { what: facts.src }), says: say('net.reply', facts) }
  }
  if (facts.src === undefined || facts.dst === undefined) return { ...base, title, says: say('net.other', facts) }
  return { ...base, title, says: say(facts.place === undefined ? 'net.packet' : 'net.packet.hop', facts) }
}
