import type { ReactNode } from 'react'
import { costsAt, isExact, linesAt } from '../../lab/mode-law.ts'
import type { ModeSample, SampleLine } from '../../lab/rules-protocol.ts'
import type { Micros, Replica, Selection, Size } from '../contract.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { spellBytes } from '../drawing/spell.ts'
import { Chart, type Series } from './Chart.tsx'
import { MOST_SERVICES, servicesAt, stepOf, useFace } from './face.ts'
import { LastSync } from './LastSync.tsx'
import { LookUp } from './LookUp.tsx'
import { FOUR_MODES, MEASURED_AT, MEASURED_CONNECT, MEASURED_RESTORE, spellCount, type ModeFacts } from './modes.ts'
import { offeredServices, useSamples, type Offered, type Sampled } from './samples.ts'
import css from './modes.module.css'

const PHONE = 700

/** The same Service in each mode of kube-proxy: what is asked, what is written, and how it grows. */
export function FourModes({
  replica,
  node,
  size,
  now,
  faces,
  onRun,
  onWhy,
}: {
  replica: Replica
  node: string
  size: Size
  now: Micros
  faces: ReactNode
  onRun: (command: string) => void
  onWhy: (selection: Selection) => void
}) {
  const { services, service, whole } = useFace()
  const offered = offeredServices(replica, node)
  const of = offered.find((one) => one.service === service) ?? offered[0]
  const samples = useSamples(of)
  const phone = size.width < PHONE
  const view = { services, of, whole, node, onRun }
  const beside = size.width >= 1180
  const sync = <LastSync replica={replica} node={node} now={now} onWhy={onWhy} />
  return (
    <div className={css.view} data-phone={phone} tabIndex={0} role="region" aria-label="Four modes side by side">
      <div className={css.top}>
        {faces}
        <Head offered={offered} of={of} />
        <Slider services={services} />
      </div>
      {phone && <Numbers samples={samples} services={services} />}
      <div className={css.columns} data-columns={size.width >= FOUR_ABREAST ? 4 : 2}>
        {FOUR_MODES.map((facts) => (
          <Column key={facts.mode} facts={facts} sampled={samples[facts.mode]} {...view} />
        ))}
      </div>
      <div className={css.below} data-beside={beside}>
        <div className={css.growth}>
          <Charts samples={samples} services={services} width={beside ? size.width - SYNC : size.width} phone={phone} />
          <p className={css.source}>
            Numbers, lines and bars are computed: each mode’s own writer and interpreter run for 1, 2, 12, 400 and 410
            Services of three endpoints, and a test proves the law between them.{' '}
            {!phone && `Circles are measured on Linux 6.18, without IPVS and eBPF. ${MEASURED_RESTORE}.`}
          </p>
          <Elsewhere samples={samples} services={services} />
          <Museum />
        </div>
        {phone ? (
          <details className={css.museum}>
            <summary>The last sync on {node}</summary>
            {sync}
          </details>
        ) : (
          sync
        )}
      </div>
    </div>
  )
}

const SYNC = 400
/** Below this the words in the drawings would be smaller than a label may be. */
const FOUR_ABREAST = 1_340

/** What the change of one endpoint costs in each mode: the writes of its own next sync. */
function Elsewhere({ samples, services }: { samples: Readonly<Partial<Record<string, Sampled>>>; services: number }) {
  const parts = FOUR_MODES.flatMap((facts) => {
    const sampled = samples[facts.mode]
    if (!sampled || 'missing' in sampled) return []
    return [`${facts.name} ${spellCount(costsAt(sampled, services).changeWrite)} ${facts.written}`]
  })
  if (parts.length === 0) return null
  return (
    <p className={css.source}>
      <b>One endpoint changes, written by its sync:</b> {parts.join('; ')}.
    </p>
  )
}

function Head({ offered, of }: { offered: readonly Offered[]; of: Offered | undefined }) {
  const whole = useFace((state) => state.whole)
  return (
    <div className={css.head}>
      <InlineGlyph plane="packet" />
      <span>
        <b>One packet, four ways:</b> a pod asks
      </span>
      {of ? (
        <select
          aria-label="Service"
          value={of.service}
          onChange={(event) => useFace.setState({ service: event.target.value })}
        >
          {offered.map((one) => (
            <option key={one.service}>{one.service}</option>
          ))}
        </select>
      ) : (
        <code>default/web</code>
      )}
      <code className={css.address}>{of?.address ?? '10.96.44.17:80'}</code>
      <button className={css.fold} aria-pressed={whole} onClick={() => useFace.setState({ whole: !whole })}>
        {whole ? 'Fold the lines' : 'Whole lines'}
      </button>
    </div>
  )
}

interface ColumnProps {
  facts: ModeFacts
  sampled: Sampled
  services: number
  of: Offered | undefined
  whole: boolean
  node: string
  onRun: (command: string) => void
}

const OWN_ENDPOINTS = ['10.244.1.14:8080', '10.244.1.23:8080', '10.244.2.31:8080']

function Column({ facts, sampled, services, of, whole, node, onRun }: ColumnProps) {
  const samples = sampled && !('missing' in sampled) ? sampled : undefined
  return (
    <section className={css.column} aria-label={facts.name}>
      <header>
        <h3>{facts.name}</h3>
        <span data-warn={facts.state.startsWith('deprecated')}>{facts.state}</span>
        <code>{facts.hook}</code>
        <button onClick={() => onRun(`ssh ${node} ${facts.command}`)} title="Run it in the terminal">
          {facts.command}
        </button>
      </header>
      {samples ? (
        <Computed facts={facts} samples={samples} services={services} of={of} whole={whole} />
      ) : (
        <p className={css.missing}>{sampled && 'missing' in sampled ? sampled.missing : 'Its writer is at work.'}</p>
      )}
    </section>
  )
}

function Computed({
  facts,
  samples,
  services,
  of,
  whole,
}: Omit<ColumnProps, 'sampled' | 'node' | 'onRun'> & { samples: readonly ModeSample[] }) {
  const costs = costsAt(samples, services)
  const figure = facts.figure(costs)
  const share = Math.log10(Math.max(1, figure)) / Math.log10(MOST_SERVICES)
  return (
    <>
      <LookUp
        mode={facts.mode}
        services={services}
        address={of?.address ?? '10.96.44.17:80'}
        endpoints={of?.endpoints ?? OWN_ENDPOINTS}
        backend={samples[2]?.backend}
      />
      <Lines lines={linesAt(samples, services)} whole={whole} />
      <div className={css.meter}>
        <p className={css.figure}>
          <b data-figure={facts.mode}>{spellCount(figure)}</b> {facts.unit(costs)}
        </p>
        <svg className={css.bar} viewBox="0 0 400 6" preserveAspectRatio="none" aria-hidden="true">
          <rect className={css.barBack} width={400} height={6} />
          <rect className={css.barFill} width={Math.max(3, 400 * Math.min(1, share))} height={6} />
          {[1, 2, 3].map((i) => (
            <path key={i} className={css.barTick} d={`M${i * 100} 0V6`} />
          ))}
        </svg>
        <p className={css.says}>{facts.says(costs)}</p>
        {costs.lines > 0 && (
          <p className={css.says}>
            Table: {isExact(facts.mode, 'lines') ? '' : 'about '}
            {spellCount(costs.lines)} lines, {spellBytes(Math.round(costs.bytes))} as printed.
          </p>
        )}
      </div>
    </>
  )
}

const SIGN = { yes: '✓', no: '–', now: '', rest: '', fold: '' } as const
const SIGN_WORD = { yes: 'matched: ', no: 'not matched: ', now: 'now: ', rest: '', fold: '' } as const

function Lines({ lines, whole }: { lines: readonly SampleLine[]; whole: boolean }) {
  return (
    <ol className={css.lines} data-whole={whole} tabIndex={0} aria-label="Lines that the packet meets">
      {lines.map((line, i) => (
        <li key={i} data-state={line.state} title={line.text}>
          <span className={css.sign}>
            {line.state === 'now' ? (
              <InlineGlyph plane="packet" size={13} />
            ) : (
              <span aria-hidden>{SIGN[line.state]}</span>
            )}
            <span className={css.unseen}>{SIGN_WORD[line.state]}</span>
          </span>
          <code>
            {line.count !== undefined
              ? `… ${spellCount(line.count)} more like it`
              : whole
                ? line.text
                : folded(line.text)}
          </code>
        </li>
      ))}
    </ol>
  )
}

/** What says least goes first, each time at a visible ellipsis. */
export function folded(text: string): string {
  return text
    .replace(/ -m comment --comment ("[^"]*"|\S+)/, '')
    .replace(/^-A KUBE-SEP-\S+ .*-j DNAT --to-destination/, '… --to-destination')
    .replace(/^(-A KUBE-SERVICES -d \S+) .*/, '$1 …')
    .replace(/ -m (?:tcp|udp|statistic)\b/g, '')
    .replace(/ --mode random/, '')
    .replace(/(KUBE-(?:SVC|SEP|EXT|FW)-[A-Z2-7]{4})[A-Z2-7]{12}/g, '$1…')
    .replace(/(probability 0\.\d{3})\d+ .*/, '$1…')
    .replace('ip daddr . meta l4proto . th dport', 'ip daddr . …')
    .replace(/^meta l4proto (?:tcp|udp) dnat ip to/, '… dnat ip to')
    .replace(/(\.\d+:\d+)\/TCP/, '$1')
    .replace(/ {3,}/g, '  ')
}

function Slider({ services }: { services: number }) {
  return (
    <div className={css.slider}>
      <label htmlFor="modes-services">the last of</label>
      <output htmlFor="modes-services">{spellCount(services)}</output>
      <span>{services === 1 ? 'Service' : 'Services'}</span>
      <div className={css.track}>
        <input
          id="modes-services"
          type="range"
          min={0}
          max={stepOf(MOST_SERVICES)}
          value={stepOf(services)}
          aria-label="Services"
          aria-valuetext={`${spellCount(services)} Services`}
          onChange={(event) => useFace.setState({ services: servicesAt(Number(event.target.value)) })}
        />
        <div className={css.ticks} aria-hidden="true">
          {['1', '10', '100', '1k', '10k'].map((n) => (
            <span key={n}>{n}</span>
          ))}
        </div>
      </div>
    </div>
  )
}

const SHOWN_AT: readonly number[] = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1_000, 2_000, 3_000, 5_000, 10_000]

function Charts({
  samples,
  services,
  width,
  phone,
}: {
  samples: Readonly<Partial<Record<string, Sampled>>>
  services: number
  width: number
  phone: boolean
}) {
  const ready = FOUR_MODES.flatMap((facts) => {
    const sampled = samples[facts.mode]
    return sampled && !('missing' in sampled) ? [{ facts, sampled }] : []
  })
  const lines = (of: (costs: ReturnType<typeof costsAt>) => number): Series[] =>
    ready.map(({ facts, sampled }) => ({
      name: facts.name,
      stroke: facts.stroke,
      points: SHOWN_AT.map((n) => [n, of(costsAt(sampled, n))] as const),
    }))
  const each = phone ? width - 32 : Math.max(236, Math.min(400, Math.floor((width - 32 - 48) / 3)))
  const height = 138
  return (
    <div className={css.charts}>
      <Chart
        title="Cost of one look-up"
        unit="rules and look-ups"
        width={each}
        height={height}
        y={[1, 10_000]}
        now={services}
        series={lines((c) => c.compared + c.lookups)}
      />
      {!phone && (
        <>
          <Chart
            title="connect, last Service"
            unit="µs, measured"
            width={each}
            height={height}
            y={[10, 1_000]}
            now={services}
            series={MEASURED_CONNECT.map(({ name, stroke, micros }) => ({
              name,
              stroke,
              measured: true,
              points: MEASURED_AT.map((n, i) => [n, micros[i]!] as const),
            }))}
            note={['not measured', 'below 1,000']}
          />
          <Chart
            title="One endpoint changes"
            unit="lines or calls written"
            width={each}
            height={height}
            y={[1, 10_000]}
            now={services}
            series={lines((c) => c.changeWrite)}
          />
        </>
      )}
    </div>
  )
}

/** For a phone: all four numbers, while one column is looked at. */
function Numbers({ samples, services }: { samples: Readonly<Partial<Record<string, Sampled>>>; services: number }) {
  return (
    <table className={css.numbers}>
      <tbody>
        {FOUR_MODES.map((facts) => {
          const sampled = samples[facts.mode]
          const costs = sampled && !('missing' in sampled) ? costsAt(sampled, services) : undefined
          return (
            <tr key={facts.mode}>
              <th scope="row">{facts.name}</th>
              <td>{costs ? spellCount(facts.figure(costs)) : '…'}</td>
              <td>{costs ? facts.unit(costs) : 'not in this build yet'}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Museum() {
  return (
    <details className={css.museum}>
      <summary>And the first mode of all, userspace</summary>
      <p>
        Until 1.25 kube-proxy had a mode in which it stood in the way itself: a rule sent each connection to a port of
        kube-proxy, and that process opened a second connection to a backend and copied the bytes. Each byte crossed
        from the kernel to a process and back, the backend saw the node as its client, and a kube-proxy that stopped
        took every Service with it. Deprecated in 1.23, removed in 1.26. Under One table a node can be set to it, to see
        its rules.
      </p>
    </details>
  )
}
