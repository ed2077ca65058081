/** The control plane: what it knows of the leases, when it looks next, and a Service with its endpoints as listed. */
import { memo } from 'react'
import { bottom, right } from '../drawing/box.ts'
import { Clock } from '../drawing/Clock.tsx'
import { Glyph } from '../drawing/Glyph.tsx'
import { LiveText } from '../drawing/live.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofActor, ofRecord } from '../drawing/selection.ts'
import { elideMiddle, fits, spellLeft, spellSpan } from '../drawing/spell.ts'
import { Thing } from '../drawing/Stage.tsx'
import { PASS } from './heartbeat.ts'
import { MiniBody } from './MiniBody.tsx'
import type { ControlPlane as ControlPlanePicture } from './select.ts'
import css from './cluster.module.css'

export const ControlPlane = memo(function ControlPlane({ plane }: { plane: ControlPlanePicture }) {
  const { box: b, api, lifecycle, service, passAt } = plane
  return (
    <>
      <Thing select={ofRecord('nodes', plane.name)} name={`node ${plane.name}`} box={{ ...b, radius: 2 }}>
        <MiniBody box={b} split={Math.round(b.y + b.height * 0.55)} />
        <text x={b.x + 18} y={b.y + 27} className={css.title}>
          {plane.name}
        </text>
        <text x={b.x + 18} y={b.y + 44} className={`${css.mono} ${css.ink3}`}>
          {plane.ip}
        </text>
      </Thing>
      <Thing select={ofActor('apiserver')} name="API server, leases of the nodes" box={api}>
        <rect x={api.x} y={api.y} width={api.width} height={api.height} rx="6" className={css.object} />
        <text x={api.x + 10} y={api.y + 18} className={css.title13}>
          API server
        </text>
        <text x={right(api) - 10} y={api.y + 18} textAnchor="end" className={css.ink3}>
          kube-node-lease
        </text>
      </Thing>
      {plane.leases.map((lease, i) => {
        const y = api.y + 36 + i * Math.min(17, (api.height - 22) / plane.leases.length)
        return (
          <Thing
            key={lease.node}
            select={ofRecord('leases', `kube-node-lease/${lease.node}`)}
            name={`lease of ${lease.node}`}
            box={{ x: api.x + 8, y: y - 13, width: api.width - 16, height: 17, radius: 3 }}
            brackets={false}
          >
            <Glyph plane="api" x={api.x + 17} y={y - 4} radius={4.4} state={lease.silent ? 'hollow' : 'solid'} />
            <text
              x={api.x + 30}
              y={y}
              className={lease.silent ? `${css.mono} ${css.b} ${css.ink}` : `${css.mono} ${css.ink}`}
            >
              {elideMiddle(lease.node, fits(api.width - 130, 12, true))}
            </text>
            {lease.renewedAt === undefined ? (
              <text x={right(api) - 10} y={y} textAnchor="end" className={`${css.mono} ${css.ink3}`}>
                none
              </text>
            ) : (
              <LiveText
                x={right(api) - 10}
                y={y}
                anchor="end"
                className={lease.silent ? `${css.mono} ${css.b} ${css.fail}` : css.mono}
                say={(now) => `${spellSpan(now - lease.renewedAt!)} ago`}
              />
            )}
          </Thing>
        )
      })}
      {plane.moreLeases > 0 && (
        <text x={api.x + 30} y={bottom(api) - 6} className={css.ink3}>{`and ${plane.moreLeases} more`}</text>
      )}
      <Thing select={ofActor('controller-manager')} name="node lifecycle controller" box={lifecycle}>
        <rect
          x={lifecycle.x}
          y={lifecycle.y}
          width={lifecycle.width}
          height={lifecycle.height}
          rx="6"
          className={css.object}
        />
        <text x={lifecycle.x + 10} y={lifecycle.y + 19} className={css.title13}>
          node lifecycle
        </text>
        {passAt === undefined ? (
          <text x={lifecycle.x + 10} y={lifecycle.y + 36} className={css.ink3}>
            not running
          </text>
        ) : (
          <>
            <LiveText
              x={lifecycle.x + 10}
              y={lifecycle.y + 36}
              say={(now) => `looks every 5 s, next in ${spellLeft(passAt - now)}`}
            />
            <Clock
              x={right(lifecycle) - 20}
              y={lifecycle.y + 23}
              radius={9}
              width={2}
              since={passAt - PASS}
              until={passAt}
            />
          </>
        )}
      </Thing>
      {service && (
        <Thing
          select={ofRecord('services', service.id)}
          name={`Service ${service.name}, ${service.ready} of ${service.listed} endpoints ready`}
          box={service.box}
        >
          <rect
            x={service.box.x}
            y={service.box.y}
            width={service.box.width}
            height={service.box.height}
            rx="6"
            className={css.object}
          />
          <ServiceWords service={service} />
        </Thing>
      )}
    </>
  )
}, sameProps)

/** `Service shop/web`, or the name alone where both do not fit. */
function serviceTitle(name: string, room: number): string {
  const long = `Service ${name}`
  return long.length * 7.5 <= room ? long : elideMiddle(name, fits(room, 14))
}

/** Two lines, or one where the body is low. */
function ServiceWords({ service }: { service: NonNullable<ControlPlanePicture['service']> }) {
  const b = service.box
  const low = b.height < 36
  const y = low ? b.y + b.height / 2 + 4.5 : b.y + 19
  const tone = service.gone > 0 ? css.fail : undefined
  const short =
    service.gone > 0 ? `${service.ready} listed, ${service.gone} silent` : `${service.ready} of ${service.listed} ready`
  const side = low ? short : service.ip
  return (
    <>
      <text x={b.x + 10} y={y} className={css.title13}>
        {serviceTitle(service.name, b.width - 28 - side.length * 7.3)}
      </text>
      <text x={right(b) - 10} y={y} textAnchor="end" className={low ? tone : `${css.mono} ${css.ink3}`}>
        {side}
      </text>
      {!low && (
        <text x={b.x + 10} y={Math.min(b.y + 40, bottom(b) - 7)} className={tone}>
          {service.gone > 0
            ? `${service.ready} ${service.ready === 1 ? 'endpoint' : 'endpoints'} listed ready, ${service.gone} silent`
            : `${service.ready} of ${service.listed} endpoints ready`}
        </text>
      )}
    </>
  )
}
