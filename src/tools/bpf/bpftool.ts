import type { BpfServiceRecord } from '../../model/linux/bpf/maps.ts'
import type { ModelReader } from '../../model/tables.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'

const PINNED = '/sys/fs/bpf/tc/globals'
const SCOPE = { external: 0, internal: 1 } as const
const PROTO = { tcp: 6, udp: 17, sctp: 132 } as const

/** Addresses and ports stand in network order; read as a number of this machine, the bytes are turned round. */
const turned = (ip: string): number =>
  ip.split('.').reduce((n, part, i) => n + Number(part) * [1, 0x100, 0x10000, 0x1000000][i]!, 0)
const turnedPort = (port: number): number => ((port & 0xff) << 8) | (port >> 8)

type Entry = { key: Record<string, unknown>; value: Record<string, unknown> }

/** struct lb4_key, lb4_service: bpf/lib/common.h */
function services(all: readonly BpfServiceRecord[]): Entry[] {
  return all.flatMap((s) => {
    const key = (slot: number): Entry['key'] => ({
      address: turned(s.ip),
      dport: turnedPort(s.port),
      backend_slot: slot,
      proto: PROTO[s.proto],
      scope: SCOPE[s.scope],
    })
    const value = (backend: number, count: number): Entry['value'] => ({
      backend_id: backend,
      count,
      rev_nat_index: turnedPort(s.revNat),
    })
    const master = {
      key: key(0),
      value: { ...value(0, s.backends.length), ...(s.affinity ? { affinity_timeout: s.affinity } : {}) },
    }
    return [master, ...s.backends.map((id, i) => ({ key: key(i + 1), value: value(id, 0) }))]
  })
}

interface MapInfo {
  readonly name: string
  readonly id: number
  readonly type: string
  readonly sizes: string
  entries(reader: ModelReader, node: string): Entry[]
}

const MAPS: readonly MapInfo[] = [
  {
    name: 'cilium_lb4_services_v2',
    id: 101,
    type: 'hash',
    sizes: 'key 12B  value 12B  max_entries 65536',
    entries: (reader, node) => services(reader.by('bpfServices', 'node', node)),
  },
  {
    name: 'cilium_lb4_backends_v3',
    id: 102,
    type: 'hash',
    sizes: 'key 4B  value 12B  max_entries 65536',
    entries: (reader, node) =>
      reader.by('bpfBackends', 'node', node).map((b) => ({
        key: { backend_id: b.id },
        value: {
          address: turned(b.ip),
          port: turnedPort(b.port),
          proto: PROTO[b.proto],
          flags: b.state === 'active' ? 0 : 1,
        },
      })),
  },
  {
    name: 'cilium_lb4_reverse_nat',
    id: 103,
    type: 'hash',
    sizes: 'key 2B  value 6B  max_entries 65536',
    entries: (reader, node) =>
      reader.by('bpfServices', 'node', node).map((s) => ({
        key: { rev_nat_index: turnedPort(s.revNat) },
        value: { address: turned(s.ip), port: turnedPort(s.port) },
      })),
  },
  {
    name: 'cilium_lb4_affinity',
    id: 104,
    type: 'lru_hash',
    sizes: 'key 16B  value 16B  max_entries 65536',
    entries: (reader, node) =>
      reader.by('bpfAffinity', 'node', node).map((a) => ({
        key: { client_id: a.client, rev_nat_id: turnedPort(a.revNat) },
        value: { last_used: Math.floor(a.lastUsed / 1e6), backend_id: a.backend },
      })),
  },
]

/** bpftool prints with BTF: nested records, four spaces a level. */
function dump(entries: readonly Entry[]): string {
  const show = (record: Record<string, unknown>): string =>
    Object.entries(record)
      .map(
        ([name, value]) =>
          `            "${name}": ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
      )
      .join(',\n')
  const one = (e: Entry): string =>
    `{\n        "key": {\n${show(e.key)}\n        },\n        "value": {\n${show(e.value)}\n        }\n    }`
  return entries.length === 0 ? 'Found 0 elements\n' : `[${entries.map(one).join(',')}\n]\n`
}

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const { reader } = call
  const words = call.argv.slice(1).filter((word) => word !== '-p' && word !== '--pretty')
  const maps = reader.get('bpfAgents', node) ? MAPS : []
  const line = words.slice(0, 2).join(' ')
  if (/^map (list|show)$/.test(line))
    return {
      out: maps.map((m) => `${m.id}: ${m.type}  name ${m.name.slice(0, 15)}  flags 0x1\n\t${m.sizes}\n`).join(''),
      exit: 0,
    }
  if (line === 'map dump') {
    const [how, what] = [words[2], words[3] ?? '']
    const map = maps.find((m) =>
      how === 'pinned'
        ? `${PINNED}/${m.name}` === what
        : how === 'name'
          ? m.name.startsWith(what)
          : String(m.id) === what,
    )
    if (map) return { out: dump(map.entries(reader, node)), exit: 0 }
    const why =
      how === 'pinned'
        ? `bpf obj get (${PINNED}): No such file or directory`
        : "can't get map by id: No such file or directory"
    return { err: `Error: ${why}\n`, exit: 255 }
  }
  return {
    err: 'not simulated here; in this lab: bpftool map list | map dump name NAME | map dump pinned PATH\n',
    exit: 1,
  }
}

export const bpftool: Tool = {
  name: 'bpftool',
  summary: `BPF maps: bpftool map list, bpftool map dump pinned ${PINNED}/cilium_lb4_services_v2`,
  places: ['node'],
  run,
}
