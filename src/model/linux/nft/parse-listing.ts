/**
 * A ruleset as people paste it: `nft list ruleset`, `-a`, one table or chain of it, the commands of a transaction; with
 * prompts, quotes, fences, colours and wrapped lines around. What cannot be read is named, and the rest is used.
 */
import { NftRuleset } from './nft-ruleset.ts'

interface Problem {
  readonly line: number
  readonly severity: 'error' | 'warning' | 'note'
  readonly message: string
}

export interface NftListing {
  readonly ruleset: NftRuleset
  readonly problems: readonly Problem[]
  readonly ruleCount: number
}

const TABLE = /^\s*table (?:ip6?|inet|arp|bridge|netdev) \S+ \{/
const PART = /^\s*(?:chain|set|map) [\w./-]+ \{/
const COMMAND =
  /^\s*(?:nft\s+)?(?:add|insert|create|flush|delete|destroy) (?:table|chain|rule|set|map|element|ruleset)\b/
const PROMPT =
  /^(?:[$%#❯➜]\s+|\[?[\w.-]+@[^\s#$%>]*(?:\s[^\s#$%>]+)?\]?\s?[#$%>]\s*|(?:bash|sh)-[\d.]+[#$]\s*|\/\s?#\s+)/
const ESCAPE = String.fromCharCode(27)

/** Whether a text is of nft rather than of iptables. */
export function isNftListing(text: string): boolean {
  const lines = text.split(/\r\n|\n|\r/).map(bare)
  if (lines.some((line) => /^\*(?:nat|filter|mangle|raw|security)$/.test(line) || /^-A \S/.test(line))) return false
  return lines.some((line) => TABLE.test(line) || PART.test(line) || COMMAND.test(line))
}

export function parseNftListing(text: string): NftListing {
  const problems: Problem[] = []
  const lines = prepared(text.split(/\r\n|\n|\r/), problems)
  const result = load(joinWrapped(lines, problems))
  for (const { line, message } of result.problems)
    problems.push({
      line,
      severity: 'warning',
      message: message.endsWith('stays open') ? message : `${message}; this line is left out`,
    })
  const { store } = result.ruleset
  const chains = store.tables().flatMap((table) => store.chains(table.key))
  const ruleCount = chains.reduce((sum, chain) => sum + chain.rules.length, 0)
  if (store.tables().length === 0)
    problems.push({ line: 1, severity: 'error', message: 'no table in it: paste the output of `nft list ruleset`' })
  else if (chains.length > 0 && !chains.some((chain) => chain.base))
    problems.push({
      line: 1,
      severity: 'warning',
      message:
        'no chain here hangs at a hook, so no packet comes to these rules: paste the whole table (`nft list ruleset`)',
    })
  problems.sort((a, b) => a.line - b.line)
  return { ruleset: result.ruleset, problems, ruleCount }
}

interface Loaded {
  readonly ruleset: NftRuleset
  readonly problems: readonly { readonly line: number; readonly message: string }[]
}

function load(lines: readonly string[]): Loaded {
  const ruleset = new NftRuleset()
  const { error, problems } = ruleset.apply(lines, { goOn: true })
  return { ruleset, problems: error ? [...problems, error] : problems }
}

/** Each line without what stands around it; the lines keep their numbers. */
function prepared(raw: readonly string[], problems: Problem[]): string[] {
  let lines = raw.map((line, i) => {
    const body = bare(line)
    if (/^\s*(?:```|~~~)/.test(body) || /^\[sudo\] password/.test(body)) return ''
    // `# Warning: table ip nat is managed by iptables-nft, do not touch!`
    const managed = /^# Warning: table (\S+ \S+) is managed by iptables-nft/.exec(body)
    if (managed)
      problems.push({
        line: i + 1,
        severity: 'note',
        message: `table ${managed[1]} was written by iptables-nft: \`iptables-save\` shows all of its rules`,
      })
    if (/^\s*#/.test(body) && !/^\s*# handle/.test(body) && !PROMPT.test(body)) return ''
    const prompt = TABLE.test(body) || PART.test(body) ? undefined : PROMPT.exec(body)
    const said = (prompt ? body.slice(prompt[0].length) : body).replace(/^\s*(?:sudo\s+)?nft\s+(?=-|\w)/, ' ')
    if (said !== body && !COMMAND.test(said)) return ''
    return said.replace(/^ (?='?add|insert)/, '')
  })
  const first = lines.findIndex((line) => line.trim() !== '')
  if (first >= 0 && PART.test(lines[first]!)) {
    problems.push({ line: first + 1, severity: 'note', message: 'no table stands around this: taken as of family ip' })
    lines = lines.map((line, i) => (i === first ? `table ip pasted { ; ${line}` : line))
    lines.push('}')
  }
  return inOrder(lines)
}

function bare(line: string): string {
  return line
    .split(ESCAPE)
    .map((part, i) => (i === 0 ? part : part.replace(/^\[[\d;]*m/, '')))
    .join('')
    .replace(/^\uFEFF/, '')
    .replace(/[\u00A0\u2007\u202F]/g, ' ')
    .replace(/[\u200B-\u200D]/g, '')
    .replace(/[\u201C\u201D]/g, '"')
    .replace(/&quot;/g, '"')
    .replace(/&gt;/g, '>')
    .replace(/&lt;/g, '<')
    .replace(/&amp;/g, '&')
    .replace(/^\s*(?:[>|│]\s?)+/, '')
    .replace(/^\s*\d+[:.)]?\s+(?=table |chain |set |map |add )/, '')
    .trimEnd()
}

const RANK = ['add table', 'add chain', 'add set', 'add map', 'add rule', 'add element']

/** Commands that somebody sorted: a set before what fills it. Only where everything is added. */
function inOrder(lines: readonly string[]): string[] {
  const rank = (line: string): number => RANK.findIndex((start) => line.startsWith(start))
  const flat = lines.filter((line) => line.trim() !== '')
  if (flat.length === 0 || flat.some((line) => rank(line) < 0 || /\{\s*$/.test(line))) return [...lines]
  return [...flat].sort((a, b) => rank(a) - rank(b))
}

/** How many wrapped lines are looked for. */
const WRAPPED = 60

/** A line that a terminal broke in two makes no sense alone; with the next one it may. */
function joinWrapped(lines: readonly string[], problems: Problem[]): readonly string[] {
  let best = [...lines]
  let left = load(best).problems
  for (let tries = 0, at = 0; left.length > 0 && tries < WRAPPED; tries++) {
    const problem = left[at]
    if (!problem) break
    const joined = [problem.line - 1, problem.line - 2]
      .filter((i) => i >= 0 && i + 1 < best.length && best[i]!.trim() !== '')
      .flatMap((i) => ['', ' '].map((seam) => ({ i, lines: joinAt(best, i, seam) })))
      .map((one) => ({ ...one, left: load(one.lines).problems }))
      .sort((a, b) => a.left.length - b.left.length)[0]
    if (joined && joined.left.length < left.length) {
      best = joined.lines
      left = joined.left
      problems.push({
        line: joined.i + 2,
        severity: 'note',
        message: 'taken as the rest of the line above it, which a terminal wrapped',
      })
    } else at++
  }
  return best
}

/** Two lines as one; an empty one keeps the numbers of the others. */
function joinAt(lines: readonly string[], i: number, seam: string): string[] {
  const out = [...lines]
  out[i] = `${lines[i]}${seam}${lines[i + 1]!.trimStart()}`
  out[i + 1] = ''
  return out
}
