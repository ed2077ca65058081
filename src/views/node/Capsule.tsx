/** A pod: from the runtime through the line of system calls into the kernel. */
import { memo } from 'react'
import { Clock } from '../drawing/Clock.tsx'
import { Cross } from '../drawing/Glyph.tsx'
import { LiveText } from '../drawing/live.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofRecord } from '../drawing/selection.ts'
import { elideMiddle, fits, podSuffix, shortPodName, spellLeft } from '../drawing/spell.ts'
import { Thing } from '../drawing/Stage.tsx'
import type { ContainerBox } from './capsules.ts'
import type { PlacedPod } from './select.ts'
import css from './node.module.css'

export interface CapsuleProps {
  readonly pod: PlacedPod
  readonly slim: boolean
  readonly phone: boolean
  /** The line of system calls. */
  readonly line: number
  /** Bottom of containerd, where the shim hangs. */
  readonly runtimeY: number
  readonly nodeIp: string
}

export const Capsule = memo(function Capsule(props: CapsuleProps) {
  const { pod, slim, runtimeY } = props
  const { box } = pod
  const table =
    pod.orphan && pod.sandboxId !== undefined ? ofRecord('sandboxes', pod.sandboxId) : ofRecord('pods', pod.id)
  const hasShim = pod.phase === 'up' || pod.phase === 'ending' || pod.phase === 'building'
  return (
    <g className={css.slide} style={{ transform: `translate(${box.x}px, 0)` }}>
      {hasShim && <path d={`M${box.width / 2} ${runtimeY}V${box.y}`} className={css.stem} />}
      <Thing
        select={table}
        name={spoken(pod)}
        box={{ x: 0, y: box.y, width: box.width, height: box.height, radius: slim ? Math.min(10, box.width / 3) : 16 }}
      >
        <rect
          x="0"
          y={box.y}
          width={box.width}
          height={box.height}
          rx={slim ? Math.min(10, box.width / 3) : 16}
          className={
            pod.phase === 'ghost' || pod.phase === 'building'
              ? css.capsuleUnborn
              : pod.phase === 'over'
                ? css.capsuleOver
                : css.capsule
          }
        />
      </Thing>
      {slim ? <SlimInside {...props} /> : <FullInside {...props} />}
    </g>
  )
}, sameProps)

function spoken(pod: PlacedPod): string {
  const state =
    pod.phase === 'ghost'
      ? 'no sandbox yet'
      : pod.phase === 'building'
        ? 'sandbox being built'
        : pod.phase === 'ending'
          ? 'ending'
          : pod.phase === 'over'
            ? 'stopped'
            : pod.ready
              ? 'ready'
              : 'not ready'
  return `pod ${pod.id}, ${state}${pod.ip === '' ? '' : `, ${pod.ip}`}`
}

function FullInside({ pod, phone, line, nodeIp }: CapsuleProps) {
  const { box } = pod
  const w = box.width
  const mid = w / 2
  const top = box.y
  const tab = pod.cni
  const nameY = tab ? top + 32 : top + 17
  const pad = w < 110 ? 6 : 9
  const boxesTop = tab ? nameY + 10 : top + 26
  const boxesBottom = line - 18
  const nsTop = line + 7
  const nsBottom = top + box.height - 9
  const name = elideMiddle(
    shortPodName(pod.name, fits(w - (pod.grace ? 52 : 14), 13)),
    fits(w - (pod.grace ? 48 : 10), 13),
  )
  return (
    <>
      <text
        x={mid}
        y={nameY}
        textAnchor="middle"
        className={css.title}
        pointerEvents="none"
        opacity={pod.phase === 'over' ? 0.6 : 1}
      >
        {name}
      </text>
      {!pod.cni && <Containers pod={pod} x={pad} y={boxesTop} width={w - pad * 2} height={boxesBottom - boxesTop} />}
      {pod.grace && (
        <g pointerEvents="none">
          <Clock x={w - 16} y={top + 13} since={pod.grace.since} until={pod.grace.until} />
        </g>
      )}
      <Namespace pod={pod} x={pad - 1} y={nsTop} width={w - (pad - 1) * 2} height={nsBottom - nsTop} nodeIp={nodeIp} />
      <Pause pod={pod} mid={mid} line={line} width={Math.min(76, w - pad * 2 - 6)} />
      {tab && (
        <g pointerEvents="none">
          <rect
            x={mid - Math.min(52, mid - 4)}
            y={top - 8}
            width={Math.min(104, w - 8)}
            height="22"
            rx="4"
            className={css.cniTab}
          />
          <text x={mid} y={top + 7} textAnchor="middle" className={`${css.b} ${css.ink}`}>
            {w < 92 ? 'CNI' : 'CNI plugin'}
          </text>
          {!phone && (
            <path
              d={`M${mid} ${nameY + 6}V${line - 14}`}
              stroke="var(--kernel)"
              strokeWidth="1.75"
              strokeDasharray="1 4"
              strokeLinecap="round"
              opacity="0.5"
            />
          )}
        </g>
      )}
    </>
  )
}

/** Boxes one below the other while they are high enough for two lines, else one line each, else side by side. */
function Containers({
  pod,
  x,
  y,
  width,
  height,
}: {
  pod: PlacedPod
  x: number
  y: number
  width: number
  height: number
}) {
  const n = pod.containers.length
  if (n === 0 || height < 14) return null
  const gap = n > 2 ? 2 : 5
  const each = (height - gap * (n - 1)) / n
  if (each >= 14) {
    return pod.containers.map((c, i) => (
      <ContainerShape
        key={c.name}
        container={c}
        pod={pod}
        x={x}
        y={y + i * (each + gap)}
        width={width}
        height={Math.min(each, n === 1 ? 92 : 48)}
      />
    ))
  }
  const across = (width - gap * (n - 1)) / n
  return pod.containers.map((c, i) => (
    <ContainerShape
      key={c.name}
      container={c}
      pod={pod}
      x={x + i * (across + gap)}
      y={y}
      width={across}
      height={height}
      bare
    />
  ))
}

function ContainerShape({
  container,
  pod,
  x,
  y,
  width,
  height,
  bare,
}: {
  container: ContainerBox
  pod: PlacedPod
  x: number
  y: number
  width: number
  height: number
  bare?: boolean
}) {
  const { state, lines, clock } = container
  const select = container.id === undefined ? ofRecord('pods', pod.id) : ofRecord('containers', container.id)
  const rect =
    state === 'failed' ? css.failed : state === 'unborn' ? css.ghost : state === 'done' ? css.ghostFilled : css.object
  const mid = x + width / 2
  const two = height >= 34 && lines.length > 1 && lines[1] !== ''
  const first = y + height / 2 + (two ? -3 : 4)
  const failed = state === 'failed'
  const roomy = width > 96
  const textX = failed && roomy ? x + 24 : mid
  const anchor = failed && roomy ? 'start' : 'middle'
  const room = width - (failed && roomy ? 30 : 8) - (clock && roomy ? 22 : 0)
  return (
    <Thing
      select={select}
      name={`container ${container.name}: ${lines.join(', ')}`}
      box={{ x, y, width, height, radius: 5 }}
      brackets={false}
      quiet={container.id === undefined}
    >
      <rect
        x={x}
        y={y}
        width={width}
        height={height}
        rx="5"
        className={rect}
        strokeDasharray={container.notReady ? '6 3' : undefined}
      />
      {bare ? null : (
        <>
          {failed && roomy && <Cross x={x + 13} y={y + height / 2} />}
          <text
            x={textX}
            y={first}
            textAnchor={anchor}
            className={
              failed ? `${css.b} ${css.fail}` : state === 'unborn' ? undefined : state === 'done' ? css.ink3 : css.ink
            }
          >
            {elideMiddle(firstLine(container, room, two), fits(room))}
          </text>
          {two && !(clock && failed) && (
            <text x={textX} y={first + 15} textAnchor={anchor} className={css.ink3}>
              {elideMiddle(lines[1]!, fits(room))}
            </text>
          )}
          {two && clock && failed && (
            <LiveText x={textX} y={first + 15} anchor={anchor} say={(now) => spellLeft(clock.until - now)} />
          )}
          {clock && roomy && (
            <Clock x={x + width - 15} y={y + height / 2} radius={9} width={2} since={clock.since} until={clock.until} />
          )}
        </>
      )}
    </Thing>
  )
}

function firstLine(container: ContainerBox, room: number, two: boolean): string {
  const long = container.lines[0] ?? ''
  const ended = container.state === 'failed' || container.state === 'done'
  if (ended && !two && fits(room) >= container.name.length + long.length + 2) return `${container.name}, ${long}`
  return container.state === 'unborn' && fits(room) < long.length ? 'no container yet' : long
}

function Pause({ pod, mid, line, width }: { pod: PlacedPod; mid: number; line: number; width: number }) {
  if (pod.pause === 'none' || pod.pause === 'gone') return null
  const y = line - 13
  const x = mid - width / 2
  const running = pod.pause === 'running'
  const words = running ? 'pause' : width < 70 ? 'next' : 'pause next'
  const inside = (
    <>
      <rect x={x} y={y} width={width} height="26" rx="5" className={running ? css.pause : css.ghostFilled} />
      <text x={mid} y={y + 17} textAnchor="middle" className={running ? `${css.b} ${css.ink}` : css.ink3}>
        {words}
      </text>
    </>
  )
  if (pod.sandboxId === undefined) return inside
  return (
    <Thing
      select={ofRecord('sandboxes', pod.sandboxId)}
      name={`${words}, attempt ${pod.attempt}`}
      box={{ x, y, width, height: 26, radius: 5 }}
      brackets={false}
    >
      {inside}
    </Thing>
  )
}

function Namespace({
  pod,
  x,
  y,
  width,
  height,
  nodeIp,
}: {
  pod: PlacedPod
  x: number
  y: number
  width: number
  height: number
  nodeIp: string
}) {
  const mid = x + width / 2
  const middle = y + height / 2
  const small = fits(width - 6, 12.5, true) < 11
  if (pod.hostNetwork) {
    return (
      <g pointerEvents="none">
        <text x={mid} y={middle + 6} textAnchor="middle" className={css.ink3}>
          {width < 90 ? 'host net' : 'net ns of the node'}
        </text>
        {!small && (
          <text x={mid} y={middle + 24} textAnchor="middle" className={`${css.mono} ${css.ink3}`}>
            {nodeIp}
          </text>
        )}
      </g>
    )
  }
  if (pod.netns === 'none') {
    return (
      <g pointerEvents="none">
        <rect x={x} y={y} width={width} height={height} rx="10" className={css.ghost} />
        <text x={mid} y={middle + 8} textAnchor="middle" className={css.ink3}>
          {pod.phase === 'over' ? 'net ns gone' : 'no net ns yet'}
        </text>
      </g>
    )
  }
  const inside = (
    <>
      <rect x={x} y={y} width={width} height={height} rx="10" className={css.netns} />
      <text x={mid} y={middle + 2} textAnchor="middle">
        {pod.netns === 'wired' ? (width < 84 ? 'eth0' : 'net ns, eth0') : 'net ns'}
      </text>
      {pod.ip === '' ? (
        <text x={mid} y={middle + 20} textAnchor="middle" className={css.ink3}>
          {width < 100 ? 'no address' : 'no address yet'}
        </text>
      ) : (
        <text
          x={mid}
          y={middle + 20}
          textAnchor="middle"
          className={`${css.mono} ${css.address}`}
          fontSize={small ? 11 : undefined}
          style={small ? { fontSize: 10.5 } : undefined}
        >
          {pod.ip}
        </text>
      )}
    </>
  )
  if (pod.sandboxId === undefined) return inside
  return (
    <Thing
      select={ofRecord('sandboxes', pod.sandboxId)}
      name={`network namespace ${pod.ip}`}
      box={{ x, y, width, height, radius: 10 }}
      brackets={false}
    >
      {inside}
    </Thing>
  )
}

/** The whole name, or what tells it from its siblings. */
function uprightName(name: string, room: number): string {
  const short = shortPodName(name, room)
  return short.length <= room && !/^.?…/.test(short) && short.length > 9
    ? short
    : elideMiddle(podSuffix(name, room), room)
}

/** 9 to 40 pods: name upright, one mark per container, pause, namespace. */
function SlimInside({ pod, line }: CapsuleProps) {
  const { box } = pod
  const w = box.width
  const mid = w / 2
  const upper = line - 12 - (box.y + 8)
  const nsTop = line + 7
  const nsHeight = box.y + box.height - 6 - nsTop
  const mark = Math.min(9, (w - 8) / Math.max(1, Math.min(3, pod.containers.length)) - 2)
  return (
    <g pointerEvents="none">
      <text
        transform={`translate(${mid + 4} ${line - 24 - mark}) rotate(-90)`}
        className={pod.failed ? `${css.b} ${css.fail}` : `${css.b} ${css.ink}`}
      >
        {uprightName(pod.name, fits(upper - mark - 12))}
      </text>
      {pod.containers.slice(0, 3).map((c, i, all) => {
        const x = mid - ((mark + 2) * all.length - 2) / 2 + i * (mark + 2)
        const y = line - 14 - mark
        return (
          <g key={c.name}>
            <rect
              x={x}
              y={y}
              width={mark}
              height={mark}
              rx="2"
              className={c.state === 'failed' ? css.failed : c.state === 'running' ? css.chipBusy : css.ghost}
              style={c.state === 'failed' ? { strokeWidth: 1.25 } : undefined}
            />
            {c.state === 'failed' && (
              <path
                d={`M${x + 2} ${y + 2}l${mark - 4} ${mark - 4}m0 ${4 - mark}l${4 - mark} ${mark - 4}`}
                stroke="var(--fail)"
                strokeWidth="1.5"
              />
            )}
          </g>
        )
      })}
      {pod.netns !== 'none' && (
        <rect
          x="3"
          y={nsTop}
          width={w - 6}
          height={nsHeight}
          rx={Math.min(8, w / 4)}
          className={css.netns}
          style={{ strokeWidth: 1.75 }}
        />
      )}
      {pod.netns === 'none' && pod.hostNetwork && w > 26 && (
        <text
          transform={`translate(${mid + 4} ${nsTop + nsHeight / 2 + 8}) rotate(-90)`}
          textAnchor="middle"
          className={css.ink3}
        >
          host
        </text>
      )}
      {pod.ip !== '' && !pod.hostNetwork && nsHeight > 44 && (
        <text
          transform={`translate(${mid + 4} ${nsTop + nsHeight / 2 + 6}) rotate(-90)`}
          textAnchor="middle"
          className={`${css.mono} ${css.ink}`}
          style={{ fontSize: Math.min(12, nsHeight / 7) }}
        >
          {w >= 16 && nsHeight > 80 ? pod.ip : `.${pod.ip.split('.').pop()}`}
        </text>
      )}
      {(pod.pause === 'running' || pod.pause === 'next') && (
        <rect
          x={mid - Math.min(12, w / 2 - 5)}
          y={line - 6}
          width={Math.min(24, w - 10)}
          height="12"
          rx="3"
          className={pod.pause === 'running' ? css.pause : css.ghostFilled}
          style={{ strokeWidth: 1.25 }}
        />
      )}
    </g>
  )
}
