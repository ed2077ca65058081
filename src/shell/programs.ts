import type { Tool } from '../tools/contract.ts'
import { runBash } from './builtins/running.ts'
import { filterPrograms, pythonJsonTool } from './filters.ts'
import { lab } from './lab-program.ts'
import type { Program } from './process.ts'
import { toolProgram } from './run-tool.ts'
import * as about from './text-tools/about.ts'
import * as fileTools from './text-tools/file-tools.ts'
import { grep } from './text-tools/grep.ts'
import { head, tail } from './text-tools/head-tail.ts'
import * as plain from './text-tools/plain.ts'
import * as waiting from './text-tools/waiting.ts'

const bash: Program = { name: 'bash', summary: 'a shell; bash FILE runs a script', run: runBash }

/** Everything that runs in a session except shell builtins; `tools` comes from the registry of src/tools. */
export function allPrograms(tools: readonly Tool[]): ReadonlyMap<string, Program> {
  const programs: Program[] = [
    ...Object.values(about),
    ...Object.values(fileTools),
    plain.cat, plain.tee, plain.wc, plain.seq, plain.date, plain.basename, plain.dirname, plain.base64,
    waiting.sleep, waiting.watch, waiting.timeout, waiting.yes, waiting.xargs,
    grep, { ...grep, name: 'egrep' }, { ...grep, name: 'fgrep' },
    head, tail, bash, { ...bash, name: 'sh' }, { ...bash, name: 'ash' }, { ...bash, name: 'dash' },
    ...filterPrograms, pythonJsonTool, lab,
  ] // prettier-ignore
  const map = new Map(programs.map((program) => [program.name, program]))
  for (const tool of tools) {
    const program = toolProgram(tool)
    map.set(tool.name, program)
    for (const alias of tool.aliases ?? []) map.set(alias, { ...program, name: alias })
  }
  return map
}
