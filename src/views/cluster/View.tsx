/** Cluster: nodes on one wire, their leases, and what silence does to them. */
import { useMemo } from 'react'
import type { Micros, Replica, ViewProps } from '../contract.ts'
import { Stage } from '../drawing/Stage.tsx'
import { spellLeft, spellSpan } from '../drawing/spell.ts'
import { tipFor } from '../words/describe-thing.ts'
import { say } from '../words/say.ts'
import { Body, Cells } from './Bodies.tsx'
import { heartbeatOf, missedBeats } from './heartbeat.ts'
import { Hatch } from './MiniBody.tsx'
import { PhoneCluster } from './PhoneCluster.tsx'
import { ControlPlane } from './Plane.tsx'
import { nextPass, selectCluster } from './select.ts'
import { selectStrip } from './strip.ts'
import { LANE, TimeStrip } from './TimeStrip.tsx'
import { wayOnWire } from './ways.ts'
import { Wire } from './Wire.tsx'
import css from './cluster.module.css'

export default function ClusterView(props: ViewProps) {
  const { replica, node, size, onNode } = props
  const picture = useMemo(() => selectCluster(replica, node, size), [replica, node, size])
  const { chosen } = picture
  const room = size.height - picture.stripTop
  const strip = useMemo(
    () => chosen && selectStrip(replica, chosen, Math.floor((room - 54) / LANE)),
    [replica, chosen, room],
  )
  if (picture.phone) return <PhoneCluster {...props} picture={picture} strip={strip} />
  return (
    <Stage view={props} label="The cluster" describe={tipFor} place={(event) => wayOnWire(event, picture)}>
      <svg width={size.width} height={size.height} role="presentation">
        <Hatch />
        {picture.bodies.length > 0 && (
          <Wire
            plane={picture.controlPlane}
            bodies={picture.bodies}
            y={picture.wireY}
            end={picture.wireEnd}
            network={picture.network}
          />
        )}
        {picture.controlPlane && <ControlPlane plane={picture.controlPlane} />}
        {picture.bodies.map((body) => (
          <Body
            key={body.name}
            node={body}
            onNode={onNode}
            missed={missedBeats(body.heartbeat.renewedAt, replica.now)}
          />
        ))}
        <Cells cells={picture.cells} names={picture.form === 'rings'} chosen={chosen?.name} onNode={onNode} />
        {strip ? (
          <TimeStrip strip={strip} top={picture.stripTop} width={size.width} height={room} />
        ) : (
          <text x="16" y={picture.stripTop + 24} className={css.ink3}>
            {chosen ? `${chosen.name} has not sent a lease yet.` : 'No node has registered yet.'}
          </text>
        )}
      </svg>
    </Stage>
  )
}

export function caption(replica: Replica, now: Micros, node: string): string {
  const pass = nextPass(replica)
  const machines = replica.all('machines').map((m) => m.name)
  const states = machines.map((name) => ({ name, beat: heartbeatOf(replica, name, pass) }))
  const worst = states
    .filter((s) => s.beat.renewedAt !== undefined && missedBeats(s.beat.renewedAt, now) > 0)
    .sort((a, b) => (a.beat.renewedAt ?? 0) - (b.beat.renewedAt ?? 0))
  const one = worst.find((s) => s.name === node) ?? worst[0]
  if (one?.beat.ready === 'Unknown')
    return say('caption.cluster.unknown', { node: one.name, ago: spellSpan(now - one.beat.renewedAt!) })
  if (one) return say('caption.cluster.silent', { node: one.name, left: spellLeft(one.beat.unknownAt - now) })
  return say('caption.cluster.ready', {
    ready: states.filter((s) => s.beat.ready === 'True').length,
    all: states.length,
  })
}
