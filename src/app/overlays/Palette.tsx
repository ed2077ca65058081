import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import type { FaultInfo } from '../../lab/protocol.ts'
import { Overlay } from '../layout/Overlay.tsx'
import { useStage } from '../stage.ts'
import { allEntries, commandEntry, faultEntries, score, type Entry } from './entries.ts'
import css from '../layout/overlay.module.css'

const MOST = 40
/** Groups that are found only when something is typed. */
const QUIET = new Set(['In the cluster', 'Do', 'Break and heal'])

/** Find anything: a combobox over everything that has a name. */
export default function Palette() {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const replica = useLab((state) => state.replica)
  const [faults, setFaults] = useState<readonly Entry[]>([])
  // What there is when it opens; the cluster runs on below.
  const [first] = useState(() => allEntries(replica))
  const list = useRef<HTMLDivElement>(null)

  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    const entries = [...first, ...faults]
    if (words.length === 0) return entries.filter((entry) => !QUIET.has(entry.group)).slice(0, MOST)
    const hits = entries
      .map((entry) => ({ entry, points: score(entry, words) }))
      .filter(({ points }) => points > 0)
      .sort((a, b) => b.points - a.points)
      .slice(0, MOST)
      .map(({ entry }) => entry)
    const command = commandEntry(text.trim())
    return command ? [command, ...hits] : hits
  }, [text, first, faults])

  useEffect(() => {
    let gone = false
    const lab = theLab()
    void lab
      .ask<FaultInfo[]>({ q: 'faults' })
      .then((found) => !gone && setFaults(faultEntries(found, lab.store.getState().replica)))
    return () => {
      gone = true
    }
  }, [])
  const groups = [...new Set(found.map((entry) => entry.group))]
  const ordered = groups.flatMap((group) => found.filter((entry) => entry.group === group))
  const current = ordered[Math.min(at, ordered.length - 1)]

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [current])

  const run = (entry: Entry | undefined): void => {
    if (!entry) return
    useStage.setState({ overlay: undefined })
    entry.run()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = ordered.length - 1
    const to = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1 }[event.key]
    if (to !== undefined) setAt(Math.max(0, to))
    else if (event.key === 'Enter') run(current)
    else return
    event.preventDefault()
  }
  return (
    <Overlay title="Find anything" bare>
      <input
        className={css.input}
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={current ? `palette-${current.id}` : undefined}
        aria-label="Find a lesson, a picture, a thing of the cluster, or type a command"
        placeholder="Lesson, picture, pod, or a command"
        autoFocus
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} className={css.list} role="listbox" id="palette-list" aria-label="Found">
        {groups.map((group) => (
          <div key={group} role="group" aria-label={group}>
            <div className={css.group} aria-hidden="true">
              {group}
            </div>
            {ordered
              .filter((entry) => entry.group === group)
              .map((entry) => (
                <div
                  key={entry.id}
                  id={`palette-${entry.id}`}
                  role="option"
                  aria-selected={entry === current}
                  className={css.item}
                  onClick={() => run(entry)}
                  onPointerMove={() => {
                    const index = ordered.indexOf(entry)
                    if (index !== at) setAt(index)
                  }}
                >
                  <span>{entry.title}</span>
                  {entry.says && <small>{entry.says}</small>}
                </div>
              ))}
          </div>
        ))}
        {ordered.length === 0 && <p className={css.none}>Nothing has this name.</p>}
      </div>
    </Overlay>
  )
}
