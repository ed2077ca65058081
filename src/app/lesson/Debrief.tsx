import { causesOf, checksOf, POINTS, whysOf, type Grade } from '../../lesson/incident.ts'
import type { Block, CauseBlock, Lesson } from '../../lesson/schema.ts'
import { hrefOf } from '../address.ts'
import { commandsOf } from './player.ts'
import { spellTime, type ChainStep, type Closed } from './player-incident.ts'
import { Prose } from './Prose.tsx'
import css from './player.module.css'
import own from './incident.module.css'

interface DebriefProps {
  readonly lesson: Lesson
  readonly closed: Closed
  readonly onRun: (line: string) => void
}

const PART: Record<Grade['parts'][number]['says'], string> = {
  checks: 'what holds at the end',
  causes: 'the cause you named',
  hints: 'hints',
  touched: 'changes that had nothing to do with it',
  late: 'over time',
}

/** After the end: the grade, the true chain of causes as the machine knows it, and what the learner did when. */
export function Debrief({ lesson, closed, onRun }: DebriefProps) {
  const { grade } = closed
  return (
    <div className={own.debrief}>
      <p className={own.score} data-passes={grade.passes} role="status">
        <b>{grade.score}</b>
        <span>of 100 points. {grade.passes ? 'Passed.' : `Not passed: ${POINTS.pass} are needed.`}</span>
      </p>
      <dl className={own.parts}>
        {grade.parts.map((part) => (
          <div key={part.says}>
            <dt>{PART[part.says]}</dt>
            <dd>{part.points < 0 ? `−${-part.points}` : part.points}</dd>
          </div>
        ))}
      </dl>
      <h3>What holds now</h3>
      {checksOf(lesson).map((check) => (
        <div key={check.id} className={css.check} data-passed={closed.checks[check.id] === ''} data-check={check.id}>
          <span className={css.mark} aria-hidden>
            {closed.checks[check.id] === '' ? '✓' : '✕'}
          </span>
          <div>
            <p>
              <span className={css.sr}>{closed.checks[check.id] === '' ? 'Holds: ' : 'Does not hold: '}</span>
              {check.says}
            </p>
            {closed.checks[check.id] !== '' && <p className={css.notyet}>{closed.checks[check.id]}</p>}
          </div>
        </div>
      ))}
      {causesOf(lesson).map((cause) => (
        <Cause
          key={cause.id}
          cause={cause}
          chosen={closed.report.chosen[cause.id]}
          right={closed.right[cause.id]}
          onRun={onRun}
        />
      ))}
      {whysOf(lesson).map((why, i) => (
        <Chain key={i} says={why.says} steps={closed.chains[i] ?? []} />
      ))}
      {closed.run && (
        <p>
          <a href={hrefOf('/lab', { view: 'timeline', node: lesson.meta.node, run: closed.run })}>
            Open this run in the free lab, with what lay before you came
          </a>
          . Scrub back, and ask Why of anything.
        </p>
      )}
      <Deeds closed={closed} />
      <Written closed={closed} />
      {['set-up', 'solution', 'debrief'].map((slug) => (
        <Phase key={slug} lesson={lesson} slug={slug} onRun={onRun} />
      ))}
    </div>
  )
}

function Command({ line, onRun }: { line: string; onRun: (line: string) => void }) {
  return (
    <div className={css.command}>
      <code>{line}</code>
      <button onClick={() => onRun(line)}>
        <span aria-hidden>▷</span> Run
      </button>
    </div>
  )
}

interface CauseProps {
  readonly cause: CauseBlock
  readonly chosen: number | undefined
  readonly right: number | undefined
  readonly onRun: (line: string) => void
}

function Cause({ cause, chosen, right, onRun }: CauseProps) {
  const told = cause.options[right ?? -1]
  const other = chosen === right || chosen === undefined ? undefined : cause.options[chosen]
  return (
    <section data-cause={cause.id}>
      <h3>{cause.ask}</h3>
      {told && (
        <>
          <p>
            <strong>{told.says}</strong> {told.why} {chosen === right ? 'You named it.' : ''}
          </p>
          <p className={own.small}>Its evidence, as the cluster was when you came:</p>
          <Command line={told.run.trim()} onRun={onRun} />
        </>
      )}
      {other && (
        <p>
          You named: <s>{other.says}</s> {other.why}
        </p>
      )}
      {chosen === undefined && <p className={css.notyet}>You named no cause.</p>}
    </section>
  )
}

const LONGEST = 8

/** A chain of causes, read downwards from what began it. */
function Chain({ says, steps }: { says: string; steps: readonly ChainStep[] }) {
  const forward = [...steps].reverse()
  // A pod that starts takes thirty steps: they are there for whoever wants them.
  const long = forward.length > LONGEST
  const parts = long ? [forward.slice(0, 3), forward.slice(3, -3), forward.slice(-3)] : [forward]
  return (
    <section>
      <h3>{says}</h3>
      {steps.length === 0 && <p className={css.notyet}>The machine holds no chain for it any more.</p>}
      {parts.map((part, k) =>
        k === 1 ? (
          <details key={k} className={own.between}>
            <summary>{part.length} steps between</summary>
            <Steps steps={part} />
          </details>
        ) : (
          <Steps key={k} steps={part} />
        ),
      )}
    </section>
  )
}

function Steps({ steps }: { steps: readonly ChainStep[] }) {
  return (
    <ol className={own.chain}>
      {steps.map((step, i) => (
        <li key={i} data-root={step.root}>
          <p className={own.small}>
            {step.at < 0 ? `${spellTime(-step.at)} before you came` : `${spellTime(step.at)} after you came`}
          </p>
          <p>
            <strong>{step.title}</strong> {step.says}
          </p>
          {step.body !== undefined && (
            <pre className={own.code} tabIndex={0}>
              {step.body}
            </pre>
          )}
          {step.rules.map((rule) => (
            <p key={rule.id} className={own.rule} title={rule.source}>
              {rule.says} <code>{rule.id}</code>
            </p>
          ))}
        </li>
      ))}
    </ol>
  )
}

function Deeds({ closed }: { closed: Closed }) {
  return (
    <section>
      <h3>What you did, and when</h3>
      {closed.deeds.length === 0 && <p>Nothing was typed, and nothing written.</p>}
      <ol className={own.deeds}>
        {closed.deeds.map((deed, i) => (
          <li key={i} data-unrelated={deed.wrote !== undefined && closed.unrelated.includes(deed.wrote)}>
            <time>{spellTime(deed.at)}</time>
            {deed.line === undefined ? (
              <span>
                wrote {deed.wrote}
                {deed.wrote !== undefined && closed.unrelated.includes(deed.wrote)
                  ? ', which had nothing to do with it'
                  : ''}
              </span>
            ) : (
              <code>{deed.line}</code>
            )}
          </li>
        ))}
      </ol>
      <p className={own.small}>
        {spellTime(closed.usedMicros)} of cluster time, {closed.hints} hints,{' '}
        {closed.forks === 0 ? 'never back in time.' : `${closed.forks} times back in time and otherwise.`}
      </p>
    </section>
  )
}

function Written({ closed }: { closed: Closed }) {
  const { cause, evidence, fix } = closed.report
  if (!cause && !evidence && !fix) return null
  return (
    <section>
      <h3>Your report</h3>
      <dl className={own.parts}>
        {Object.entries({ cause, evidence, fix }).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text || 'left empty'}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

const TITLES: Readonly<Record<string, string>> = {
  'set-up': 'What had been done to the cluster',
  solution: 'One way to repair it',
  debrief: 'What to keep',
}

function Phase({ lesson, slug, onRun }: { lesson: Lesson; slug: string; onRun: (line: string) => void }) {
  const phase = lesson.phases.find((one) => one.slug === slug)
  if (!phase) return null
  const show = (block: Block, key: number): React.ReactNode => {
    if (block.kind === 'text') return <Prose key={key} hast={block.hast} />
    if (block.kind === 'herring' || (block.kind === 'solution' && block.script !== undefined))
      return commandsOf(block.script ?? '')
        .filter((line) => !line.startsWith('sleep '))
        .map((line, i) => <Command key={`${key}-${i}`} line={line} onRun={onRun} />)
    if ((block.kind === 'setup' || block.kind === 'solution') && (block.text ?? block.script) !== undefined)
      return (
        <pre key={key} className={own.code} tabIndex={0}>
          {block.path === undefined ? '' : `# ${block.path}\n`}
          {(block.text ?? block.script ?? '').trim()}
        </pre>
      )
    return null
  }
  return (
    <section>
      <h3>{TITLES[slug]}</h3>
      {phase.blocks.map(show)}
    </section>
  )
}
