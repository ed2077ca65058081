import type { BpfBackendRecord, BpfServiceRecord } from '../../model/linux/bpf/maps.ts'
import type { ModelReader } from '../../model/tables.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { table } from './columns.ts'

const HELP = 'cilium-dbg service list | bpf lb list [--backends|--revnat] | bpf ct list global | status'

const byId = (a: BpfServiceRecord, b: BpfServiceRecord): number => a.revNat - b.revNat

function backendsOf(reader: ModelReader, service: BpfServiceRecord): BpfBackendRecord[] {
  return service.backends.flatMap((id) => reader.get('bpfBackends', `${service.node}|${id}`) ?? [])
}

const frontend = (s: BpfServiceRecord): string =>
  `${s.ip}:${s.port}/${s.proto.toUpperCase()}${s.scope === 'internal' ? '/i' : ''}`

/** cilium-dbg/cmd/service_list.go */
function serviceList(reader: ModelReader, services: readonly BpfServiceRecord[]): string {
  const rows: string[][] = []
  for (const s of services) {
    const backends = backendsOf(reader, s).map(
      (b, i) => `${i + 1} => ${b.ip}:${b.port}/${b.proto.toUpperCase()} (${b.state})`,
    )
    rows.push([String(s.revNat), frontend(s), s.type, backends[0] ?? ''])
    for (const more of backends.slice(1)) rows.push(['', '', '', more])
  }
  return table([['ID', 'Frontend', 'Service Type', 'Backend'], ...rows])
}

/** cilium-dbg/cmd/bpf_lb_list.go */
function lbList(reader: ModelReader, services: readonly BpfServiceRecord[], what: string | undefined): string {
  const node = services[0]?.node ?? ''
  if (what === '--revnat')
    return table([
      ['ID', 'BACKEND ADDRESS (REVNAT_ID) (SLOT)'],
      ...services.map((s) => [String(s.revNat), `${s.ip}:${s.port}`]),
    ])
  if (what === '--backends') {
    const all = [...reader.by('bpfBackends', 'node', node)].sort((a, b) => a.id - b.id)
    return table([
      ['ID', 'BACKEND ADDRESS', 'STATE'],
      ...all.map((b) => [String(b.id), `${b.proto.toUpperCase()}://${b.ip}:${b.port}`, b.state]),
    ])
  }
  const rows: string[][] = []
  for (const s of services) {
    const flags = [s.type, 'non-routable', ...(s.affinity > 0 ? ['sessionAffinity'] : [])].filter(
      (flag) => flag !== 'non-routable' || s.type === 'ClusterIP',
    )
    rows.push([`${frontend(s)} (0)`, `0.0.0.0:0 (${s.revNat}) (0) [${flags.join(', ')}]`])
    backendsOf(reader, s).forEach((b, i) =>
      rows.push([`${frontend(s)} (${i + 1})`, `${b.ip}:${b.port}/${b.proto.toUpperCase()} (${s.revNat}) (${i + 1})`]),
    )
  }
  return table([['SERVICE ADDRESS', 'BACKEND ADDRESS (REVNAT_ID) (SLOT)'], ...rows])
}

/** cilium-dbg/cmd/bpf_ct_list.go: flows from outside to Services. */
function ctList(reader: ModelReader, node: string): string {
  return reader
    .by('bpfFlows', 'node', node)
    .filter((f) => f.expiresAt > reader.now)
    .map((f) => {
      const left = Math.floor((f.expiresAt - reader.now) / 1e6)
      const snat = f.snat ? ` SNAT ${f.snat.ip}:${f.snat.port}` : ''
      return `${f.proto.toUpperCase()} OUT ${f.client.ip}:${f.client.port} -> ${f.service.ip}:${f.service.port} service expires=${left} Packets=${f.packets} RevNAT=${f.revNat} BackendID=${f.backend.id}${f.closing ? ' [ RxClosing TxClosing SeenNonSyn ]' : ' [ SeenNonSyn ]'}${snat}\n`
    })
    .join('')
}

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { reader } = call
  const { node } = call.place
  const agent = reader.get('bpfAgents', node)
  const words = call.argv.slice(1)
  if (words.length === 0 || words[0] === '--help' || words[0] === 'help')
    return { out: `CLI for interacting with the local Cilium Agent\n\nin this lab: ${HELP}\n`, exit: 0 }
  if (!agent)
    return {
      err: 'Error: Cannot get service list: Get "http://localhost/v1/service": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory\nIs the agent running? (in this lab: lab proxy NODE --mode ebpf, or the switch in the Rules view)\n',
      exit: 1,
    }
  const services = [...reader.by('bpfServices', 'node', node)].sort(byId)
  const line = words.join(' ')
  if (/^service list\b/.test(line)) return { out: serviceList(reader, services), exit: 0 }
  if (/^bpf lb list\b/.test(line)) return { out: lbList(reader, services, words[3]), exit: 0 }
  if (/^bpf ct list global\b/.test(line)) return { out: ctList(reader, node), exit: 0 }
  if (words[0] === 'status')
    return {
      out: `KubeProxyReplacement:    True   [eth0   ${reader.get('machines', node)?.ip ?? ''} (Direct Routing)]\nHost firewall:           Disabled\nRouting:                 Network: Native   Host: BPF\n\nKubeProxyReplacement Details:\n  Status:                True\n  Socket LB:             Enabled\n  Socket LB Coverage:    Full\n  Mode:                  SNAT\n  Backend Selection:     ${agent.algorithm === 'maglev' ? 'Maglev (Table Size: 16381)' : 'Random'}\n  Session Affinity:      Enabled\n`,
      exit: 0,
    }
  return { err: `not simulated here: cilium-dbg ${line}; ${HELP}\n`, exit: 1 }
}

export const ciliumDbg: Tool = {
  name: 'cilium-dbg',
  aliases: ['cilium'],
  summary: 'maps of the eBPF service load balancer: cilium-dbg service list, cilium-dbg bpf lb list',
  places: ['node'],
  run,
}
