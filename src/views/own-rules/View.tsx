import type { ViewProps } from '../contract.ts'
import { go, useDesk } from './desk.ts'
import { Form } from './Form.tsx'
import { narrate, standsAt } from './select.ts'
import { Source } from './Source.tsx'
import { WayMap } from './WayMap.tsx'
import { WayRules } from './WayRules.tsx'
import { WaySide } from './WaySide.tsx'
import css from './own-rules.module.css'

const NARROW = 760
const INPUT = 348
const SIDE = 284

/** Rules of a machine of your own: paste them, send a packet, see each rule it meets. */
export default function OwnRules({ node, size }: ViewProps) {
  const { loaded, form, answer, way, cursor, busy } = useDesk()
  const narrow = size.width < NARROW
  const beside = size.width >= 1080
  const mapWidth = narrow ? size.width : size.width - INPUT - (beside ? SIDE : 0)
  return (
    <div
      className={narrow ? css.narrow : css.wide}
      onKeyDown={(event) => {
        if (event.target instanceof Element && event.target.closest('input, textarea, select')) return
        if (event.key !== ',' && event.key !== '.') return
        if (!way) return
        event.preventDefault()
        if (event.key === ',') go((cursor ?? way.steps.length) - 1)
        else go(cursor === undefined ? undefined : cursor + 1)
      }}
    >
      <div className={css.input} tabIndex={narrow ? undefined : 0} role="region" aria-label="Rules and packet">
        <Source node={node} />
        {loaded && form && loaded.ruleCount > 0 && <Form loaded={loaded} form={form} fault={undefined} />}
      </div>
      {answer && way ? (
        <div
          className={css.result}
          data-beside={beside}
          data-busy={busy}
          role="region"
          aria-label="The way of the packet"
        >
          <div className={css.main}>
            <p className={css.says} role="status" data-verdict={way.verdict}>
              {narrate(way, standsAt(way, cursor).step)}
            </p>
            <WayMap way={way} cursor={cursor} width={Math.max(320, mapWidth)} />
            <WayRules way={way} cursor={cursor} inDev={form?.inDev ?? ''} onCursor={go} />
          </div>
          <WaySide answer={answer} way={way} step={standsAt(way, cursor).step} />
        </div>
      ) : (
        <div className={css.empty}>
          <Empty />
        </div>
      )}
    </div>
  )
}

/** The picture before there is one: the hooks, hollow. */
function Empty() {
  return (
    <>
      <svg width={420} height={120} viewBox="0 0 420 120" aria-hidden="true">
        <path className={css.unborn} d="M10 50H410" />
        {['PREROUTING', 'FORWARD', 'POSTROUTING'].map((hook, i) => (
          <g key={hook}>
            <circle className={css.unbornStation} cx={80 + i * 130} cy={50} r={6} />
            <text className={css.hookName} x={80 + i * 130} y={34} textAnchor="middle">
              {hook}
            </text>
            <rect className={css.unbornTable} x={40 + i * 130} y={70} width={80} height={34} rx={8} />
          </g>
        ))}
      </svg>
      <h2>Your rules, your packet</h2>
      <p>
        Paste what a node prints. Every rule the packet meets is shown, with its answer, up to the verdict. What the
        text cannot tell is asked, and you can answer it both ways.
      </p>
    </>
  )
}

/** The text twin. */
export function caption(): string {
  const { way, loaded } = useDesk.getState()
  if (way) return narrate(way, undefined)
  if (loaded && loaded.ruleCount > 0) return `${loaded.ruleCount} rules are in hand.`
  return 'Paste the rules of a node of your own. Nothing leaves this browser.'
}
