/**
 * What people put around rules when they paste them: prompts, numbers, quotes of mail and Markdown, prefixes of logs and
 * grep, lines that a terminal or an editor wrapped. Everything that is no rule is taken off; what was joined is said.
 */
import { parseRuleLine } from './parse-rule.ts'

export interface Line {
  /** From 1. */
  readonly at: number
  readonly text: string
}

export type Say = (line: number, severity: 'warning' | 'note', message: string) => void

export const RULE = /^(?:\[\d+:\d+\]\s*)?(?:-A|--append|-I|--insert)\s/
const OTHER = /^(?:\*[a-z]|:\S+\s|COMMIT\b|-[PN]\s|#|create \S+ (?:hash|bitmap|list):|add \S+ \S)/
/** A command that writes or lists rules, with everything that may stand before its options. */
export const COMMAND = /^(?:sudo\s+(?:-\S+\s+)*)?(?:\S*\/)?ip6?tables(?:-legacy|-nft)?\s+(?=-)/
const SAVE = /^(?:.*\s)?(?:\S*\/)?(ip6?tables)(?:-legacy|-nft)?-save\b(?!:)(.*)$/
const PROMPT =
  /^(?:[$%#>❯➜]\s+|(?:\([^)\s]*\)\s*)?\[?[\w.-]+@[^\s#$%>]*(?:\s[^\s#$%>]+)?\]?\s?[#$%>]\s*|(?:bash|sh)-[\d.]+[#$]\s*|\/\s?#\s+)/
/** In front of each line of `kubectl logs --prefix`, of docker compose, of journald, of klog. */
const LOG_PREFIX = [
  /^\[pod\/[^\]]+\]\s?/,
  /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?\s+(?:std(?:out|err) [FP] )?/,
  /^[A-Z][a-z]{2} [ \d]\d [\d:]{8} \S+ [\w./-]+(?:\[\d+\])?: /,
  /^[IWEF]\d{4} [\d:.]+\s+\d+ \S+:\d+\] /,
  /^[\w.-]+\s*\|\s(?=\s*(?:-A|[*:]|COMMIT|\[\d+:))/,
]
const GREP_PREFIX =
  /^(?:[\w./-]+[:-])?(?:\d+[:-]\s*)?(?=(?:\[\d+:\d+\]\s*)?-A [\w-]|:[\w-]+ (?:-|ACCEPT|DROP) \[|\*(?:nat|filter|mangle|raw|security)$|COMMIT$)/
const NUMBER = /^\(?\d+[.):]?\s+(?=-[AIPN] |\[\d+:\d+\]|:\S+ |\*(?:nat|filter|mangle|raw|security)\b|COMMIT\b)/

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  '#34': '"',
  '#39': "'",
  apos: "'",
  gt: '>',
  lt: '<',
  amp: '&',
  nbsp: ' ',
}

/** Lines with nothing around them. `table T` stands for a command that was seen to list one. */
export function usableLines(text: string, say: Say): Line[] {
  const out: Open[] = []
  let carried: { at: number; text: string } | undefined
  unescaped(text)
    .split(/\r\n|\n|\r/)
    .forEach((raw, i) => {
      let body = bare(raw)
      let at = i + 1
      if (carried) {
        body = `${carried.text} ${body}`
        at = carried.at
        carried = undefined
      }
      // a shell goes on with the next line
      if (body.endsWith('\\') && (COMMAND.test(body) || RULE.test(body) || PROMPT.test(body))) {
        carried = { at, text: body.slice(0, -1).trimEnd() }
        return
      }
      if (body === '' || /^(?:```|~~~)/.test(body) || /^\[sudo\] password/.test(body)) return
      const heard = comment(body)
      if (heard === 'legacy')
        say(at, 'warning', 'more rules are in the tables of iptables-legacy: run `iptables-legacy-save` for those')
      if (heard) {
        if (heard !== 'legacy' && heard !== 'nothing') out.push(new Open(at, heard))
        return
      }
      const last = out[out.length - 1]
      const known = RULE.test(body) || OTHER.test(body) || COMMAND.test(body)
      if (!known && last?.take(body, at)) return
      out.push(new Open(at, body))
    })
  if (carried) out.push(new Open(carried.at, carried.text))
  for (const line of out)
    for (const at of line.joined()) say(at, 'note', 'taken as the rest of the line above it, which a terminal wrapped')
  return out
}

/** A rule that may go on in the next line, with a blank at the seam or without: what can be read decides. */
class Open implements Line {
  readonly at: number
  private forms: string[]
  private readonly joinedAt: number[] = []
  constructor(at: number, text: string) {
    this.at = at
    this.forms = [text]
  }
  get text(): string {
    if (this.forms.length === 1) return this.forms[0]!
    return this.forms.find(readable) ?? this.forms[0]!
  }
  joined(): readonly number[] {
    return this.joinedAt
  }
  take(more: string, at: number): boolean {
    if (!RULE.test(this.forms[0]!)) return false
    const next = this.forms.flatMap((form) => [form + more, `${form} ${more}`])
    const good = next.filter(readable)
    // what is whole already does not need a line that makes no sense behind it
    if (good.length === 0 && this.forms.some(readable)) return false
    this.forms = (good.length > 0 ? good : next).slice(0, 32)
    this.joinedAt.push(at)
    return true
  }
}

/** A paste from JSON or a log has its line ends as two characters. */
function unescaped(text: string): string {
  if (text.includes('\n-A ') || !/\\n(?:-A |\*|:|COMMIT)/.test(text)) return text
  return text.replace(/\\n/g, '\n').replace(/\\t/g, ' ').replace(/\\"/g, '"')
}

/** Nearly all lines of a dump: nothing to take off. */
const PLAIN = /^(?:-A \w|:[\w-]+ \S|\*[a-z]+$|COMMIT$)[\x20-\x22\x24\x25\x27-\x7e]*$/

function bare(raw: string): string {
  if (PLAIN.test(raw)) return raw.trimEnd()
  let body = raw
    .replace(/^\uFEFF/, '')
    .replace(/[\u00A0\u2007\u202F\t]/g, ' ')
    .replace(/[\u200B-\u200D]/g, '')
    // colours of a terminal
    .replace(/\u001B\[[\d;]*m/g, '')
    .replace(/^\s*(?:[>|│]\s?)*\s*/, '')
    .trimEnd()
  if (/&(?:quot|#34|#39|apos|gt|lt|nbsp);/.test(body))
    body = body.replace(/&(quot|#34|#39|apos|gt|lt|amp|nbsp);/g, (whole, name: string) => ENTITIES[name] ?? whole)
  if (/[\u201C\u201D]/.test(body)) body = body.replace(/[\u201C\u201D]/g, '"')
  for (const prefix of LOG_PREFIX) body = body.replace(prefix, '')
  body = body.replace(NUMBER, '').replace(GREP_PREFIX, '')
  // one of a list, code in a sentence, an added line of a diff
  body = body
    .replace(/^[*-]\s+`?(?=-[AI] )/, '')
    .replace(/^`(?=-[AI] )/, '')
    .replace(/^\+\s?(?=-[AIPN] |:\S+ |\*\w|COMMIT)/, '')
  if (/^-[AI] /.test(body)) body = withoutRemark(body.replace(/`$/, ''))
  // rules are never written in full-width or long dashes; editors make them
  return body
    .replace(/(^|\s)[\u2013\u2014](?=[\w-])/g, (_, before: string) => `${before}--`)
    .replace(/(^|\s)---(?=\w)/g, '$1--')
}

/**
 * Comments and prompts. A command behind a prompt that changes rules is a line of its own; one that lists a table names
 * the table of the lines below it.
 */
function comment(body: string): string | undefined {
  if (RULE.test(body)) return undefined
  if (/^# Warning: iptables-legacy tables present/.test(body)) return 'legacy'
  if (/^# Generated by ip6tables(?:-\w+)*-save/.test(body)) return 'family 6'
  if (/^# Generated by (?:iptables|xtables)(?:-\w+)*-save/.test(body)) return 'family 4'
  const prompt = PROMPT.exec(body)
  const said = prompt ? body.slice(prompt[0].length) : body
  const save = SAVE.exec(said)
  if (save && !RULE.test(said)) {
    const chosen = /-t\s+(\w+)/.exec(save[2]!)
    return chosen ? `table ${chosen[1]}` : save[1] === 'ip6tables' ? 'family 6' : 'nothing'
  }
  const command = COMMAND.exec(said)
  if (command) {
    const listing = /(?:^|\s)(?:-S|--list-rules|-vS|-Sv)(?:\s|$)/.test(said)
    if (listing) return `table ${/-t\s*(\w+)/.exec(said)?.[1] ?? 'filter'}`
    if (/(?:^|\s)-\w*L\w*(?:\s|$)/.test(said)) return 'nothing'
    return prompt ? said : undefined
  }
  if (body.startsWith('#')) return 'nothing'
  // a prompt with some other command, or with none
  return prompt && !OTHER.test(said) ? 'nothing' : undefined
}

/** Behind a rule somebody explains it: `-j RETURN   # not ours`. */
function withoutRemark(body: string): string {
  const at = body.search(/\s#\s/)
  if (at < 0 || readable(body)) return body
  const before = body.slice(0, at).trimEnd()
  return readable(before) ? before : body
}

function readable(line: string): boolean {
  try {
    const rule = parseRuleLine(line)
    // a torn target name reads as a chain nobody has; only a real word counts
    return rule.target?.kind !== 'chain' || /^[A-Z]{2}|-/.test(rule.target.name)
  } catch {
    return false
  }
}
