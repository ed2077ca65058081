/** ExecSync: one command in a running container, with a deadline. Upstream: containerd internal/cri/server/container_execsync.go. */
import { LATENCY } from '../messages.ts'
import type { CriCallRecord, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { missingExecutable } from '../images/entrypoint.ts'
import type { ExecSyncRequest } from './api.ts'
import { callOf, failCall, finishCall, openCall, refuse, requestOf, type CallEvent } from './calls.ts'
import { newId } from './ids.ts'
import { findImage, knownImageOf } from './image-store.ts'
import { findContainer } from './lists.ts'
import type { OciExec, OciResult } from './runc.ts'

/** `oci.exec-result`, NODE/proc -> containerd: the process ended. */
export type ExecResult = { execId: string; stdout: string; stderr: string; exitCode: number; ctx: unknown }

export function execSync(world: ModelWorld, event: CallEvent): void {
  const { container_id: id, cmd, timeout = 0 } = requestOf<ExecSyncRequest>(event)
  const node = placeOf(event.to)
  const container = findContainer(world, node, id)
  if (!container) return refuse(world, event, `failed to find container "${id}" in store: not found`, 'NotFound')
  if (container.state !== 'CONTAINER_RUNNING') return refuse(world, event, `container is in ${container.state} state`)
  const image = findImage(world, node, container.imageId)
  const missing = missingExecutable(image && knownImageOf(image), cmd)
  const call = openCall(world, event, `runs ${cmd.join(' ')}`, { containerId: id })
  const execId = newId(world)
  const exec: OciExec = { id, args: cmd, execId, ...(missing === undefined ? {} : { missing }), ctx: { call: call.id } }
  world.send('oci.exec', `${node}/runc`, exec, { delayMicros: LATENCY.local })
  if (timeout > 0)
    world.send(
      'timer.exec-deadline',
      event.to,
      { call: call.id, execId, seconds: timeout, container: id },
      { delayMicros: timeout * 1_000_000 },
    )
}

export function execStep(world: ModelWorld, call: CriCallRecord, result: OciResult): void {
  failCall(
    world,
    call,
    `failed to exec in container: failed to start exec "${call.id}": OCI runtime exec failed: exec failed: unable to start container process: ${result.error}`,
  )
}

export function execEnded(world: ModelWorld, event: SimEvent<ExecResult>): void {
  const call = callOf(world, event.data.ctx)
  if (!call) return
  const { stdout, stderr, exitCode } = event.data
  finishCall(world, call, { stdout, stderr, exit_code: exitCode })
}

export function execDeadline(
  world: ModelWorld,
  event: SimEvent<{ call: string; execId: string; seconds: number; container: string }>,
): void {
  const { call: id, execId, seconds, container } = event.data
  const call = world.get('criCalls', id)
  if (!call) return
  world.because('CR16', { seconds })
  world.send(
    'kernel.exec-kill',
    `${placeOf(event.to)}/proc`,
    { containerId: container, execId },
    { delayMicros: LATENCY.local },
  )
  failCall(
    world,
    call,
    `failed to exec in container: timeout ${seconds}s exceeded: context deadline exceeded`,
    'DeadlineExceeded',
  )
}
