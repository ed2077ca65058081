import { useEffect, useRef, useState } from 'react'
import { holds } from '../../lesson/holds.ts'
import type { CheckBlock } from '../../lesson/schema.ts'
import type { Ran } from './Player.tsx'
import css from './player.module.css'

interface CheckProps {
  readonly check: CheckBlock
  readonly passed: boolean
  readonly ask: (script: string) => Promise<Ran>
  readonly onRun: (line: string) => void
  readonly onPassed: () => void
}

/** How often an open check looks again, in wall milliseconds. */
const LOOK_EVERY = 900

/** Looks at the cluster, not at what was typed: it runs its command in a copy of the lab until what it says is true. */
export function Check({ check, passed, ask, onRun, onPassed }: CheckProps) {
  const [says, setSays] = useState('')
  const latest = useRef({ ask, onPassed })
  useEffect(() => {
    latest.current = { ask, onPassed }
  })

  useEffect(() => {
    if (passed) return
    let gone = false
    let timer: ReturnType<typeof setTimeout>
    const look = async (): Promise<void> => {
      const ran = await latest.current.ask(check.run).catch((): Ran => ({ out: '', err: '', exit: 1 }))
      if (gone) return
      if (holds(check.expect, ran)) return latest.current.onPassed()
      const out = (ran.out.trim() || ran.err.trim()).split('\n')[0] ?? ''
      setSays(check.fail.replaceAll('{out}', out))
      timer = setTimeout(() => void look(), LOOK_EVERY)
    }
    timer = setTimeout(() => void look(), 200)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [check, passed])

  return (
    <div className={css.check} data-passed={passed} data-check={check.id}>
      <span className={css.mark} aria-hidden>
        {passed ? '✓' : ''}
      </span>
      <div>
        <p>
          <span className={css.sr}>{passed ? 'Passed: ' : 'Open: '}</span>
          {check.says}
        </p>
        {!passed && says && <p className={css.notyet}>{says}</p>}
        <details className={css.how}>
          <summary>How it is checked</summary>
          <div className={css.command}>
            <code>{check.run}</code>
            <button onClick={() => onRun(check.run)}>
              <span aria-hidden>▷</span> Run
            </button>
          </div>
        </details>
      </div>
    </div>
  )
}
