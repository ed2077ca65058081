/**
 * The trace of a packet, compact: runs of rules compared one after the other, of which at most the last matched. A walk
 * past 10,000 Services is a handful of numbers; `expandTrace` writes out every rule when somebody looks.
 */
import { actionText, printRule } from './print-rule.ts'
import type { HookName, StepTexts } from './hooks.ts'
import { type ChainSource, loadedRule } from './ruleset.ts'

export interface Trace {
  /** `table chain`, in order of first visit. */
  readonly chains: readonly string[]
  /** Four numbers a run: index into `chains`, first rule, last rule (from 0), 1 if the last one matched. */
  readonly runs: readonly number[]
  /** Each table entered: hook, table and the run at which it starts; the policy if it came to that. */
  readonly passes: readonly TracePass[]
  /** The packet's mark changed: after how many runs, and to what. */
  readonly marks: readonly { readonly after: number; readonly mark: number }[]
  /** Look-ups in hash tables (sets, maps, connections), whatever they found; undefined: none. */
  readonly lookups?: number
  /** What the look-ups found: after how many runs, and the element in the facility's own words. */
  readonly found?: readonly { readonly after: number; readonly text: string }[]
}

export interface TracePass {
  readonly hook: HookName
  readonly table: string
  readonly from: number
  readonly policy?: 'ACCEPT' | 'DROP'
}

export interface TraceStep {
  readonly hook: HookName
  readonly table: string
  readonly chain: string
  /** From 1, as `--line-numbers` counts. */
  readonly rule: number
  readonly text: string
  readonly matched: boolean
  /** What the rule did; empty when it did not match. */
  readonly action: string
  /** What its look-up found. */
  readonly found?: string
}

export class TraceBuilder {
  private readonly chains: string[] = []
  private readonly chainIndex = new Map<string, number>()
  private readonly runs: number[] = []
  private readonly passes: { hook: HookName; table: string; from: number; policy?: 'ACCEPT' | 'DROP' }[] = []
  private readonly marks: { after: number; mark: number }[] = []
  private lookups = 0
  private readonly found: { after: number; text: string }[] = []

  enter(hook: HookName, table: string): void {
    this.passes.push({ hook, table, from: this.runs.length / 4 })
  }
  chain(table: string, name: string): number {
    const key = `${table} ${name}`
    let at = this.chainIndex.get(key)
    if (at === undefined) {
      at = this.chains.push(key) - 1
      this.chainIndex.set(key, at)
    }
    return at
  }
  run(chain: number, first: number, last: number, matched: boolean): void {
    this.runs.push(chain, first, last, matched ? 1 : 0)
  }
  policy(_hook: HookName, _table: string, policy: 'ACCEPT' | 'DROP'): void {
    this.passes[this.passes.length - 1]!.policy = policy
  }
  marked(mark: number): void {
    this.marks.push({ after: this.runs.length / 4, mark })
  }
  /** A look-up in a hash table; `text` is the element it found. Say it before the `run` of the rule that looks. */
  lookedUp(text?: string): void {
    this.lookups++
    if (text !== undefined) this.found.push({ after: this.runs.length / 4, text })
  }
  done(): Trace {
    const { chains, runs, passes, marks, lookups, found } = this
    if (lookups === 0) return { chains, runs, passes, marks }
    return { chains, runs, passes, marks, lookups, ...(found.length > 0 ? { found } : {}) }
  }
}

/** Steps of facilities that have no rules. */
const NO_RULES = /^(bpf|ipvs) /

/** How many rules were compared, matching or not. */
export function comparedRules(trace: Trace): number {
  let sum = 0
  for (let i = 0; i < trace.runs.length; i += 4)
    if (!NO_RULES.test(trace.chains[trace.runs[i]!]!)) sum += trace.runs[i + 2]! - trace.runs[i + 1]! + 1
  return sum
}

/** Every rule that was compared, in order; with `matchedOnly` those that matched. */
export function expandTrace(source: ChainSource, trace: Trace, matchedOnly = false, texts?: StepTexts): TraceStep[] {
  const steps: TraceStep[] = []
  trace.passes.forEach((pass, p) => {
    const end = trace.passes[p + 1]?.from ?? trace.runs.length / 4
    for (let r = pass.from; r < end; r++) {
      const key = trace.chains[trace.runs[r * 4]!]!
      const space = key.indexOf(' ')
      const name = key.slice(space + 1)
      const chain = source.chain(key.slice(0, space), name)
      const last = trace.runs[r * 4 + 2]!
      const matched = trace.runs[r * 4 + 3] === 1
      for (let i = matchedOnly ? last : trace.runs[r * 4 + 1]!; i <= last; i++) {
        const hit = matched && i === last
        if (matchedOnly && !hit) continue
        const step = texts?.step(pass.table, name, i) ?? iptablesStep(chain?.rules[i] ?? `-A ${name}`)
        const found = i === last ? trace.found?.find((f) => f.after === r)?.text : undefined
        steps.push({
          hook: pass.hook,
          table: pass.table,
          chain: name,
          rule: i + 1,
          text: step.text,
          matched: hit,
          action: hit ? step.action : '',
          ...(found === undefined ? {} : { found }),
        })
      }
    }
  })
  return steps
}

function iptablesStep(line: string): { text: string; action: string } {
  const rule = loadedRule(line)
  return { text: printRule(rule), action: actionText(rule) }
}
