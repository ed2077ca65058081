/** The kernel's layer: veth, bridge, the card of the node through the wall, counters; and pods as dots when they are many. */
import { memo } from 'react'
import { bottom, middleX, right } from '../drawing/box.ts'
import { Cross } from '../drawing/Glyph.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofActor, ofRecord } from '../drawing/selection.ts'
import { Thing } from '../drawing/Stage.tsx'
import type { NodeLayout } from './layout.ts'
import type { CgroupDots, Counter, NodePicture } from './select.ts'
import css from './node.module.css'

export interface VethEnd {
  readonly uid: string
  readonly x: number
  readonly state: 'wired' | 'next'
}

export const Network = memo(function Network({
  layout,
  veths,
  bridge,
  machine,
  node,
  bottomOfPods,
}: {
  layout: NodeLayout
  veths: readonly VethEnd[]
  bridge: NodePicture['bridge']
  machine: NodePicture['machine']
  node: string
  bottomOfPods: number
}) {
  const { bridgeY: y, inside, plug } = layout
  const cable = machine?.cable ?? true
  return (
    <>
      <path d={`M${inside.left} ${y}H${plug.x + 4}`} className={bridge ? css.bridge : css.bridgeNone} />
      {veths.map((veth) => (
        <g key={veth.uid} className={css.slide} style={{ transform: `translate(${veth.x}px, 0)` }}>
          <path d={`M0 ${bottomOfPods - 9}V${y}`} className={veth.state === 'wired' ? css.veth : css.vethNext} />
          {veth.state === 'wired' && <circle cx="0" cy={y} r="3.5" className={css.joint} />}
        </g>
      ))}
      <Thing
        select={ofRecord('links', `${node}||${bridge?.name ?? 'cni0'}`)}
        name={bridge ? `bridge ${bridge.name} ${bridge.address}` : 'no bridge yet'}
        box={{ x: inside.left, y: y + 4, width: 150, height: 16, radius: 3 }}
        brackets={false}
      >
        <text x={inside.left + 2} y={y + 16} className={`${css.mono} ${css.ink}`}>
          {bridge ? bridge.name : layout.phone ? 'no bridge' : 'no bridge yet'}
          {bridge && !layout.phone && (
            <tspan className={css.ink3} dx="7">
              {bridge.address}
            </tspan>
          )}
        </text>
      </Thing>
      <Thing
        select={ofRecord('machines', node)}
        name={`eth0 ${machine?.ip ?? ''}${cable ? '' : ', cable pulled'}`}
        box={{ x: inside.right - 136, y: y + 4, width: 136, height: 16, radius: 3 }}
        brackets={false}
      >
        <text x={inside.right - 4} y={y + 16} textAnchor="end" className={`${css.mono} ${css.ink}`}>
          eth0
          {!cable ? (
            <tspan className={`${css.b} ${css.fail}`} dx="7">
              cable pulled
            </tspan>
          ) : (
            !layout.phone && (
              <tspan className={css.ink3} dx="7">
                {machine?.ip}
              </tspan>
            )
          )}
        </text>
      </Thing>
      <rect x={plug.x} y={plug.y} width={plug.width} height={plug.height} rx="2" className={css.socket} />
      {cable ? null : (
        <g>
          <path d={`M${plug.x + 12} ${y + 34}c-8 -6 6 -10 -1 -17`} className={css.loose} />
          <rect x={plug.x + 6} y={y + 8} width="10" height="12" rx="2" className={css.socket} />
          <Cross x={plug.x + 5} y={plug.y - 11} half={5} />
        </g>
      )}
    </>
  )
}, sameProps)

export const Counters = memo(function Counters({ counters, node }: { counters: readonly Counter[]; node: string }) {
  return counters.map((counter) => (
    <Thing
      key={counter.name}
      select={ofActor(`${node}/kernel`)}
      name={`${counter.name}: ${counter.value}`}
      about={{
        title: counter.name,
        plane: 'kernel',
        says: counter.says,
        now: () => counter.value,
        command: `ssh ${node} ${counter.command}`,
      }}
      box={{ ...counter.box, radius: 4 }}
      brackets={false}
    >
      <rect
        x={counter.box.x}
        y={counter.box.y}
        width={counter.box.width}
        height={counter.box.height}
        rx="4"
        className={css.counter}
      />
      <text x={counter.box.x + 9} y={counter.box.y + 16}>
        <tspan className={`${css.b} ${css.ink}`}>{counter.name}</tspan>
        <tspan className={css.ink3} dx="7">
          {counter.value}
        </tspan>
      </text>
    </Thing>
  ))
}, sameProps)

const TONE = {
  ready: css.dotReady,
  'not-ready': css.dotNotReady,
  building: css.dotBuilding,
  failed: css.dotFailed,
} as const

export const Dots = memo(function Dots({
  groups,
  line,
  runtimeY,
}: {
  groups: readonly CgroupDots[]
  line: number
  runtimeY: number
}) {
  return groups.map((group) => {
    const { box } = group
    return (
      <g key={group.name}>
        <path d={`M${middleX(box)} ${runtimeY}V${box.y}`} className={css.stem} />
        <rect x={box.x} y={box.y} width={box.width} height={box.height} rx="16" className={css.capsule} />
        <path d={`M${box.x} ${line}H${right(box)}`} stroke="var(--line)" />
        <text x={box.x + 14} y={box.y + 22} className={`${css.mono} ${css.ink}`}>
          {group.name}
        </text>
        <text x={right(box) - 14} y={bottom(box) - 8} textAnchor="end" className={css.ink3}>
          {`${group.dots.length} pods`}
        </text>
        {group.dots.map((dot, i) => (
          <Thing
            key={dot.uid}
            dense={i > 0}
            select={ofRecord('pods', dot.id)}
            name={`pod ${dot.id}, ${dot.tone}`}
            box={{ x: dot.x - 5, y: dot.y - 5, width: 10, height: 10, radius: 5 }}
            brackets={false}
          >
            <circle cx={dot.x} cy={dot.y} r="4" className={TONE[dot.tone]} />
            {dot.tone === 'failed' && (
              <path d={`M${dot.x - 2} ${dot.y - 2}l4 4m0 -4l-4 4`} stroke="var(--fail)" strokeWidth="1.25" />
            )}
          </Thing>
        ))}
      </g>
    )
  })
}, sameProps)
