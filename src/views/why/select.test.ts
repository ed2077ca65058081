import { describe, expect, test } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import type { CauseStep } from '../../lab/protocol.ts'
import { boot, openAt } from '../../model/cluster.ts'
import { causes } from '../../lab/answers.ts'
import type { Replica } from '../contract.ts'
import { event, uidOf } from '../drawing/fixture-objects.ts'
import { fixtureReplica } from '../drawing/fixture-replica.ts'
import { fixtures as nodes } from '../node/fixtures.ts'
import { fixtures as clusters } from '../cluster/fixtures.ts'
import { selectChain, whyCannot, whyNotYet } from './select.ts'

const none = () => undefined
const step = (id: number, kind: string, from: string, to: string, rules: string[] = []): CauseStep => ({
  entry: {
    n: id,
    event: event(kind, from, to, 0, id, {}, { id, because: rules.map((rule) => ({ rule, facts: { why: 'so' } })) }),
    changes: [],
    sent: [],
  },
  rules: rules.map((id) => ({ id, says: 'It is so.', source: 'pkg/kubelet/x.go f' })),
})

describe('the chain', () => {
  test('timers without a rule are counted, not told; the root always stands', () => {
    const chain = selectChain(
      [
        step(9, 'cni.add', 'n/containerd', 'n/cni'),
        step(8, 'timer.task', 'n/kubelet', 'n/kubelet'),
        step(7, 'timer.kubelet.relist', 'n/kubelet', 'n/kubelet', ['KL1']),
        step(6, 'timer.task', 'n/kubelet', 'n/kubelet'),
      ],
      none,
    )
    expect(chain.map((s) => [s.event.id, s.skipped, s.root])).toEqual([
      [9, 1, false],
      [7, 0, false],
      [6, 0, true],
    ])
    expect(chain[1]!.reasons[0]).toMatchObject({ rule: 'KL1', facts: [['why', 'so']] })
  })
  test('in the live model, the start of a container goes back to an input', () => {
    const timeline = boot('shop', 3)
    let started: number | undefined
    timeline.runUntil(openAt('shop'), Infinity, ({ event: e }) => {
      const data = e.data as { method?: string } | null
      if (e.kind === 'cri.request' && data?.method === 'StartContainer' && e.to.startsWith('worker-1')) started = e.id
    })
    const chain = selectChain(causes({ timeline } as never, started!, 200), none)
    expect(chain.length).toBeGreaterThan(4)
    expect(chain[0]!.title).toBe('StartContainer')
    expect(chain.at(-1)!.root).toBe(true)
    expect(chain.some((s) => s.reasons.length > 0)).toBe(true)
  })
})

describe('why not yet', () => {
  test('a crashed container waits for its back-off, then the relist', () => {
    const replica = fixtureReplica(nodes.mock!())
    const found = whyNotYet({ kind: 'record', table: 'pods', id: 'shop/mailer' }, replica)
    expect(found[0]!.says).toBe('The relist sees what changed in the runtime.')
    const backoff = found.find((d) => d.says === 'Container mailer may start again.')!
    expect(backoff.until - replica.now).toBe(23 * SECOND)
  })
  test('a silent node: the next pass, and the moment it becomes Unknown', () => {
    const replica = fixtureReplica(clusters['cable pulled']!())
    const found = whyNotYet({ kind: 'record', table: 'nodes', id: 'worker-2' }, replica)
    expect(found.map((d) => d.says)).toContain('Without another renewal, Ready becomes Unknown and the taint comes.')
    expect(found[0]!.until).toBeLessThan(found.at(-1)!.until)
  })
})

describe("why can't it", () => {
  test('a pod that is not Ready names its nearest obstacle; a Ready one has none', () => {
    const replica = fixtureReplica(nodes.trouble!()) as Replica
    const cannot = whyCannot({ kind: 'record', table: 'pods', id: 'shop/report-29384-zq7vd' }, replica)!
    expect(cannot.question).toBe('Why is report-29384-zq7vd not Ready?')
    expect(cannot.reasons[0]).toBe('container report waits, ImagePullBackOff')
    expect(whyCannot({ kind: 'record', table: 'pods', id: 'shop/kube-proxy-x8wd4' }, replica)).toBeUndefined()
    expect(uidOf('a')).not.toBe(uidOf('b'))
  })
})
