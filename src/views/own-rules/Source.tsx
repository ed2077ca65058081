import { useRef, useState } from 'react'
import type { DumpProblem, Loaded } from '../../lab/rules-protocol.ts'
import { clear, example, fromNode, put, readFile, useDesk } from './desk.ts'
import css from './own-rules.module.css'

const EXAMPLES: readonly (readonly [id: string, title: string])[] = [
  ['cluster-ip', 'A Service with three endpoints'],
  ['hairpin', 'A pod that asks its own Service'],
  ['node-port-local', 'A node port, policy Local, no pod here'],
  ['no-endpoints', 'A Service without endpoints'],
  ['nftables', 'The same Service in nftables'],
]

/** Where the rules come from: pasted, dropped, a file, an example, a node of this lab. */
export function Source({ node }: { node: string }) {
  const { text, loaded, error, busy, from } = useDesk()
  const [over, setOver] = useState(false)
  const file = useRef<HTMLInputElement>(null)
  const usable = loaded !== undefined && loaded.ruleCount > 0
  return (
    <div
      className={css.source}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        const dropped = event.dataTransfer.files[0]
        if (dropped) void readFile(dropped)
        else put(event.dataTransfer.getData('text/plain'), 'dropped text')
      }}
    >
      <label className={css.label} htmlFor="own-rules-text">
        Rules of a node
      </label>
      <textarea
        id="own-rules-text"
        className={css.paste}
        data-small={usable}
        value={text.length > SHOWN ? text.slice(0, SHOWN) : text}
        readOnly={text.length > SHOWN}
        spellCheck={false}
        autoComplete="off"
        wrap="off"
        placeholder={
          'Paste the output of\n  iptables-save\n  iptables-save -c\n  iptables -S\n  nft list ruleset\nor drop a file here.'
        }
        onChange={(event) => put(event.target.value, 'pasted')}
        onPaste={(event) => {
          event.preventDefault()
          put(event.clipboardData.getData('text/plain'), 'pasted')
        }}
      />
      {text.length > SHOWN && <p className={css.quiet}>The first {SHOWN / 1000} kB are shown; all of it is read.</p>}
      <div className={css.row}>
        <button className={css.plain} onClick={() => file.current?.click()}>
          Open a file
        </button>
        <input
          ref={file}
          type="file"
          hidden
          tabIndex={-1}
          aria-label="A file with rules"
          onChange={(event) => {
            const chosen = event.target.files?.[0]
            if (chosen) void readFile(chosen)
            event.target.value = ''
          }}
        />
        <button className={css.plain} onClick={() => fromNode(node)}>
          Take those of {node}
        </button>
        {text !== '' && (
          <button className={css.plain} onClick={clear}>
            Clear
          </button>
        )}
      </div>
      <p className={css.quiet}>Nothing leaves this browser: the text is read here, and is gone with the page.</p>
      {busy && <p role="status">Reading the rules</p>}
      {error !== undefined && (
        <p role="alert" className={css.error}>
          {error}
        </p>
      )}
      {loaded && <Summary loaded={loaded} from={from} />}
      {!usable && (
        <section>
          <h3>Or try one</h3>
          <ul className={css.examples}>
            {EXAMPLES.map(([id, title]) => (
              <li key={id}>
                <button onClick={() => example(id, title)}>{title}</button>
              </li>
            ))}
          </ul>
          <p className={css.quiet}>Written by this lab’s own kube-proxy.</p>
        </section>
      )}
    </div>
  )
}

/** A text field with megabytes in it makes a page slow. */
const SHOWN = 200_000

function Summary({ loaded, from }: { loaded: Loaded; from: string }) {
  const { tables, ruleCount, problems, problemCount } = loaded
  return (
    <div className={css.summary}>
      {ruleCount > 0 && (
        <p role="status">
          <b>{ruleCount.toLocaleString('en')} rules</b>{' '}
          {tables
            .filter((table) => table.rules > 0)
            .map((table) => `${table.name} ${table.rules.toLocaleString('en')}`)
            .join(', ')}
          {from && <span className={css.quiet}> ({from})</span>}
        </p>
      )}
      {problems.length > 0 && <Problems problems={problems} count={problemCount} />}
    </div>
  )
}

const WORD = { error: 'Not read', warning: 'Unclear', note: 'Note' } as const

function Problems({ problems, count }: { problems: readonly DumpProblem[]; count: number }) {
  const worst = problems[0]!.severity
  const list = (
    <ul className={css.problems} aria-label="What is wrong with this text">
      {problems.map((problem, i) => (
        <li key={i} data-severity={problem.severity}>
          <b>
            {WORD[problem.severity]}, line {problem.line}
          </b>{' '}
          {problem.message}
        </li>
      ))}
      {count > problems.length && <li>… {(count - problems.length).toLocaleString('en')} more</li>}
    </ul>
  )
  if (worst === 'error' || problems.length < 3) return list
  return (
    <details>
      <summary>
        {count} lines with something to say, {problems.filter((p) => p.severity === 'warning').length} unclear
      </summary>
      {list}
    </details>
  )
}
