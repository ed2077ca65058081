import { holds } from './holds.ts'
import { act, type Lab, type Proof } from './play.ts'
import { causesOf, chainOf, checksOf, herringsOf, setupOf, unrelatedOf, whysOf, writtenBy } from './incident.ts'
import type { Block, CheckBlock, Lesson, Problem } from './schema.ts'

/**
 * Proves an incident: the set-up breaks it (every check fails, every guard holds, one cause of each list has its
 * evidence), the solution repairs it in time and without touching what is not its own, no step is idle, no red herring
 * passes, and each chain of the debrief leads from the broken thing back to the set-up.
 */
export async function proveIncident(lesson: Lesson, file: string, makeLab: () => Lab): Promise<Proof> {
  const problems: Problem[] = []
  const at = (block: Block, says: string): void => void problems.push({ ...block.where, says })
  const checks = checksOf(lesson)
  const causes = causesOf(lesson)
  const solution = lesson.phases.flatMap((phase) => phase.blocks.filter((block) => block.kind === 'solution'))

  const arrive = async (tell: boolean): Promise<Lab> => {
    const lab = makeLab()
    const files = setupOf(lesson).filter((block) => block.path !== undefined)
    for (const block of files) lab.write(block.path!, block.text ?? '')
    for (const block of setupOf(lesson)) {
      if (block.script === undefined) continue
      const ran = await lab.run(block.script)
      if (tell && (ran.exit !== 0 || /not simulated|command not found/.test(ran.err)))
        at(block, `the set-up says: ${ran.err.trim() || ran.out.trim()}`)
    }
    return lab
  }
  const state = async (lab: Lab, check: CheckBlock) => {
    const ran = await lab.ask(check.run)
    return { holds: holds(check.expect, ran), said: (ran.out.trim() || ran.err.trim()).slice(0, 300) }
  }

  const lab = await arrive(true)
  const opened = lab.record().opened
  const arrived = lab.now()
  const given = lab.record().inputs.length
  for (const check of checks) {
    const { holds: held, said } = await state(lab, check)
    if (held && !check.guard) at(check, `check "${check.id}" passes before anything was done`)
    if (!held && check.guard) at(check, `guard "${check.id}" does not hold when the learner arrives: ${said}`)
  }
  for (const cause of causes) {
    const proven: string[] = []
    for (const option of cause.options) if (holds(option.expect, await lab.ask(option.run))) proven.push(option.says)
    if (proven.length !== 1) at(cause, `"${cause.id}" has ${proven.length} causes with evidence: ${proven.join(' | ')}`)
  }
  for (const block of solution) {
    const ran = await act(lab, block)
    if (ran && ran.exit !== 0) at(block, `this step ends with status ${ran.exit}: ${ran.err.trim() || ran.out.trim()}`)
  }
  const ended = lab.now()
  for (const check of checks) {
    const { holds: held, said } = await state(lab, check)
    if (!held) at(check, `check "${check.id}" fails after the solution: ${check.fail.replaceAll('{out}', said)}`)
  }
  const record = lab.record()
  const touched = unrelatedOf(record.inputs.slice(given).map(writtenBy), lesson.meta.touches)
  if (touched.length > 0) problems.push({ file, line: 1, says: `the solution touches ${touched.join(', ')}` })
  if (ended - arrived > lesson.meta.minutes * 60_000_000)
    problems.push({ file, line: 1, says: 'the solution alone takes longer than the minutes given' })
  for (const why of whysOf(lesson)) {
    const chain = chainOf(why, [record.entries], opened, why.when === 'end' ? ended : arrived)
    const root = chain.at(-1)?.event
    if (!root) at(why, `no write to ${why.table} matches ${why.match}`)
    else if (root.causes.length > 0 || root.at < opened)
      at(why, `the chain of ${why.match} does not lead back to the set-up; it ends at ${root.kind}, event ${root.id}`)
  }

  if (problems.length === 0) {
    for (const skipped of solution) {
      const without = await arrive(false)
      for (const block of solution) if (block !== skipped) await act(without, block)
      if (await allHold(without)) at(skipped, 'idle step: every check passes without it')
    }
    for (const herring of herringsOf(lesson)) {
      const tried = await arrive(false)
      await tried.run(herring.script)
      if (await allHold(tried)) at(herring, 'this red herring repairs everything')
    }
  }
  async function allHold(one: Lab): Promise<boolean> {
    for (const check of checks) if (!(await state(one, check)).holds) return false
    return true
  }
  return { id: lesson.meta.id, checks: checks.length, questions: causes.length, steps: solution.length, problems }
}
