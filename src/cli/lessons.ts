import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { matchesGlob } from '../shell/glob.ts'
import { newMachine } from '../model/cluster.ts'
import { FAULTS } from '../model/faults/faults.ts'
import { SCENARIOS } from '../model/scenarios/scenarios.ts'
import { isIncident } from '../lesson/incident.ts'
import { openLab } from '../lesson/lab.ts'
import { lintLesson, type Offered } from '../lesson/lint.ts'
import { parseLesson } from '../lesson/parse.ts'
import { proveLesson, type Proof } from '../lesson/play.ts'
import { proveIncident } from '../lesson/prove-incident.ts'
import { LessonError, type Problem } from '../lesson/schema.ts'
import { readArguments } from './arguments.ts'
import { loadFilters } from './filters.ts'

/** This runs as .cache/NAME.mjs. */
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LESSONS = join(ROOT, 'lessons')

/** A lesson may open what has a picture, as `src/app/views.ts` offers it. */
function viewIds(): string[] {
  const views = join(ROOT, 'src', 'views')
  return readdirSync(views).filter((id) => existsSync(join(views, id, 'View.tsx')))
}

function lessonFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return lessonFiles(path)
      return entry.name === 'lesson.md' ? [path] : []
    })
    .sort()
}

/** Proves every lesson whose id or path fits the glob. */
export async function main(argv: string[]): Promise<number> {
  const args = readArguments(argv, { switches: ['json'] })
  const wanted = args.words[0] ?? '*'
  const offered: Offered = {
    rules: newMachine(1).rules,
    scenarios: Object.keys(SCENARIOS),
    faults: FAULTS.map((fault) => fault.name),
    views: viewIds(),
  }
  const proofs: Proof[] = []
  const ids = new Map<string, string>()
  for (const path of lessonFiles(LESSONS)) {
    const file = relative(ROOT, path)
    const source = readFileSync(path, 'utf8')
    const id = /^id: *(\S+)/m.exec(source)?.[1] ?? ''
    if (!matchesGlob(wanted, id) && !matchesGlob(wanted, file) && !file.includes(wanted)) continue
    const problems: Problem[] = []
    if (ids.has(id)) problems.push({ file, line: 1, says: `the id ${id} is also that of ${ids.get(id)}` })
    ids.set(id, file)
    let proof: Proof = { id, checks: 0, questions: 0, steps: 0, problems }
    try {
      const lesson = parseLesson(source, file)
      problems.push(...lintLesson(lesson, file, offered))
      const prove = isIncident(lesson) ? proveIncident : proveLesson
      if (problems.length === 0)
        proof = await prove(lesson, file, () => openLab(lesson.meta.scenario, lesson.meta.seed, loadFilters))
    } catch (error) {
      if (!(error instanceof LessonError)) throw error
      problems.push(...error.problems)
    }
    proofs.push(proof)
    if (args.flags.json !== true) report(proof)
  }
  const failed = proofs.filter((proof) => proof.problems.length > 0).length
  if (args.flags.json === true) process.stdout.write(`${JSON.stringify({ lessons: proofs }, null, 2)}\n`)
  else process.stdout.write(`lessons: ${proofs.length - failed} passed, ${failed} failed\n`)
  if (proofs.length === 0) {
    process.stderr.write(`nodeglass lessons: nothing fits "${wanted}"\n`)
    return 2
  }
  return failed > 0 ? 1 : 0
}

function report({ id, checks, questions, steps, problems }: Proof): void {
  const state = problems.length === 0 ? 'proven' : 'NOT proven'
  process.stdout.write(`${id}  ${state}: ${steps} steps, ${checks} checks, ${questions} questions\n`)
  for (const { file, line, says } of problems) process.stdout.write(`    ${file}:${line}: ${says}\n`)
}
