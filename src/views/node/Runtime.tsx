/** The runtime's layer: the CRI socket as plugs, containerd with the image that is coming. */
import { memo, useRef } from 'react'
import type { Micros } from '../../sim/contract.ts'
import { bottom, middleY, right } from '../drawing/box.ts'
import { Glyph } from '../drawing/Glyph.tsx'
import { LiveText, setAttribute, useLive } from '../drawing/live.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofActor, ofRecord } from '../drawing/selection.ts'
import { fits, elideMiddle } from '../drawing/spell.ts'
import { Thing } from '../drawing/Stage.tsx'
import type { NodeLayout } from './layout.ts'
import type { OpenCall, PullPicture } from './select.ts'
import css from './node.module.css'

export const Sockets = memo(function Sockets({ layout, calls }: { layout: NodeLayout; calls: readonly OpenCall[] }) {
  const { sockets, kubelet, containerd } = layout
  const y = bottom(layout.agents)
  const gap = containerd.y - y
  return (
    <>
      {[sockets.image, sockets.runtime].map((x) => (
        <g key={x} aria-hidden="true">
          <path d={`M${x} ${bottom(kubelet)}V${containerd.y}`} className={css.criWire} />
          <rect x={x - 9} y={y - 4} width="18" height="8" rx="2" className={css.port} />
        </g>
      ))}
      {!layout.phone && (
        <text x={right(containerd) - 24} y={y + gap * 0.62} textAnchor="end" className={`${css.mono} ${css.ink3}`}>
          /run/containerd/containerd.sock
        </text>
      )}
      {calls.map((call) => {
        const x = call.service === 'image' ? sockets.image : sockets.runtime
        const room =
          call.service === 'image'
            ? sockets.runtime - sockets.image - 24
            : right(containerd) - sockets.runtime - (layout.phone ? 20 : 262)
        const cy = y + gap * 0.52
        const label = elideMiddle(call.label, fits(Math.max(40, room)))
        return (
          <Thing
            key={call.service}
            select={ofRecord('criCalls', call.record)}
            name={`open call: ${call.label}`}
            box={{ x: x - 9, y: cy - 9, width: 22 + label.length * 6.4, height: 18, radius: 4 }}
            brackets={false}
          >
            <Glyph plane="cri" x={x} y={cy} state="hollow" halo />
            <text x={x + 14} y={cy + 4.5} className={css.criText}>
              {label}
            </text>
          </Thing>
        )
      })}
    </>
  )
}, sameProps)

export const Containerd = memo(function Containerd({
  layout,
  version,
  running,
  pull,
  images,
  node,
}: {
  layout: NodeLayout
  version: string
  running: boolean
  pull: PullPicture | undefined
  images: number
  node: string
}) {
  const b = layout.containerd
  const { registryX, registry } = layout
  const wireY = b.y + b.height * 0.685
  return (
    <>
      <Thing select={ofActor(`${node}/containerd`)} name={`containerd ${version}, ${images} images`} box={b}>
        <rect x={b.x} y={b.y} width={b.width} height={b.height} rx="6" className={running ? css.object : css.failed} />
        <text x={b.x + 10} y={layout.phone ? middleY(b) + 4 : b.y + 19} className={css.title}>
          containerd
        </text>
        {!layout.phone && (
          <text x={b.x + 10} y={b.y + 36} className={running ? `${css.mono} ${css.ink3}` : `${css.b} ${css.fail}`}>
            {running ? version : 'stopped'}
          </text>
        )}
        {!pull && !layout.phone && (
          <text x={b.x + b.width * 0.24 + 6} y={middleY(b) + 4} className={css.ink3}>
            {images === 1 ? '1 image in the content store' : `${images} images in the content store`}
          </text>
        )}
      </Thing>
      <path
        d={
          pull
            ? `M${registryX} ${bottom(registry)}V${wireY - 6}Q${registryX} ${wireY} ${registryX - 6} ${wireY}H${right(pull.box) - 2}`
            : `M${registryX} ${bottom(registry)}V${b.y}`
        }
        className={css.storeWire}
        opacity={pull && pull.state !== 'failed' ? 1 : 0.45}
      />
      {pull && <Pull pull={pull} phone={layout.phone} />}
    </>
  )
}, sameProps)

function Pull({ pull, phone }: { pull: PullPicture; phone: boolean }) {
  const { box } = pull
  const left = box.x + 6
  const end = right(box) - 6
  const top = box.y + 1
  const failed = pull.state === 'failed'
  const words = (now: Micros) => {
    if (failed) return 'failed'
    if (pull.state === 'manifest') return 'asks for the manifest'
    if (pull.state === 'unpack') return 'unpacks'
    const done = pull.layers.filter((l) => l.doneAt !== undefined && l.doneAt <= now).length
    return phone ? `${done} of ${pull.layers.length}` : `${done} of ${pull.layers.length} layers`
  }
  return (
    <Thing
      select={ofRecord('pulls', pull.id)}
      name={`pull of ${pull.image}, ${pull.done} of ${pull.layers.length} layers`}
      box={{ ...box, radius: 4 }}
      brackets={false}
    >
      <Glyph plane="store" x={left + 4} y={top + 10} radius={5.5} />
      <text x={left + 16} y={top + 14} className={`${css.mono} ${css.ink}`}>
        {elideMiddle(pull.image, fits(end - left - (phone ? 70 : 130), 12, true))}
      </text>
      <LiveText x={end} y={top + 14} anchor="end" className={failed ? css.fail : css.ink3} say={words} />
      {pull.layers.map((layer) => (
        <Layer key={layer.digest} layer={layer} y={top + 22} />
      ))}
      {pull.layers.length === 0 && (
        <rect x={left} y={top + 22} width={end - left} height="11" rx="1.5" className={css.ghost} />
      )}
    </Thing>
  )
}

function Layer({ layer, y }: { layer: PullPicture['layers'][number]; y: number }) {
  const fill = useRef<SVGRectElement>(null)
  useLive((now) => {
    const { startedAt, doneAt } = layer
    const share =
      startedAt === undefined || doneAt === undefined
        ? 0
        : doneAt <= startedAt
          ? now >= doneAt
            ? 1
            : 0
          : Math.min(1, Math.max(0, (now - startedAt) / (doneAt - startedAt)))
    setAttribute(fill, 'width', (layer.width * share).toFixed(1))
  })
  return (
    <>
      <rect x={layer.x} y={y} width={layer.width} height="11" rx="1.5" className={css.layerEdge} />
      <rect ref={fill} x={layer.x} y={y} height="11" rx="1.5" className={css.layerFill} />
    </>
  )
}
