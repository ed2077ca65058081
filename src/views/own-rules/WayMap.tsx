import { useId } from 'react'
import type { Way } from '../../lab/rules-protocol.ts'
import { Cross, Glyph } from '../drawing/Glyph.tsx'
import { fits, textWidth } from '../drawing/spell.ts'
import { dipsOf, standsAt, type Dip } from './select.ts'
import css from './own-rules.module.css'

const TRUNK = 66
const DIP = 136
const HEIGHT = 178
const ENTRY = 46
const EXIT = 34
/** From the trunk down into a table, and up again. */
const BEND = 34

interface PlacedDip extends Dip {
  readonly x: number
  readonly width: number
  readonly shown: readonly { readonly name: string; readonly x: number }[]
}
interface Place {
  readonly hook: string
  readonly x: number
  readonly dips: readonly PlacedDip[]
}

/** The node's hooks as a line that dips into the tables; the packet stands where the chosen rule is. */
export function WayMap({ way, cursor, width }: { way: Way; cursor: number | undefined; width: number }) {
  const clip = useId()
  const places = placesOf(way, width)
  const { hook, step } = standsAt(way, cursor)
  const atEnd = cursor === undefined
  const accepted = way.verdict === 'ACCEPT'
  const stop = stopOf(places, way, width)
  const spot = atEnd
    ? accepted
      ? { x: width - 18, y: TRUNK }
      : stop
    : (spotOf(places, hook, step?.table, step?.chain) ?? { x: ENTRY, y: TRUNK })
  const d = route(places, width - 12)
  return (
    <svg
      width={width}
      height={HEIGHT}
      role="img"
      className={css.map}
      aria-label={`The packet passes ${way.hooks.join(', ')}; ${way.compared} rules compared`}
    >
      <defs>
        <clipPath id={clip}>
          <rect x={0} y={0} width={spot.x} height={HEIGHT} />
        </clipPath>
      </defs>
      <rect className={css.frame} x={26} y={12} width={width - 52} height={HEIGHT - 20} rx={10} />
      <text className={css.mapTitle} x={38} y={31}>
        the node that printed this
      </text>
      {places.map((place) => (
        <g key={place.hook}>
          {place.dips.map((dip) => (
            <g key={dip.table}>
              <rect className={css.table} x={dip.x} y={DIP - 34} width={dip.width} height={62} rx={8} />
              <text className={css.tableName} x={dip.x + 10} y={DIP - 18}>
                {head(dip.table, fits(dip.width - 16))}
              </text>
            </g>
          ))}
        </g>
      ))}
      <path className={css.straight} d={`M${places[0]?.x ?? ENTRY} ${TRUNK}H${width - 12}`} />
      <path className={css.ahead} d={d} />
      <path className={css.travelled} d={d} clipPath={`url(#${clip})`} />
      {places.map((place) => (
        <g key={place.hook}>
          <circle className={css.station} cx={place.x} cy={TRUNK} r={6} />
          <text className={css.hookName} x={place.x - 6} y={TRUNK - 13}>
            {place.hook}
          </text>
          {place.dips.map((dip) =>
            dip.shown.map(({ name, x }) => (
              <g key={`${dip.table} ${name}`}>
                <circle className={css.chainDot} cx={x} cy={DIP} r={4} />
                <text className={css.chainName} x={x - 4} y={DIP + 18}>
                  {head(name, 13)}
                </text>
              </g>
            )),
          )}
        </g>
      ))}
      {!accepted && atEnd && (
        <g>
          {way.verdict === 'REJECT' && <path className={css.answer} d={`M${stop.x} ${stop.y - 12}V46H8`} />}
          <circle className={css.stop} cx={stop.x} cy={stop.y} r={13} />
          <Cross x={stop.x} y={stop.y} half={7} />
          <text
            className={css.failedWord}
            x={Math.min(stop.x + 20, width - 86)}
            y={stop.y === TRUNK ? TRUNK + 22 : stop.y - 10}
          >
            {way.verdict === 'DROP' ? 'dropped' : 'rejected'}
          </text>
        </g>
      )}
      {(accepted || !atEnd) && <Glyph plane="packet" x={spot.x} y={spot.y} radius={9.5} halo />}
    </svg>
  )
}

/** Chains have long names whose beginning says what they are. */
const head = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`

const NAME = textWidth('KUBE-SVC-ABCD…', 12, true)

function placesOf(way: Way, width: number): Place[] {
  const dips = dipsOf(way)
  // a chain wants room for its name; a hook without rules for its own
  const wants = (dip: Dip): number => 28 + Math.max(1, Math.min(dip.chains.length, 4)) * NAME
  const least = way.hooks.map((hook) => {
    const mine = dips.filter((dip) => dip.hook === hook)
    return mine.length === 0 ? 96 : mine.reduce((sum, dip) => sum + wants(dip) + BEND * 2, 0)
  })
  const total = least.reduce((a, b) => a + b, 0)
  const scale = (width - ENTRY - EXIT) / Math.max(1, total)
  let x = ENTRY
  return way.hooks.map((hook, i) => {
    const mine = dips.filter((dip) => dip.hook === hook)
    let at = x + BEND
    const placed = mine.map((dip) => {
      const room = Math.max(36, (wants(dip) + BEND * 2) * scale - BEND * 1.5)
      const shown = chainsShown(dip, at, room)
      const out = { ...dip, x: at, width: room, shown }
      at += room + BEND * 1.5
      return out
    })
    const place = { hook, x: x + (mine.length === 0 ? 24 : 8), dips: placed }
    x += least[i]! * scale
    return place
  })
}

/** As many chains as there is room for: the first, and those that lead to the end. */
function chainsShown(dip: Dip, x: number, width: number): { name: string; x: number }[] {
  const names = dip.chains.length === 0 ? [dip.hook] : dip.chains
  const many = Math.max(1, Math.floor((width - 10) / (NAME * 0.92)))
  const kept =
    names.length <= many
      ? names
      : many === 1
        ? [names[names.length - 1]!]
        : [names[0]!, ...names.slice(names.length - many + 1)]
  const each = (width - 20) / kept.length
  return kept.map((name, i) => ({ name, x: x + 14 + i * each }))
}

function route(places: readonly Place[], end: number): string {
  let d = `M4 ${TRUNK}`
  for (const place of places) {
    d += `H${place.x}`
    for (const dip of place.dips) {
      const from = Math.max(place.x, dip.x - BEND * 0.8)
      const mid = (from + dip.x + 12) / 2
      const out = dip.x + dip.width
      d += `H${from}C${mid} ${TRUNK} ${mid} ${DIP} ${dip.x + 12} ${DIP}H${out - 6}C${out + 6} ${DIP} ${out + 2} ${TRUNK} ${out + BEND / 2} ${TRUNK}`
    }
  }
  return `${d}H${end}`
}

/** Where the rule stands that ended it; a policy stands at the end of its table. */
function stopOf(places: readonly Place[], way: Way, width: number): { x: number; y: number } {
  const place = places[places.length - 1]
  if (!place) return { x: width / 2, y: TRUNK }
  const { stoppedBy } = way
  const dip = place.dips.find((one) => one.table === stoppedBy?.table) ?? place.dips[place.dips.length - 1]
  if (!dip) return { x: place.x + 44, y: TRUNK }
  const at = stoppedBy && stoppedBy.rule > 0 ? spotOf(places, place.hook, dip.table, stoppedBy.chain) : undefined
  return at && at.y === DIP
    ? { x: Math.min(at.x + 30, dip.x + dip.width - 12), y: DIP }
    : { x: dip.x + dip.width - 12, y: DIP }
}

function spotOf(
  places: readonly Place[],
  hook: string,
  table: string | undefined,
  chain: string | undefined,
): { x: number; y: number } | undefined {
  const place = places.find((p) => p.hook === hook)
  const dip = place?.dips.find((d) => d.table === table)
  if (!place || !dip) return place && { x: place.x, y: TRUNK }
  const shown = dip.shown.find((one) => one.name === chain)
  if (shown) return { x: shown.x, y: DIP }
  const at = chain === undefined ? -1 : dip.chains.indexOf(chain)
  if (at < 0) return { x: place.x, y: TRUNK }
  return { x: dip.x + 14 + ((dip.width - 28) * at) / Math.max(1, dip.chains.length - 1), y: DIP }
}
