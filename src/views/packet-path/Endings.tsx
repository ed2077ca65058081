import { Glyph } from '../drawing/Glyph.tsx'
import { type Placed, REPLY, TRUNK } from './placed.ts'
import type { Path } from './select.ts'
import css from './packet-path.module.css'

/** Where the packet ended, and what its sender hears of it: nothing, or a refusal that travels back at once. */
export function Stopped({ spot, path }: { spot: { x: number; y: number }; path: Path }) {
  const { packet, flow } = path
  const told = packet.state === 'rejected' ? (path.reply?.what ?? 'refused') : undefined
  const words =
    told === undefined
      ? `${packet.state}, nobody is told${flow.tries > 0 ? `; sent ${flow.tries + 1} times` : ''}`
      : told
  return (
    <g className={css.failed} transform={`translate(${spot.x} ${spot.y})`}>
      <circle r={13} />
      <path d="M-6 -6L6 6M6 -6L-6 6" />
      {/* Below the name of the station; beside the line on which the refusal goes back, where there is one. */}
      <text x={told === undefined ? 0 : 10} y={50} textAnchor={told === undefined ? 'middle' : 'start'}>
        {words}
      </text>
    </g>
  )
}

/** `end`: where the packet was refused; the answer starts there. */
export function Reply({
  placed,
  path,
  end,
}: {
  placed: readonly Placed[]
  path: Path
  end: { x: number; y: number } | undefined
}) {
  const first = placed[0]
  const last = placed[placed.length - 1]
  if (!first || !last || !path.reply || placed.length < 2) return null
  const from = end ?? last.points.get(last.frame.stations[last.frame.stations.length - 1]!.id)!
  const to = first.points.get(first.frame.stations[0]!.id)!
  const middle = (from.x + to.x) / 2
  const words = replyWords(path)
  return (
    <g className={css.reply}>
      <path
        d={`M${from.x} ${TRUNK + 10}V${REPLY - 10}Q${from.x} ${REPLY} ${from.x - 10} ${REPLY}H${to.x + 10}Q${to.x} ${REPLY} ${to.x} ${REPLY - 10}V${TRUNK + 10}`}
      />
      {[0.25, 0.75].map((share) => (
        <Glyph key={share} plane="packet" state="hollow" x={to.x + (from.x - to.x) * share} y={REPLY} heading={180} />
      ))}
      <rect
        className={css.tag}
        x={middle - words.length * 3.4 - 10}
        y={REPLY - 11}
        width={words.length * 6.8 + 20}
        height={22}
        rx={11}
      />
      <text x={middle} y={REPLY + 4} textAnchor="middle">
        {words}
      </text>
    </g>
  )
}

/** Who undoes what was rewritten on the way there. */
function replyWords({ reply, flow }: Path): string {
  const nats = reply!.hops.flatMap((hop) =>
    hop.nat.filter((nat) => nat.kind.startsWith('un-')).map((nat) => ({ hop, nat })),
  )
  if (nats.length === 0)
    return flow.socketLb ? 'reply: nothing to undo, the socket knows the backend' : `reply: ${reply!.what}`
  const by = new Set(
    nats.map(
      ({ hop, nat }) =>
        hop.trace?.passes.find((p) => p.hook === nat.hook && /^(ipvs|bpf)$/.test(p.table))?.table ?? 'conntrack',
    ),
  )
  const who = [...by].map((name) => ({ ipvs: 'IPVS', bpf: 'a BPF program' })[name] ?? name).join(' and ')
  return `reply: ${who} undoes the rewrite`
}
