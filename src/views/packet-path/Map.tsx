import { Glyph } from '../drawing/Glyph.tsx'
import { elideMiddle, shortPodName } from '../drawing/spell.ts'
import { Reply, Stopped } from './Endings.tsx'
import { ABOVE, BELOW, DIP, FLOOR, GAP, type Placed, TRUNK } from './placed.ts'
import type { Frame, Path } from './select.ts'
import css from './packet-path.module.css'

/** Frames share the width: a host with a branch through nat needs most, a pod least. */
export function place(path: Path, width: number): Placed[] {
  const room = width - 24 - GAP * (path.frames.length - 1)
  const narrow = path.frames.length > 3
  const least = (f: Frame): number => (f.kind !== 'host' ? (narrow ? 104 : 128) : f.branch ? 420 : narrow ? 236 : 300)
  const wanted = path.frames.map(least)
  const spare = Math.max(0, room - wanted.reduce((a, b) => a + b, 0))
  const growing = path.frames.filter((f) => f.kind === 'host').length || path.frames.length
  let x = 12
  return path.frames.map((frame, i) => {
    const grows = frame.kind === 'host' || path.frames.every((f) => f.kind !== 'host')
    const w = wanted[i]! + (grows ? spare / growing : 0)
    const points = new Map<string, { x: number; y: number }>()
    const { stations, branch } = frame
    const at = stations.findIndex((s) => s.id === branch?.hook)
    stations.forEach((station, k) => {
      // With a branch the stations after the nat table stand behind it, at the right.
      const share = branch
        ? k <= at
          ? 0.07 + (at > 0 ? (0.2 * k) / at : 0)
          : 0.7 + (0.23 * (k - at - 1)) / Math.max(1, stations.length - at - 2)
        : (k + 0.5) / stations.length
      points.set(station.id, { x: x + w * share, y: TRUNK })
    })
    if (branch) {
      // the way from the last chain to the rewrite is longer: the other endpoints are listed beside it
      const names = [...branch.chains, 'rewrite']
      const units = (k: number): number => (k === names.length - 1 ? k - 1 + (names.length < 4 ? 2 : 1.3) : k)
      const [from, span] = at > 0 ? [0.34, 0.27] : [0.13, 0.49]
      names.forEach((name, k) =>
        points.set(name, { x: x + w * (from + (span * units(k)) / Math.max(1, units(names.length - 1))), y: DIP }),
      )
    }
    const placed = { frame, x, width: w, points }
    x += w + GAP
    return placed
  })
}

/** The way of one packet as a railway map. Stations are places, so they are ink; what moves is the packet. */
export function PathMap({ path, width, here }: { path: Path; width: number; here: { hop: number; place: string } }) {
  const placed = place(path, width)
  const { packet } = path
  const spot = spotOf(placed, here, packet.state)
  const failed = packet.state !== 'moving' && packet.state !== 'delivered'
  return (
    <svg width={width} height={FLOOR + 12} role="img" aria-label={describe(path)} className={css.map}>
      {placed.map(({ frame, x, width: w }) => (
        <g key={frame.hop}>
          <rect className={css.frame} x={x} y={14} width={w} height={FLOOR - 14} rx={10} />
          <text className={css.title} x={x + 12} y={34}>
            {frame.kind === 'pod' ? shortPodName(frame.title, Math.floor((w - 20) / 7)) : frame.title}
          </text>
          <text
            className={css.mono}
            x={frame.kind === 'host' ? x + w - 12 : x + 12}
            y={frame.kind === 'host' ? 34 : 52}
            textAnchor={frame.kind === 'host' ? 'end' : 'start'}
          >
            {frame.address}
          </text>
        </g>
      ))}
      {path.reply && <Reply placed={placed} path={path} end={failed ? spot : undefined} />}
      {placed.map((p, i) => (
        <Lines
          key={p.frame.hop}
          placed={p}
          next={placed[i + 1]}
          state={i < here.hop ? 'behind' : i > here.hop ? 'ahead' : 'here'}
          spot={spot}
        />
      ))}
      {placed.map((p) => (
        <Stations key={p.frame.hop} placed={p} />
      ))}
      {failed && spot && <Stopped spot={spot} path={path} />}
      {spot && !failed && (
        <g>
          <Glyph plane="packet" x={spot.x} y={spot.y} radius={9.5} halo />
          <path
            className={css.brackets}
            d={`M${spot.x - 17} ${spot.y - 9}v-8h8M${spot.x + 9} ${spot.y - 17}h8v8M${spot.x + 17} ${spot.y + 9}v8h-8M${spot.x - 9} ${spot.y + 17}h-8v-8`}
          />
        </g>
      )}
    </svg>
  )
}

function spotOf(
  placed: readonly Placed[],
  here: { hop: number; place: string },
  state: string,
): { x: number; y: number } | undefined {
  const p = placed[here.hop]
  if (!p) return undefined
  const found = p.points.get(here.place)
  if (found) return found
  const ids = p.frame.stations
  const last = state === 'delivered' ? ids[ids.length - 1] : ids[Math.floor(ids.length / 2)]
  return last && p.points.get(last.id)
}

/** The trunk of one frame, its branch, and the wire to the next frame. */
function Lines({
  placed,
  next,
  state,
  spot,
}: {
  placed: Placed
  next: Placed | undefined
  state: 'behind' | 'here' | 'ahead'
  spot: { x: number; y: number } | undefined
}) {
  const { frame, points } = placed
  const ids = frame.stations.map((s) => points.get(s.id)!)
  const first = ids[0]!
  const last = ids[ids.length - 1]!
  const lines: { d: string; to: number }[] = []
  if (frame.branch) {
    const hook = points.get(frame.branch.hook)!
    const chains = [...frame.branch.chains, 'rewrite'].map((name) => points.get(name)!)
    const start = chains[0]!
    const end = chains[chains.length - 1]!
    const after = frame.stations.findIndex((s) => s.id === frame.branch!.hook) + 1
    const back = ids[after] ?? last
    const mid = (hook.x + start.x) / 2
    const mid2 = (end.x + back.x) / 2
    if (hook !== first) lines.push({ d: `M${first.x} ${TRUNK}H${hook.x}`, to: hook.x })
    lines.push({ d: `M${hook.x} ${TRUNK}C${mid} ${TRUNK} ${mid} ${DIP} ${start.x} ${DIP}H${end.x}`, to: end.x })
    lines.push({ d: `M${end.x} ${DIP}C${mid2} ${DIP} ${mid2} ${TRUNK} ${back.x} ${TRUNK}H${last.x}`, to: last.x })
  } else lines.push({ d: `M${first.x} ${TRUNK}H${last.x}`, to: last.x })
  if (next) {
    const entry = next.points.get(next.frame.stations[0]!.id)!
    lines.push({ d: `M${last.x} ${TRUNK}H${entry.x}`, to: entry.x })
  }
  const done = (to: number): boolean =>
    state === 'behind' || (state === 'here' && spot !== undefined && spot.x >= to - 1)
  return (
    <g>
      {frame.branch && (
        <>
          <path className={css.straight} d={`M${points.get(frame.branch.hook)!.x} ${TRUNK}H${last.x}`} />
          <text
            className={css.quiet}
            x={(points.get(frame.branch.hook)!.x + last.x) / 2 - 30}
            y={TRUNK - 8}
            textAnchor="middle"
          >
            {frame.branch.table === 'nat' || frame.branch.table.includes('/') ? 'a known flow skips this table' : ''}
          </text>
        </>
      )}
      {lines.map(({ d, to }, i) => (
        <path key={i} className={done(to) ? css.travelled : css.way} d={d} />
      ))}
      {state === 'here' && spot && <PartWay frame={frame} points={points} spot={spot} />}
    </g>
  )
}

/** What of the present frame lies behind the packet, up to where it stands. */
function PartWay({ frame, points, spot }: { frame: Frame; points: Placed['points']; spot: { x: number; y: number } }) {
  const first = points.get(frame.stations[0]!.id)!
  if (!frame.branch || spot.y === TRUNK) {
    if (!frame.branch || spot.x <= points.get(frame.branch.hook)!.x)
      return <path className={css.travelled} d={`M${first.x} ${TRUNK}H${spot.x}`} />
    const end = points.get('rewrite')!
    const after = frame.stations.findIndex((s) => s.id === frame.branch!.hook) + 1
    const back = points.get(frame.stations[after]!.id)!
    const mid2 = (end.x + back.x) / 2
    return (
      <path
        className={css.travelled}
        d={`M${end.x} ${DIP}C${mid2} ${DIP} ${mid2} ${TRUNK} ${back.x} ${TRUNK}H${spot.x}`}
      />
    )
  }
  const hook = points.get(frame.branch.hook)!
  const start = points.get(frame.branch.chains[0] ?? 'rewrite')!
  const mid = (hook.x + start.x) / 2
  return (
    <path
      className={css.travelled}
      d={`M${first.x} ${TRUNK}H${hook.x}C${mid} ${TRUNK} ${mid} ${DIP} ${start.x} ${DIP}H${spot.x}`}
    />
  )
}

function Stations({ placed }: { placed: Placed }) {
  const { frame, points } = placed
  const { branch } = frame
  const fan = branch?.fan
  const from = fan && points.get(fan.chain)
  const to = points.get('rewrite')
  // The chain at which the branch begins chooses, too: its name stands below it.
  const alone = fan !== undefined && fan.chain === branch?.chains[0]
  return (
    <g>
      {frame.stations.map((station, i) => {
        const { x } = points.get(station.id)!
        // Names beside each other stand above and below by turns, so that they never touch.
        const hookAt = branch ? frame.stations.findIndex((s) => s.id === branch.hook) : -1
        const above = frame.kind === 'host' && i % 2 === (branch && i > hookAt ? (hookAt + 1) % 2 : 0)
        const first = i === 0 && frame.kind === 'host'
        const last = frame.kind === 'host' && i === frame.stations.length - 1
        return (
          <g key={station.id}>
            <circle className={css.station} cx={x} cy={TRUNK} r={6} />
            <text
              className={css.mono}
              x={first ? x - 8 : last ? x + 12 : x}
              y={above || first || frame.kind !== 'host' ? TRUNK - ABOVE : TRUNK + BELOW}
              textAnchor={first ? 'start' : last ? 'end' : 'middle'}
            >
              {station.name}
            </text>
          </g>
        )
      })}
      {from && to && fan && fan.endpoints.length > 1 && <Spread from={from} fan={fan} />}
      {branch?.chains.map((name, i) => {
        const { x } = points.get(name)!
        const chosen = fan !== undefined && i === branch.chains.indexOf(fan.chain) + 1
        const below = !chosen && (i === 1 || fan?.chain === name)
        return (
          <g key={name}>
            <circle className={css.station} cx={x} cy={DIP} r={6} />
            <text
              className={chosen ? css.bold : css.mono}
              x={below ? x + 8 : i === 0 ? x - 4 : x}
              y={chosen || !below ? DIP - ABOVE : DIP + BELOW + (i > 1 ? 16 : 0)}
              textAnchor={below ? 'end' : i === 0 && !chosen ? 'start' : 'middle'}
            >
              <title>{name}</title>
              {chosen ? (fan.endpoints[fan.chosen] ?? elideMiddle(name, 16)) : elideMiddle(name, 16)}
            </text>
          </g>
        )
      })}
      {to && branch && (
        <>
          <text className={css.dnat} x={to.x + 16} y={DIP + BELOW}>
            DNAT {branch.rewrite}
          </text>
          <text
            className={css.quiet}
            x={points.get(branch.chains[0] ?? 'rewrite')!.x + (alone ? 8 : -6)}
            y={DIP + 44}
            textAnchor={alone ? 'end' : 'start'}
          >
            {TABLE_WORDS[branch.table] ?? branch.table}
          </text>
        </>
      )}
    </g>
  )
}

/** The other endpoints that the Service could have chosen, at most two on each side. */
function Spread({
  from,
  fan,
}: {
  from: { x: number; y: number }
  fan: NonNullable<NonNullable<Frame['branch']>['fan']>
}) {
  const others = fan.endpoints.flatMap((address, i) => (i === fan.chosen ? [] : [{ address, above: i < fan.chosen }]))
  const rows = [
    ...others
      .filter((o) => o.above)
      .slice(-2)
      .reverse(),
    ...others.filter((o) => !o.above).slice(0, 2),
  ]
  const more = others.length - rows.length
  let up = 0
  let down = 0
  return (
    <g>
      {rows.map(({ address, above }, k) => {
        const y = above ? DIP - 24 - 16 * ++up : DIP + 8 + 16 * ++down
        const last = k === rows.length - 1 && more > 0
        return (
          <g key={address}>
            <path
              className={css.other}
              d={`M${from.x} ${DIP}C${from.x + 16} ${DIP} ${from.x + 8} ${y} ${from.x + 22} ${y}`}
            />
            <text className={css.faint} x={from.x + 27} y={y + 4}>
              {address}
              {last ? `, and ${more} more` : ''}
            </text>
          </g>
        )
      })}
    </g>
  )
}

const TABLE_WORDS: Readonly<Record<string, string>> = {
  nat: 'table nat',
  'ip/kube-proxy': 'nft, table ip kube-proxy',
  ipvs: 'IPVS',
  bpf: 'BPF maps',
}

function describe(path: Path): string {
  return `The way of the packet ${path.packet.what}: ${path.frames.map((frame) => frame.title).join(', then ')}. It is ${path.packet.state}.`
}
