/** The agents' layer: kubelet with ring, workers and timers; kube-proxy; CNI agent. */
import { memo, useRef } from 'react'
import { bottom, right } from '../drawing/box.ts'
import { Clock } from '../drawing/Clock.tsx'
import { Glyph } from '../drawing/Glyph.tsx'
import { LiveText, setAttribute, useLive } from '../drawing/live.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofActor, ofRecord } from '../drawing/selection.ts'
import { elideMiddle, fits, spellLeft, spellSpan } from '../drawing/spell.ts'
import { Thing } from '../drawing/Stage.tsx'
import type { KubeletPicture, Timer, WorkerChip } from './agents.ts'
import type { NodeLayout } from './layout.ts'
import type { NodePicture } from './select.ts'
import css from './node.module.css'

export const Kubelet = memo(function Kubelet({
  layout,
  kubelet,
  node,
}: {
  layout: NodeLayout
  kubelet: KubeletPicture
  node: string
}) {
  const b = layout.kubelet
  const state = !kubelet.running ? 'stopped' : kubelet.notReady !== '' ? 'not ready' : ''
  return (
    <>
      <Thing select={ofRecord('kubelets', node)} name={`kubelet ${kubelet.version} ${state}`} box={b}>
        <rect
          x={b.x}
          y={b.y}
          width={b.width}
          height={b.height}
          rx="6"
          className={kubelet.running ? css.object : css.failed}
        />
        <text x={b.x + 10} y={b.y + (layout.phone ? 22 : 18)} className={css.title}>
          kubelet
        </text>
        {!layout.phone && (
          <text
            x={right(b) - 10}
            y={b.y + 18}
            textAnchor="end"
            className={state === '' ? `${css.mono} ${css.ink3}` : `${css.b} ${css.fail}`}
          >
            {state === '' ? kubelet.version : state}
          </text>
        )}
      </Thing>
      {!layout.phone && <Ring kubelet={kubelet} x={b.x + 38} y={b.y + b.height * 0.49} />}
      {inHandWidth(layout) > 0 && kubelet.inHand && <InHand hand={kubelet.inHand} x={b.x + 82} y={b.y + 26} />}
      <Workers layout={layout} kubelet={kubelet} />
      {!layout.phone && <Timers layout={layout} timers={kubelet.timers} />}
    </>
  )
}, sameProps)

/** Room for the words of the event in hand: only a wide kubelet has it. */
const inHandWidth = (layout: NodeLayout): number => (layout.kubelet.width > 700 ? 178 : 0)

function InHand({ hand, x, y }: { hand: NonNullable<KubeletPicture['inHand']>; x: number; y: number }) {
  return (
    <g pointerEvents="none">
      <text x={x} y={y}>
        in hand
      </text>
      <text x={x} y={y + 22} className={css.ink}>
        {elideMiddle(hand.what, fits(164))}
      </text>
      <LiveText
        x={x}
        y={y + 37}
        className={css.ink3}
        say={(now) =>
          now - hand.at < 1_000 ? `${hand.channel}, now` : `${hand.channel}, ${spellSpan(now - hand.at)} ago`
        }
      />
    </g>
  )
}

/** The loop: one event in hand at a time. */
function Ring({ kubelet, x, y }: { kubelet: KubeletPicture; x: number; y: number }) {
  const hand = kubelet.inHand
  const glyph = useRef<SVGGElement>(null)
  // In hand for the instant of its event; after that the loop waits for the next, and the glyph is hollow.
  useLive((now) => setAttribute(glyph, 'opacity', hand && now - hand.at < 400_000 ? '1' : '0.35'))
  return (
    <g>
      <g transform={`translate(${x} ${y})`} opacity={kubelet.running ? 1 : 0.4}>
        <circle
          r="17"
          fill="none"
          stroke="var(--ink)"
          strokeWidth="1.75"
          strokeDasharray="92 15"
          transform="rotate(-70)"
        />
        <path d="M-2 -21L5 -17L-2 -12.5Z" transform="rotate(-22)" fill="var(--ink)" />
        {hand && (
          <g ref={glyph}>
            {hand.plane ? (
              <Glyph plane={hand.plane} x={13} y={10.95} radius={4.5} />
            ) : (
              <circle cx="13" cy="10.95" r="3.5" fill="var(--ink)" />
            )}
          </g>
        )}
      </g>
      <text x={x} y={y + 35} textAnchor="middle" className={css.ink}>
        syncLoop
      </text>
    </g>
  )
}

const CHIP = { width: 56, height: 20, gap: 4, row: 26 }

function Workers({ layout, kubelet }: { layout: NodeLayout; kubelet: KubeletPicture }) {
  const b = layout.kubelet
  if (layout.phone) {
    const shown = kubelet.workers.slice(0, 3)
    return shown.map((worker, i) => (
      <Chip
        key={worker.id}
        worker={worker}
        x={right(b) - 10 - (shown.length - i) * (CHIP.width + CHIP.gap) + CHIP.gap}
        y={b.y + 7}
      />
    ))
  }
  const left = b.x + 82 + inHandWidth(layout)
  const columns = Math.max(1, Math.floor((right(b) - timersWidth(b.width) - 12 - left) / (CHIP.width + CHIP.gap)))
  const top = b.y + 34
  const rows = Math.max(1, Math.floor((bottom(b) - top) / CHIP.row))
  const slots = columns * rows
  const more = kubelet.workers.length > slots
  const shown = kubelet.workers.slice(0, more ? slots - 1 : slots)
  return (
    <>
      <text x={left} y={b.y + 26}>
        pod workers
        {kubelet.workers.length > 0 && columns > 2 && (
          <tspan className={css.ink3} dx="6">{`${kubelet.busy} of ${kubelet.workers.length} busy`}</tspan>
        )}
      </text>
      {shown.map((worker, i) => (
        <Chip
          key={worker.id}
          worker={worker}
          x={left + (i % columns) * (CHIP.width + CHIP.gap)}
          y={top + Math.floor(i / columns) * CHIP.row}
        />
      ))}
      {more && (
        <text
          x={left + (shown.length % columns) * (CHIP.width + CHIP.gap) + CHIP.width / 2}
          y={top + Math.floor(shown.length / columns) * CHIP.row + 14}
          textAnchor="middle"
          className={css.ink3}
        >{`+${kubelet.workers.length - shown.length}`}</text>
      )}
    </>
  )
}

function Chip({ worker, x, y }: { worker: WorkerChip; x: number; y: number }) {
  return (
    <Thing
      select={ofRecord('podWorkers', worker.id)}
      name={`pod worker ${worker.name}, ${worker.busy ? `busy: ${worker.doing}` : 'waits'}`}
      box={{ x, y, width: CHIP.width, height: CHIP.height, radius: 4 }}
      brackets={false}
    >
      <rect
        x={x}
        y={y}
        width={CHIP.width}
        height={CHIP.height}
        rx="4"
        className={worker.busy ? css.chipBusy : css.chip}
        strokeDasharray={worker.ending && !worker.busy ? '3 3' : undefined}
      />
      <text
        x={x + CHIP.width / 2}
        y={y + 14}
        textAnchor="middle"
        className={worker.busy ? `${css.mono} ${css.onInk}` : css.ink3}
        textDecoration={worker.ending ? 'line-through' : undefined}
      >
        {worker.label}
      </text>
    </Thing>
  )
}

const timersWidth = (width: number): number => (width < 400 ? 152 : 228)

function Timers({ layout, timers }: { layout: NodeLayout; timers: readonly Timer[] }) {
  const b = layout.kubelet
  const column = timersWidth(b.width) / 2
  const left = right(b) - timersWidth(b.width) + 8
  return timers.map((timer, i) => {
    const x = left + (i % 2) * column
    const y = b.y + 34 + Math.floor(i / 2) * 32
    return (
      <Thing
        key={timer.name}
        select={ofRecord(timer.table, timer.id)}
        name={`${timer.name}: ${timer.says}`}
        about={{
          title: timer.name,
          says: timer.says,
          now: (now) => (timer.queued ? `${timer.queued} queued` : `next in ${spellLeft(timer.until - now)}`),
        }}
        box={{ x: x - 10, y: y - 14, width: column - 6, height: 30, radius: 4 }}
        brackets={false}
      >
        {timer.queued ? (
          <Glyph plane="api" x={x} y={y} radius={5} state="hollow" />
        ) : (
          <Clock x={x} y={y} since={timer.since} until={timer.until} />
        )}
        <text x={x + 13} y={y - 1} className={css.ink}>
          {timer.name}
        </text>
        {timer.queued ? (
          <text x={x + 13} y={y + 13} className={css.ink3}>{`${timer.queued} queued`}</text>
        ) : (
          <LiveText x={x + 13} y={y + 13} className={css.ink3} say={(now) => spellLeft(timer.until - now)} />
        )}
      </Thing>
    )
  })
}

export const Neighbours = memo(function Neighbours({
  layout,
  proxy,
  agent,
  node,
}: {
  layout: NodeLayout
  proxy: NodePicture['proxy']
  agent: NodePicture['agent']
  node: string
}) {
  const p = layout.proxy
  const a = layout.agent
  if (!p || !a) return null
  return (
    <>
      <Thing select={ofActor(`${node}/kube-proxy`)} name={`kube-proxy, ${proxy.mode}`} box={p}>
        <rect
          x={p.x}
          y={p.y}
          width={p.width}
          height={p.height}
          rx="6"
          className={proxy.present ? css.object : css.ghost}
        />
        <text x={p.x + 10} y={p.y + 18} className={css.title}>
          kube-proxy
        </text>
        <text x={p.x + 10} y={p.y + 36}>
          {proxy.present ? proxy.mode : 'not running'}
        </text>
        {proxy.syncedAt !== undefined && (
          <LiveText
            x={p.x + 10}
            y={bottom(p) - 12}
            className={css.ink3}
            say={(now) => `${spellSpan(now - proxy.syncedAt!)} ago`}
          />
        )}
      </Thing>
      <Thing select={ofActor(`${node}/cni-agent`)} name={`${agent.title}: ${agent.lines.join(', ')}`} box={a}>
        <rect
          x={a.x}
          y={a.y}
          width={a.width}
          height={a.height}
          rx="6"
          className={agent.present ? css.object : css.ghost}
        />
        <text x={a.x + 10} y={a.y + 18} className={css.title}>
          {agent.title}
        </text>
        {agent.lines[0] && (
          <text x={a.x + 10} y={a.y + 36}>
            {agent.lines[0]}
          </text>
        )}
        {agent.lines[1] && (
          <text x={a.x + 10} y={bottom(a) - 12} className={css.ink3}>
            {agent.lines[1]}
          </text>
        )}
      </Thing>
    </>
  )
}, sameProps)
