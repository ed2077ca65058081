import type { Statement } from 'unbash'
import { asProcess } from './control.ts'
import { Stopped, type Context } from './process.ts'
import { copyState } from './state.ts'
import { collectingSink } from './streams.ts'
import type { WordContext } from './expansion.ts'

const MAX_DEPTH = 40

export function wordContext(context: Context): WordContext {
  const { kernel, shell, site } = context
  const capture = async (commands: readonly Statement[], source: string) => {
    if (shell.depth > MAX_DEPTH) throw new Stopped(`stopped: more than ${MAX_DEPTH} shells inside one another`)
    const sink = collectingSink()
    const inner = copyState(shell)
    const exit = await asProcess(() =>
      kernel.run.statements(commands, {
        ...context,
        shell: inner,
        source,
        io: { ...context.io, stdout: sink },
        tested: true,
      }),
    )
    shell.lastExit = exit
    return sink.text()
  }
  return {
    shell,
    files: site.files,
    special(name) {
      switch (name) {
        case '$':
        case 'BASHPID':
          return '41001'
        case 'SECONDS':
          return String(Math.floor(kernel.host.reader().now / 1e6))
        case 'EPOCHSECONDS':
          return String(Math.floor((kernel.epochOffset + kernel.host.reader().now) / 1e6))
        case 'RANDOM':
          // From model time: a replay of the same line at the same moment gives the same number.
          return String((kernel.host.reader().now * 1103 + kernel.nextPid() * 12345) % 32768)
        case 'PWD':
          return shell.cwd
        case 'OLDPWD':
          return shell.previousDir
        case 'HOSTNAME':
          return site.place.at === 'laptop' ? 'laptop' : site.place.node
        case '-':
          return 'himBH'
        default:
          return undefined
      }
    },
    substitute: async (script) => (await capture(script.commands, script.source ?? context.source)).replace(/\n+$/, ''),
    async substituteProcess(script) {
      const text = await capture(script.commands, script.source ?? context.source)
      const path = `/dev/fd/${63 - (kernel.nextPid() % 40)}`
      for (const folder of ['/dev', '/dev/fd']) site.files.makeDir(folder)
      site.files.write(path, text)
      return path
    },
  }
}
