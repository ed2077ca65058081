import type { ReactNode } from 'react'
import type { ProxyModeName } from '../../model/kube-proxy/mode.ts'
import { Glyph } from '../drawing/Glyph.tsx'
import { elideMiddle } from '../drawing/spell.ts'
import { spellCount } from './modes.ts'
import css from './modes.module.css'

export const LOOKUP = { width: 320, height: 142 } as const

interface LookUpProps {
  readonly mode: ProxyModeName
  readonly services: number
  readonly address: string
  readonly endpoints: readonly string[]
  readonly backend: string | undefined
}

/** How the mode finds the backend, with the packet at its place. */
export function LookUp(props: LookUpProps) {
  const Drawing = DRAWINGS[props.mode]
  return Drawing ? (
    <svg
      className={css.lookup}
      viewBox={`0 0 ${LOOKUP.width} ${LOOKUP.height}`}
      role="img"
      aria-label={SAYS[props.mode]}
    >
      <Drawing {...props} shown={shownOf(props)} />
    </svg>
  ) : null
}

const SAYS: Readonly<Record<string, string>> = {
  iptables: 'One rule after another, until one matches',
  ipvs: 'A hash table finds the Service, a scheduler chooses the backend',
  nftables: 'A map finds the chain of the Service, a random number the backend',
  ebpf: 'The socket itself finds Service, slot and backend in three maps before a packet is made',
}

type Shown = readonly { readonly text: string; readonly chosen: boolean }[]

/** Three backends at most, the chosen one among them. */
function shownOf({ endpoints, backend }: LookUpProps): Shown {
  const chosen = Math.max(0, endpoints.indexOf(backend ?? ''))
  const from = Math.max(0, Math.min(chosen - 1, endpoints.length - 3))
  return endpoints.slice(from, from + 3).map((text, i) => ({ text, chosen: from + i === chosen }))
}

const DRAWINGS: Readonly<Partial<Record<ProxyModeName, (props: LookUpProps & { shown: Shown }) => ReactNode>>> = {
  iptables: IptablesLook,
  ipvs: IpvsLook,
  nftables: NftablesLook,
  ebpf: EbpfLook,
}

const ipOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '')

function IptablesLook({ services }: LookUpProps) {
  const rows = Math.min(services, 9)
  const gap = services > 9
  const at = (i: number): number => 14 + i * 9 + (gap && i > 4 ? 22 : 0)
  const last = at(rows - 1)
  return (
    <>
      {Array.from({ length: rows }, (_, i) => (
        <rect
          key={i}
          className={i === rows - 1 ? css.hit : css.miss}
          x={4}
          y={at(i)}
          width={104}
          height={i === rows - 1 ? 5 : 4}
        />
      ))}
      {gap && (
        <text className={css.dots} x={56} y={at(4) + 20} textAnchor="middle">
          ⋮
        </text>
      )}
      <path className={css.way} d={`M126 10V${last - 8}`} />
      <Glyph plane="packet" x={126} y={last + 1} radius={9.5} heading={90} halo />
      <text className={css.note} x={148} y={26}>
        one rule after another
      </text>
      <text className={css.note} x={148} y={42}>
        until one matches
      </text>
      {services > 1 && (
        <text className={css.figures} x={148} y={last - 14}>
          {spellCount(services - 1)} not matched
        </text>
      )}
      <text className={css.figuresNow} x={148} y={last + 6}>
        rule {spellCount(services)}
      </text>
    </>
  )
}

function Servers({ shown, x, width }: { shown: Shown; x: number; width: number }) {
  return (
    <>
      {shown.map((one, i) => (
        <g key={one.text}>
          <rect className={one.chosen ? css.boxNow : css.box} x={x} y={14 + i * 42} width={width} height={26} rx={6} />
          <text className={one.chosen ? css.figuresNow : css.figures} x={x + 8} y={31 + i * 42}>
            {elideMiddle(ipOf(one.text), Math.floor((width - 12) / 7.3))}
          </text>
        </g>
      ))}
    </>
  )
}

function IpvsLook({ shown }: { shown: Shown }) {
  const row = 5
  const y = 17 + row * 14
  return (
    <>
      {Array.from({ length: 8 }, (_, i) => (
        <rect key={i} className={i === row ? css.hit : css.cell} x={4} y={12 + i * 14} width={30} height={10} rx={2} />
      ))}
      <text className={css.note} x={4} y={138}>
        hash
      </text>
      <path className={css.way} d={`M34 ${y}H74`} />
      <rect className={css.boxInk} x={78} y={y - 14} width={58} height={28} rx={6} />
      <text className={css.figuresNow} x={107} y={y + 4} textAnchor="middle">
        rr
      </text>
      <Glyph plane="packet" x={55} y={y} radius={9.5} halo />
      <text className={css.note} x={78} y={y + 32}>
        the next in turn
      </text>
      {shown.map((one, i) => (
        <path
          key={one.text}
          className={one.chosen ? css.way : css.thin}
          d={`M136 ${y}C160 ${y} 152 ${27 + i * 42} 176 ${27 + i * 42}`}
        />
      ))}
      <Servers shown={shown} x={178} width={138} />
    </>
  )
}

function NftablesLook({ address, services, shown, endpoints }: LookUpProps & { shown: Shown }) {
  const [ip, port] = address.split(':') as [string, string]
  const rows = services > 1 ? ['10.101.100.100 . tcp . 80', `${ip} . tcp . ${port}`, '…'] : [`${ip} . tcp . ${port}`]
  const at = services > 1 ? 1 : 0
  const top = services > 1 ? 8 : 28
  const chosen = Math.max(
    0,
    shown.findIndex((one) => one.chosen),
  )
  const x = 262 + (chosen - shown.length + 1) * 52
  return (
    <>
      <rect className={css.box} x={4} y={top} width={312} height={rows.length * 22} rx={6} />
      <rect className={css.rowNow} x={4} y={top + at * 22} width={312} height={22} />
      {rows.map((row, i) => (
        <text key={row} className={i === at ? css.figuresNow : css.figures} x={12} y={top + 15 + i * 22}>
          {row}
        </text>
      ))}
      <path className={css.way} d={`M${x + 22} ${top + 11 + at * 22}V106`} />
      <Glyph plane="packet" x={x + 22} y={top + 11 + at * 22} radius={9.5} heading={90} halo />
      <text className={css.note} x={4} y={91}>
        {services > 1 ? `map service-ips, ${spellCount(services)} keys` : 'map service-ips'}
      </text>
      <text className={css.note} x={4} y={122}>
        random, mod {endpoints.length}
      </text>
      {shown.map((one, i) => (
        <g key={one.text}>
          <rect
            className={one.chosen ? css.boxNow : css.box}
            x={262 + (i - shown.length + 1) * 52}
            y={106}
            width={46}
            height={24}
            rx={6}
          />
          <text
            className={one.chosen ? css.figuresNow : css.figures}
            x={285 + (i - shown.length + 1) * 52}
            y={122}
            textAnchor="middle"
          >
            {ipOf(one.text).split('.').slice(2).join('.')}
          </text>
        </g>
      ))}
    </>
  )
}

function EbpfLook({ shown, endpoints }: LookUpProps & { shown: Shown }) {
  const chosen = shown.find((one) => one.chosen)
  const maps = [`Service: ${endpoints.length} backends`, 'a slot, drawn', ipOf(chosen?.text ?? '')]
  return (
    <>
      <rect className={css.netns} x={4} y={8} width={100} height={126} rx={10} />
      <text className={css.strong} x={16} y={26}>
        client
      </text>
      <text className={css.note} x={16} y={44}>
        calls connect
      </text>
      <rect className={css.boxInk} x={16} y={58} width={74} height={28} rx={6} />
      <text className={css.strong} x={53} y={76} textAnchor="middle">
        socket
      </text>
      {maps.map((text, i) => (
        <g key={i}>
          <path className={css.mapWire} d={`M90 72H118V${22 + i * 30}H134`} />
          <circle className={css.step} cx={143} cy={22 + i * 30} r={9} />
          <text className={css.stepNo} x={143} y={26 + i * 30} textAnchor="middle">
            {i + 1}
          </text>
          <rect className={i === 2 ? css.boxNow : css.box} x={160} y={10 + i * 30} width={156} height={24} rx={6} />
          <text className={i === 2 ? css.figuresNow : css.figures} x={168} y={26 + i * 30}>
            {text}
          </text>
        </g>
      ))}
      <path className={css.way} d="M53 86V118H150" />
      <Glyph plane="packet" x={158} y={118} radius={9.5} halo />
      <text className={css.note} x={176} y={115}>
        born with the address
      </text>
      <text className={css.note} x={176} y={130}>
        of the pod
      </text>
    </>
  )
}
