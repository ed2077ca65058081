import css from './modes.module.css'

export interface Series {
  readonly name: string
  readonly stroke: { readonly width: number; readonly dash?: string }
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Seen, not computed: a hollow circle at each point. */
  readonly measured?: boolean
}

interface ChartProps {
  readonly title: string
  readonly unit: string
  readonly width: number
  readonly height: number
  readonly y: readonly [from: number, to: number]
  readonly now: number
  readonly series: readonly Series[]
  readonly note?: readonly string[]
}

const LEFT = 34
const RIGHT = 100
const TOP = 8
const BOTTOM = 20
const X: readonly [number, number] = [1, 10_000]

const short = (n: number): string => (n >= 1_000_000 ? `${n / 1_000_000}M` : n >= 1_000 ? `${n / 1_000}k` : String(n))
const decades = ([from, to]: readonly [number, number]): number[] => {
  const out: number[] = []
  for (let n = from; n <= to * 1.001; n *= 10) out.push(n)
  return out
}

/** Both axes logarithmic. Lines are named where they end; the rule stands at the number of Services. */
export function Chart({ title, unit, width, height, y, now, series, note }: ChartProps) {
  const place = (n: number, [from, to]: readonly [number, number]): number =>
    Math.log10(Math.max(n, from) / from) / Math.log10(to / from)
  const px = (n: number): number => LEFT + place(n, X) * (width - LEFT - RIGHT)
  const py = (n: number): number => height - BOTTOM - Math.min(1, place(n, y)) * (height - TOP - BOTTOM)
  const labels = spread(
    series.flatMap((one) => {
      const end = one.points[one.points.length - 1]
      return end ? [{ name: one.name, y: py(end[1]), x: px(end[0]) }] : []
    }),
    15,
    TOP + 4,
    height - BOTTOM + 4,
  )
  return (
    <figure className={css.chart}>
      <figcaption>
        <b>{title}</b> <span>{unit}</span>
      </figcaption>
      <svg width={width} height={height} role="img" aria-label={`${title}, ${unit}: ${series.map(sayEnd).join('; ')}`}>
        {decades(y).map((n) => (
          <g key={n}>
            <path className={css.grid} d={`M${LEFT} ${py(n)}H${width - RIGHT}`} />
            <text className={css.tick} x={LEFT - 6} y={py(n) + 4} textAnchor="end">
              {short(n)}
            </text>
          </g>
        ))}
        {decades(X).map((n) => (
          <g key={n}>
            <path className={css.grid} d={`M${px(n)} ${TOP}V${height - BOTTOM}`} />
            <text className={css.tick} x={px(n)} y={height - 4} textAnchor="middle">
              {short(n)}
            </text>
          </g>
        ))}
        {note?.map((line, i) => (
          <text key={line} className={css.chartNote} x={px(10)} y={py(y[1]) + 34 + i * 16} textAnchor="middle">
            {line}
          </text>
        ))}
        <path className={css.nowLine} d={`M${px(now)} ${TOP}V${height - BOTTOM}`} />
        {series.map((one) => (
          <path
            key={one.name}
            className={css.line}
            strokeWidth={one.stroke.width}
            strokeDasharray={one.stroke.dash}
            d={one.points.map(([x, v], i) => `${i === 0 ? 'M' : 'L'}${px(x).toFixed(1)} ${py(v).toFixed(1)}`).join('')}
          />
        ))}
        {series.map(
          (one) =>
            one.measured &&
            one.points.map(([x, v]) => (
              <circle key={`${one.name} ${x}`} className={css.measured} cx={px(x)} cy={py(v)} r={3.5} />
            )),
        )}
        {labels.map((label) => (
          <text key={label.name} className={css.lineName} x={label.x + 8} y={label.y + 4}>
            {label.name}
          </text>
        ))}
      </svg>
    </figure>
  )
}

const sayEnd = ({ name, points }: Series): string => {
  const end = points[points.length - 1]
  return end ? `${name} ${Math.round(end[1])} at ${end[0]} Services` : name
}

/** Labels that would touch are moved apart, in their order. */
function spread<T extends { readonly y: number }>(labels: readonly T[], gap: number, top: number, bottom: number): T[] {
  const sorted = [...labels].sort((a, b) => a.y - b.y).map((label) => ({ ...label }))
  for (let i = 1; i < sorted.length; i++)
    if (sorted[i]!.y < sorted[i - 1]!.y + gap) sorted[i] = { ...sorted[i]!, y: sorted[i - 1]!.y + gap }
  const over = (sorted[sorted.length - 1]?.y ?? 0) - bottom
  if (over > 0)
    for (let i = sorted.length - 1; i >= 0; i--) {
      const most = i === sorted.length - 1 ? bottom : sorted[i + 1]!.y - gap
      if (sorted[i]!.y > most) sorted[i] = { ...sorted[i]!, y: Math.max(top, most) }
    }
  return sorted
}
