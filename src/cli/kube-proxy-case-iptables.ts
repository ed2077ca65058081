/** kube-proxy cases in mode iptables: restore inputs, the rules they make, and where packets go. */
import { type ProxierConfig, servesLocalhost } from '../model/kube-proxy/config.ts'
import { newProxier } from '../model/kube-proxy/proxier.ts'
import { restoreText, type SyncResult } from '../model/kube-proxy/iptables/sync.ts'
import { CANARY, jumpsFor } from '../model/kube-proxy/iptables/static-rules.ts'
import { parseIp } from '../model/linux/netfilter/address.ts'
import { explore } from '../model/linux/netfilter/explore.ts'
import type { HookPass } from '../model/linux/netfilter/hooks.ts'
import type { NetNamespace } from '../model/linux/netfilter/namespace.ts'
import { printSave } from '../model/linux/netfilter/print-save.ts'
import { isLocalAddress, type Link } from '../model/linux/netfilter/route.ts'
import { planRestore } from '../model/linux/netfilter/restore.ts'
import { MapRules } from '../model/linux/netfilter/ruleset.ts'
import { expandTrace } from '../model/linux/netfilter/trace.ts'
import {
  applyStep,
  type CaseRow,
  type CaseStep,
  type Flow,
  type FlowResult,
  type KubeProxyCase,
  type ModeCase,
  rowName,
} from './kube-proxy-case.ts'
import { differences } from './restore-compare.ts'

export type StepRun = {
  step: CaseStep
  sync: SyncResult
  text: string
  rules: MapRules
}

/** A node as it is before kube-proxy starts: its jump rules and the chains they lead to. */
export function emptyNode(config: ProxierConfig): MapRules {
  const rules = new MapRules(config.family)
  for (const table of CANARY.tables) rules.table(table).set(CANARY.chain, { name: CANARY.chain, rules: [] })
  for (const jump of jumpsFor(config)) {
    const table = rules.table(jump.table)
    if (!table.has(jump.to)) table.set(jump.to, { name: jump.to, rules: [] })
    const from = table.get(jump.from)!
    table.set(jump.from, { ...from, rules: [`-A ${jump.from} ${jump.rule}`, ...from.rules] })
  }
  return rules
}

/** Applies and syncs step by step; every result stands on its own copy of the node's rules. */
export function runCase(subject: KubeProxyCase): StepRun[] {
  const proxier = newProxier(subject.config)
  let rules = emptyNode(subject.config)
  let cleaned = false
  return subject.steps.map((step) => {
    applyStep(proxier, step)
    if (step.full) proxier.needFullSync()
    // between the steps of a case no time passes, unless a step says so
    const cleanupDue = !cleaned || /age|stale|cleanup|elapse|period/i.test(Object.keys(step.apply).join(' '))
    const sync = proxier.sync([...rules.byTable.get('nat')!.keys()], cleanupDue)
    cleaned ||= sync.cleanedUp
    const next = new MapRules(subject.config.family)
    for (const [table, chains] of rules.byTable) next.byTable.set(table, new Map(chains))
    const plan = planRestore(next, sync.lines, { noflush: true })
    if (plan.error)
      throw new Error(
        `${step.name}: our own restore input is refused in line ${plan.error.line}: ${plan.error.message}`,
      )
    next.apply(plan.changes)
    rules = next
    return { step, sync, text: restoreText(sync), rules }
  })
}

/** The namespace that a case describes: its addresses, everything else behind eth0. */
export function caseNamespace(config: ProxierConfig, rules: MapRules, passes?: readonly HookPass[]): NetNamespace {
  const loopback = config.nodeAddresses.filter((a) => a.startsWith('127.') || a.startsWith('::1'))
  const links: Link[] = [
    { name: 'lo', addresses: loopback.length > 0 ? loopback : ['127.0.0.1/8', '::1/128'] },
    {
      name: 'eth0',
      addresses: [
        ...config.nodeAddresses.filter((a) => !loopback.includes(a)),
        ...(config.nodeIP ? [config.nodeIP] : []),
      ],
    },
  ]
  return {
    rules,
    links,
    routes: [{ dst: 'default', dev: 'eth0' }],
    conntrack: () => undefined,
    sysctls: { ipForward: true, routeLocalnet: servesLocalhost(config) },
    ...(passes ? { passes } : {}),
  }
}

/** Every possible DNAT target in rule order, or what stops the packet, or '' where nothing touches it. */
export function runFlow(config: ProxierConfig, rules: MapRules, flow: Flow): FlowResult {
  const ns = caseNamespace(config, rules)
  const src = parseIp(flow.sourceIP)
  if (!src) throw new Error(`flow ${flow.name}: bad sourceIP ${flow.sourceIP}`)
  const local = isLocalAddress(ns.links, src)
  const packet = {
    proto: flow.protocol.toLowerCase(),
    src: flow.sourceIP,
    dst: flow.destIP,
    sport: 40_000,
    dport: flow.destPort,
  }
  const { branches } = explore(ns, packet, local ? {} : { inDev: 'eth0' })
  const outputs: string[] = []
  const mark = Number(config.masqueradeMark)
  let masq = false
  for (const { traversal } of branches) {
    if (traversal.markBits & mark) masq = true
    const dnat = traversal.nat.find((n) => n.kind === 'DNAT')
    let output = dnat?.to ?? ''
    if (traversal.verdict !== 'ACCEPT') output = traversal.verdict
    else if (!dnat) {
      const accepted = expandTrace(rules, traversal.trace, true).some(
        (s) => s.table === 'filter' && s.action === 'ACCEPT' && s.chain !== 'KUBE-FORWARD',
      )
      if (accepted) output = 'ACCEPT'
    }
    if (!outputs.includes(output)) outputs.push(output)
  }
  return { output: outputs.filter((o) => o !== '' || outputs.length === 1).join(', '), masq }
}

export const iptablesCase: ModeCase = {
  rows(subject) {
    const rows: CaseRow[] = []
    for (const run of runCase(subject)) {
      const { step } = run
      for (const [what, text] of [
        ['expectedRules', step.expectedRules],
        ['generatedRules', step.generatedRules?.['iptables']],
      ] as const)
        if (text !== undefined)
          rows.push({ name: rowName(subject, step, what), expected: [], run: () => differences(text, run.text) })
      for (const flow of step.flows)
        if (flow.output !== undefined)
          rows.push({
            name: rowName(subject, step, `flow ${flow.name}`),
            expected: { output: flow.output, masq: flow.masq ?? false },
            run: () => runFlow(subject.config, run.rules, flow),
          })
    }
    return rows
  },
  emit: (subject) =>
    runCase(subject).map((run) => ({
      step: run.step.name,
      rules: { iptables: run.text },
      flows: run.step.flows.map((flow) => ({ name: flow.name, ...runFlow(subject.config, run.rules, flow) })),
    })),
  print(subject, _as, save) {
    const runs = runCase(subject)
    if (save) return printSave(runs[runs.length - 1]!.rules)
    return runs.map((run) => `${subject.stepped ? `# ${run.step.name}\n` : ''}${run.text}`).join('')
  },
}
