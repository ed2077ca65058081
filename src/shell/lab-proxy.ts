import { MODES } from '../model/kube-proxy/modes.ts'
import type { ProxySettings } from '../model/kube-proxy/component.ts'
import { complain, say, type Process } from './process.ts'
import { durationMicros } from './text-tools/waiting.ts'

const USAGE = `usage: lab proxy NODE [--mode ${Object.keys(MODES).join('|')}|reset] [--lag 5s|0] [--min-sync 1s|0] [--option NAME=VALUE]...`

/** `lab proxy`: what kube-proxy of one node is set to, over the ConfigMap that all nodes share. */
export function proxy(process: Process, args: readonly string[]): number {
  const node = args[0]
  const { host } = process.kernel
  if (node === undefined || host.reader().get('machines', node) === undefined) {
    complain(process, node === undefined ? USAGE : `no node "${node}"; ${USAGE}`)
    return 2
  }
  const data: { -readonly [K in keyof ProxySettings]: ProxySettings[K] } = {}
  const options: Record<string, unknown> = {}
  for (let i = 1; i < args.length; i += 2) {
    const [flag, value] = [args[i]!, args[i + 1]]
    const wrong = value === undefined ? `${flag} needs a value` : set(data, options, flag, value)
    if (wrong !== undefined) {
      complain(process, `${wrong}; ${USAGE}`)
      return 2
    }
  }
  if (Object.keys(options).length > 0) data.options = options
  if (Object.keys(data).length > 0) {
    host.give([{ kind: 'proxy.settings', to: `${node}/kube-proxy`, data }])
    process.kernel.tasks.wake(host.reader().now, 'any')
    return 0
  }
  const settings = host.reader().get('proxySettings', node)
  const now = host.reader().get('kubeProxies', node)
  const state = now?.running ? `runs in mode ${now.mode}` : 'does not run'
  say(process, `${node}: kube-proxy ${state}; set here: ${JSON.stringify({ ...settings, node: undefined })}\n`)
  return 0
}

function set(data: ProxySettings, options: Record<string, unknown>, flag: string, value: string): string | undefined {
  switch (flag) {
    case '--mode':
      if (value !== 'reset' && !(value in MODES)) return `no mode "${value}"`
      data.mode = value === 'reset' ? null : (value as never)
      return undefined
    case '--lag':
    case '--min-sync': {
      const micros = value === '0' ? null : durationMicros(value)
      if (micros === undefined) return `"${value}" is no duration`
      if (flag === '--lag') data.lagMicros = micros
      else data.minSyncMicros = micros
      return undefined
    }
    case '--option': {
      const at = value.indexOf('=')
      if (at < 1) return `--option wants NAME=VALUE, not "${value}"`
      options[value.slice(0, at)] = value.slice(at + 1)
      return undefined
    }
    default:
      return `unknown flag ${flag}`
  }
}
