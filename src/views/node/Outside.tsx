/** What is outside the node, and the wires that enter through the roof. */
import { memo } from 'react'
import { bottom, middleX, middleY } from '../drawing/box.ts'
import { Cross } from '../drawing/Glyph.tsx'
import { ofActor } from '../drawing/selection.ts'
import { sameProps } from '../drawing/same.ts'
import { Thing } from '../drawing/Stage.tsx'
import type { NodeLayout } from './layout.ts'
import css from './node.module.css'

export const Outside = memo(function Outside({
  layout,
  apiServer,
  cable,
  controlPlane,
}: {
  layout: NodeLayout
  apiServer: string
  cable: boolean
  controlPlane: boolean
}) {
  const { apiServer: api, registry, ports, registryX } = layout
  const roof = layout.body.y + layout.oblique.dy / 2
  const top = bottom(api)
  const reach = cable || controlPlane
  const down = (x: number, to: number) => (reach ? `M${x} ${top}V${to}` : `M${x} ${top}V${roof - 9}M${x} ${roof}V${to}`)
  return (
    <>
      <path d={down(ports.down, layout.kubelet.y)} className={css.apiWire} />
      <path d={down(ports.up, layout.kubelet.y)} className={css.apiWire} />
      {ports.proxy !== undefined && layout.proxy && (
        <path d={down(ports.proxy, layout.proxy.y)} className={css.apiWire} />
      )}
      {ports.agent !== undefined && layout.agent && (
        <path d={down(ports.agent, layout.agent.y)} className={css.apiWire} />
      )}
      {[ports.down, ports.up, ports.proxy, ports.agent, registryX].map(
        (x) => x !== undefined && <ellipse key={x} cx={x} cy={roof} rx="6" ry="3" className={css.port} />,
      )}
      {!reach && (
        <>
          <Cross x={ports.down} y={roof - 5} />
          <Cross x={ports.up} y={roof - 5} />
          {ports.proxy !== undefined && <Cross x={ports.proxy} y={roof - 5} />}
          {ports.agent !== undefined && <Cross x={ports.agent} y={roof - 5} />}
        </>
      )}
      <Thing select={ofActor('apiserver')} name={`API server ${apiServer}`} box={{ ...api, radius: api.height / 2 }}>
        <rect x={api.x} y={api.y} width={api.width} height={api.height} rx={api.height / 2} className={css.outside} />
        <text x={middleX(api)} y={middleY(api) + 4.5} textAnchor="middle" className={css.title}>
          API server
          {!layout.phone && (
            <tspan className={`${css.mono} ${css.ink3}`} fontWeight="400" fontSize="12" dx="6">
              {apiServer}
            </tspan>
          )}
        </text>
      </Thing>
      <Thing select={ofActor('registry')} name="Registry" box={{ ...registry, radius: registry.height / 2 }}>
        <rect
          x={registry.x}
          y={registry.y}
          width={registry.width}
          height={registry.height}
          rx={registry.height / 2}
          className={css.outside}
        />
        <text x={middleX(registry)} y={middleY(registry) + 4.5} textAnchor="middle" className={css.title}>
          Registry
        </text>
      </Thing>
    </>
  )
}, sameProps)
