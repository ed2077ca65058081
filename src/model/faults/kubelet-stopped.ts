import { nodes, type Fault } from './fault.ts'

export const kubeletStopped: Fault = {
  name: 'kubelet-stopped',
  title: 'Kubelet stopped',
  summary: 'The kubelet service of a node is stopped; containers run on.',
  targets: nodes,
  set: (world, node) => void world.send('kubelet.stop', `${node}/kubelet`, {}),
  heal: (world, node) => void world.send('kubelet.start', `${node}/kubelet`, {}),
}
