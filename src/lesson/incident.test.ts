import { describe, expect, it } from 'vitest'
import type { JournalEntry } from '../sim/contract.ts'
import { chainOf, countChecks, gradeAttempt, touchesOf, unrelatedOf, usedMicros, writtenBy } from './incident.ts'
import { parseLesson } from './parse.ts'
import { lintLesson } from './lint.ts'
import type { Lab } from './play.ts'
import { proveIncident } from './prove-incident.ts'

const api = (verb: string, name: string, more: object = {}) => ({
  kind: 'api.request',
  to: 'apiserver',
  data: { verb, resource: 'services', namespace: 'shop', name, ...more },
})

describe('what counts as touched', () => {
  it('is a write to what was there, and was not the matter', () => {
    const writes = [
      api('get', 'web'),
      api('patch', 'cart'),
      api('create', 'mine'),
      api('delete', 'mine'),
      api('patch', 'web', { dryRun: true }),
      api('delete', 'web'),
      api('delete', 'web'),
      { kind: 'net.connect', to: 'worker-1/kernel', data: {} },
    ].map(writtenBy)
    expect(unrelatedOf(writes, ['services/shop/cart'])).toEqual(['services/shop/web'])
    expect(unrelatedOf(writes, ['services/shop/*'])).toEqual([])
  })

  it('names what is no object of the API by the machine and what it was told', () => {
    const flows = (n: number) => ({
      kind: 'kernel.conntrack-delete',
      to: 'worker-1/kernel',
      data: { ids: Array.from({ length: n }, (_, i) => `${i}`) },
    })
    expect(touchesOf(flows(2))).toBe('worker-1/kernel kernel.conntrack-delete')
    // to empty the table is not to remove a flow
    expect(unrelatedOf([writtenBy(flows(40))], ['worker-1/kernel kernel.conntrack-delete'])).toHaveLength(1)
  })
})

describe('the grade', () => {
  const perfect = {
    passed: 4,
    checks: 4,
    rightCauses: 3,
    causes: 3,
    hints: 0,
    unrelated: 0,
    usedMicros: 60e6,
    budgetMicros: 600e6,
  }
  it('is what holds and what was named, less what was paid', () => {
    expect(gradeAttempt(perfect)).toMatchObject({ score: 100, passes: true })
    expect(gradeAttempt({ ...perfect, rightCauses: 0 })).toMatchObject({ score: 70, passes: true })
    expect(gradeAttempt({ ...perfect, rightCauses: 0, hints: 1 })).toMatchObject({ score: 60, passes: false })
    expect(gradeAttempt({ ...perfect, unrelated: 9 }).score).toBe(70)
    expect(gradeAttempt({ ...perfect, usedMicros: 601e6 }).score).toBe(90)
    expect(gradeAttempt({ ...perfect, passed: 0, rightCauses: 0, hints: 3 }).score).toBe(0)
  })

  it('gives nothing for what held before, and takes for what was broken', () => {
    const check = (id: string, guard: boolean) => ({ id, guard }) as Parameters<typeof countChecks>[0][number]
    const checks = [check('a', false), check('b', false), check('kept', true)]
    expect(countChecks(checks, (id) => id === 'kept')).toEqual({ passed: 0, of: 2 })
    expect(countChecks(checks, () => true)).toEqual({ passed: 2, of: 2 })
    expect(countChecks(checks, (id) => id !== 'kept')).toEqual({ passed: 1, of: 2 })
  })

  it('counts the time of every branch', () => {
    const branches = [
      { parent: undefined, forkedAt: 0, head: 100 },
      { parent: 0, forkedAt: 40, head: 70 },
    ]
    expect(usedMicros(branches, 30)).toBe(70 + 30)
  })
})

const entry = (id: number, at: number, causes: number[], write?: string): JournalEntry => ({
  n: id,
  event: { id, kind: `k${id}`, from: 'a', to: 'b', sent: at, at, data: {}, causes, because: [] },
  changes: write === undefined ? [] : [{ table: 't', id: write, from: undefined, to: {}, because: [] }],
  sent: [],
})

describe('a chain of causes', () => {
  const past = [entry(1, 10, []), entry(2, 20, [1], 'x/1')]
  const now = [entry(3, 30, []), entry(4, 40, [3], 'x/1'), entry(5, 50, [4], 'x/1')]
  const ids = (when: 'first' | 'start' | 'end', from: number, until: number) =>
    chainOf({ table: 't', match: '^x/', when }, [past, now], from, until).map((e) => e.event.id)
  it('goes from the write that is meant back to what began it, over the journals', () => {
    expect(ids('start', 0, 25)).toEqual([2, 1])
    expect(ids('end', 0, 99)).toEqual([5, 4, 3])
    expect(ids('first', 25, 99)).toEqual([4, 3])
    expect(ids('start', 0, 5)).toEqual([])
  })
})

const FRONT = `---
id: I99
kind: incident
title: A test
says: It tests.
module: 1
minutes: 5
level: 1
exam: [CKA Troubleshooting]
teaches: []
touches: [services/shop/cart]
scenario: default
seed: 1
view: node
---
`
const fence = (kind: string, text: string): string => `\`\`\`${kind}\n${text}\n\`\`\`\n\n`
const option = (says: string, run: string): string => `  - {says: ${says}, why: So., run: ${run}, expect: 1}`
const BODY = [
  '## Page\n\nSomething is wrong.\n\n## Set-up\n\n',
  fence('sh setup', 'break'),
  '## Checks\n\n',
  fence('check', 'id: whole\nsays: It is whole.\nrun: broken\nexpect: 0\nfail: "No: {out}"'),
  '## Report\n\n',
  fence(
    'cause',
    `id: cause\nask: Why?\noptions:\n${option('broken', 'broken')}\n${option('whole', 'whole')}\n${option('never', 'zero')}`,
  ),
  '## Hints\n\n',
  fence('hint', 'one') + fence('hint', 'two') + fence('hint', 'three'),
  '## Solution\n\n',
  fence('sh solution', 'mend'),
  '## Debrief\n\n',
  fence('sh herring', 'look'),
  fence('why', 'says: How\ntable: t\nmatch: ^it$'),
].join('')

/** A lab that is broken or whole. */
function brokenLab(touched = 'cart'): Lab {
  let broken = false
  const inputs: ReturnType<typeof api>[] = []
  const entries: JournalEntry[] = []
  const run = async (script: string) => {
    const word = script.trim()
    if (word === 'break' || word === 'mend') {
      broken = word === 'break'
      inputs.push(api('patch', word === 'break' ? 'cart' : touched))
      entries.push(entry(entries.length + 1, 0, [], 'it'))
    }
    const out = { broken: broken ? '1' : '0', whole: broken ? '0' : '1' }[word] ?? '0'
    return { out, err: '', exit: 0 }
  }
  return {
    run,
    ask: run,
    advance: () => false,
    now: () => 0,
    write() {},
    fault: run,
    record: () => ({ opened: 0, inputs: [...inputs], entries }),
  }
}

describe('an incident', () => {
  const problems = async (body: string, touched?: string) =>
    (await proveIncident(parseLesson(FRONT + body, 'x.md'), 'x.md', () => brokenLab(touched))).problems.map(
      (p) => p.says,
    )

  it('is proven when it is broken by its set-up alone and mended by its solution alone', async () => {
    expect(await problems(BODY)).toEqual([])
  })

  it('is refused where a herring mends it, a cause has no evidence, or the solution touches what it should not', async () => {
    expect(await problems(BODY.replace('look', 'mend'))).toEqual(['this red herring repairs everything'])
    expect((await problems(BODY.replace('run: broken, expect: 1', 'run: zero, expect: 1')))[0]).toMatch(/0 causes/)
    expect(await problems(BODY, 'web')).toEqual(['the solution touches services/shop/web'])
    expect((await problems(BODY.replace('\nbreak\n', '\nlook\n')))[0]).toMatch(/passes before/)
  })

  it('has its phases and three hints; a lesson has none of its blocks', () => {
    const offered = { rules: new Map(), scenarios: ['default'], faults: [], views: ['node'] }
    const lint = (source: string) => lintLesson(parseLesson(source, 'x.md'), 'x.md', offered).map((p) => p.says)
    expect(lint(FRONT + BODY)).toEqual([])
    expect(lint(FRONT + BODY.replace(fence('hint', 'two'), ''))).toEqual(['an incident has three hints, not 2'])
    expect(lint(FRONT.replace('kind: incident\n', '').replace('I99', 'L99') + BODY)[0]).toMatch(
      /belongs to an incident/,
    )
  })
})
