import type { Packet } from '../../model/linux/netfilter/packet.ts'
import type { ConntrackRecord } from '../../model/tables.ts'
import { InlineClock } from '../drawing/Clock.tsx'
import type { Micros, Replica } from '../contract.ts'
import { endpointRules, type Path } from './select.ts'
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
  const first = path.packet.header
  const current = step?.after ?? path.packet.now
  return (
    <aside className={css.details} aria-label="The packet in hand" tabIndex={0}>
      <Headers before={first} after={current} what={path.packet.what} />
      <Chance path={path} step={step} replica={replica} />
      <Tracked path={path} step={step} replica={replica} now={now} />
    </aside>
  )
}

const FIELDS: readonly (readonly [name: string, of: (p: Packet) => string])[] = [
  ['src', (p) => p.src],
  ['sport', (p) => String(p.sport)],
  ['dst', (p) => p.dst],
  ['dport', (p) => String(p.dport)],
  ['mark', (p) => `0x${(p.mark ?? 0).toString(16)}`],
]

function Headers({ before, after, what }: { before: Packet; after: Packet; what: string }) {
  return (
    <table className={css.headers}>
      <caption>
        {before.proto.toUpperCase()} {what}
      </caption>
      <thead>
        <tr>
          <td />
          <th scope="col">as sent</th>
          <th scope="col">here</th>
        </tr>
      </thead>
      <tbody>
        {FIELDS.map(([name, of]) => {
          const changed = of(before) !== of(after)
          return (
            <tr key={name} data-changed={changed}>
              <th scope="row">{name}</th>
              <td>{changed ? <s>{of(before)}</s> : of(before)}</td>
              <td>{of(after)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

const WIDTH = 268

/** A cascade whose areas are equal: each rule takes its share of what the rules before have left. */
function Chance({ path, step, replica }: { path: Path; step: PathStep | undefined; replica: Replica }) {
  const frame = path.frames.find((f) => f.branch?.fan && (step === undefined || f.hop <= step.hop))
  const fan = frame?.branch?.fan
  const node = fan && path.packet.hops[frame!.hop]?.node
  const rules = fan ? endpointRules(replica.get('chains', `${node}|nat|${fan.chain}`)?.rules ?? []) : []
  if (!fan || rules.length < 2 || rules.length > 12) return null
  const share = WIDTH / rules.length
  return (
    <section>
      <h3>Chance</h3>
      <p>
        {rules.length} rules, {rules.length} equal areas. Each takes its part of what is left.
      </p>
      <svg
        width={WIDTH}
        height={rules.length * 22 + 22}
        role="img"
        aria-label={`Endpoints ${rules.map((r) => r.address).join(', ')}; chosen: ${rules[fan.chosen]?.address ?? 'none'}`}
      >
        {rules.map((rule, i) => {
          const x = i * share
          const y = i * 22
          const taken = i === fan.chosen
          const reached = i <= fan.chosen
          return (
            <g key={rule.chain}>
              <rect className={css.rest} x={x} y={y} width={WIDTH - x} height={18} />
              <rect
                className={taken ? css.taken : reached ? css.missed : css.open}
                x={x}
                y={y}
                width={share}
                height={18}
              />
              <text className={taken ? css.onTaken : css.odds} x={x + share / 2} y={y + 13} textAnchor="middle">
                {i === rules.length - 1 ? 'all' : `1/${rules.length - i}`}
              </text>
              {taken && <path className={css.drop} d={`M${x + share / 2} ${y + 20}V${rules.length * 22 + 4}`} />}
            </g>
          )
        })}
        <text
          className={css.chosen}
          x={Math.min(WIDTH - 62, Math.max(62, (fan.chosen + 0.5) * share))}
          y={rules.length * 22 + 18}
          textAnchor="middle"
        >
          {rules[fan.chosen]?.address}
        </text>
      </svg>
    </section>
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
  const hop = path.packet.hops[step?.hop ?? path.packet.hops.findIndex((h) => h.netns === '')]
  const node = hop?.netns === '' ? hop.node : path.packet.hops.find((h) => h.netns === '')?.node
  if (node === undefined) return null
  const entry = entryOf(path, node, replica)
  return (
    <section>
      <h3>conntrack on {node}</h3>
      {entry ? (
        <>
          <p className={css.tuple}>
            {entry.orig.proto} {entry.state ?? ''} {entry.assured ? '[ASSURED]' : entry.seenReply ? '' : '[UNREPLIED]'}
          </p>
          <p className={css.tuple}>
            → {entry.orig.src}:{entry.orig.sport} to {entry.orig.dst}:{entry.orig.dport}
          </p>
          <p className={css.tuple}>
            ← {entry.reply.src}:{entry.reply.sport} to {entry.reply.dst}:{entry.reply.dport}
          </p>
          {entry.expiresAt > now && (
            <p className={css.clock}>
              <InlineClock since={entry.expiresAt - entry.timeoutSeconds * 1e6} until={entry.expiresAt} />
              Forgotten in {Math.ceil((entry.expiresAt - now) / 1e6)} s, unless a packet comes.
            </p>
          )}
        </>
      ) : (
        <p>No entry at this moment: the flow is not known here.</p>
      )}
    </section>
  )
}

function entryOf(path: Path, node: string, replica: Replica): ConntrackRecord | undefined {
  const { proto, src, sport, dst, dport } = path.flow
  const id = `${node}|${proto} ${src}:${sport}>${dst}:${dport}`
  return replica.get('conntrack', id)
}
