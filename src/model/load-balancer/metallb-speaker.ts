/**
 * The speaker of MetalLB on each node, in layer 2 mode. The speakers elect one node for each address; that node answers
 * ARP for it, so that all packets to the address come to this node and kube-proxy's rules take them.
 * metallb speaker/main.go, speaker/layer2_controller.go, internal/layer2/arp.go, internal/speakerlist; hashicorp/memberlist.
 */
import { SECOND } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { KubeObject, Service } from '../apiserver/objects.ts'
import { sendThrottled, THROTTLED } from '../controllers/client.ts'
import { recordEvent, referenceTo } from '../controllers/event-recorder.ts'
import { whilePowered } from '../linux/power.ts'
import { type ApiWatchEvent, connected, sendOver } from '../messages.ts'
import type { ModelComponent, ModelWorld } from '../tables.ts'
import { candidatesFor, mayAnnounce } from './election.ts'
import { metalLbLog, openWatches, type MetalLbStart } from './metallb-controller.ts'
import { addressOf, inPool, keyOf, POOL, wantsAddress } from './pool.ts'
import type { MetalLbSpeakerRecord, SpeakerMember } from './records.ts'

const NAME = 'metallb-speaker'
const PROBE = 'timer.metallb-probe'
const WATCHED = ['services', 'endpointslices', 'nodes'] as const
/** memberlist DefaultLANConfig: one member a second; a suspect has 4 x log10(n) x 1 s, at least 4 s, to speak up. */
const PROBE_EVERY = SECOND
const SUSPICION = 4 * SECOND

/** `metallb.ping`, `metallb.ack`: speaker to speaker. */
export type SpeakerPing = { node: string }
/** `net.arp`, `NODE/metallb-speaker` -> `laptop`: a gratuitous ARP, heard by the gateway of the node network. */
export type GratuitousArp = { ip: string; mac: string; node: string; service: string; what: string }

function running(world: ModelWorld, actor: string): MetalLbSpeakerRecord | undefined {
  const record = world.get('metalLbSpeakers', placeOf(actor))
  return record?.running ? record : undefined
}

function put(world: ModelWorld, record: MetalLbSpeakerRecord): MetalLbSpeakerRecord {
  world.put('metalLbSpeakers', record.node, record)
  return record
}

const speakerOf = (node: string): string => `${node}/${NAME}`

function start(world: ModelWorld, event: SimEvent<MetalLbStart>): void {
  const node = placeOf(event.to)
  const { pid } = event.data
  put(world, { node, running: true, since: world.now, pid, synced: [], announced: {}, members: {}, turn: 0 })
  metalLbLog(world, node, pid, { level: 'info', msg: 'MetalLB speaker starting version 0.15.3 (commit simulated)' })
  openWatches(world, WATCHED, [], NAME)
  world.send(PROBE, event.to, { since: world.now }, { from: event.to, delayMicros: PROBE_EVERY })
}

/** With its process the speaker answers no ARP any more; who knows the address still sends to this node. */
function stop(world: ModelWorld, event: SimEvent): void {
  const record = running(world, event.to)
  if (record) put(world, { ...record, running: false, announced: {} })
}

function watched(world: ModelWorld, event: SimEvent<ApiWatchEvent>): void {
  const record = running(world, event.to)
  if (!record) return
  const { type, resource, object } = event.data
  if (type === 'BOOKMARK') {
    if (record.synced.includes(resource)) return
    const next = put(world, { ...record, synced: [...record.synced, resource] })
    if (next.synced.length === WATCHED.length) reviewAll(world, next.node)
    return
  }
  if (record.synced.length < WATCHED.length) return
  if (resource === 'services') review(world, record.node, keyOf(object))
  else if (resource === 'endpointslices') {
    const name = object.metadata.labels?.['kubernetes.io/service-name']
    if (name !== undefined) review(world, record.node, `${object.metadata.namespace ?? 'default'}/${name}`)
  } else if (type !== 'MODIFIED' || nodeMatters(world, record, object.metadata.name)) reviewAll(world, record.node)
}

/** An update of a node concerns a speaker only where it changes who may announce. */
function nodeMatters(world: ModelWorld, record: MetalLbSpeakerRecord, node: string): boolean {
  const announces = Object.keys(world.get('metalLbSpeakers', node)?.announced ?? {}).length > 0
  return announces !== mayAnnounce(world.get('nodes', node)) || node === record.node
}

/** Itself, and the members that it has not given up. */
function speakers(world: ModelWorld, record: MetalLbSpeakerRecord): string[] {
  const members = Object.keys(record.members).filter((node) => record.members[node]!.state !== 'dead')
  return [record.node, ...members].filter((node) => mayAnnounce(world.get('nodes', node)))
}

function reviewAll(world: ModelWorld, node: string): void {
  const keys = new Set(Object.keys(world.get('metalLbSpeakers', node)?.announced ?? {}))
  for (const service of world.all('services')) if (service.spec.type === 'LoadBalancer') keys.add(keyOf(service))
  for (const key of keys) review(world, node, key)
}

const othersThan = (world: ModelWorld, node: string): string[] =>
  world.all('nodes').flatMap(({ metadata }) => (metadata.name === node ? [] : [metadata.name]))

/** It knows what there is, and has asked every node whether a speaker is there. */
const hasJoined = (world: ModelWorld, { node, synced, turn }: MetalLbSpeakerRecord): boolean =>
  synced.length === WATCHED.length && turn > othersThan(world, node).length

/** SetBalancer: announce, go on announcing, or withdraw. */
function review(world: ModelWorld, node: string, key: string): void {
  const record = world.get('metalLbSpeakers', node)
  // Cut off from the API server it keeps to what it knew; nobody hears it anyway.
  if (!record?.running || !hasJoined(world, record) || !connected(world, speakerOf(node), 'apiserver')) return
  const service = world.get('services', key)
  const ip = wantsAddress(service) ? addressOf(service) : undefined
  const before = record.announced[key]
  if (before !== undefined && before !== ip) {
    withdraw(world, node, key, before, service ? 'loadBalancerIPChanged' : 'serviceDeleted')
    if (ip !== undefined) review(world, node, key)
    return
  }
  if (!service || ip === undefined || !inPool(POOL, ip)) return
  const { nodes, why } = candidatesFor(service, ip, world.by('endpointslices', 'service', key), speakers(world, record))
  const wins = nodes[0] === node
  if (wins && before === undefined) {
    world.because('LB4', { service: key, ip, candidates: nodes, of: why })
    announce(world, node, service, ip)
  } else if (!wins && before !== undefined) {
    world.because('LB4', { service: key, ip, candidates: nodes, of: why })
    withdraw(world, node, key, ip, 'notOwner')
  }
}

function announce(world: ModelWorld, node: string, service: Service, ip: string): void {
  const key = keyOf(service)
  const record = world.get('metalLbSpeakers', node)!
  put(world, { ...record, announced: { ...record.announced, [key]: ip } })
  const says = { event: 'serviceAnnounced', ips: [ip], level: 'info', pool: POOL.name, protocol: 'layer2' }
  metalLbLog(world, node, record.pid, { ...says, msg: 'service has IP, announcing' })
  const mac = world.get('links', `${node}||eth0`)?.mac ?? ''
  const arp: GratuitousArp = { ip, mac, node, service: key, what: `${ip} is at ${mac}` }
  world.because('LB5', { ip, node })
  sendOver(world, 'net.arp', 'laptop', arp, { from: speakerOf(node) })
  recordEvent(world, NAME, referenceTo(service as unknown as KubeObject), {
    type: 'Normal',
    reason: 'nodeAssigned',
    message: `announcing from node "${node}" with protocol "layer2"`,
  })
}

function withdraw(world: ModelWorld, node: string, key: string, ip: string, reason: string): void {
  const record = world.get('metalLbSpeakers', node)!
  const { [key]: _, ...announced } = record.announced
  put(world, { ...record, announced })
  const says = { event: 'serviceWithdrawn', ip: [ip], level: 'info', reason }
  metalLbLog(world, node, record.pid, { ...says, msg: 'withdrawing service announcement' })
  // Who asks again gets no answer from here.
  if (world.get('neighbours', ip)?.node === node) world.put('neighbours', ip, undefined)
}

/** The gateway of the node network notes whose MAC answers. */
function heard(world: ModelWorld, event: SimEvent<GratuitousArp>): void {
  const { ip, mac, node, service } = event.data
  world.put('neighbours', ip, { ip, mac, node, service, since: world.now })
}

/** A round of memberlist: what became of the last ping, who is given up, who is next. */
function probe(world: ModelWorld, event: SimEvent<{ since: number }>): void {
  let record = running(world, event.to)
  if (!record || record.since !== event.data.since) return
  world.send(PROBE, event.to, event.data, { from: event.to, delayMicros: PROBE_EVERY })
  if (record.synced.length < WATCHED.length && record.turn % 10 === 9) openWatches(world, WATCHED, record.synced, NAME)
  const lost = record.asked !== undefined && record.members[record.asked]?.state === 'alive' ? record.asked : undefined
  let members = record.members
  if (lost !== undefined) members = { ...members, [lost]: { state: 'suspect', since: world.now } }
  const givenUp = Object.keys(members).filter(
    (node) => members[node]!.state === 'suspect' && world.now - members[node]!.since >= SUSPICION,
  )
  for (const node of givenUp) members = { ...members, [node]: { state: 'dead', since: world.now } }
  const others = othersThan(world, record.node)
  const next = others[record.turn % Math.max(1, others.length)]
  const joined = hasJoined(world, record)
  const { asked: _, ...rest } = record
  record = put(world, { ...rest, members, turn: record.turn + 1, ...(next === undefined ? {} : { asked: next }) })
  if (next !== undefined) sendOver(world, 'metallb.ping', speakerOf(next), { node: record.node })
  if (!joined && hasJoined(world, record)) return reviewAll(world, record.node)
  if (givenUp.length === 0) return
  world.because('LB6', { dead: givenUp, afterSeconds: SUSPICION / SECOND })
  reviewAll(world, record.node)
}

function ping(world: ModelWorld, event: SimEvent<SpeakerPing>): void {
  const record = running(world, event.to)
  if (!record) return
  sendOver(world, 'metallb.ack', event.from, { node: record.node })
  isAlive(world, record, event.data.node)
}

function ack(world: ModelWorld, event: SimEvent<SpeakerPing>): void {
  const record = running(world, event.to)
  if (!record) return
  const { asked, ...rest } = record
  isAlive(world, asked === event.data.node ? put(world, rest) : record, event.data.node)
}

function isAlive(world: ModelWorld, record: MetalLbSpeakerRecord, node: string): void {
  const old: SpeakerMember | undefined = record.members[node]
  if (old?.state === 'alive') return
  put(world, { ...record, members: { ...record.members, [node]: { state: 'alive', since: world.now } } })
  if (old?.state !== 'suspect') reviewAll(world, record.node)
}

export const metalLbSpeaker: ModelComponent = {
  roles: [NAME],
  tables: { metalLbSpeakers: { owner: 'load-balancer' } },
  rules: [
    {
      id: 'LB4',
      says: 'The speakers that may announce an address are put in order by a hash of node and address; the first one announces it. With externalTrafficPolicy Local only nodes with an endpoint may.',
      source: 'metallb speaker/layer2_controller.go ShouldAnnounce, sortL2Candidates',
    },
    {
      id: 'LB5',
      says: 'A gratuitous ARP tells the network whose card answers for the address from now on.',
      source: 'metallb internal/layer2/announcer.go gratuitous',
    },
    {
      id: 'LB6',
      says: 'A speaker that answers no ping becomes suspect, and is given up after four seconds; its addresses are elected anew.',
      source: 'hashicorp/memberlist state.go probeNode, suspectNode',
    },
  ],
  handlers: {
    ...whilePowered({
      [`${NAME}.start`]: start,
      'api.watch': watched,
      'api.response': () => {},
      'metallb.ping': ping,
      'metallb.ack': ack,
      [PROBE]: probe,
      [THROTTLED]: sendThrottled,
    }),
    [`${NAME}.stop`]: stop,
  },
}

/** The gateway's ear: its neighbour table is a table of this folder. */
export const arpListener: ModelComponent = { roles: ['laptop'], rules: [], handlers: { 'net.arp': heard } }
