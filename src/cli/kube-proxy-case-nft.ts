/** kube-proxy cases in mode nftables: transactions in either layout, and the table that they make. */
import type { ProxierConfig } from '../model/kube-proxy/config.ts'
import type { Layout } from '../model/kube-proxy/nftables/dialect.ts'
import { newNftProxier } from '../model/kube-proxy/nftables/proxier.ts'
import type { NftSyncResult } from '../model/kube-proxy/nftables/sync.ts'
import { TableText } from '../model/kube-proxy/nftables/table-text.ts'
import { parseIp } from '../model/linux/netfilter/address.ts'
import { explore } from '../model/linux/netfilter/explore.ts'
import { isLocalAddress } from '../model/linux/netfilter/route.ts'
import { MapRules } from '../model/linux/netfilter/ruleset.ts'
import { NftRuleset } from '../model/linux/nft/nft-ruleset.ts'
import { nftRuleText } from '../model/linux/nft/print-rule.ts'
import type { NftStore } from '../model/linux/nft/store.ts'
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
import { caseNamespace } from './kube-proxy-case-iptables.ts'

const LAYOUTS: readonly Layout[] = ['1.35', '1.36']

export type NftStepRun = {
  step: CaseStep
  sync: NftSyncResult
  /** The table after the sync, canonical. */
  table: string
  /** The same in the order in which `nft -f` takes it. */
  script: string
  /** The same as a kernel has it. */
  kernel: NftRuleset
}

/** Without nodePortAddresses this mode serves node ports on the node's own address (platformApplyDefaults). */
function nftConfig({ config, json }: KubeProxyCase): ProxierConfig {
  const own = (json.input ?? json).config ?? {}
  if ((own.nodePortAddresses ?? null) !== null || config.nodeIP === '') return config
  return { ...config, nodePortAddresses: [`${config.nodeIP}/${config.family === 4 ? 32 : 128}`] }
}

export function runNftCase(subject: KubeProxyCase, layout: Layout): NftStepRun[] {
  const proxier = newNftProxier(nftConfig(subject), layout)
  const table = new TableText()
  const written: (readonly string[])[] = []
  let now = 0
  return subject.steps.map((step) => {
    applyStep(proxier, step)
    if (step.full) proxier.needFullSync()
    // between the steps of a case no time passes, unless a step says so
    if (/age|stale|elapse|period/i.test(Object.keys(step.apply).join(' '))) now += 2_000_000
    const sync = proxier.sync(table, now)
    for (const lines of [sync.deletion, sync.lines]) {
      table.apply(lines)
      if (lines.length > 0) written.push(lines)
    }
    return { step, sync, table: table.dump(), script: table.script(), kernel: loaded(step, written) }
  })
}

/** A kernel of its own for each step, so that steps can be asked in any order. */
function loaded(step: CaseStep, written: readonly (readonly string[])[]): NftRuleset {
  const kernel = new NftRuleset()
  for (const lines of written) {
    const { error } = kernel.apply(lines)
    if (error) throw new Error(`${step.name}: our own transaction is refused in line ${error.line}: ${error.message}`)
  }
  return kernel
}

/** Every possible DNAT target in the order of the map, or what stops the packet, or '' where nothing touches it. */
export function runNftFlow(config: ProxierConfig, kernel: NftRuleset, flow: Flow): FlowResult {
  const ns = caseNamespace(config, new MapRules(config.family), kernel.passes())
  const src = parseIp(flow.sourceIP)
  if (!src) throw new Error(`flow ${flow.name}: bad sourceIP ${flow.sourceIP}`)
  const packet = {
    proto: flow.protocol.toLowerCase(),
    src: flow.sourceIP,
    dst: flow.destIP,
    sport: 40_000,
    dport: flow.destPort,
  }
  const { branches } = explore(ns, packet, isLocalAddress(ns.links, src) ? {} : { inDev: 'eth0' })
  const outputs: string[] = []
  let masq = false
  for (const { traversal } of branches) {
    const passed = traversal.verdict === 'ACCEPT'
    const output = passed ? (traversal.nat.find((n) => n.kind === 'DNAT' && n.byRule)?.to ?? '') : traversal.verdict
    if (passed && traversal.masqueraded) masq = true
    if (!outputs.includes(output)) outputs.push(output)
  }
  return { output: outputs.filter((o) => o !== '' || outputs.length === 1).join(', '), masq }
}

/** Lines that one has and the other has not, and rules of a chain that stand in another order. */
export function tableDifferences(expected: string, got: string): string[] {
  const lines = (text: string): string[] =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  const want = lines(expected)
  const have = lines(got)
  const out = [
    ...want.filter((line) => !have.includes(line)).map((line) => `- ${line}`),
    ...have.filter((line) => !want.includes(line)).map((line) => `+ ${line}`),
  ]
  if (out.length > 0) return out
  const order = (list: string[]): Map<string, string> => {
    const chains = new Map<string, string>()
    for (const line of list)
      if (line.startsWith('add rule ')) {
        const chain = line.split(' ')[4]!
        chains.set(chain, `${chains.get(chain) ?? ''}${line}\n`)
      }
    return chains
  }
  const there = order(have)
  for (const [chain, rules] of order(want))
    if (there.get(chain) !== rules) out.push(`order of rules in ${chain}: ${there.get(chain)}`)
  return out
}

/** Upstream's texts do not say of which version they are: the hairpin set came with 1.36. */
const layoutOfText = (text: string): Layout => (text.includes('hairpin-connections') ? '1.36' : '1.35')

/** What `nft list` says of the sets, maps and chains that a listing names; elements in its order. */
function listed(expected: Record<string, string[]>, store: NftStore): Record<string, string[]> {
  const out: Record<string, string[]> = {}
  const key = store.tables()[0]?.key ?? ''
  for (const [what, lines] of Object.entries(expected)) {
    const [kind, name] = what.split(' ') as [string, string]
    let mine: string[]
    if (kind === 'chain')
      mine = (store.chain(key, name)?.rules ?? []).map((rule) =>
        nftRuleText(rule, key.startsWith('ip6') ? 'ip6' : 'ip'),
      )
    else
      mine = store
        .elements(key, name)
        .map((element) => (element.data === undefined ? element.key : `${element.key} : ${element.data}`))
    const rank = (line: string): number => (lines.includes(line) ? lines.indexOf(line) : lines.length)
    out[what] = kind === 'chain' ? mine : mine.sort((a, b) => rank(a) - rank(b))
  }
  return out
}

export const nftCase: ModeCase = {
  rows(subject) {
    const rows: CaseRow[] = []
    const runs = { '1.35': runNftCase(subject, '1.35'), '1.36': runNftCase(subject, '1.36') }
    subject.steps.forEach((step, i) => {
      const compare = (what: string, layout: Layout, text: string): void =>
        void rows.push({
          name: rowName(subject, step, what),
          expected: [],
          run: () => tableDifferences(text, runs[layout][i]!.table),
        })
      if (step.expectedRules !== undefined)
        compare('expectedRules', layoutOfText(step.expectedRules), step.expectedRules)
      for (const layout of LAYOUTS) {
        const text = step.generatedRules?.[`nftables-${layout}`]
        if (text !== undefined) compare(`nftables-${layout}`, layout, text)
      }
      for (const flow of step.flows)
        if (flow.output !== undefined)
          rows.push({
            name: rowName(subject, step, `flow ${flow.name}`),
            expected: LAYOUTS.map(() => ({ output: flow.output, masq: flow.masq ?? false })),
            run: () => LAYOUTS.map((layout) => runNftFlow(subject.config, runs[layout][i]!.kernel, flow)),
          })
    })
    if (subject.json.expectedListing)
      rows.push({
        name: `${subject.name}: expectedListing`,
        expected: subject.json.expectedListing,
        run: () => listed(subject.json.expectedListing, runs['1.36'].at(-1)!.kernel.store),
      })
    return rows
  },
  emit(subject) {
    const old = runNftCase(subject, '1.35')
    const now = runNftCase(subject, '1.36')
    return subject.steps.map((step, i) => ({
      step: step.name,
      rules: { 'nftables-1.35': old[i]!.table, 'nftables-1.36': now[i]!.table },
      flows: step.flows.map((flow) => ({ name: flow.name, ...runNftFlow(subject.config, now[i]!.kernel, flow) })),
    }))
  },
  print(subject, as, save) {
    const runs = runNftCase(subject, as.endsWith('1.35') ? '1.35' : '1.36')
    if (save) return runs[runs.length - 1]!.script
    return runs
      .map(({ step, sync }) => {
        const lines = [...sync.deletion, ...sync.lines]
        return `${subject.stepped ? `# ${step.name}\n` : ''}${lines.map((line) => `${line}\n`).join('')}`
      })
      .join('')
  },
}
