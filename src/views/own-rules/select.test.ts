import { describe, expect, it } from 'vitest'
import { answerOf, load, trace } from '../../lab/own-rules.ts'
import { exampleOf } from '../../lab/rule-examples.ts'
import { dipsOf, endsOf, narrate, questionWords, verdictOf, wayWith } from './select.ts'

function traced(id: string) {
  const { text, packet } = exampleOf(id)
  return answerOf(trace(load(text), packet), packet)
}

describe('a packet through rules that were pasted', () => {
  it('goes to one of three endpoints, each as likely, by way of the chains that lead there', () => {
    const answer = traced('cluster-ip')
    expect(endsOf(answer.ways).map((end) => end.title)).toEqual([
      '10.244.1.14:8080',
      '10.244.1.23:8080',
      '10.244.2.31:8080',
    ])
    expect(verdictOf(answer.way)).toBe('Accepted. 10.96.44.17:80 becomes 10.244.1.14:8080.')
    const [nat, filter, post] = dipsOf(answer.way)
    expect(nat).toMatchObject({ hook: 'PREROUTING', table: 'nat', rewrite: 'to 10.244.1.14:8080' })
    expect(nat!.chains.map((name) => name.slice(0, 8))).toEqual(['KUBE-SER', 'KUBE-SVC', 'KUBE-SEP'])
    expect([filter!.hook, post!.hook]).toEqual(['FORWARD', 'POSTROUTING'])
    const dnat = answer.way.steps.find((step) => step.before.dst !== step.after.dst)!
    expect(narrate(answer.way, dnat)).toMatch(/rewrites the destination: it becomes 10\.244\.1\.14:8080\.$/)
    expect(answer.assumed).toEqual([])
  })

  it('is masqueraded where a pod asks itself, rejected without endpoints, dropped by policy Local', () => {
    const hairpin = traced('hairpin')
    expect(hairpin.ways[0]).toMatchObject({ verdict: 'ACCEPT', backend: '10.244.1.14:8080', masquerade: true })
    const none = traced('no-endpoints').way
    expect(none.verdict).toBe('REJECT')
    expect(verdictOf(none)).toMatch(/^Rejected: rule 1 of KUBE-SERVICES in table filter\. The sender is told at once/)
    const local = traced('node-port-local').way
    expect(local.verdict).toBe('DROP')
    expect(local.hooks).toEqual(['PREROUTING', 'INPUT'])
  })

  it('asks what a dump does not say, and each answer leads to a way', () => {
    const held = load(
      [
        '*filter',
        ':FORWARD DROP [0:0]',
        '-A FORWARD -i docker0 -j ACCEPT',
        '-A FORWARD -m set --match-set friends src -j ACCEPT',
        'COMMIT',
      ].join('\n'),
    )
    const form = { ...held.loaded.guess, src: '10.0.0.1', dst: '10.0.0.2', dport: '80' }
    const answer = answerOf(trace(held, form), form)
    expect(answer.way.verdict).toBe('DROP')
    expect(answer.asked.map((asked) => questionWords(asked).says)).toEqual([
      'Does it come in by docker0?',
      expect.stringContaining('friends'),
    ])
    for (const asked of answer.asked) {
      const to = wayWith(answer, answer.way.index, asked.key, 1)
      expect(answer.ways.find((way) => way.index === to)?.verdict).toBe('ACCEPT')
    }
    expect(answer.assumed[0]).toContain('No address of the node is given')
  })

  it('of which ten thousand do not match writes out the first, the last, and how many are between', () => {
    const many = Array.from(
      { length: 10_000 },
      (_, i) => `-A KUBE-SERVICES -d 10.96.${i >> 8}.${i & 255}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-X`,
    )
    const held = load(
      [
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        '-A PREROUTING -j KUBE-SERVICES',
        ...many,
        '-A KUBE-SVC-X -p tcp -j DNAT --to-destination 10.244.0.9:8080',
        'COMMIT',
      ].join('\n'),
    )
    const form = { ...held.loaded.guess, dst: '10.96.39.15', dport: '80' }
    const { way } = answerOf(trace(held, form), form)
    expect(way.compared).toBe(1 + 10_000 + 1)
    expect(way.steps.length).toBeLessThan(12)
    expect(way.steps.find((step) => step.folded > 0)).toMatchObject({ folded: 9_994, rule: 9_997 })
    expect(way.after).toMatchObject({ dst: '10.244.0.9', dport: 8080 })
  })

  it('is refused with the command to run where the text is no dump', () => {
    const { loaded } = load('Chain INPUT (policy ACCEPT)\ntarget     prot opt source               destination\n')
    expect(loaded).toMatchObject({ ruleCount: 0, problems: [{ line: 1, severity: 'error' }] })
    expect(loaded.problems[0]!.message).toContain('run `iptables-save` and paste that')
    expect(() => trace(load('-A INPUT -j DROP'), { ...loaded.guess, dst: 'nowhere' })).toThrow(
      '"nowhere:443" is not an address',
    )
  })
})
