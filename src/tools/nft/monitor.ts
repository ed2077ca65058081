/** `nft monitor`: what transactions change, until Ctrl-C. nftables src/monitor.c. */
import type { ToolCall, ToolResult } from '../contract.ts'

const WAIT = { tables: ['nftWrites'] }

export function monitor(call: ToolCall, node: string, words: readonly string[]): ToolResult {
  if (words[0] === 'trace')
    return { err: 'not simulated here: nft monitor trace; look at a packet on the page, step by step\n', exit: 1 }
  const known = ['new', 'destroy', 'tables', 'chains', 'sets', 'rules', 'elements', 'ruleset']
  const wrong = words.find((word) => !known.includes(word))
  if (wrong !== undefined) {
    const line = `monitor ${words.join(' ')}`
    const at = line.indexOf(wrong)
    return { err: `Error: invalid event ${wrong}\n${line}\n${' '.repeat(at)}${'^'.repeat(wrong.length)}\n`, exit: 1 }
  }
  if (call.interrupted) return { exit: 130 }
  const last = call.reader.get('nftWrites', node)
  const state = last?.lastWriteAt ?? -1
  if (call.state === undefined || call.state === state || !last) return { state, wait: WAIT }
  const lines = [...last.removed.map((line) => `delete ${line}`), ...last.added.map((line) => `add ${line}`)]
  const more = last.addedCount + last.removedCount - lines.length
  if (more > 0) lines.push(`# and ${more} more`)
  lines.push(`# new generation by process ${last.lastWriter}`)
  return { out: lines.map((line) => `${line}\n`).join(''), state, wait: WAIT }
}
