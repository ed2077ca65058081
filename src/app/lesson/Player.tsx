import { useCallback, useEffect, useRef } from 'react'
import type { Block, Lesson } from '../../lesson/schema.ts'
import { Check } from './Check.tsx'
import { Prose } from './Prose.tsx'
import { Question } from './Question.tsx'
import { commandsOf, isDone, layers, type LessonProgress } from './player.ts'
import css from './player.module.css'

/** What a shell line printed in the worker. */
export interface Ran {
  out: string
  err: string
  exit: number
}

export interface PlayerProps {
  readonly lesson: Lesson
  readonly moduleTitle: string
  readonly progress: LessonProgress
  readonly onProgress: (progress: LessonProgress) => void
  /** Runs a line in a copy of the cluster that is thrown away. */
  readonly ask: (script: string) => Promise<Ran>
  /** Types a line into the terminal. */
  readonly onRun: (line: string) => void
  readonly onFile: (name: string, text: string) => void
  readonly onFault: (name: string, target: string, on: boolean) => void
  /** Starts the cluster of this lesson anew. */
  readonly onReset: () => void
  readonly onLeave: () => void
}

/** A lesson beside the stage: one phase at a time, its steps, checks and questions. */
export function Player(props: PlayerProps) {
  const { lesson, progress, onProgress, onFile } = props
  const phase = lesson.phases[Math.min(progress.phase, lesson.phases.length - 1)]!
  const last = progress.phase >= lesson.phases.length - 1
  const { body, hints, solution } = layers(phase.blocks)
  const opened = progress.hints[phase.slug] ?? 0
  const solved = progress.solved.includes(phase.slug)
  const top = useRef<HTMLHeadingElement>(null)
  const moved = useRef(false)

  const change = useCallback(
    (part: Partial<LessonProgress>): void => {
      const next = { ...progress, ...part }
      onProgress({ ...next, done: next.done || isDone(lesson, next) })
    },
    [lesson, progress, onProgress],
  )
  const go = (to: number): void => {
    moved.current = true
    change({ phase: Math.max(0, Math.min(to, lesson.phases.length - 1)) })
  }

  // A new phase is read from its top; the keyboard goes there too, but not on the first showing.
  useEffect(() => {
    if (moved.current) top.current?.focus()
  }, [phase.slug])

  // Files of the phases so far lie in the working directory, as the text says they do.
  const laid = useRef(new Set<string>())
  useEffect(() => {
    for (const block of lesson.phases.slice(0, progress.phase + 1).flatMap((p) => p.blocks))
      if (block.kind === 'file' && !laid.current.has(block.path)) {
        laid.current.add(block.path)
        onFile(block.path, block.text)
      }
  }, [lesson, progress.phase, onFile])

  const ranOf = (line: string): boolean => progress.ran.includes(line)
  const run = (block: Block, index: number, command: string): void => {
    const mark = `${block.where.line}:${index}`
    if (!ranOf(mark)) change({ ran: [...progress.ran, mark] })
    props.onRun(command)
  }

  const commands = (block: Block & { script?: string }): React.ReactNode =>
    commandsOf(block.script ?? '').map((command, i) => (
      <div key={i} className={css.command} data-ran={ranOf(`${block.where.line}:${i}`)}>
        <code>{command}</code>
        <button onClick={() => run(block, i, command)}>
          <span aria-hidden>▷</span> Run
        </button>
      </div>
    ))

  const show = (block: Block, key: number): React.ReactNode => {
    switch (block.kind) {
      case 'text':
        return <Prose key={key} hast={block.hast} />
      case 'run':
        return <div key={key}>{commands(block)}</div>
      case 'file':
        return (
          <div key={key} className={css.file}>
            <code>{block.path}</code>
            <button onClick={() => onFile(block.path, block.text)}>Open in the editor</button>
          </div>
        )
      case 'fault':
        return (
          <div key={key} className={css.fault}>
            <p>{block.says}</p>
            <button onClick={() => props.onFault(block.name, block.target, block.on)}>
              {block.on ? 'Do it' : 'Undo it'}
            </button>
          </div>
        )
      case 'check':
        return (
          <Check
            key={block.id}
            check={block}
            passed={progress.passed.includes(block.id)}
            ask={props.ask}
            onRun={props.onRun}
            onPassed={() => change({ passed: [...new Set([...progress.passed, block.id])] })}
          />
        )
      case 'predict':
      case 'quiz':
        return (
          <Question
            key={block.id}
            question={block}
            answer={progress.answers[block.id]}
            right={progress.right[block.id]}
            ask={props.ask}
            onAnswer={(answer, right) =>
              change({
                answers: { ...progress.answers, [block.id]: answer },
                ...(right === undefined ? {} : { right: { ...progress.right, [block.id]: right } }),
              })
            }
          />
        )
      case 'mermaid':
        return <Prose key={key} diagram={block.text} />
      default:
        return null
    }
  }

  return (
    <article className={css.player} aria-label={`Lesson ${lesson.meta.id}`}>
      <header className={css.head}>
        <p className={css.module}>
          <span>
            Module {lesson.meta.module}, {props.moduleTitle}
          </span>
          <span>{lesson.meta.minutes} min</span>
        </p>
        <h1>{lesson.meta.title}</h1>
        <ol className={css.phases} aria-label="Phases of this lesson">
          {lesson.phases.map((p, i) => (
            <li key={p.slug} data-state={i < progress.phase ? 'done' : i === progress.phase ? 'now' : 'ahead'}>
              <button onClick={() => go(i)} aria-current={i === progress.phase ? 'step' : undefined}>
                {p.title}
              </button>
            </li>
          ))}
        </ol>
      </header>
      <div className={css.body} tabIndex={0} role="region" aria-label={phase.title}>
        <h2 ref={top} tabIndex={-1}>
          {phase.title}
        </h2>
        {body.map(show)}
        {hints.slice(0, opened).map((hint, i) => (
          <aside key={i} className={css.hint} aria-label={`Hint ${i + 1} of ${hints.length}`}>
            <p className={css.label}>
              Hint {i + 1} of {hints.length}
            </p>
            <Prose hast={hint.hast} />
          </aside>
        ))}
        {solved && (
          <aside className={css.hint} aria-label="Solution">
            <p className={css.label}>Solution</p>
            {solution.map((block, i) =>
              block.path !== undefined ? (
                <div key={i} className={css.file}>
                  <code>{block.path}</code>
                  <button onClick={() => onFile(block.path!, block.text ?? '')}>Put it into the editor</button>
                </div>
              ) : (
                <div key={i}>{commands(block)}</div>
              ),
            )}
          </aside>
        )}
        {last && progress.done && (
          <p className={css.done} role="status">
            This lesson is done. Every check has passed and every question is answered.
          </p>
        )}
      </div>
      <footer className={css.foot}>
        {progress.phase > 0 ? (
          <button className={css.button} onClick={() => go(progress.phase - 1)}>
            Back
          </button>
        ) : (
          <button className={css.button} onClick={props.onReset}>
            Reset
          </button>
        )}
        {opened < hints.length ? (
          <button
            className={css.plain}
            onClick={() => change({ hints: { ...progress.hints, [phase.slug]: opened + 1 } })}
          >
            Hint
          </button>
        ) : solution.length > 0 && !solved ? (
          <button className={css.plain} onClick={() => change({ solved: [...progress.solved, phase.slug] })}>
            Show the solution
          </button>
        ) : (
          <span />
        )}
        {last ? (
          <button className={css.primary} onClick={props.onLeave}>
            {progress.done ? 'All lessons' : 'Leave'}
          </button>
        ) : (
          <button className={css.primary} onClick={() => go(progress.phase + 1)}>
            {lesson.phases[progress.phase + 1]?.title ?? 'Next'}
          </button>
        )}
      </footer>
    </article>
  )
}
