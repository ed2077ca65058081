import type { Packet } from '../../model/linux/netfilter/packet.ts'
import css from './packet-path.module.css'

const FIELDS: readonly (readonly [name: string, of: (p: Packet) => string])[] = [
  ['src', (p) => p.src],
  ['sport', (p) => String(p.sport)],
  ['dst', (p) => p.dst],
  ['dport', (p) => String(p.dport)],
  ['mark', (p) => `0x${(p.mark ?? 0).toString(16)}`],
]

/** The headers of a packet as they were at first and as they are here; what changed is struck out. */
export function Headers({
  before,
  after,
  what,
  begin,
}: {
  before: Packet
  after: Packet
  what: string
  begin: string
}) {
  return (
    <table className={css.headers}>
      <caption>
        {before.proto.toUpperCase()} {what}
      </caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{begin}</th>
          <th scope="col">here</th>
        </tr>
      </thead>
      <tbody>
        {FIELDS.map(([name, of]) => {
          const changed = of(before) !== of(after)
          return (
            <tr key={name} data-changed={changed}>
              <th scope="row">{name}</th>
              <td>{changed ? <s>{of(before)}</s> : of(before)}</td>
              <td>{of(after)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
