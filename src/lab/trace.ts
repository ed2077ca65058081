/** What the pictures of rules need of the netfilter model: a trace is kept as positions and written out when looked at. */
export { expandTrace, comparedRules } from '../model/linux/netfilter/trace.ts'
export type { Trace, TraceStep } from '../model/linux/netfilter/trace.ts'
export { printRule } from '../model/linux/netfilter/print-rule.ts'
export { loadedRule } from '../model/linux/netfilter/ruleset.ts'
