/**
 * StopContainer, RemoveContainer, and what happens when a process ends.
 * Upstream: containerd internal/cri/server/container_stop.go, container_remove.go, events.go.
 */
import { LATENCY } from '../messages.ts'
import type { ContainerRecord, CriCallRecord, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { ExitNotice } from '../linux/processes.ts'
import { endedMemory } from '../images/process-memory.ts'
import type { ContainerIdRequest, StopContainerRequest } from './api.ts'
import { answer, finishCall, openCall, requestOf, updateCall, type CallEvent } from './calls.ts'
import { logContainerd } from './containerd-log.ts'
import { COSTS } from './costs.ts'
import { findContainer } from './lists.ts'
import { dropLog } from './container-log.ts'

export function stopContainer(world: ModelWorld, event: CallEvent): void {
  const { container_id: id, timeout = 0 } = requestOf<StopContainerRequest>(event)
  const container = findContainer(world, placeOf(event.to), id)
  if (!container || container.state !== 'CONTAINER_RUNNING') return answer(world, event, {})
  logContainerd(world, container.node, 'info', `StopContainer for "${id}" with timeout ${timeout} (s)`)
  if (timeout <= 0) {
    const call = openCall(world, event, 'waits for it to die', { containerId: id })
    world.because('CR14', { timeout })
    return signal(world, container, 'SIGKILL', call)
  }
  const signalled = world
    .by('criCalls', 'container', id)
    .some((c) => c.method === 'StopContainer' && c.deadline !== undefined)
  const deadline = world.now + timeout * 1_000_000
  const call = openCall(world, event, `sent ${container.stopSignal}, waits`, { containerId: id, deadline })
  if (signalled)
    logContainerd(
      world,
      container.node,
      'info',
      `Skipping the sending of signal ${container.stopSignal} to container "${id}" because a prior stop with timeout>0 request already sent the signal`,
    )
  else {
    world.because('CR13', { signal: container.stopSignal, 'SIGKILL after seconds': timeout })
    signal(world, container, container.stopSignal, call)
  }
  world.send('timer.stop-deadline', event.to, { call: call.id }, { delayMicros: timeout * 1_000_000 })
}

function signal(world: ModelWorld, container: ContainerRecord, name: string, _call: CriCallRecord): void {
  logContainerd(
    world,
    container.node,
    'info',
    name === 'SIGKILL' ? `Kill container "${container.id}"` : `Stop container "${container.id}" with signal ${name}`,
  )
  world.send(
    'oci.kill',
    `${container.node}/runc`,
    { id: container.id, pid: container.pid, signal: name },
    { delayMicros: LATENCY.local },
  )
}

export function stopDeadline(world: ModelWorld, event: SimEvent<{ call: string }>): void {
  const call = world.get('criCalls', event.data.call)
  const container = call && world.get('containers', call.containerId!)
  if (!call || !container || container.state !== 'CONTAINER_RUNNING') return
  updateCall(world, call, { doing: 'sent SIGKILL, waits' })
  world.because('CR14', {
    signal: container.stopSignal,
    'seconds without an end': (world.now - call.since) / 1_000_000,
  })
  signal(world, container, 'SIGKILL', call)
}

export function removeContainer(world: ModelWorld, event: CallEvent): void {
  const { container_id: id } = requestOf<ContainerIdRequest>(event)
  const container = findContainer(world, placeOf(event.to), id)
  if (!container) return answer(world, event, {})
  if (container.state === 'CONTAINER_RUNNING') {
    const call = openCall(world, event, 'waits for it to die', { containerId: id })
    return signal(world, container, 'SIGKILL', call)
  }
  forgetContainer(world, container)
  logContainerd(world, container.node, 'info', `RemoveContainer for "${id}" returns successfully`)
  answer(world, event, {}, COSTS.removeContainer)
}

/** Record, snapshot and log are gone. */
export function forgetContainer(world: ModelWorld, container: ContainerRecord): void {
  dropLog(world, container.id)
  world.put('containers', container.id, undefined)
}

/** Code 143 is a program that SIGTERM ended; only 0 counts as completed. */
function exitReason(notice: ExitNotice): string {
  if (notice.oom) return 'OOMKilled'
  return notice.exitCode === 0 ? 'Completed' : 'Error'
}

/** The shim has reaped a container's first process. Returns the calls that wait for it. */
export function containerExited(world: ModelWorld, container: ContainerRecord, notice: ExitNotice): void {
  const { node, id } = container
  logContainerd(
    world,
    node,
    'info',
    `received container exit event container_id:"${id}" id:"${id}" pid:${notice.pid} exit_status:${notice.exitCode} exited_at:{seconds:${Math.floor(world.now / 1_000_000)} nanos:${(world.now % 1_000_000) * 1000}}`,
  )
  world.because('CR15', { exitCode: notice.exitCode, oom: notice.oom })
  world.put('containers', id, {
    ...container,
    state: 'CONTAINER_EXITED',
    startedAt: container.startedAt ?? world.now,
    finishedAt: world.now,
    pid: 0,
    exitCode: notice.exitCode,
    reason: exitReason(notice),
    memory: endedMemory(container.memory),
  })
  world.send('oci.delete', `${node}/runc`, { id }, { delayMicros: LATENCY.local })
  for (const call of world.by('criCalls', 'container', id)) {
    if (call.method === 'StopContainer') finishCall(world, call, {})
    else if (call.method === 'ExecSync') finishCall(world, call, { stdout: '', stderr: '', exit_code: 137 })
    else if (call.method === 'RemoveContainer') {
      forgetContainer(world, world.get('containers', id)!)
      finishCall(world, call, {})
    }
  }
}
