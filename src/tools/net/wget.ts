import type { Micros } from '../../sim/contract.ts'
import { httpGet, statusText, type HttpResponse } from '../../model/images/payloads.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords, type Words } from '../words.ts'
import { newToken, open, resultFor } from './exchange.ts'
import { startLookUp, stepLookUp, type LookUp } from './look-up.ts'

type State = (LookUp & { since: Micros }) | { step: 'answer'; token: string; ip: string; since: Micros }

/** busybox wget, as small images have it. */
function run(call: ToolCall): ToolResult {
  const words = readWords(call.argv.slice(1), {
    flags: ['q', 'S', 'c', 's', 'no-check-certificate', 'v'],
    values: ['O', 'T', 'P', 'U', 't', 'header', 'post-data'],
    alias: { quiet: 'q', spider: 's', timeout: 'T', 'output-document': 'O', tries: 't', 'server-response': 'S' },
  })
  if (words.unknown) return { err: `wget: unrecognized option '${words.unknown}'\n`, exit: 1 }
  const url = words.args[0]
  const match = /^(?:http:\/\/)?([^/:?#]+)(?::(\d+))?([/?][^#]*)?/.exec(url ?? '')
  if (url === undefined || !match) return { err: 'wget: missing URL\n', exit: 1 }
  if (url.startsWith('https:')) return { err: 'not simulated here: TLS; try http\n', exit: 1 }
  const [host, port, path] = [match[1]!, Number(match[2] ?? 80), match[3] ?? '/']
  const fail = (text: string, before = ''): ToolResult => ({ err: `${before}wget: ${text}\n`, exit: 1 })
  const state = call.state as State | undefined
  let ip: string
  if (!state || state.step === 'names') {
    const found = state ? stepLookUp(call, state) : startLookUp(call, host)
    if (!found) return { state, wait: { tables: ['flows'] } }
    if ('state' in found) return { ...found.result, state: { ...found.state, since: state?.since ?? call.reader.now } }
    if ('failed' in found) return fail(`bad address '${host}'`)
    ip = found.ip
    const token = newToken(call, 'wget')
    const limit = Math.round(Number(words.values.get('T') ?? 900) * 1e6)
    return {
      inputs: [
        open(call, token, {
          proto: 'tcp',
          dst: ip,
          dport: port,
          what: `GET ${path}`,
          request: httpGet(port === 80 ? host : `${host}:${port}`, path, 'Wget'),
          timeoutMicros: limit,
        }),
      ],
      state: { step: 'answer', token, ip, since: call.reader.now },
    }
  }
  if (call.interrupted) return { exit: 130 }
  const ended = resultFor(call, state.token)
  if (!ended) return { state, wait: { tables: ['flows'] } }
  ip = state.ip
  const connecting = words.flags.has('q')
    ? ''
    : `Connecting to ${host}${port === 80 ? '' : `:${port}`} (${ip}:${port})\n`
  if (!ended.result.ok) {
    const words2: Record<string, string> = {
      refused: `can't connect to remote host (${ip}): Connection refused`,
      timeout: 'download timed out',
      unreachable: `can't connect to remote host (${ip}): No route to host`,
    }
    return fail(words2[ended.result.error ?? ''] ?? 'error getting response: Connection reset by peer', connecting)
  }
  const reply = ended.result.response as HttpResponse | undefined
  if (reply?.protocol !== 'http') return fail('error getting response', connecting)
  if (reply.status >= 400)
    return fail(`server returned error: HTTP/1.1 ${reply.status} ${statusText(reply.status)}`, connecting)
  return saved(words, path, reply, connecting)
}

function saved(words: Words, path: string, reply: HttpResponse, connecting: string): ToolResult {
  const to = words.values.get('O')
  if (words.flags.has('s')) return { err: `${connecting}remote file exists\n`, exit: 0 }
  if (to === '-') return { out: reply.body, err: connecting, exit: 0 }
  const file = to ?? (path.split('/').at(-1) || 'index.html')
  if (file === '/dev/null') return { err: connecting, exit: 0 }
  const note = words.flags.has('q') ? '' : `saving to '${file}'\n'${file}' saved\n`
  return { err: connecting + note, files: [{ path: file, text: reply.body }], exit: 0 }
}

export const wget: Tool = {
  name: 'wget',
  summary: 'fetch a page: wget -qO- http://HOST/',
  places: ['laptop', 'node', 'container'],
  run,
}
