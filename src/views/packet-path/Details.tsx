import { InlineClock } from '../drawing/Clock.tsx'
import type { Micros, Replica } from '../contract.ts'
import { Headers } from './Headers.tsx'
import { Lens } from './Lens.tsx'
import type { Path } from './select.ts'
import { trackedAt } from './tracked.ts'
import type { PathStep } from './steps.ts'
import css from './packet-path.module.css'

/** Beside the map: the headers before and after, the chance still in play, the entry in the connection table. */
export function Details({
  path,
  step,
  replica,
  now,
}: {
  path: Path
  step: PathStep | undefined
  replica: Replica
  now: Micros
}) {
  const lb = path.packet.way === 'request' ? path.flow.socketLb : undefined
  const first = lb ? { ...path.packet.header, dst: lb.ip, dport: lb.port } : path.packet.header
  const current = step?.after ?? path.packet.now
  return (
    <aside className={css.details} aria-label="The packet in hand" tabIndex={0}>
      <Headers before={first} after={current} what={path.packet.what} begin={lb ? 'as asked' : 'as sent'} />
      <Lens path={path} step={step} replica={replica} />
      <Tracked path={path} step={step} replica={replica} now={now} />
    </aside>
  )
}

function Tracked({
  path,
  step,
  replica,
  now,
}: {
  path: Path
  step: PathStep | undefined
  replica: Replica
  now: Micros
}) {
  const known = trackedAt(path, step, replica)
  if (!known) return null
  const { node, orig, reply, entry, confirmed } = known
  return (
    <section>
      <h3>conntrack on {node}</h3>
      {orig && reply ? (
        <>
          <p className={css.tuple}>
            {orig.proto}{' '}
            {confirmed && entry
              ? `${entry.state ?? ''} ${entry.assured ? '[ASSURED]' : entry.seenReply ? '' : '[UNREPLIED]'}`
              : 'not yet confirmed'}
          </p>
          <p className={css.tuple}>
            → {orig.src}:{orig.sport} to {orig.dst}:{orig.dport}
          </p>
          <p className={css.tuple}>
            ← {reply.src}:{reply.sport} to {reply.dst}:{reply.dport}
          </p>
          {confirmed && entry && entry.expiresAt > now ? (
            <p className={css.clock}>
              <InlineClock since={entry.expiresAt - entry.timeoutSeconds * 1e6} until={entry.expiresAt} />
              Forgotten in {Math.ceil((entry.expiresAt - now) / 1e6)} s, unless a packet comes.
            </p>
          ) : (
            <p>It belongs to this packet alone until the packet has left the last hook.</p>
          )}
        </>
      ) : (
        <p>No entry at this moment: the flow is not known here.</p>
      )}
    </section>
  )
}
