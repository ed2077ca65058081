/** Nodes as small bodies: lease ring, beats, Ready lamp, what comes next, pods with their toleration clocks. */
import { memo } from 'react'
import { BEAT } from './heartbeat.ts'
import { SECOND } from '../../sim/clock.ts'
import { middleX, right } from '../drawing/box.ts'
import { Clock, GhostClock } from '../drawing/Clock.tsx'
import { Cross, Glyph } from '../drawing/Glyph.tsx'
import { LiveText } from '../drawing/live.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofRecord } from '../drawing/selection.ts'
import { elideMiddle, fits, shortPodName, spellLeft, spellSpan, textWidth } from '../drawing/spell.ts'
import { Thing } from '../drawing/Stage.tsx'
import { graceLeft, LeaseRing } from './LeaseRing.tsx'
import { MiniBody } from './MiniBody.tsx'
import type { NodeBody, PodBox } from './select.ts'
import css from './cluster.module.css'

export const Body = memo(function Body({
  node,
  onNode,
  missed,
}: {
  node: NodeBody
  onNode: (node: string) => void
  missed: number
}) {
  const { box: b, heartbeat } = node
  const split = Math.round(b.y + b.height * 0.55)
  const wide = b.width >= 300
  const narrow = b.width < 252
  const words = b.x + (narrow ? 90 : 108)
  const ringY = b.y + b.height * 0.352
  const lamp = lampOf(node)
  const announce = node.silent && heartbeat.ready !== 'Unknown'
  return (
    <>
      <Thing
        select={ofRecord('nodes', node.name)}
        name={`node ${node.name}, Ready ${heartbeat.ready || 'not reported'}${missed > 0 ? `, ${missed} beats missed` : ''}`}
        box={{ ...b, radius: 2 }}
        also={() => onNode(node.name)}
      >
        <MiniBody box={b} split={split} />
        <text x={b.x + 18} y={b.y + 27} className={css.title}>
          {node.name}
        </text>
        <text x={b.x + 18} y={b.y + 44} className={`${css.mono} ${css.ink3}`}>
          {node.ip}
        </text>
        <circle
          cx={right(b) - 18 - textWidth(lamp.words, 13) * 1.06 - 12}
          cy={b.y + 22.5}
          r="5.5"
          className={lamp.shape}
        />
        <text
          x={right(b) - 18}
          y={b.y + 27}
          textAnchor="end"
          className={heartbeat.ready === 'Unknown' ? `${css.title13} ${css.fail}` : css.title13}
        >
          {lamp.words}
        </text>
        {announce && !wide ? (
          <LiveText
            x={right(b) - 18}
            y={b.y + 43}
            anchor="end"
            className={css.fail}
            say={(now) => `Unknown in ${spellLeft(heartbeat.unknownAt - now)}`}
          />
        ) : announce && heartbeat.renewedAt !== undefined ? (
          <LiveText
            x={right(b) - 18}
            y={b.y + 43}
            anchor="end"
            className={css.ink3}
            say={(now) => `last told ${spellSpan(now - heartbeat.renewedAt!)} ago`}
          />
        ) : (
          <text x={right(b) - 18} y={b.y + 43} textAnchor="end" className={css.ink3}>
            {node.taints.length === 0 ? 'taints: none' : elideMiddle(node.taints[0]!, fits(b.width * 0.5))}
          </text>
        )}
      </Thing>
      <LeaseRing
        heartbeat={heartbeat}
        x={b.x + (narrow ? 46 : 54)}
        y={ringY}
        radius={b.height > 270 && !narrow ? 34 : 29}
      />
      {heartbeat.renewedAt !== undefined && (
        <>
          <LiveText
            x={words}
            y={ringY - 24}
            className={missed > 0 ? `${css.b} ${css.fail}` : `${css.b} ${css.ink}`}
            say={(now) =>
              graceLeft(heartbeat, now) <= 0
                ? heartbeat.ready === 'Unknown'
                  ? 'the grace is over'
                  : 'grace over, next pass'
                : missed > 0
                  ? 'of the 50 s grace left'
                  : 'of 50 s left'
            }
          />
          <LiveText x={words} y={ringY - 7} say={(now) => `renewed ${spellSpan(now - heartbeat.renewedAt!)} ago`} />
          <Beats node={node} x={words} y={ringY + 18} missed={missed} room={right(b) - 20 - words} />
        </>
      )}
      {heartbeat.renewedAt === undefined && (
        <text x={words} y={ringY - 7} className={css.ink3}>
          {node.present ? 'no lease yet' : 'not registered yet'}
        </text>
      )}
      {announce && wide && b.width >= 380 && <Coming node={node} />}
      {node.pods.map((pod) => (
        <PodShape key={pod.uid} pod={pod} node={node} />
      ))}
      {node.more > 0 && (
        <text
          x={right(b) - 16}
          y={split + 14}
          textAnchor="end"
          className={css.ink3}
        >{`and ${node.more} more pods`}</text>
      )}
    </>
  )
}, sameProps)

export function lampOf(node: NodeBody): { words: string; shape: string | undefined } {
  switch (node.heartbeat.ready) {
    case 'True':
      return { words: 'Ready: True', shape: css.lampOn }
    case 'Unknown':
      return { words: 'Ready: Unknown', shape: css.lampUnknown }
    case 'False':
      return { words: 'Ready: False', shape: css.lampOff }
    default:
      return { words: 'no report yet', shape: css.lampOff }
  }
}

/** The last four beats as a string, and the next one. */
function Beats({ node, x, y, missed, room }: { node: NodeBody; x: number; y: number; missed: number; room: number }) {
  const pitch = Math.min(34, (room - 24) / 4)
  const crosses = Math.min(4, missed)
  const beats = [...Array<'done'>(4 - crosses).fill('done'), ...Array<'missed'>(crosses).fill('missed')]
  return (
    <g aria-hidden="true">
      <path d={`M${x} ${y}H${x + pitch * 4 + 16}`} className={css.beatLine} />
      {beats.map((state, i) =>
        state === 'done' ? (
          <Glyph key={i} plane="api" x={x + 12 + i * pitch} y={y} radius={4.4} />
        ) : (
          <g key={i}>
            <circle cx={x + 12 + i * pitch} cy={y} r="6.5" fill="var(--st1)" />
            <Cross x={x + 12 + i * pitch} y={y} half={3.6} />
          </g>
        ),
      )}
      <Glyph plane="api" x={x + 12 + 4 * pitch} y={y} radius={4.4} state="ghost" />
      <text x={x} y={y + 21} className={missed > 0 ? css.fail : css.ink3}>
        {missed > 0
          ? room < 190
            ? `${missed} missed`
            : `${missed} ${missed === 1 ? 'beat' : 'beats'} missed, one every ${BEAT / SECOND} s`
          : node.cable
            ? `one beat every ${BEAT / SECOND} s`
            : 'cable pulled'}
      </text>
    </g>
  )
}

/** What comes next if it stays silent, in one ghost box. */
function Coming({ node }: { node: NodeBody }) {
  const b = node.box
  const x = right(b) - 152
  const y = b.y + 54
  return (
    <g pointerEvents="none">
      <rect x={x} y={y} width="134" height="52" rx="6" className={css.ghostBox} />
      <g transform={`translate(${x + 12} ${y + 13})`}>
        <Clock radius={5.5} width={1.5} since={node.heartbeat.countsFrom} until={node.heartbeat.unknownAt} harm />
      </g>
      <LiveText
        x={x + 24}
        y={y + 17}
        className={css.ink2}
        say={(now) => `Unknown in ${spellLeft(node.heartbeat.unknownAt - now)}`}
      />
      <text x={x + 8} y={y + 32} className={css.ink2}>
        taint unreachable:
      </text>
      <text x={x + 8} y={y + 46} className={css.ink2}>
        NoExecute, same pass
      </text>
    </g>
  )
}

function PodShape({ pod, node }: { pod: PodBox; node: NodeBody }) {
  const b = pod.box
  const mid = middleX(b)
  const name = elideMiddle(shortPodName(pod.name, fits(b.width - 8, 13.6)), fits(b.width - 6, 13))
  const low = b.height < 74
  const ip = pod.hostNetwork ? 'host net' : pod.ip === '' ? 'no address' : pod.ip
  const y1 = b.y + (low ? 56 : b.height < 92 ? 58 : b.height * 0.7)
  const state = pod.clock ? 'to be deleted' : pod.lines.join(' ')
  return (
    <Thing
      select={ofRecord('pods', pod.id)}
      name={`pod ${pod.id} on ${node.name}, ${state}`}
      box={{ ...b, radius: 14 }}
    >
      <rect
        x={b.x}
        y={b.y}
        width={b.width}
        height={b.height}
        rx="14"
        className={pod.deleting ? css.podGoing : pod.failed ? css.podFailed : css.pod}
      />
      <text
        x={mid}
        y={b.y + 19}
        textAnchor="middle"
        className={css.title13}
        style={name.length * 7.6 > b.width - 6 ? { fontSize: 12 } : undefined}
      >
        {name}
      </text>
      <text
        x={mid}
        y={b.y + 36}
        textAnchor="middle"
        className={pod.ip === '' || pod.hostNetwork ? `${css.mono} ${css.ink3}` : css.mono}
        style={b.width < 84 ? { fontSize: 11 } : undefined}
      >
        {ip}
      </text>
      {!low && <path d={`M${b.x + 9} ${b.y + Math.min(46, b.height * 0.52)}H${right(b) - 9}`} className={css.line} />}
      {pod.clock ? (
        <>
          <Clock x={mid - 24} y={y1 + 3} radius={10} width={2} since={pod.clock.since} until={pod.clock.until} harm />
          <LiveText
            x={mid - 8}
            y={y1}
            className={`${css.mono} ${css.b} ${css.fail}`}
            say={(now) => `${Math.max(0, Math.ceil((pod.clock!.until - now) / SECOND))} s`}
          />
          {!low && (
            <text x={mid - 8} y={y1 + 15} className={css.ink3}>
              to live
            </text>
          )}
        </>
      ) : pod.waits !== undefined ? (
        <>
          <GhostClock x={mid - 24} y={y1 + 3} radius={10} />
          <text x={mid - 8} y={y1} className={`${css.mono} ${css.b} ${css.ink}`}>{`${pod.waits} s`}</text>
          {!low && (
            <text x={mid - 8} y={y1 + 15} className={css.ink3}>
              waits
            </text>
          )}
        </>
      ) : low ? (
        <text x={mid} y={y1 + 8} textAnchor="middle" className={pod.failed ? css.fail : undefined}>
          {elideMiddle(pod.lines.join(' '), fits(b.width - 6))}
        </text>
      ) : (
        <>
          <text x={mid} y={y1} textAnchor="middle" className={pod.failed ? css.fail : undefined}>
            {elideMiddle(pod.lines[0], fits(b.width - 6))}
          </text>
          <text x={mid} y={y1 + (b.height < 92 ? 14 : 16)} textAnchor="middle">
            {pod.lines[1]}
          </text>
        </>
      )}
    </Thing>
  )
}

/** Many nodes: ring and name, or the ring alone. */
export const Cells = memo(function Cells({
  cells,
  names,
  chosen,
  onNode,
}: {
  cells: readonly NodeBody[]
  names: boolean
  chosen: string | undefined
  onNode: (node: string) => void
}) {
  return cells.map((node, i) => {
    const { box: b, heartbeat } = node
    const mid = middleX(b)
    const missed = node.silent
    return (
      <Thing
        key={node.name}
        dense={!names && i > 0}
        select={ofRecord('nodes', node.name)}
        name={`node ${node.name}, Ready ${heartbeat.ready || 'not reported'}`}
        box={{ x: b.x + 3, y: b.y + 3, width: b.width - 6, height: b.height - 6, radius: 8 }}
        brackets={names}
        also={() => onNode(node.name)}
      >
        {node.name === chosen && (
          <rect x={b.x + 3} y={b.y + 3} width={b.width - 6} height={b.height - 6} rx="8" fill="var(--deep)" />
        )}
        <LeaseRing
          heartbeat={heartbeat}
          x={mid}
          y={names ? b.y + 34 : b.y + b.height / 2}
          radius={names ? 22 : 9}
          words={names}
        />
        {names && (
          <>
            <text
              x={mid}
              y={b.y + 74}
              textAnchor="middle"
              className={missed ? `${css.b} ${css.fail}` : `${css.b} ${css.ink}`}
            >
              {elideMiddle(node.name, fits(b.width - 4, 12))}
            </text>
            <circle cx={mid + 30} cy={b.y + 14} r="4.5" className={lampOf(node).shape} />
          </>
        )}
        {!names && heartbeat.ready === 'Unknown' && <Cross x={mid} y={b.y + b.height / 2} half={3} />}
      </Thing>
    )
  })
}, sameProps)
