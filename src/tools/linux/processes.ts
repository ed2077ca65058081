import { civil } from '../../sim/clock.ts'
import type { Input } from '../../sim/contract.ts'
import type { ProcessRecord } from '../../model/tables.ts'
import { SIGNALS } from '../../model/linux/process-table.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'

const two = (n: number) => String(n).padStart(2, '0')

/** Processes as a place sees them: a container has a namespace of its own, in which its first process is 1. */
function visible(call: ToolCall): { process: ProcessRecord; pid: number; ppid: number }[] {
  const { reader, place } = call
  if (place.at === 'laptop') return []
  if (place.at === 'node') return reader.by('processes', 'node', place.node).map((process) => ({ process, pid: process.pid, ppid: process.ppid })).sort((a, b) => a.pid - b.pid) // prettier-ignore
  const own = [...reader.by('processes', 'container', place.container)].sort((a, b) => a.pid - b.pid)
  const first = reader.get('containers', place.container)?.pid ?? own[0]?.pid ?? 0
  const inside = (pid: number) => (pid === first ? 1 : pid - first + 1)
  return own.map((process) => ({
    process,
    pid: inside(process.pid),
    ppid: process.pid === first ? 0 : inside(process.ppid),
  }))
}

function ps(call: ToolCall): ToolResult {
  if (call.place.at === 'laptop')
    return { err: "not simulated here: the laptop's own processes; on a node (ssh worker-1) ps works\n", exit: 1 }
  const options = call.argv.slice(1).join('')
  const list = visible(call)
  const command = (p: ProcessRecord) =>
    (p.cmdline.length > 0 ? p.cmdline.join(' ') : `[${p.comm}]`) + (p.zombie ? ' <defunct>' : '')
  if (call.place.at === 'container') {
    return {
      out: `PID   USER     TIME  COMMAND\n${list.map((e) => `${String(e.pid).padStart(5)} root      0:00 ${command(e.process)}\n`).join('')}`,
      exit: 0,
    }
  }
  const at = call.argv.findIndex((arg) => arg === '-p' || arg === '--pid')
  const only = at > 0 ? new Set((call.argv[at + 1] ?? '').split(',').map(Number)) : undefined
  const shown = only ? list.filter((e) => only.has(e.pid)) : list
  const time = (p: ProcessRecord) => {
    const c = civil(p.startedAt)
    return `${two(c.hour)}:${two(c.minute)}`
  }
  if (/aux|-?axu|u$/.test(options) && !options.includes('ef')) {
    const rows = shown.map(
      (e) =>
        `root     ${String(e.pid).padStart(7)}  0.0  0.0 ${'-'.padStart(7)} ${String(Math.round(e.process.rss / 1024)).padStart(6)} ?        ${e.process.zombie ? 'Z   ' : 'Ssl '} ${time(e.process)}   0:00 ${command(e.process)}\n`,
    )
    return {
      out: `USER         PID %CPU %MEM     VSZ    RSS TTY      STAT START   TIME COMMAND\n${rows.join('')}`,
      exit: 0,
    }
  }
  if (/e|A|f/.test(options) || only) {
    const rows = shown.map(
      (e) =>
        `root     ${String(e.pid).padStart(7)} ${String(e.ppid).padStart(7)}  0 ${time(e.process)} ?        00:00:00 ${command(e.process)}\n`,
    )
    return {
      out: `UID          PID    PPID  C STIME TTY          TIME CMD\n${rows.join('')}`,
      exit: only && shown.length === 0 ? 1 : 0,
    }
  }
  return {
    out: '    PID TTY          TIME CMD\n   4187 pts/0    00:00:00 bash\n   4203 pts/0    00:00:00 ps\n',
    exit: 0,
  }
}

function signalName(text: string): string | undefined {
  if (/^\d+$/.test(text)) return Object.entries(SIGNALS).find(([, n]) => n === Number(text))?.[0]
  const name = text.startsWith('SIG') ? text : `SIG${text}`
  return name.toUpperCase() in SIGNALS ? name.toUpperCase() : undefined
}

function signal(call: ToolCall, entry: { process: ProcessRecord }, name: string): Input {
  const { process } = entry
  const kubelet = call.reader.get('kubelets', process.node)
  // systemd starts the kubelet again (Restart=always).
  if (kubelet && process.pid === kubelet.pid)
    return { kind: 'kubelet.restart', to: `${process.node}/kubelet`, from: 'laptop', data: {} }
  return {
    kind: 'kernel.kill',
    to: `${process.node}/kernel`,
    from: 'laptop',
    data: { pid: process.pid, signal: name, ...(process.containerId ? { containerId: process.containerId } : {}) },
  }
}

function kill(call: ToolCall): ToolResult {
  const words = call.argv.slice(1)
  let name = 'SIGTERM'
  if (words[0] === '-s') {
    words.shift()
    name = signalName(words.shift() ?? '') ?? ''
  } else if (words[0]?.startsWith('-')) name = signalName(words.shift()!.slice(1)) ?? ''
  if (name === '')
    return { err: `${call.place.at === 'container' ? 'sh' : '-bash'}: kill: invalid signal specification\n`, exit: 1 }
  const list = visible(call)
  const inputs: Input[] = []
  let err = ''
  for (const word of words) {
    const entry = list.find((e) => String(e.pid) === word)
    if (entry) inputs.push(signal(call, entry, name))
    else
      err += `${call.place.at === 'container' ? `sh: can't kill pid ${word}: No such process` : `-bash: kill: (${word}) - No such process`}\n`
  }
  return { inputs, err, exit: err === '' ? 0 : 1 }
}

function pkill(call: ToolCall): ToolResult {
  const words = call.argv.slice(1)
  const isPgrep = call.argv[0] === 'pgrep'
  let name = 'SIGTERM'
  let full = false
  const args: string[] = []
  for (const word of words) {
    if (word === '-f') full = true
    else if (word === '-l' || word === '-a' || word === '-x' || word === '-n' || word === '-o') continue
    else if (word.startsWith('-')) name = signalName(word.slice(1)) ?? name
    else args.push(word)
  }
  const pattern = args[0]
  if (pattern === undefined) return { err: `${call.argv[0]}: no matching criteria specified\n`, exit: 2 }
  const found = visible(call).filter((e) => (full ? e.process.cmdline.join(' ') : e.process.comm).includes(pattern))
  if (isPgrep)
    return {
      out: found
        .map(
          (e) =>
            `${e.pid}${words.includes('-a') ? ` ${e.process.cmdline.join(' ')}` : words.includes('-l') ? ` ${e.process.comm}` : ''}\n`,
        )
        .join(''),
      exit: found.length > 0 ? 0 : 1,
    }
  return { inputs: found.map((e) => signal(call, e, name)), exit: found.length > 0 ? 0 : 1 }
}

export const psTool: Tool = {
  name: 'ps',
  summary: 'processes: ps -ef',
  places: ['node', 'container', 'laptop'],
  run: ps,
}
export const killTool: Tool = {
  name: 'kill',
  summary: 'send a signal: kill [-9] PID',
  places: ['node', 'container'],
  run: kill,
}
export const pkillTool: Tool = {
  name: 'pkill',
  aliases: ['pgrep'],
  summary: 'find or signal processes by name',
  places: ['node', 'container'],
  run: pkill,
}
