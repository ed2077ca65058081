/** The probability lens: how the choice of a backend falls, and how it falls for a thousand connections. */
import { useState } from 'react'
import { theLab } from '../../lab/client.ts'
import type { SharesAnswer, SharesQuestion } from '../../lab/shares.ts'
import type { Replica } from '../contract.ts'
import type { Fan, Path } from './select.ts'
import type { PathStep } from './steps.ts'
import css from './packet-path.module.css'

const WIDTH = 268
const ROW = 22
const MOST = 12

interface LensProps {
  readonly path: Path
  readonly step: PathStep | undefined
  readonly replica: Replica
}

export function Lens({ path, step, replica }: LensProps) {
  const frame = path.frames.find((f) => f.branch?.fan && (step === undefined || f.hop <= step.hop))
  const fan = frame?.branch?.fan ?? socketFan(path, replica)
  if (!fan || fan.endpoints.length < 2) return null
  const n = fan.endpoints.length
  return (
    <section aria-label="Chance">
      <h3>{fan.how === 'scheduler' ? 'The scheduler' : 'Chance'}</h3>
      <p>{WORDS[fan.how](n)}</p>
      {n <= MOST && (fan.how === 'cascade' ? <Cascade fan={fan} /> : <Slots fan={fan} />)}
      <Thousand key={path.packet.id} path={path} />
    </section>
  )
}

const WORDS: Readonly<Record<Fan['how'], (n: number) => string>> = {
  cascade: (n) => `${n} rules, ${n} equal areas. Each takes its part of what the rules before it have left.`,
  draw: (n) => `One draw of ${n} numbers, one look-up in a map: no rule after rule.`,
  slot: (n) => `${n} slots of a BPF map, one drawn.`,
  scheduler: (n) => `${n} real servers. rr takes the next in the list: nothing is drawn.`,
}

/** The choice at connect(), where no packet ever had the Service's address. */
function socketFan({ flow }: Path, replica: Replica): Fan | undefined {
  const lb = flow.socketLb
  if (!lb || !('node' in flow.client)) return undefined
  const { node } = flow.client
  const id = `${node}|${flow.proto} ${lb.ip}:${lb.port}`
  const service = replica.get('bpfServices', `${id}/internal`) ?? replica.get('bpfServices', `${id}/external`)
  const all = (service?.backends ?? []).flatMap((b) => replica.get('bpfBackends', `${node}|${b}`) ?? [])
  const endpoints = all.map((b) => `${b.ip}:${b.port}`)
  return { chain: '', endpoints, chosen: endpoints.indexOf(`${flow.dst}:${flow.dport}`), how: 'slot' }
}

/** Each rule takes its share of what is left: areas that end equal. */
function Cascade({ fan }: { fan: Fan }) {
  const n = fan.endpoints.length
  const share = WIDTH / n
  const middle = Math.min(WIDTH - 62, Math.max(62, (fan.chosen + 0.5) * share))
  return (
    <svg width={WIDTH} height={n * ROW + 22} role="img" aria-label={spoken(fan)}>
      {fan.endpoints.map((address, i) => {
        const [x, y] = [i * share, i * ROW]
        const taken = i === fan.chosen
        const reached = i <= fan.chosen
        return (
          <g key={address}>
            <rect className={css.rest} x={x} y={y} width={WIDTH - x} height={18} />
            <rect
              className={taken ? css.taken : reached ? css.missed : css.open}
              x={x}
              y={y}
              width={share}
              height={18}
            />
            <text className={taken ? css.onTaken : css.odds} x={x + share / 2} y={y + 13} textAnchor="middle">
              {i === n - 1 ? 'all' : `1/${n - i}`}
            </text>
            {taken && <path className={css.drop} d={`M${x + share / 2} ${y + 20}V${n * ROW + 4}`} />}
          </g>
        )
      })}
      <text className={css.chosen} x={middle} y={n * ROW + 18} textAnchor="middle">
        {fan.endpoints[fan.chosen]}
      </text>
    </svg>
  )
}

/** One row of equal slots. */
function Slots({ fan }: { fan: Fan }) {
  const n = fan.endpoints.length
  const share = WIDTH / n
  const middle = Math.min(WIDTH - 62, Math.max(62, (fan.chosen + 0.5) * share))
  return (
    <svg width={WIDTH} height={44} role="img" aria-label={spoken(fan)}>
      {fan.endpoints.map((address, i) => (
        <g key={address}>
          <rect className={i === fan.chosen ? css.taken : css.rest} x={i * share} y={1} width={share} height={18} />
          <text className={i === fan.chosen ? css.onTaken : css.odds} x={(i + 0.5) * share} y={14} textAnchor="middle">
            {fan.how === 'draw' ? i : i + 1}
          </text>
        </g>
      ))}
      <text className={css.chosen} x={middle} y={38} textAnchor="middle">
        {fan.endpoints[fan.chosen]}
      </text>
    </svg>
  )
}

const spoken = (fan: Fan): string =>
  `Endpoints ${fan.endpoints.join(', ')}; chosen: ${fan.endpoints[fan.chosen] ?? 'none'}`

type Result = { answer: SharesAnswer; kept: boolean } | { says: string } | 'busy' | undefined

/** The first packet as it comes to the rules, as a question to the interpreter. */
export function questionOf({ packet, flow }: Path, seed: number): SharesQuestion | undefined {
  if (flow.socketLb && 'node' in flow.client) {
    const header = { ...packet.header, dst: flow.socketLb.ip, dport: flow.socketLb.port }
    return { node: flow.client.node, packet: header, atSocket: true, count: 1_000, seed }
  }
  const hop = packet.hops.find((h) => h.netns === '' && h.nat.some((nat) => nat.kind === 'DNAT'))
  if (!hop) return undefined
  const { node, before, inDev } = hop
  return { node, packet: before, ...(inDev === undefined ? {} : { inDev }), count: 1_000, seed }
}

/** A thousand connections through the same rules, drawn anew each time; over one kept connection there is one choice. */
function Thousand({ path }: { path: Path }) {
  const [result, setResult] = useState<Result>()
  const [tries, setTries] = useState(0)
  const [keep, setKeep] = useState(false)
  const send = (): void => {
    const question = questionOf(path, tries + 1)
    if (!question) return setResult({ says: 'Choose the first packet of the flow: later ones follow conntrack.' })
    setTries(tries + 1)
    setResult('busy')
    const of = { ...question, count: keep ? 1 : 1_000 }
    theLab()
      .ask<SharesAnswer>({ q: 'shares', of })
      .then(
        (answer) => setResult({ answer, kept: keep }),
        (error: Error) => setResult({ says: error.message }),
      )
  }
  return (
    <div className={css.thousand}>
      <button onClick={send} disabled={result === 'busy'}>
        Send 1,000 requests
      </button>
      <label>
        <input type="checkbox" checked={keep} onChange={(event) => setKeep(event.target.checked)} /> over one connection
        (keep-alive)
      </label>
      {result !== undefined && result !== 'busy' && ('says' in result ? <p>{result.says}</p> : <Shares {...result} />)}
    </div>
  )
}

function Shares({ answer, kept }: { answer: SharesAnswer; kept: boolean }) {
  const factor = kept ? 1_000 : 1
  const total = answer.counts.reduce((sum, c) => sum + c.count, 0) * factor
  const most = Math.max(1, ...answer.counts.map((c) => c.count)) * factor
  const { chiSquare, bound } = answer
  return (
    <div role="status">
      <table className={css.shares}>
        <caption className={css.unseen}>Requests for each backend</caption>
        <tbody>
          {answer.counts.map(({ backend, count }) => (
            <tr key={backend}>
              <th scope="row">{backend}</th>
              <td>{count * factor}</td>
              <td>
                <span className={css.share} style={{ width: `${((count * factor) / most) * 100}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {kept ? (
        <p>One connection, one choice: all its requests go to the same pod.</p>
      ) : answer.counts.length > 1 ? (
        <p>
          {total} connections. Chi-square {chiSquare.toFixed(1)}; equal shares stay below {bound.toFixed(1)} in 999 of
          1,000 tries.
        </p>
      ) : (
        <p>{answer.none > 0 ? `${answer.none} found no backend.` : 'One backend takes them all.'}</p>
      )}
      <p className={css.quietText}>
        Computed by the interpreter from the rules as they are now; the cluster is not touched.
      </p>
    </div>
  )
}
