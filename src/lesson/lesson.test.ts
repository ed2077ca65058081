import { describe, expect, it } from 'vitest'
import { parseLesson } from './parse.ts'
import { proveLesson, type Lab } from './play.ts'
import type { LessonError } from './schema.ts'

const FRONT = `---
id: L99
title: A test
says: It tests.
module: 1
minutes: 5
exam: [CKA Troubleshooting]
teaches: []
scenario: default
seed: 1
view: node
---
`
const BODY = `
# A test

## Scene

Text with <script>alert(1)</script> and [a link](javascript:alert(1)).

## Do

\`\`\`sh solution
add 2
\`\`\`

\`\`\`sh solution
add 3
\`\`\`

\`\`\`check
id: five
says: The sum is five.
run: sum
expect: 5
within: 10s
fail: Not yet, it is {out}.
\`\`\`

\`\`\`predict
id: double
ask: What does adding five more give?
run: add 5; sum
options:
  - {says: Ten, when: "^10$", why: 5 + 5.}
  - {says: Five, when: "^5$", why: The lab itself is not changed by a question.}
\`\`\`
`

/** A lab whose whole world is one number. */
function numberLab(): Lab {
  let sum = 0
  const run = async (script: string) => {
    let out = ''
    for (const line of script.split(/[;\n]/)) {
      const [word, n] = line.trim().split(' ')
      if (word === 'add') sum += Number(n)
      else if (word === 'sum') out += `${sum}\n`
    }
    return { out, err: '', exit: 0 }
  }
  return {
    run,
    async ask(script) {
      const before = sum
      const ran = await run(script)
      sum = before
      return ran
    },
    advance: () => false,
    now: () => 0,
    write() {},
    fault: async () => ({ out: '', err: '', exit: 0 }),
    record: () => ({ opened: 0, inputs: [], entries: [] }),
  }
}

const problemsOf = (source: string): string[] => {
  try {
    parseLesson(source, 'x.md')
    return []
  } catch (error) {
    return (error as LessonError).problems.map((p) => `${p.line}: ${p.says}`)
  }
}

describe('a lesson', () => {
  it('is proven when its checks fail before, pass after, and need every step', async () => {
    const lesson = parseLesson(FRONT + BODY, 'x.md')
    expect(await proveLesson(lesson, 'x.md', numberLab)).toMatchObject({
      checks: 1,
      steps: 2,
      questions: 1,
      problems: [],
    })
  })

  it('is refused with an idle step, an idle check, and a prediction that the model answers otherwise', async () => {
    const first = async (body: string) =>
      (await proveLesson(parseLesson(FRONT + body, 'x.md'), 'x.md', numberLab)).problems[0]?.says
    const idle = BODY.replace('add 3', 'add 0').replace('add 2', 'add 5')
    expect(await first(idle)).toMatch(/idle step/)
    const before = BODY.replace('expect: 5', 'expect: 0')
    expect(await first(before)).toMatch(/before/)
    const wrong = BODY.replace('^10$', '^11$')
    expect(await first(wrong)).toMatch(/0 right/)
  })

  it('lets no script, style or handler through', () => {
    const text = JSON.stringify(parseLesson(FRONT + BODY, 'x.md').phases[0])
    expect(text).toContain('a link')
    expect(text).not.toMatch(/javascript:|"tagName":"script"/)
  })

  it('names file, line and remedy of what is wrong', () => {
    expect(problemsOf('no front')).toEqual(['1: a lesson starts with front matter between two lines ---'])
    expect(problemsOf(FRONT.replace('minutes: 5', 'minutes: soon') + BODY)[0]).toMatch(
      /"minutes" must be a whole number/,
    )
    expect(problemsOf(FRONT + BODY.replace('expect: 5', 'expct: 5'))[0]).toMatch(/^30: unknown field "expct"/)
    expect(problemsOf(FRONT + BODY.replace('"^10$"', '"("'))[0]).toMatch(/does not compile/)
  })
})
