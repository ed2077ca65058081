import { useCallback, useEffect, useRef, useState } from 'react'
import type { ApplyAnswer, ManifestProblem, PlanAnswer } from '../../lab/protocol.ts'
import { Editor } from './Editor.tsx'
import css from './manifest.module.css'

export interface ManifestFile {
  readonly name: string
  readonly text: string
}

export interface PanelProps {
  readonly files: readonly ManifestFile[]
  readonly current: string
  readonly onChoose: (name: string) => void
  readonly onText: (name: string, text: string) => void
  /** The worker's answers; a rejected promise carries a message for the person. */
  readonly plan: (text: string, file: string) => Promise<PlanAnswer>
  readonly apply: (text: string, file: string) => Promise<ApplyAnswer>
}

const NOTHING: readonly ManifestProblem[] = []
const QUIET_MS = 250
const MAX_CHARACTERS = 3_000_000

/** Edit YAML, see at once what the API server would say and what the lab does not model, compare, apply. */
export default function ManifestPanel({ files, current, onChoose, onText, plan, apply }: PanelProps) {
  const file = files.find((f) => f.name === current) ?? files[0] ?? { name: 'manifest.yaml', text: '' }
  const [planned, setPlanned] = useState<{ text: string; answer: PlanAnswer }>()
  const [said, setSaid] = useState<{ ok: boolean; text: string }>()
  const [comparing, setComparing] = useState(false)
  const asked = useRef(0)

  const ask = useCallback(
    async (text: string, name: string): Promise<PlanAnswer | undefined> => {
      const mine = ++asked.current
      try {
        const answer = await plan(text, name)
        if (mine === asked.current) setPlanned({ text, answer })
        return answer
      } catch (error) {
        if (mine === asked.current) setSaid({ ok: false, text: (error as Error).message })
        return undefined
      }
    },
    [plan],
  )

  useEffect(() => {
    if (file.text.trim() === '' || file.text.length > MAX_CHARACTERS) return
    const timer = setTimeout(() => void ask(file.text, file.name), QUIET_MS)
    return () => clearTimeout(timer)
  }, [file.text, file.name, ask])

  const problems = planned?.text === file.text ? planned.answer.problems : NOTHING
  const errors = problems.filter((p) => p.severity === 'error')
  const objects = planned?.answer.objects ?? []

  const compare = async (): Promise<void> => {
    if (file.text.length > MAX_CHARACTERS) {
      const megabytes = Math.round(file.text.length / 100_000) / 10
      setSaid({ ok: false, text: `This text has ${megabytes} MB; the lab takes 3 MB at once. Split it into files.` })
      return
    }
    const answer = await ask(file.text, file.name)
    if (!answer) return
    const firstError = answer.problems.find((p) => p.severity === 'error')
    if (firstError) setSaid({ ok: false, text: `Line ${firstError.line}: ${firstError.says}` })
    else setComparing(true)
  }
  const go = async (): Promise<void> => {
    setComparing(false)
    try {
      const answer = await apply(file.text, file.name)
      setSaid({ ok: answer.ok, text: answer.text })
    } catch (error) {
      setSaid({ ok: false, text: (error as Error).message })
    }
  }

  const changes = objects.filter((o) => o.action !== 'unchanged')
  return (
    <section className={css.panel} aria-label="Manifest editor">
      <div className={css.bar}>
        <label className={css.choose}>
          <span className={css.label}>File</span>
          <select value={file.name} onChange={(event) => onChoose(event.target.value)}>
            {files.map((f) => (
              <option key={f.name}>{f.name}</option>
            ))}
          </select>
        </label>
        <p className={css.state} role="status">
          {comparing ? summary(objects) : stateOf(problems)}
        </p>
        {comparing ? (
          <>
            <button className={css.quiet} onClick={() => setComparing(false)}>
              Back to editing
            </button>
            <button className={css.go} onClick={() => void go()}>
              {changes.length === 0 ? 'Apply anyway' : 'Apply'}
            </button>
          </>
        ) : (
          <button
            className={css.go}
            onClick={() => void compare()}
            title="Ctrl+Enter"
            disabled={file.text.trim() === ''}
          >
            Apply…
          </button>
        )}
      </div>
      <Editor
        text={file.text}
        file={file.name}
        problems={problems}
        onText={(text) => onText(file.name, text)}
        onApply={() => void compare()}
        difference={comparing ? join(objects) : undefined}
      />
      {said && !comparing && (
        <pre className={said.ok ? css.said : css.failed} role={said.ok ? 'status' : 'alert'}>
          {said.text}
        </pre>
      )}
      {problems.length > 0 && !comparing && (
        <ul className={css.problems} aria-label="Remarks on this manifest">
          {[...errors, ...problems.filter((p) => p.severity !== 'error')].slice(0, 50).map((p, i) => (
            <li key={i} data-severity={p.severity}>
              <span className={css.place}>line {p.line}</span>
              <span className={css.severity}>{p.severity}</span>
              <span>
                {p.severity !== 'error' && p.path !== '' && <code>{p.path}</code>} {p.says}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function stateOf(problems: readonly ManifestProblem[]): string {
  const count = (severity: ManifestProblem['severity']): number =>
    problems.filter((p) => p.severity === severity).length
  const errors = count('error')
  if (errors > 0) return errors === 1 ? '1 error' : `${errors} errors`
  const apart = count('not modelled')
  const near = count('approximated')
  if (apart > 0 && near > 0) return `Valid. ${apart} fields not modelled, ${near} approximated.`
  if (apart > 0) return apart === 1 ? 'Valid. 1 field is not modelled.' : `Valid. ${apart} fields are not modelled.`
  if (near > 0) return near === 1 ? 'Valid. 1 field is approximated.' : `Valid. ${near} fields are approximated.`
  return ''
}

function summary(objects: PlanAnswer['objects']): string {
  const count = (action: string): number => objects.filter((o) => o.action === action).length
  return `${count('create')} to create, ${count('configure')} to change, ${count('unchanged')} unchanged`
}

function join(objects: PlanAnswer['objects']): { before: string; after: string } {
  const head = (o: PlanAnswer['objects'][number]): string =>
    `# ${o.name} in ${o.namespace || 'the cluster'}: ${o.action}\n`
  const shown = objects.filter((o) => o.action !== 'unchanged')
  return {
    before: shown.map((o) => head(o) + o.before).join('---\n'),
    after: shown.map((o) => head(o) + o.after).join('---\n'),
  }
}
