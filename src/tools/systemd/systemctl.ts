import type { Input } from '../../sim/contract.ts'
import type { UnitRecord } from '../../model/tables.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'
import { journalLine, linesOfUnit } from './journal-lines.ts'
import { relativeTime, systemdTime, UNIT_FILES, unitName, unitProcesses } from './units.ts'

const VERBS = [
  'status',
  'start',
  'stop',
  'restart',
  'is-active',
  'is-enabled',
  'is-failed',
  'cat',
  'show',
  'list-units',
  'enable',
  'disable',
  'daemon-reload',
]

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const words = readWords(call.argv.slice(1), {
    flags: ['no-pager', 'l', 'q', 'now', 'a', 'full', 'plain', 'no-legend', 'failed', 'force'],
    values: ['n', 'o', 'p', 't', 'state'],
    alias: { quiet: 'q', lines: 'n', output: 'o', property: 'p', type: 't', all: 'a' },
  })
  const [verb = 'list-units', ...units] = words.args
  const quiet = words.flags.has('q')
  if (verb === 'poweroff' || verb === 'halt') {
    const off: Input = {
      kind: 'fault.set',
      to: 'faults',
      from: 'laptop',
      data: { name: 'node-off', target: node, on: true },
    }
    return {
      inputs: [off],
      err: `# the power of ${node} goes at once (graceful node shutdown is not modelled); lab fault node-off ${node} --off brings it back
`,
      exit: 0,
    }
  }
  if (verb === 'reboot')
    return {
      err: `not simulated here: systemctl reboot; try lab fault node-off ${node}, and again with --off
`,
      exit: 1,
    }
  if (verb === 'daemon-reload') return { exit: 0 }
  if (verb === 'list-units') return listUnits(call, node)
  if (!VERBS.includes(verb)) return { err: `Unknown command verb '${verb}'.\n`, exit: 1 }
  if (units.length === 0) return verb === 'status' ? listUnits(call, node) : { err: 'Too few arguments.\n', exit: 1 }
  const results = units.map((name) => one(call, node, verb, unitName(name), quiet, Number(words.values.get('n') ?? 10)))
  return {
    out: results.map((r) => r.out ?? '').join(verb === 'status' ? '\n' : ''),
    err: results.map((r) => r.err ?? '').join(''),
    inputs: results.flatMap((r) => r.inputs ?? []),
    exit: Math.max(...results.map((r) => r.exit ?? 0)),
  }
}

function one(call: ToolCall, node: string, verb: string, unit: string, quiet: boolean, lines: number): ToolResult {
  const record = call.reader.get('units', `${node}|${unit}`)
  const file = UNIT_FILES[unit]
  if (!record || !file) {
    if (verb === 'is-active') return { out: quiet ? '' : 'inactive\n', exit: 4 }
    if (verb === 'status')
      return {
        err: `Unit ${unit}.service could not be found.\n${unit.includes('/') ? `# one unit at a time: systemctl status ${unit.split('/')[0]}\n` : ''}`,
        exit: 4,
      }
    return { err: `Failed to ${verb} ${unit}.service: Unit ${unit}.service not found.\n`, exit: 5 }
  }
  switch (verb) {
    case 'status':
      return { out: status(call, node, record, lines), exit: record.active === 'active' ? 0 : 3 }
    case 'is-active':
      return { out: quiet ? '' : `${record.active}\n`, exit: record.active === 'active' ? 0 : 3 }
    case 'is-failed':
      return { out: quiet ? '' : `${record.active}\n`, exit: record.active === 'failed' ? 0 : 1 }
    case 'is-enabled':
      return { out: quiet ? '' : 'enabled\n', exit: 0 }
    case 'enable':
    case 'disable':
      return { err: `not simulated here: ${verb}; start and stop work\n`, exit: 1 }
    case 'cat':
      return {
        out: `# ${file.path}\n${file.text}${file.dropIn ? `\n# ${file.dropIn.dir}/${file.dropIn.file}\n${call.files.read(`${file.dropIn.dir}/${file.dropIn.file}`) ?? ''}` : ''}`,
        exit: 0,
      }
    case 'show':
      return {
        out: `Id=${unit}.service\nDescription=${file.description}\nLoadState=loaded\nActiveState=${record.active}\nSubState=${record.sub}\nMainPID=${record.pid}\n`,
        exit: 0,
      }
    default:
      return change(node, verb, record)
  }
}

function change(node: string, verb: string, record: UnitRecord): ToolResult {
  if (record.unit !== 'kubelet')
    return {
      err: `not simulated here: systemctl ${verb} ${record.unit}; the kubelet can be stopped and started, and lab faults lists what can break\n`,
      exit: 1,
    }
  const running = record.active === 'active'
  if ((verb === 'start' && running) || (verb === 'stop' && !running)) return { exit: 0 }
  const kind = verb === 'restart' && !running ? 'start' : verb
  const input: Input = { kind: `kubelet.${kind}`, to: `${node}/kubelet`, from: 'laptop', data: {} }
  return { inputs: [input], exit: 0 }
}

function status(call: ToolCall, node: string, unit: UnitRecord, lines: number): string {
  const { reader } = call
  const file = UNIT_FILES[unit.unit]!
  const glyph =
    unit.active === 'active' ? '●' : unit.active === 'failed' ? '×' : unit.active === 'activating' ? '●' : '○'
  const key = (name: string) => `${name}:`.padStart(12)
  const processes = unitProcesses(reader, node, unit.unit, unit.pid)
  const active = unit.active === 'active'
  let out = `${glyph} ${unit.unit}.service - ${file.description}\n`
  out += `${key('Loaded')} loaded (${file.path}; enabled; preset: enabled)\n`
  if (file.dropIn) out += `${key('Drop-In')} ${file.dropIn.dir}\n${' '.repeat(13)}└─${file.dropIn.file}\n`
  out += `${key('Active')} ${unit.active} (${unit.sub}) since ${systemdTime(unit.since)}; ${relativeTime(reader.now - unit.since)}\n`
  out += `${key('Docs')} ${file.docs}\n`
  if (active) out += `${key('Main PID')} ${unit.pid} (${unit.unit})\n`
  else if (unit.pid > 0) out += `${key('Main PID')} ${unit.pid} (code=exited, status=0/SUCCESS)\n`
  const rss = processes.reduce((sum, p) => sum + p.rss, 0)
  if (active && rss > 0) out += `${key('Memory')} ${(rss / 1_048_576).toFixed(1)}M\n`
  if (active) {
    out += `${key('CGroup')} /system.slice/${unit.unit}.service\n`
    const rows =
      processes.length > 0
        ? processes.map((p) => ({ pid: p.pid, text: p.pid === unit.pid ? file.command : p.cmdline.join(' ') }))
        : [{ pid: unit.pid, text: file.command }]
    const width = Math.max(...rows.map((row) => String(row.pid).length))
    rows.forEach(
      (row, i) =>
        (out += `${' '.repeat(13)}${i === rows.length - 1 ? '└─' : '├─'}${String(row.pid).padStart(width)} ${row.text}\n`),
    )
  }
  const journal = linesOfUnit(reader, node, [unit.unit]).slice(-lines)
  if (journal.length > 0 && lines > 0) out += `\n${journal.map((line) => journalLine(line, 'short')).join('')}`
  return out
}

function listUnits(call: ToolCall, node: string): ToolResult {
  const units = call.reader.by('units', 'node', node)
  const rows = units.map(
    (u) =>
      `  ${`${u.unit}.service`.padEnd(20)} loaded ${u.active.padEnd(8)} ${u.sub.padEnd(7)} ${UNIT_FILES[u.unit]?.description ?? ''}\n`,
  )
  return {
    out: `  UNIT                 LOAD   ACTIVE   SUB     DESCRIPTION\n${rows.join('')}\n# only the units that the lab models\n`,
    exit: 0,
  }
}

export const systemctl: Tool = {
  name: 'systemctl',
  summary: 'services of this node: kubelet, containerd',
  places: ['node'],
  run,
  complete: (words) => (words.length <= 2 ? VERBS : Object.keys(UNIT_FILES)),
}
