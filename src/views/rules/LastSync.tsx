import { useEffect, useState } from 'react'
import { theLab } from '../../lab/client.ts'
import type { SyncCause, SyncNote } from '../../lab/protocol.ts'
import type { Micros, Replica, Selection } from '../contract.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { spellSpan } from '../drawing/spell.ts'
import css from './rules.module.css'

const SYNCS = 12

/** The syncs of the node's kube-proxy, newest first; asked again whenever it has written. */
function useSyncs(replica: Replica, node: string): readonly SyncNote[] {
  const [notes, setNotes] = useState<{ node: string; list: readonly SyncNote[] }>({ node: '', list: [] })
  const proxy = replica.get('kubeProxies', node)
  const wrote = `${proxy?.syncs} ${proxy?.busy} ${proxy?.since} ${replica.branch}`
  useEffect(() => {
    let gone = false
    theLab()
      .ask<SyncNote[]>({ q: 'syncs', node, limit: SYNCS })
      .then(
        (list) => !gone && setNotes({ node, list }),
        () => undefined,
      )
    return () => {
      gone = true
    }
  }, [node, wrote])
  return notes.node === node ? notes.list : []
}

/** What kube-proxy wrote, and the endpoint or Service that caused it. */
export function LastSync({
  replica,
  node,
  now,
  onWhy,
}: {
  replica: Replica
  node: string
  now: Micros
  onWhy: (selection: Selection) => void
}) {
  const notes = useSyncs(replica, node)
  const [held, setHeld] = useState<number>()
  const note = notes.find((one) => one.event === held) ?? notes[0]
  return (
    <aside className={css.diff} aria-label="The last write" tabIndex={0}>
      <div className={css.diffHead}>
        <h3>
          {note && note !== notes[0] ? 'An earlier sync' : 'Last sync'}, {node}
        </h3>
        {note && (
          <span className={css.counts}>
            +{note.addedCount} −{note.removedCount} {note.unit}
          </span>
        )}
      </div>
      {note ? (
        <>
          {notes.length > 1 && (
            <label className={css.syncs}>
              <span className={css.unseen}>Which sync</span>
              <select value={note.event} onChange={(event) => setHeld(Number(event.target.value))}>
                {notes.map((one) => (
                  <option key={one.event} value={one.event}>
                    {spellSpan(Math.max(0, now - one.at))} ago: +{one.addedCount} −{one.removedCount}
                    {one.full ? ', all of it' : ''}
                  </option>
                ))}
              </select>
            </label>
          )}
          {note.causes.length === 0 && (
            <p>{note.full ? 'Its first write: everything it had been told of.' : 'No news caused it.'}</p>
          )}
          <ul className={css.causes}>
            {note.causes.map((cause) => (
              <li key={`${cause.event} ${cause.address}`}>
                <InlineGlyph plane="api" />
                <span>{says(cause)}</span>
                <button onClick={() => onWhy({ kind: 'event', event: cause.event })}>Why?</button>
              </li>
            ))}
          </ul>
          <pre tabIndex={0} aria-label="Lines of this sync">
            {note.removed.map((line, i) => (
              <span key={`r${i}`} className={css.minus}>
                − {line}
                {'\n'}
              </span>
            ))}
            {note.added.map((line, i) => (
              <span key={`a${i}`} className={css.plus}>
                + {line}
                {'\n'}
              </span>
            ))}
          </pre>
          {note.addedCount + note.removedCount > note.added.length + note.removed.length && (
            <p>
              … {note.addedCount + note.removedCount - note.added.length - note.removed.length} more {note.unit}, not
              kept.
            </p>
          )}
        </>
      ) : (
        <p>kube-proxy has written nothing here that is still remembered.</p>
      )}
    </aside>
  )
}

function says({ resource, name, namespace, type, address, change }: SyncCause) {
  const where = namespace === '' ? '' : ` in ${namespace}`
  if (address !== undefined)
    return (
      <>
        <b>{address}</b> {change === 'came' ? 'became ready in' : 'left'} EndpointSlice {name}
        {where}
      </>
    )
  const kind = resource === 'endpointslices' ? 'EndpointSlice' : resource === 'services' ? 'Service' : 'Node'
  const what = type === 'ADDED' ? 'is new' : type === 'DELETED' ? 'is gone' : 'changed'
  return (
    <>
      {kind} <b>{name}</b>
      {where} {what}
    </>
  )
}
