/** Kills by hand, as `kill -9 PID` on the node. */
import type { KillRequest } from '../linux/processes.ts'
import type { ModelReader, ModelWorld } from '../tables.ts'
import type { Fault } from './fault.ts'

/** `namespace/pod/container`, as people name it. */
const nameOf = (c: { namespace: string; podName: string; metadata: { name: string } }): string =>
  `${c.namespace}/${c.podName}/${c.metadata.name}`

function kill(world: ModelWorld, node: string, pid: number, containerId: string): void {
  const request: KillRequest = { pid, signal: 'SIGKILL', containerId }
  world.send('kernel.kill', `${node}/kernel`, request)
}

const running = (reader: ModelReader) => reader.all('containers').filter((c) => c.state === 'CONTAINER_RUNNING')

export const containerKilled: Fault = {
  name: 'container-killed',
  title: 'Container killed',
  summary: 'The first process of a container gets SIGKILL from the node.',
  momentary: true,
  targets: (reader) => running(reader).map(nameOf),
  set(world, target) {
    for (const container of running(world))
      if (nameOf(container) === target) return kill(world, container.node, container.pid, container.id)
  },
  heal: () => {},
}

export const pauseKilled: Fault = {
  name: 'pause-killed',
  title: 'Pause killed',
  summary: 'The pause process of a pod gets SIGKILL from the node; the pod loses what held its namespaces.',
  momentary: true,
  targets: (reader) =>
    reader
      .all('sandboxes')
      .filter((s) => s.state === 'SANDBOX_READY' && s.pid !== 0)
      .map((s) => `${s.metadata.namespace}/${s.metadata.name}`),
  set(world, target) {
    for (const s of world.all('sandboxes'))
      if (s.state === 'SANDBOX_READY' && s.pid !== 0 && `${s.metadata.namespace}/${s.metadata.name}` === target)
        return kill(world, s.node, s.pid, s.id)
  },
  heal: () => {},
}
