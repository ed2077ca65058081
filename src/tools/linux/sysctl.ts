import { SYSCTLS, sysctlOf, sysctlProblem } from '../../model/linux/sysctls.ts'
import type { Input } from '../../sim/contract.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'

/** procps sysctl.c: `name = value`, one a line. */
function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const words = readWords(call.argv.slice(1), {
    flags: ['a', 'n', 'w', 'q', 'e', 'N'],
    values: [],
    alias: { all: 'a', values: 'n', write: 'w' },
  })
  const quiet = words.flags.has('n')
  const names = words.flags.has('a') ? Object.keys(SYSCTLS) : words.args
  let out = ''
  let err = ''
  const values: Record<string, string> = {}
  for (const word of names) {
    const at = word.indexOf('=')
    const name = (at < 0 ? word : word.slice(0, at)).trim().replaceAll('/', '.')
    const value = at < 0 ? sysctlOf(call.reader, node, name) : word.slice(at + 1).trim()
    const problem = at < 0 ? undefined : sysctlProblem(name, value!)
    if (value === undefined || problem !== undefined) {
      err += `sysctl: ${problem ?? sysctlProblem(name, '0')}\n`
      continue
    }
    if (at >= 0) values[name] = value
    out += quiet ? `${value}\n` : `${name} = ${value}\n`
  }
  if (names.length === 0) err = "sysctl: no variables specified\nTry `sysctl --help' for more information.\n"
  const inputs: Input[] =
    Object.keys(values).length > 0
      ? [{ kind: 'kernel.sysctl', to: `${node}/kernel`, from: 'laptop', data: { values } }]
      : []
  return { out, err, outFirst: true, inputs, exit: err === '' ? 0 : 1 }
}

export const sysctl: Tool = {
  name: 'sysctl',
  summary: 'kernel parameters: sysctl net.netfilter.nf_conntrack_max, sysctl -w NAME=VALUE',
  places: ['node'],
  run,
}
