/** The rulesets of kube-proxy that were recorded with what packets do in them, where the recordings are at hand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { explore } from '../netfilter/explore.ts'
import { MapRules } from '../netfilter/ruleset.ts'
import { NftRuleset } from './nft-ruleset.ts'

const FOLDER = '/work/shared/conformance/kube-proxy/nftables'

interface Flow {
  name?: string
  sourceIP: string
  destIP: string
  destPort: number
  protocol?: string
  output: string
  masq?: boolean
}
interface Case {
  input: { node: { ip: string; addresses?: string[] } }
  generatedRules?: Record<string, string>
  steps?: { generatedRules?: Record<string, string>; flows?: Flow[] }[]
  flows?: Flow[]
}

/** The recordings are sorted; a transaction names sets and chains before what uses them. */
function inOrder(text: string): string[] {
  const rank = (line: string): number =>
    ['add table', 'add chain', 'add set', 'add map', 'add rule', 'add element'].findIndex((start) =>
      line.startsWith(start),
    )
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort((a, b) => rank(a) - rank(b))
}

function check(text: string, flow: Flow, node: Case['input']['node']): { output: string; masq: boolean } {
  const set = new NftRuleset()
  const { error } = set.apply(inOrder(text))
  expect(error).toBeUndefined()
  const six = flow.destIP.includes(':')
  const addresses = [...(node.addresses ?? [`${node.ip}/32`]), '127.0.0.1/8', '::1/128']
  const links = [{ name: 'eth0', addresses }]
  const local = addresses.some((a) => a.split('/')[0] === flow.sourceIP)
  const { branches } = explore(
    {
      rules: new MapRules(six ? 6 : 4),
      links,
      routes: [],
      conntrack: () => undefined,
      sysctls: { ipForward: true, routeLocalnet: true },
      passes: set.passes(),
    },
    {
      proto: (flow.protocol ?? 'TCP').toLowerCase(),
      src: flow.sourceIP,
      dst: flow.destIP,
      sport: 54_321,
      dport: flow.destPort,
    },
    { local, unknownDevices: true },
  )
  const ends = branches.map(({ traversal }) => {
    if (traversal.verdict !== 'ACCEPT') return traversal.verdict
    const to = traversal.nat.find((n) => n.kind === 'DNAT' && n.byRule)?.to
    return to ?? ''
  })
  expect(
    branches.flatMap((b) => b.traversal.assumed).filter((a) => !a.startsWith('the address of the outgoing')),
  ).toEqual([])
  return { output: ends.join(', '), masq: branches[0]!.traversal.masqueraded }
}

describe.skipIf(!existsSync(FOLDER))('rulesets of kube-proxy as recorded', () => {
  const names = existsSync(FOLDER) ? readdirSync(FOLDER).sort() : []
  for (const name of names) {
    const row = JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Case
    const rows = [row, ...(row.steps ?? [])]
    rows.forEach((step, i) => {
      for (const layout of Object.keys(step.generatedRules ?? {}))
        for (const flow of step.flows ?? [])
          it(`${name} ${i} ${layout}: ${flow.name ?? `${flow.sourceIP} to ${flow.destIP}:${flow.destPort}`}`, () => {
            const got = check(step.generatedRules![layout]!, flow, row.input.node)
            expect(got.output).toBe(flow.output)
            if (flow.output.includes(':')) expect(got.masq).toBe(flow.masq ?? false)
          })
    })
  }
})
