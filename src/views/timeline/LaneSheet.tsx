/** Lanes, arrows, open calls, the way of the causes. */
import { Brackets, Glyph, planeClass } from '../drawing/Glyph.tsx'
import { ofActor, ofEvent } from '../drawing/selection.ts'
import { Thing } from '../drawing/Stage.tsx'
import { fromTo } from '../words/narrate-event.ts'
import type { Arrow, TimelinePicture } from './select.ts'
import { ticks, type Stretch } from './window.ts'
import css from './timeline.module.css'

export function LaneSheet({ picture, stretch, now }: { picture: TimelinePicture; stretch: Stretch; now: number }) {
  const { left, right, top, bottom } = picture
  const x = (at: number): number => left + ((at - stretch.from) / (stretch.to - stretch.from)) * (right - left)
  const axisY = top - 6
  const nowX = x(now)
  const ends = nowX < right ? nowX : right
  const tight = picture.lanes.length > 1 && picture.lanes[1]!.y - picture.lanes[0]!.y < 36
  return (
    <>
      <path d={`M${left} ${axisY}H${right}`} className={css.lane} />
      {ticks(stretch, Math.max(2, Math.floor((right - left) / 130))).map((tick) => (
        <g key={tick.at}>
          <path d={`M${x(tick.at).toFixed(1)} ${axisY}V${bottom}`} className={css.hair} />
          <text x={x(tick.at)} y={axisY - 7} textAnchor="middle" className={`${css.mono} ${css.ink3}`}>
            {tick.label}
          </text>
        </g>
      ))}
      {picture.lanes.map((lane) => (
        <g key={lane.actor}>
          <path d={`M${left} ${lane.y}H${ends}`} className={css.lane} />
          <Thing
            select={ofActor(lane.actor)}
            name={`${lane.name} ${lane.place}`}
            box={{ x: 8, y: lane.y - 13, width: left - 16, height: 26, radius: 4 }}
            brackets={false}
          >
            <text x="16" y={lane.place === '' || tight ? lane.y + 4 : lane.y - 1} className={css.title13}>
              {lane.name}
            </text>
            {lane.place !== '' &&
              (tight ? (
                <text x={left - 10} y={lane.y + 4} textAnchor="end" className={css.ink3}>
                  {lane.place.replace(/^worker-/, 'w-').slice(0, 6)}
                </text>
              ) : (
                <text x="16" y={lane.y + 13} className={css.ink3}>
                  {lane.place}
                </text>
              ))}
          </Thing>
        </g>
      ))}
      {picture.lanes.length === 0 && (
        <text x={left + 16} y={top + 40} className={css.ink3}>
          No message of these kinds in this stretch of time.
        </text>
      )}
      {picture.hiddenLanes > 0 && (
        <text x="16" y={bottom + 14} className={css.ink3}>{`and ${picture.hiddenLanes} more`}</text>
      )}
      {picture.bars.map((bar) => (
        <g key={bar.event} className={planeClass(bar.plane)}>
          <rect
            x={bar.x}
            y={bar.y - (bar.chosen ? 6 : 4)}
            width={bar.width}
            height={bar.chosen ? 12 : 8}
            rx="2"
            className={bar.chosen ? css.barChosen : css.bar}
            strokeDasharray={bar.open ? '4 3' : undefined}
          />
        </g>
      ))}
      {picture.causePath !== '' && (
        <g pointerEvents="none">
          <path d={picture.causePath} className={css.pathHalo} />
          <path d={picture.causePath} className={css.path} />
        </g>
      )}
      {picture.arrows.map((arrow, i) => (
        <ArrowShape key={arrow.event.id} arrow={arrow} dense={i > 0} picture={picture} />
      ))}
      {nowX >= left && nowX <= right && <path d={`M${nowX} ${axisY - 2}V${bottom}`} className={css.now} />}
    </>
  )
}

function ArrowShape({ arrow, dense, picture }: { arrow: Arrow; dense: boolean; picture: TimelinePicture }) {
  const { x1, y1, x2, y2, tone } = arrow
  const ghost = tone === 'ghost'
  const { from, to } = fromTo(arrow.event)
  const down = y2 > y1
  // The glyph stands on the line, just before the lane it reaches.
  const gy = y2 + (down ? -5 : 5)
  const bar = picture.bars.find((b) => b.chosen)
  return (
    <Thing
      select={ofEvent(arrow.event.id)}
      name={`${arrow.title}, ${from} to ${to}`}
      box={{
        x: Math.min(x1, x2) - 5,
        y: Math.min(y1, y2),
        width: Math.abs(x2 - x1) + 10,
        height: Math.abs(y2 - y1),
        radius: 4,
      }}
      brackets={false}
      quiet
      dense={dense}
    >
      <g className={arrow.failed ? css.failed : planeClass(arrow.plane)}>
        {tone !== 'cause' && <path d={`M${x1} ${y1}L${x2} ${y2}`} className={ghost ? css.ghostArrow : css.arrow} />}
        <Glyph
          plane={arrow.plane}
          x={x2}
          y={gy}
          radius={tone === 'chosen' || tone === 'cause' ? 6 : ghost ? 3.6 : 4.8}
          state={ghost ? 'ghost' : arrow.answer ? 'hollow' : 'solid'}
          heading={down ? 90 : -90}
          halo={!ghost}
        />
      </g>
      {tone === 'chosen' && (
        <Brackets x={x2 - 7} y={gy - 7} width={bar ? bar.width + 14 : 14} height={bar ? 18 : 14} gap={5} />
      )}
      {arrow.step !== undefined && <Step arrow={arrow} />}
      {arrow.label && (
        <text
          x={arrow.label.x}
          y={arrow.label.y}
          textAnchor={arrow.label.anchor}
          className={tone === 'chosen' || tone === 'cause' ? `${css.b} ${css.ink} ${css.halo}` : css.halo}
        >
          {arrow.title}
        </text>
      )}
    </Thing>
  )
}

function Step({ arrow }: { arrow: Arrow }) {
  const x = (arrow.x1 + arrow.x2) / 2 + (arrow.label?.anchor === 'end' ? -13 : 13)
  const y = arrow.label ? arrow.label.y - 4 : (arrow.y1 + arrow.y2) / 2
  return (
    <g pointerEvents="none">
      <circle cx={x} cy={y} r="8" className={css.number} />
      <text x={x} y={y + 4} textAnchor="middle" className={css.onInk}>
        {arrow.step}
      </text>
    </g>
  )
}
