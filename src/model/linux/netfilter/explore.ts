/**
 * Every way a packet can go: each question without a single answer is answered both ways, in rule order. Chance answers
 * "yes" first; an interface that nobody named is first taken for none of those in the rules, an open match for a miss.
 */
import type { Question } from './walk.ts'
import type { Entry, NetNamespace } from './namespace.ts'
import type { Packet } from './packet.ts'
import type { Traversal } from './traversal.ts'
import { traverse } from './traverse.ts'

export interface Branch {
  readonly answers: readonly { readonly question: Question; readonly answer: number }[]
  readonly traversal: Traversal
}

export interface Exploration {
  readonly branches: readonly Branch[]
  /** There were more ways than the limit. */
  readonly cut: boolean
}

/** Answers of one question that are tried. */
const MOST = 1_024

/** Ports that NAT draws at random do not fork the way: the first of the range stands for all. */
const FORKS = new Set<Question['kind']>(['random', 'nth', 'choice', 'unknown', 'interface', 'nat-address'])

export function explore(ns: NetNamespace, packet: Packet, entry: Entry, limit = 4_096): Exploration {
  const branches: Branch[] = []
  let script: number[] = []
  for (;;) {
    const answers: { question: Question; answer: number }[] = []
    const choices: { answer: number; last: number }[] = []
    const traversal = traverse(ns, packet, entry, (question) => {
      if (!FORKS.has(question.kind)) return 0
      // one answer per rule and thing asked: the same rule met again is answered alike
      const before =
        question.kind === 'random' || question.kind === 'nth' || question.kind === 'choice'
          ? undefined
          : (answers.find((a) => a.question.about === question.about)?.answer ?? impliedAnswer(question, answers))
      if (before !== undefined) return before
      const many = question.kind === 'nat-address' || question.kind === 'choice'
      const first = many ? 0 : usual(question)
      const last = many ? Math.min(question.below, MOST) - 1 : 1 - first
      const answer = choices.length < script.length ? script[choices.length]! : first
      choices.push({ answer, last })
      answers.push({ question, answer })
      return answer
    })
    branches.push({ answers, traversal })
    while (choices.length > 0 && choices[choices.length - 1]!.answer === choices[choices.length - 1]!.last)
      choices.pop()
    if (choices.length === 0) return { branches, cut: false }
    if (branches.length >= limit) return { branches, cut: true }
    const next = choices[choices.length - 1]!
    next.answer += next.last < next.answer ? -1 : 1
    script = choices.map((choice) => choice.answer)
  }
}

function usual(question: Question): 0 | 1 {
  return question.usual ?? (question.kind === 'random' || question.kind === 'nth' ? 1 : 0)
}

const INTERFACE = /^is the (\w+) interface (\S+)\?$/

/** A packet has one interface a way: what was said of `eth0` answers for `eth+` and for `docker0`. */
function impliedAnswer(question: Question, answers: Branch['answers']): number | undefined {
  const asked = question.kind === 'interface' ? INTERFACE.exec(question.about) : null
  if (!asked) return undefined
  for (const { question: earlier, answer } of answers) {
    const known = earlier.kind === 'interface' ? INTERFACE.exec(earlier.about) : null
    if (!known || known[1] !== asked[1]) continue
    const [was, is] = [known[2]!, asked[2]!]
    const wasPrefix = was.endsWith('+') ? was.slice(0, -1) : undefined
    const isPrefix = is.endsWith('+') ? is.slice(0, -1) : undefined
    if (answer === 1) {
      // it is `was`: all that can be said unless `was` is a family that `is` lies in
      if (wasPrefix === undefined) return isPrefix === undefined ? 0 : was.startsWith(isPrefix) ? 1 : 0
      if (isPrefix !== undefined && wasPrefix.startsWith(isPrefix)) return 1
      if (!(isPrefix ?? is).startsWith(wasPrefix)) return 0
    } else if (wasPrefix !== undefined && (isPrefix ?? is).startsWith(wasPrefix)) return 0
  }
  return undefined
}
