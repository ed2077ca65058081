import type { DnsQuery, DnsResponse } from '../../model/images/payloads.ts'
import { parseIp } from '../../model/linux/netfilter/address.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { dnsAnswer, names, newToken, query, resolverOf, resultFor } from './exchange.ts'

interface State {
  readonly token: string
  readonly left: readonly string[]
  readonly asked: string
}

const NO_RESOLVER = (tool: string): ToolResult => ({
  err: `not simulated here: ${tool} outside of pods (nodes and the laptop have no cluster DNS); kubectl exec into a pod, or name the server: ${tool} NAME 10.96.0.10\n`,
  exit: 1,
})

function serverOf(call: ToolCall, given: string | undefined): string | undefined {
  return given ?? resolverOf(call)?.server
}

/** `nslookup NAME [SERVER]` (bind-tools): the search list in order, then the answer or NXDOMAIN. */
function nslookup(call: ToolCall): ToolResult {
  const args = call.argv.slice(1).filter((arg) => !arg.startsWith('-'))
  const type = (/-(?:type|query|q)=(\w+)/i.exec(call.argv.join(' '))?.[1]?.toUpperCase() ?? 'A') as DnsQuery['type']
  const [host, given] = args
  if (host === undefined) return { err: 'Usage: nslookup HOST [SERVER]\n', exit: 1 }
  const server = serverOf(call, given)
  if (server === undefined) return NO_RESOLVER('nslookup')
  const head = `Server:\t\t${server}\nAddress:\t${server}#53\n\n`
  const state = call.state as State | undefined
  const ask = (list: readonly string[]): ToolResult => {
    const [name, ...left] = list
    if (name === undefined) return { out: `${head}** server can't find ${host}: NXDOMAIN\n\n`, exit: 1 }
    const token = newToken(call, `nslookup ${name}`)
    return { inputs: [query(call, token, server, name, type)], state: { token, left, asked: name } satisfies State }
  }
  if (!state) {
    const resolver = resolverOf(call)
    const reverse = parseIp(host) ? `${host.split('.').reverse().join('.')}.in-addr.arpa` : undefined
    if (reverse) {
      const token = newToken(call, `nslookup ${reverse}`)
      return {
        inputs: [query(call, token, server, reverse, 'PTR')],
        state: { token, left: [], asked: reverse } satisfies State,
      }
    }
    return ask(resolver ? names(host, resolver) : [host])
  }
  if (call.interrupted) return { exit: 130 }
  const ended = resultFor(call, state.token)
  if (!ended) return { state, wait: { tables: ['flows'] } }
  const answer = dnsAnswer(ended.result)
  if (!answer)
    return {
      out:
        ended.result.error === 'refused'
          ? `;; communications error to ${server}#53: connection refused\n;; no servers could be reached\n\n`
          : ';; connection timed out; no servers could be reached\n\n',
      exit: 1,
    }
  if (answer.rcode === 'NXDOMAIN' && state.left.length > 0) return ask(state.left)
  if (answer.rcode === 'NXDOMAIN') return { out: `${head}** server can't find ${host}: NXDOMAIN\n\n`, exit: 1 }
  if (answer.answers.length === 0) return { out: `${head}*** Can't find ${host}: No answer\n\n`, exit: 1 }
  return { out: head + answer.answers.map((a) => answerText(a)).join('') + '\n', exit: 0 }
}

/** Names in answers end with a dot; nslookup takes it off the owner. */
function answerText(a: DnsResponse['answers'][number]): string {
  const owner = a.name.replace(/\.$/, '')
  if (a.type === 'PTR') return `${owner}\tname = ${a.value}\n`
  if (a.type === 'CNAME') return `${owner}\tcanonical name = ${a.value}\n`
  if (a.type === 'SRV') return `${owner}\tservice = ${a.value}\n`
  return `Name:\t${a.name.replace(/\.$/, '')}\nAddress: ${a.value}\n`
}

/** `dig [@SERVER] NAME [TYPE] [+short] [+search]`. dig does not use the search list unless told. */
function dig(call: ToolCall): ToolResult {
  const words = call.argv.slice(1)
  const given = words.find((w) => w.startsWith('@'))?.slice(1)
  const short = words.includes('+short')
  const plain = words.filter((w) => !/^[@+-]/.test(w))
  const type = (plain.find((w) => /^(A|AAAA|SRV|PTR|ANY)$/i.test(w))?.toUpperCase() ?? 'A') as DnsQuery['type']
  const host = plain.find((w) => !/^(A|AAAA|SRV|PTR|ANY)$/i.test(w))
  const server = serverOf(call, given)
  if (server === undefined) return NO_RESOLVER('dig')
  if (host === undefined) return { err: 'dig: no name given\n', exit: 1 }
  const state = call.state as State | undefined
  const ask = (list: readonly string[]): ToolResult => {
    const [name = host, ...left] = list
    const token = newToken(call, `dig ${name}`)
    return {
      inputs: [query(call, token, server, name.replace(/\.$/, ''), type)],
      state: { token, left, asked: name } satisfies State,
    }
  }
  if (!state) {
    const resolver = resolverOf(call)
    return ask(words.includes('+search') && resolver ? names(host, resolver) : [host])
  }
  if (call.interrupted) return { exit: 130 }
  const ended = resultFor(call, state.token)
  if (!ended) return { state, wait: { tables: ['flows'] } }
  const answer = dnsAnswer(ended.result)
  if (!answer)
    return {
      out: `;; communications error to ${server}#53: ${ended.result.error === 'refused' ? 'connection refused' : 'timed out'}\n\n; <<>> DiG 9.18 <<>> ${words.join(' ')}\n;; global options: +cmd\n;; no servers could be reached\n`,
      exit: 9,
    }
  if (answer.rcode === 'NXDOMAIN' && state.left.length > 0) return ask(state.left)
  if (short)
    return {
      out: answer.answers.map((a) => `${a.value}\n`).join(''),
      exit: 0,
    }
  const name = `${state.asked.replace(/\.$/, '')}.`
  let out = `\n; <<>> DiG 9.18 <<>> ${words.join(' ')}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: ${answer.rcode}, id: ${ended.flow.sport}\n`
  out += `;; flags: qr${answer.authoritative ? ' aa' : ''} rd${answer.authoritative ? '' : ' ra'}; QUERY: 1, ANSWER: ${answer.answers.length}, AUTHORITY: 0, ADDITIONAL: 1\n\n`
  out += `;; QUESTION SECTION:\n;${name.length < 31 ? name.padEnd(31) : `${name}\t`}IN\t${type}\n`
  if (answer.answers.length > 0)
    out += `\n;; ANSWER SECTION:\n${answer.answers.map((a) => `${a.name}\t${a.ttl}\tIN\t${a.type}\t${a.value}\n`).join('')}`
  return {
    out: `${out}\n;; Query time: ${Math.round(ended.result.totalMicros / 1000)} msec\n;; SERVER: ${server}#53(${server}) (UDP)\n`,
    exit: 0,
  }
}

const complete: Tool['complete'] = (_words, { reader }) =>
  reader.all('services').map((s) => `${s.metadata.name}.${s.metadata.namespace}.svc.cluster.local`)
export const nslookupTool: Tool = {
  name: 'nslookup',
  summary: 'ask DNS for a name',
  places: ['node', 'container', 'laptop'],
  run: nslookup,
  complete,
}
export const digTool: Tool = {
  name: 'dig',
  summary: 'ask DNS, in detail',
  places: ['node', 'container', 'laptop'],
  run: dig,
  complete,
}
