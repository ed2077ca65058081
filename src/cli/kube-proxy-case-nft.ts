/** kube-proxy cases in mode nftables: transactions in either layout, and the table that they make. */
import type { Layout } from '../model/kube-proxy/nftables/dialect.ts'
import { newNftProxier } from '../model/kube-proxy/nftables/proxier.ts'
import type { NftSyncResult } from '../model/kube-proxy/nftables/sync.ts'
import { TableText } from '../model/kube-proxy/nftables/table-text.ts'
import {
  applyStep,
  type CaseRow,
  type CaseStep,
  type KubeProxyCase,
  type ModeCase,
  rowName,
} from './kube-proxy-case.ts'

const LAYOUTS: readonly Layout[] = ['1.35', '1.36']

export type NftStepRun = {
  step: CaseStep
  sync: NftSyncResult
  /** The table after the sync, canonical. */
  table: string
}

export function runNftCase(subject: KubeProxyCase, layout: Layout): NftStepRun[] {
  const proxier = newNftProxier(subject.config, layout)
  const table = new TableText()
  let now = 0
  return subject.steps.map((step) => {
    applyStep(proxier, step)
    if (step.full) proxier.needFullSync()
    // between the steps of a case no time passes, unless a step says so
    if (/age|stale|elapse|period/i.test(Object.keys(step.apply).join(' '))) now += 2_000_000
    const sync = proxier.sync(table, now)
    table.apply(sync.deletion)
    table.apply(sync.lines)
    return { step, sync, table: table.dump() }
  })
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
          rows.push({ name: rowName(subject, step, `flow ${flow.name}`), expected: flow, run: undefined })
    })
    if (subject.json.expectedListing)
      rows.push({ name: `${subject.name}: expectedListing`, expected: subject.json.expectedListing, run: undefined })
    return rows
  },
  emit(subject) {
    const old = runNftCase(subject, '1.35')
    const now = runNftCase(subject, '1.36')
    return subject.steps.map((step, i) => ({
      step: step.name,
      rules: { 'nftables-1.35': old[i]!.table, 'nftables-1.36': now[i]!.table },
      flows: [],
    }))
  },
  print(subject, as, save) {
    const runs = runNftCase(subject, as.endsWith('1.35') ? '1.35' : '1.36')
    if (save) return runs[runs.length - 1]!.table
    return runs
      .map(({ step, sync }) => {
        const lines = [...sync.deletion, ...sync.lines]
        return `${subject.stepped ? `# ${step.name}\n` : ''}${lines.map((line) => `${line}\n`).join('')}`
      })
      .join('')
  },
}
