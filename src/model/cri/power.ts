/**
 * containerd over a power cut: its stores are on disk, what they describe no longer runs.
 * Upstream: containerd internal/cri/server/restart.go (recover): containers without a task are exited with code 255.
 */
import { appendJournal } from '../linux/journal.ts'
import type { ModelWorld } from '../tables.ts'
import { rfc3339Nano } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { endedMemory } from '../images/process-memory.ts'
import { isVisible } from './sandbox-run.ts'
import { CONTAINERD_VERSION } from './runtime-status.ts'

const UNKNOWN_EXIT_CODE = 255
const UNKNOWN_EXIT_REASON = 'Unknown'

/** `machine.off`, to NODE/containerd. */
export function powerLost(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  for (const call of world.by('criCalls', 'node', node)) world.put('criCalls', call.id, undefined)
  for (const pull of world.by('pulls', 'node', node)) {
    if (pull.endedAt !== undefined) continue
    for (const layer of pull.layers) world.cancel(layer.transfer)
    const layers = pull.layers.map(({ transfer: _gone, ...layer }) => layer)
    world.put('pulls', `${node}|${pull.image}`, {
      ...pull,
      layers,
      state: 'failed',
      error: 'the machine lost its power',
      endedAt: world.now,
    })
  }
  forgetTasks(world, node)
  const unit = world.get('units', `${node}|containerd`)
  if (unit)
    world.put('units', `${node}|containerd`, { ...unit, active: 'inactive', sub: 'dead', since: world.now, pid: 0 })
}

/** `machine.on`: started by systemd. */
export function powerBack(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  world.put('units', `${node}|containerd`, {
    node,
    unit: 'containerd',
    active: 'active',
    sub: 'running',
    since: world.now,
    pid: 412,
  })
  const time = `time="${rfc3339Nano(world.now)}" level=info`
  appendJournal(world, node, 'containerd', `${time} msg="starting containerd" version=${CONTAINERD_VERSION}`)
}

/** Done at the cut, though containerd finds out when it is back: until then nobody can ask it. */
function forgetTasks(world: ModelWorld, node: string): void {
  for (const sandbox of world.by('sandboxes', 'node', node)) {
    if (!isVisible(sandbox)) {
      world.put('sandboxes', sandbox.id, undefined)
      // Half made and in nobody's list: an address that its plugin has just taken goes back with it.
      for (const held of world.by('ipReservations', 'node', node))
        if (held.containerId === sandbox.id) world.put('ipReservations', `${node}|${held.ip}`, undefined)
    } else if (sandbox.stage !== 'stopped') {
      world.because('CR18', { sandbox: sandbox.metadata.name })
      // Stopping it later still has to give its address back: its namespace is gone, its reservation is not.
      world.put('sandboxes', sandbox.id, { ...sandbox, state: 'SANDBOX_NOTREADY', stage: 'ready', pid: 0, shimPid: 0 })
    }
  }
  for (const container of world.by('containers', 'node', node)) {
    if (container.state !== 'CONTAINER_RUNNING') continue
    world.because('CR18', { container: container.metadata.name })
    world.put('containers', container.id, {
      ...container,
      state: 'CONTAINER_EXITED',
      finishedAt: world.now,
      pid: 0,
      exitCode: UNKNOWN_EXIT_CODE,
      reason: UNKNOWN_EXIT_REASON,
      memory: endedMemory(container.memory),
    })
  }
}
