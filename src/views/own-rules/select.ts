import type { Asked, TraceAnswer, Way, WayInfo, WayStep } from '../../lab/rules-protocol.ts'

/** Where the packet stands at a step: a hook of the trunk, and a chain of the dip below it. */
export function standsAt(way: Way, cursor: number | undefined): { hook: string; step: WayStep | undefined } {
  const step = cursor === undefined ? undefined : way.steps[cursor]
  return { hook: step?.hook ?? way.hooks[way.hooks.length - 1] ?? '', step }
}

export interface Dip {
  readonly hook: string
  readonly table: string
  /** Chains in order of first visit, the built-in one left out. */
  readonly chains: readonly string[]
  /** What it did to the packet, where it did. */
  readonly rewrite: string | undefined
}

/** Tables that the packet met at a hook, with the chains it was led through. */
export function dipsOf(way: Way): Dip[] {
  const dips: { hook: string; table: string; chains: string[]; rewrite: string | undefined }[] = []
  for (const step of way.steps) {
    let dip = dips[dips.length - 1]
    if (dip?.hook !== step.hook || dip.table !== step.table)
      dips.push((dip = { hook: step.hook, table: step.table, chains: [], rewrite: undefined }))
    if (step.chain !== step.hook && !dip.chains.includes(step.chain)) dip.chains.push(step.chain)
    if (step.before !== step.after) dip.rewrite = changeOf(step)
  }
  return dips
}

function changeOf({ before, after }: WayStep): string {
  if (before.dst !== after.dst || before.dport !== after.dport) return `to ${end(after.dst, after.dport)}`
  if (before.src !== after.src || before.sport !== after.sport) return `from ${end(after.src, after.sport)}`
  return `mark 0x${(after.mark ?? 0).toString(16)}`
}

export const end = (ip: string, port: number): string =>
  port === 0 ? ip : ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`

/** What became of it, in one or two sentences. */
export function verdictOf(way: Way): string {
  const { before, after, stoppedBy } = way
  const rule = stoppedBy
    ? stoppedBy.rule > 0
      ? `rule ${stoppedBy.rule} of ${stoppedBy.chain} in table ${stoppedBy.table}`
      : stoppedBy.chain
        ? `the policy of ${stoppedBy.chain} in table ${stoppedBy.table}`
        : stoppedBy.why
    : ''
  if (way.verdict === 'DROP')
    return `Dropped: ${rule || 'it is not let through'}. The sender is told nothing, and tries again.`
  if (way.verdict === 'REJECT')
    return `Rejected: ${rule}. The sender is told at once${way.rejectWith ? ` (${way.rejectWith})` : ''}.`
  const to = before.dst !== after.dst || before.dport !== after.dport
  const from = before.src !== after.src
  const says = to
    ? `Accepted. ${end(before.dst, before.dport)} becomes ${end(after.dst, after.dport)}`
    : 'Accepted. Its destination stays as it was'
  return `${says}${from ? `, and its source becomes ${after.src}` : ''}.`
}

export function narrate(way: Way, step: WayStep | undefined): string {
  if (!step) return verdictOf(way)
  if (!step.matched) return `Rule ${step.rule} of ${step.chain} does not match.`
  if (step.before.dst !== step.after.dst || step.before.dport !== step.after.dport)
    return `Rule ${step.rule} of ${step.chain} rewrites the destination: it becomes ${end(step.after.dst, step.after.dport)}.`
  if (step.before.src !== step.after.src)
    return `Rule ${step.rule} of ${step.chain} rewrites the source: it becomes ${step.after.src}.`
  return `Rule ${step.rule} of ${step.chain} matches: ${step.action}.`
}

/** The answer that this way gives to a question; undefined: it never came to it. */
export function answerIn(way: WayInfo | undefined, key: string): number | undefined {
  return way?.choices.find((choice) => choice.key === key)?.answer
}

/** The way that answers one question so, and is like the present way before it. */
export function wayWith(answer: TraceAnswer, present: number, key: string, wanted: number): number | undefined {
  const here = answer.ways.find((way) => way.index === present)
  let best: { index: number; alike: number } | undefined
  for (const way of answer.ways) {
    if (answerIn(way, key) !== wanted) continue
    const alike = way.choices.filter((choice) => answerIn(here, choice.key) === choice.answer).length
    if (!best || alike > best.alike) best = { index: way.index, alike }
  }
  return best?.index
}

/** Chance decides it, with known shares. */
export const isDraw = (asked: Asked): boolean => asked.share !== undefined || asked.kind === 'choice'

export function chanceOf(asked: Asked | undefined, answer: number): number {
  if (asked?.kind === 'choice') return 1 / asked.below
  return answer === 0 ? 1 - (asked?.share ?? 0) : (asked?.share ?? 0)
}

/** A question as a person would ask it, and the words for its answers. */
export function questionWords(asked: Asked): { says: string; no: string; yes: string } {
  const m = /^is the (in|out) interface (\S+)\?$/.exec(asked.about)
  if (m) {
    const plus = m[2]!.endsWith('+')
    const name = plus ? `one of ${m[2]!.slice(0, -1)}…` : m[2]!
    return { says: m[1] === 'in' ? `Does it come in by ${name}?` : `Does it leave by ${name}?`, no: 'no', yes: 'yes' }
  }
  if (asked.kind === 'random') {
    const share = asked.share ?? 0
    return { says: `Does the draw choose this rule? Chance ${fraction(share)}.`, no: 'no', yes: 'yes' }
  }
  return { says: `${asked.about.charAt(0).toUpperCase()}${asked.about.slice(1)}`, no: 'no', yes: 'yes' }
}

/** 1/3 for 0.33333; a chance that is no simple part stays a number. */
export function fraction(share: number): string {
  for (let n = 1; n <= 200; n++) if (Math.abs(share - 1 / n) < 1e-6) return n === 1 ? '1' : `1/${n}`
  return share.toFixed(5)
}

/** Ways by where they end, with how many lead there. */
export function endsOf(ways: readonly WayInfo[]): { title: string; ways: readonly WayInfo[] }[] {
  const by = new Map<string, WayInfo[]>()
  for (const way of ways) {
    const title = `${way.verdict === 'ACCEPT' ? (way.backend ?? 'let through as it is') : way.verdict === 'DROP' ? 'dropped' : 'rejected'}${way.masquerade ? ', source rewritten' : ''}`
    by.set(title, [...(by.get(title) ?? []), way])
  }
  return [...by].map(([title, list]) => ({ title, ways: list }))
}
