/** The Node: one machine, cut open. Position carries meaning: agents, runtime, and the kernel under the line. */
import { useMemo } from 'react'
import type { Replica, ViewProps } from '../contract.ts'
import { bottom, middleX } from '../drawing/box.ts'
import { Stage } from '../drawing/Stage.tsx'
import { tipFor } from '../words/describe-thing.ts'
import { Counters, Dots, Network, type VethEnd } from './Kernel.tsx'
import { Containerd, Sockets } from './Runtime.tsx'
import { Kubelet, Neighbours } from './Agents.tsx'
import { Body } from './Body.tsx'
import { Capsule } from './Capsule.tsx'
import { captionOf } from './caption.ts'
import { Outside } from './Outside.tsx'
import { selectNode, type NodePicture } from './select.ts'
import { wayOfEvent } from './ways.ts'

const LEAST_HEIGHT = 450

export default function NodeView(props: ViewProps) {
  const { replica, node, selected } = props
  // Below this a capsule has no room for its parts: the picture keeps its height and scrolls.
  const height = Math.max(props.size.height, props.size.width < 520 ? 0 : LEAST_HEIGHT)
  const size = useMemo(() => ({ width: props.size.width, height }), [props.size.width, height])
  const focus = focusOf(replica, selected)
  const picture = useMemo(() => selectNode(replica, node, size, focus), [replica, node, size, focus])
  const { layout } = picture
  const runtimeY = bottom(layout.containerd)
  const line = layout.kernel.y
  return (
    <Stage
      view={props}
      label={`Node ${node}, cut open`}
      describe={tipFor}
      place={(event, records) => wayOfEvent(event, picture, records, focus)}
      height={height}
    >
      <svg width={size.width} height={size.height} role="presentation">
        <Body layout={layout} />
        <Outside
          layout={layout}
          apiServer={picture.apiServer}
          cable={picture.machine?.cable ?? true}
          controlPlane={picture.controlPlane}
        />
        <Kubelet layout={layout} kubelet={picture.kubelet} node={node} />
        <Neighbours layout={layout} proxy={picture.proxy} agent={picture.agent} node={node} />
        <Sockets layout={layout} calls={picture.calls} />
        <Containerd
          layout={layout}
          version={picture.machine?.runtimeVersion ?? ''}
          running={picture.runtimeRunning}
          pull={picture.pulls[0]}
          images={picture.images}
          node={node}
        />
        <Network
          layout={layout}
          veths={veths(picture)}
          bridge={picture.bridge}
          machine={picture.machine}
          node={node}
          bottomOfPods={layout.capsuleBottom}
        />
        {picture.size === 'dots' ? (
          <Dots groups={picture.groups} line={line} runtimeY={runtimeY} />
        ) : (
          picture.pods.map((pod) => (
            <Capsule
              key={pod.uid}
              pod={pod}
              slim={picture.size === 'slim'}
              phone={layout.phone}
              line={line}
              runtimeY={runtimeY}
              nodeIp={picture.machine?.ip ?? ''}
            />
          ))
        )}
        <Counters counters={picture.counters} node={node} />
        {picture.hidden > 0 && (
          <text
            x={(layout.inside.left + layout.inside.right) / 2}
            y={layout.bridgeY + 17}
            textAnchor="middle"
          >{`and ${picture.hidden} more pods`}</text>
        )}
      </svg>
    </Stage>
  )
}

function veths(picture: NodePicture): VethEnd[] {
  return picture.pods
    .filter((p) => !p.hostNetwork && (p.netns === 'wired' || (p.netns === 'bare' && p.phase === 'building')))
    .map((p) => ({ uid: p.uid, x: Math.round(middleX(p.box)), state: p.netns === 'wired' ? 'wired' : 'next' }))
}

/** The pod in focus: chosen itself, or the one whose part was chosen. */
function focusOf(replica: Replica, selected: ViewProps['selected']): string | undefined {
  if (selected?.kind !== 'record') return undefined
  if (selected.table === 'pods') return replica.get('pods', selected.id)?.metadata.uid
  if (selected.table === 'sandboxes') return replica.get('sandboxes', selected.id)?.metadata.uid
  if (selected.table === 'containers') return replica.get('containers', selected.id)?.podUid
  if (selected.table === 'podWorkers') return replica.get('podWorkers', selected.id)?.uid
  return undefined
}

export function caption(replica: Replica, _now: number, node: string): string {
  return captionOf(replica, node)
}
