/** ipvsadm(8) 1.31: virtual servers of IPVS, listed and changed by hand. */
import type { IpvsOp } from '../../model/linux/ipvs/operations.ts'
import {
  type IpvsServiceRecord,
  type SchedulerName,
  SCHEDULERS,
  serverKey,
  serviceId,
  TIMEOUT_DEFAULTS,
} from '../../model/linux/ipvs/records.ts'
import type { ModelReader } from '../../model/tables.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { type Failure, type IpvsadmArguments, readArguments, readSchedulerFlags } from './arguments.ts'
import { connectionsText, type Format, listText } from './print.ts'

const VERSION = 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n'

export const ipvsadm: Tool = {
  name: 'ipvsadm',
  aliases: ['ipvsadm-save', 'ipvsadm-restore'],
  summary: 'virtual servers, real servers and connections of IPVS',
  places: ['node'],
  run,
  readsInput: (argv) => argv[0] === 'ipvsadm-restore' || argv.includes('-R') || argv.includes('--restore'),
  complete: (words) =>
    ['-Ln', '-Lnc', '--stats', '--rate', '--timeout', '-A', '-a', '-D', '-d', '-E', '-e', '-C', '-Sn'].filter((word) =>
      word.startsWith(words[words.length - 1] ?? ''),
    ),
}

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const words = call.argv.slice(1)
  if (words.includes('--version')) return { out: VERSION, exit: 0 }
  const asked = readArguments(
    call.argv[0] === 'ipvsadm-save' ? ['-S', ...words] : call.argv[0] === 'ipvsadm-restore' ? ['-R', ...words] : words,
  )
  if ('err' in asked) return asked
  const { operation } = asked
  if (operation === 'h')
    return {
      out: `${VERSION}Usage:\n  ipvsadm -A|E virtual-service [-s scheduler] [-p [timeout]] [-b sched-flags]\n  ipvsadm -D virtual-service\n  ipvsadm -C\n  ipvsadm -R\n  ipvsadm -S [-n]\n  ipvsadm -a|e virtual-service -r server-address -m [-w weight]\n  ipvsadm -d virtual-service -r server-address\n  ipvsadm -L|l [virtual-service] [-c] [-n] [--stats|--rate|--thresholds|--persistent-conn|--timeout]\n  ipvsadm -Z [virtual-service]\n  ipvsadm --set tcp tcpfin udp\n`,
      exit: 0,
    }
  if (operation === 'L' || operation === 'S') return list(call.reader, node, asked)
  if (operation === 'R') return restore(call, node)
  const op = operationOf(call.reader, node, asked)
  return 'err' in op ? op : apply(node, [op])
}

function apply(node: string, ops: readonly IpvsOp[]): ToolResult {
  return { inputs: [{ kind: 'kernel.ipvs-apply', to: `${node}/kernel`, data: { ops } }], exit: 0 }
}

function list(reader: ModelReader, node: string, asked: IpvsadmArguments): ToolResult {
  const { flags, service, operation } = asked
  if (flags.has('daemon')) return { out: '', exit: 0 }
  if (flags.has('timeout')) {
    const { tcp, tcpfin, udp } = reader.get('ipvsTimeouts', node) ?? TIMEOUT_DEFAULTS
    return { out: `Timeout (tcp tcpfin udp): ${tcp} ${tcpfin} ${udp}\n`, exit: 0 }
  }
  const numeric = flags.has('numeric')
  if (flags.has('connection')) return { out: connectionsText(reader, node, numeric), exit: 0 }
  const kind = (['stats', 'rate', 'thresholds', 'persistent-conn'] as const).find((name) => flags.has(name))
  const format: Format = {
    numeric,
    kind: operation === 'S' ? 'rules' : (kind ?? 'plain'),
    exact: flags.has('exact'),
    sorted: !flags.has('nosort'),
  }
  let services: readonly IpvsServiceRecord[] = reader.by('ipvsServices', 'node', node)
  if (service) {
    services = services.filter((one) => serviceId(node, one) === serviceId(node, service))
    if (services.length === 0) return { err: 'No such service\n', exit: 1 }
  }
  return { out: listText(reader, node, services, format, !service), exit: 0 }
}

const NAMES: Readonly<Record<string, string>> = {
  A: 'add-service',
  E: 'edit-service',
  D: 'delete-service',
  a: 'add-server',
  e: 'edit-server',
  d: 'delete-server',
}

/** One change, refused as the kernel would refuse it. */
function operationOf(reader: ModelReader, node: string, asked: IpvsadmArguments): IpvsOp | Failure {
  const { operation, service, server } = asked
  if (operation === 'C') return { op: 'flush' }
  if (operation === 'Z') return { op: 'zero', ...(service ? { service } : {}) }
  if (operation === 'set') {
    const [tcp, tcpfin, udp] = asked.timeouts!
    return { op: 'timeouts', tcp, tcpfin, udp }
  }
  const missing = (option: string): Failure => ({
    err: `You need to supply the '${option}' option for the '${NAMES[operation]}' command\n`,
    exit: 2,
  })
  const refused = (says: string): Failure => ({ err: `${says}\n`, exit: 255 })
  if (!service) return missing('service-address')
  const there = reader.get('ipvsServices', serviceId(node, service))
  if (operation === 'A' || operation === 'E') {
    if (operation === 'A' && there) return refused('Service already exists')
    if (operation === 'E' && !there) return refused('No such service')
    const scheduler = asked.scheduler ?? 'wlc'
    if (!(SCHEDULERS as readonly string[]).includes(scheduler))
      return refused('Scheduler or persistence engine not found')
    const flags = asked.schedFlags === undefined ? [] : readSchedulerFlags(asked.schedFlags, scheduler)
    if (!flags) return { err: 'illegal scheduler flags specified\n', exit: 2 }
    return {
      op: operation === 'A' ? 'add-service' : 'edit-service',
      service,
      scheduler: scheduler as SchedulerName,
      flags,
      persistentSeconds: asked.persistent ?? 0,
    }
  }
  if (operation === 'D') return there ? { op: 'del-service', service } : refused('No such service')
  if (!server) return missing('real-server')
  const known = there?.servers.some((one) => serverKey(one) === serverKey(server))
  if (operation === 'd') {
    if (!there) return refused('Service not defined')
    return known ? { op: 'del-server', service, server } : refused('No such destination')
  }
  if (asked.forward !== 'm')
    return {
      err: 'not simulated here: direct routing (-g, the default of ipvsadm) and tunnelling (-i); give -m, as kube-proxy does\n',
      exit: 1,
    }
  if (!there) return refused('Service not defined')
  if (operation === 'a' && known) return refused('Destination already exists')
  if (operation === 'e' && !known) return refused('No such destination')
  const op = operation === 'a' ? 'add-server' : 'edit-server'
  return { op, service, server: { ...server, weight: asked.weight ?? 1 } }
}

/** `ipvsadm -R < file`: what -S printed. */
function restore(call: ToolCall, node: string): ToolResult {
  const ops: IpvsOp[] = []
  for (const line of (call.stdin ?? '').split('\n')) {
    const words = line.trim().split(/\s+/)
    if (words[0] === '' || words[0]!.startsWith('#')) continue
    const asked = readArguments(words)
    if ('err' in asked) return asked
    const { operation, service, server } = asked
    if (!service || !['A', 'a'].includes(operation)) return { err: `not simulated here: ${line}\n`, exit: 1 }
    if (operation === 'A')
      ops.push({
        op: 'add-service',
        service,
        scheduler: (asked.scheduler ?? 'wlc') as SchedulerName,
        flags: readSchedulerFlags(asked.schedFlags ?? '', asked.scheduler ?? 'wlc') ?? [],
        persistentSeconds: asked.persistent ?? 0,
      })
    else if (server) ops.push({ op: 'add-server', service, server: { ...server, weight: asked.weight ?? 1 } })
  }
  return apply(node, ops)
}
