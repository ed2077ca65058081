import { useEffect, useMemo, useRef, useState } from 'react'
import type { Micros, Replica, ViewProps } from '../contract.ts'
import { Details } from './Details.tsx'
import { FlowStrip } from './FlowStrip.tsx'
import { PathMap } from './Map.tsx'
import { RuleList } from './RuleList.tsx'
import { narrate } from './narrate.ts'
import { chosenFlow, flowName, flowsToChoose, packetsOf, pathOf, standsAt, timeOf } from './select.ts'
import css from './packet-path.module.css'

const NARROW = 700
const DETAILS = 300

/** One packet through namespaces, hooks and rules; stepped rule by rule, forwards and back. */
export default function PacketPath({ replica, now, selected, onSelect, size, onRun, onWhy }: ViewProps) {
  const [held, setHeld] = useState<string>()
  const [packetId, setPacketId] = useState<string>()
  const [cursor, setCursor] = useState<number>()
  const chosen = chosenFlow(replica, selected)
  const flow = (held === undefined ? undefined : replica.get('flows', held)) ?? chosen
  const packets = flow ? packetsOf(replica, flow) : []
  const packet = packets.find((p) => p.id === packetId) ?? packets.find((p) => p.way === 'request')
  const path = useMemo(() => (flow && packet ? pathOf(replica, flow, packet) : undefined), [replica, flow, packet])
  const narrow = size.width < NARROW

  // Another packet begins at its own end; where somebody steps, the packet stays in hand.
  const last = useRef(packet?.id)
  useEffect(() => {
    if (last.current !== packet?.id) {
      last.current = packet?.id
      setCursor(undefined)
    }
  }, [packet?.id])

  if (!flow || !packet || !path)
    return (
      <div className={css.empty}>
        <p>No packet has been sent yet.</p>
        <p>Send one: ask a Service from a pod, or open a scenario in which a client does.</p>
        <button
          onClick={() =>
            onRun('kubectl run client --image=curlimages/curl --restart=Never -- curl -s http://kubernetes.default:443')
          }
        >
          Send one from a new pod
        </button>
      </div>
    )

  const step = cursor === undefined ? undefined : path.steps[cursor]
  const here = standsAt(path, step)
  const go = (to: number | undefined): void => {
    setHeld(flow.id)
    setPacketId(packet.id)
    setCursor(to === undefined || to >= path.steps.length ? undefined : Math.max(0, to))
  }
  const back = (): void => go((cursor ?? path.steps.length) - 1)
  const forth = (): void => go(cursor === undefined ? undefined : cursor + 1)
  const mapWidth = narrow ? size.width : size.width - DETAILS

  return (
    <div
      className={narrow ? css.narrow : css.wide}
      onKeyDown={(event) => {
        if (event.target instanceof HTMLSelectElement) return
        if (event.key === ',' || event.key === '.') {
          event.preventDefault()
          if (event.key === ',') back()
          else forth()
        }
      }}
    >
      <div className={css.bar}>
        <label>
          <span className={css.unseen}>Flow</span>
          <select
            value={flow.id}
            onChange={(event) => {
              setHeld(event.target.value)
              setPacketId(undefined)
              setCursor(undefined)
              onSelect({ kind: 'record', table: 'flows', id: event.target.value })
            }}
          >
            {!flowsToChoose(replica).includes(flow) && <option value={flow.id}>{flowName(flow, replica)}</option>}
            {flowsToChoose(replica).map((f) => (
              <option key={f.id} value={f.id}>
                {timeOf(f.startedAt)} {flowName(f, replica)} {f.error ? `(${f.error})` : ''}
              </option>
            ))}
          </select>
        </label>
        <span className={css.buttons}>
          <button onClick={() => go(0)} disabled={path.steps.length === 0} title="To the first rule">
            First
          </button>
          <button onClick={back} disabled={cursor === 0 || path.steps.length === 0} title="One rule back (,)">
            ‹ Rule
          </button>
          <button onClick={forth} disabled={cursor === undefined} title="One rule on (.)">
            Rule ›
          </button>
          <button onClick={() => go(undefined)} disabled={cursor === undefined} title="To the end">
            End
          </button>
        </span>
        {held !== undefined ? (
          <button
            className={css.link}
            onClick={() => {
              setHeld(undefined)
              setPacketId(undefined)
              setCursor(undefined)
              onSelect(undefined)
            }}
          >
            Follow the newest
          </button>
        ) : (
          <span className={css.following}>following the newest</span>
        )}
        <button className={css.link} onClick={() => onWhy({ kind: 'record', table: 'packets', id: packet.id })}>
          Why?
        </button>
      </div>
      <div className={css.main}>
        <FlowStrip
          flow={flow}
          packets={packets}
          chosen={packet}
          onChoose={(id) => {
            setHeld(flow.id)
            setPacketId(id)
          }}
        />
        {!narrow && <PathMap path={path} width={mapWidth} here={here} />}
        {(step || narrow) && (
          <p className={css.says} role="status">
            {narrate(path, step)}
          </p>
        )}
        {narrow && <Details path={path} step={step} replica={replica} now={now} />}
        <RuleList path={path} cursor={cursor} onCursor={go} onRun={onRun} />
      </div>
      {!narrow && <Details path={path} step={step} replica={replica} now={now} />}
    </div>
  )
}

/** The text twin: what the newest packet is doing. */
export function caption(replica: Replica, _now: Micros): string {
  const flow = chosenFlow(replica, undefined)
  const packet = flow && packetsOf(replica, flow).find((p) => p.way === 'request')
  if (!flow || !packet) return ''
  const says = narrate({ flow, packet, frames: [], steps: [], reply: undefined, stale: false, offset: 0 }, undefined)
  // Another one may be in hand: the twin speaks of the newest, and says so.
  return says.startsWith('The packet ')
    ? says.replace('The packet', 'The newest packet')
    : `The newest packet: ${says[0]!.toLowerCase()}${says.slice(1)}`
}
