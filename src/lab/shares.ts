/**
 * What the rules of a node would do with many new connections: each first packet goes through the interpreter, with
 * chance drawn anew. Nothing of the cluster changes, and nothing of it is sent.
 */
import { chooseBackend } from '../model/linux/bpf/choose.ts'
import { lookupService } from '../model/linux/bpf/maps.ts'
import type { IpvsKeep } from '../model/linux/ipvs/keep.ts'
import type { IpvsCursorRecord } from '../model/linux/ipvs/records.ts'
import { namespaceOf } from '../model/linux/net/places.ts'
import type { Packet } from '../model/linux/netfilter/packet.ts'
import { traverse } from '../model/linux/netfilter/traverse.ts'
import type { Question } from '../model/linux/netfilter/walk.ts'
import type { ModelReader } from '../model/tables.ts'

export interface SharesQuestion {
  readonly node: string
  /** The first packet of a connection as it comes to the node's own namespace. */
  readonly packet: Packet
  /** The device it comes by; undefined: a process of the node sends it. */
  readonly inDev?: string
  /** The address is translated at the socket, by BPF. */
  readonly atSocket?: boolean
  readonly count: number
  readonly seed: number
}

export interface SharesAnswer {
  readonly counts: readonly { readonly backend: string; readonly count: number }[]
  /** Packets that no rule sent to a backend. */
  readonly none: number
  /** Sum of (count - expected)^2 / expected for equal shares. */
  readonly chiSquare: number
  /** What it stays below in 999 of 1,000 tries, when all shares are equal. */
  readonly bound: number
}

/** A slice of this many; then others have their turn. */
const SLICE = 50

export async function shares(reader: ModelReader, question: SharesQuestion): Promise<SharesAnswer> {
  const draw = generator(question.seed)
  const cursors = new Map<string, IpvsCursorRecord>()
  const turning = withCursors(reader, cursors)
  const found = new Map<string, number>()
  let none = 0
  for (let i = 0; i < question.count; i++) {
    const backend = question.atSocket ? atSocket(reader, question, draw) : byRules(turning, cursors, question, draw)
    if (backend === undefined) none++
    else found.set(backend, (found.get(backend) ?? 0) + 1)
    if (i % SLICE === SLICE - 1) await new Promise((resolve) => setTimeout(resolve))
  }
  const counts = [...found].map(([backend, count]) => ({ backend, count }))
  counts.sort((a, b) => (a.backend < b.backend ? -1 : 1))
  return { counts, none, ...chiSquare(counts.map((c) => c.count)) }
}

/** Where IPVS' schedulers stand after the connections before: they take turns instead of drawing. */
function withCursors(reader: ModelReader, cursors: ReadonlyMap<string, IpvsCursorRecord>): ModelReader {
  const get = (table: string, id: string): unknown =>
    (table === 'ipvsCursors' ? cursors.get(id) : undefined) ?? reader.get(table as 'ipvsCursors', id)
  return {
    get now() {
      return reader.now
    },
    get: get as ModelReader['get'],
    all: (table) => reader.all(table),
    by: (table, index, key) => reader.by(table, index, key),
    count: (table, index, key) => reader.count(table, index, key),
    pending: () => reader.pending(),
  }
}

function byRules(
  reader: ModelReader,
  cursors: Map<string, IpvsCursorRecord>,
  { node, packet, inDev }: SharesQuestion,
  draw: Draw,
): string | undefined {
  // connections of before are none of these: each of them is new
  const { room: _, ...ns } = namespaceOf(reader, node, '')
  const sport = 32_768 + draw(28_232)
  const t = traverse(
    { ...ns, conntrack: () => undefined },
    { ...packet, sport },
    inDev === undefined ? {} : { inDev },
    (question) => answer(question, draw),
  )
  for (const effect of t.effects) {
    if (effect.kind !== 'keep' || effect.facility !== 'ipvs') continue
    const { cursor } = effect.data as IpvsKeep
    if (cursor) cursors.set(cursor.id, cursor.record)
  }
  return t.verdict === 'ACCEPT' ? t.nat.find((nat) => nat.kind === 'DNAT')?.to : undefined
}

function answer(question: Question, draw: Draw): number {
  if (question.kind === 'random') return draw(0x80000000) < question.probability! ? 1 : 0
  if (question.kind === 'unknown' || question.kind === 'interface') return 0
  return draw(question.below)
}

function atSocket(reader: ModelReader, { node, packet }: SharesQuestion, draw: Draw): string | undefined {
  const service = lookupService(reader, node, packet.proto, packet.dst, packet.dport, 'internal')
  const choice = service && chooseBackend(reader, { ...service, affinity: 0 }, '', undefined, draw)
  return choice && `${choice.backend.ip}:${choice.backend.port}`
}

export function chiSquare(counts: readonly number[]): { chiSquare: number; bound: number } {
  const df = counts.length - 1
  if (df < 1) return { chiSquare: 0, bound: 0 }
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length
  // Wilson and Hilferty's approximation of the quantile 0.999
  const k = 2 / (9 * df)
  const root = 1 - k + 3.0902 * Math.sqrt(k)
  return {
    chiSquare: counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0),
    bound: df * root * root * root,
  }
}

type Draw = (below: number) => number

/** xorshift32: the same seed gives the same thousand. */
function generator(seed: number): Draw {
  let x = (seed * 2_654_435_761 + 0x9e3779b9) >>> 0 || 1
  return (below) => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return Math.floor(((x >>> 0) / 0x100000000) * below)
  }
}
