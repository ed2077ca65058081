import type { FlowRecord, PacketRecord } from '../../model/tables.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import css from './packet-path.module.css'

interface FlowStripProps {
  readonly flow: FlowRecord
  readonly packets: readonly PacketRecord[]
  readonly chosen: PacketRecord
  readonly onChoose: (id: string) => void
}

const MOST = 14

/** The packets of a flow in the order in which they were sent: there solid, back hollow, a cross where one ended early. */
export function FlowStrip({ flow, packets, chosen, onChoose }: FlowStripProps) {
  const shown = packets.slice(0, MOST)
  if (!shown.includes(chosen)) shown.push(chosen)
  return (
    <div className={css.strip} role="group" aria-label="Packets of this flow">
      {shown.map((packet) => {
        const failed = /dropped|rejected|lost/.test(packet.state)
        return (
          <button
            key={packet.id}
            className={css.packet}
            aria-pressed={packet === chosen}
            data-failed={failed}
            onClick={() => onChoose(packet.id)}
            title={`${packet.what}, ${packet.way === 'request' ? 'from the client' : 'to the client'}: ${packet.state}`}
          >
            {packet.way === 'request' ? <InlineGlyph plane="packet" /> : <InlineGlyph plane="packet" state="hollow" />}
            <span>{packet.what}</span>
            {failed && <span className={css.cross}>{packet.state}</span>}
          </button>
        )
      })}
      {packets.length > shown.length && <span className={css.quietText}>and {packets.length - shown.length} more</span>}
      <span className={css.outcome}>{outcome(flow)}</span>
    </div>
  )
}

/** How the exchange ended for its client, in a few words. */
function outcome(flow: FlowRecord): string {
  const ms = flow.endedAt === undefined ? undefined : (flow.endedAt - flow.startedAt) / 1000
  const after =
    ms === undefined
      ? ''
      : ms < 1
        ? ` after ${Math.round(ms * 1000)} µs`
        : ms < 10
          ? ` after ${ms.toFixed(1)} ms`
          : ms < 1000
            ? ` after ${Math.round(ms)} ms`
            : ` after ${(ms / 1000).toFixed(1)} s`
  switch (flow.error) {
    case undefined:
      return ms === undefined ? 'under way' : `answered${after}`
    case 'timeout':
      return `timed out${after}: sent ${flow.tries + 1} times, nothing came back`
    case 'refused':
      return `refused${after}`
    case 'unreachable':
      return `no route to host${after}`
    default:
      return `${flow.error}${after}`
  }
}
