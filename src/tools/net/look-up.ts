import { parseIp } from '../../model/linux/netfilter/address.ts'
import type { ToolCall, ToolResult } from '../contract.ts'
import { dnsAnswer, knownAddress, names, newToken, query, resolverOf, resultFor } from './exchange.ts'

/** A name on its way to an address: the names still to try, and the query under way. */
export interface LookUp {
  readonly step: 'names'
  readonly left: readonly string[]
  readonly token: string
}

export type Found = { readonly ip: string } | { readonly failed: 'nxdomain' | 'timeout' }

/** First step of a name: an address at once, a failure at once, or a query to wait for. */
export function startLookUp(call: ToolCall, host: string): Found | { state: LookUp; result: ToolResult } {
  const known = knownAddress(call, host)
  if (known !== undefined) return { ip: known }
  const resolver = resolverOf(call)
  if (!resolver) return { failed: 'nxdomain' }
  return ask(call, names(host, resolver))
}

function ask(call: ToolCall, list: readonly string[]): Found | { state: LookUp; result: ToolResult } {
  const resolver = resolverOf(call)
  const [name, ...left] = list
  if (name === undefined || !resolver) return { failed: 'nxdomain' }
  const token = newToken(call, `dns ${name}`)
  return { state: { step: 'names', left, token }, result: { inputs: [query(call, token, resolver.server, name)] } }
}

/** Goes on with a name when its answer is there; undefined: still waiting. */
export function stepLookUp(call: ToolCall, state: LookUp): Found | { state: LookUp; result: ToolResult } | undefined {
  const ended = resultFor(call, state.token)
  if (!ended) return undefined
  const answer = dnsAnswer(ended.result)
  if (!answer) return { failed: 'timeout' }
  const address = answer.answers.find((a) => parseIp(a.value))
  if (address) return { ip: address.value }
  // A name that stands for another one (ExternalName) is asked again.
  if (answer.answers[0]) return ask(call, [answer.answers[0].value.replace(/\.$/, '')])
  return ask(call, state.left)
}
