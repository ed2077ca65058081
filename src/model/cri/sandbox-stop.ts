/**
 * StopPodSandbox and RemovePodSandbox. Order: SIGKILL to what still runs, SIGKILL to pause, CNI DEL, namespace away.
 * Upstream: containerd internal/cri/server/sandbox_stop.go, sandbox_remove.go, podsandbox/sandbox_stop.go.
 */
import { LATENCY, type CniResult } from '../messages.ts'
import type { CriCallRecord, ModelWorld } from '../tables.ts'
import type { SandboxIdRequest } from './api.ts'
import { answer, finishCall, openCall, requestOf, updateCall, type CallEvent } from './calls.ts'
import { forgetContainer } from './container-stop.ts'
import { logContainerd } from './containerd-log.ts'
import { COSTS } from './costs.ts'
import { isVisible, sendCni } from './sandbox-run.ts'

export function stopPodSandbox(world: ModelWorld, event: CallEvent): void {
  const { pod_sandbox_id: id } = requestOf<SandboxIdRequest>(event)
  const sandbox = world.get('sandboxes', id)
  if (!sandbox || !isVisible(sandbox) || sandbox.stage === 'stopped') return answer(world, event, {})
  logContainerd(world, sandbox.node, 'info', `StopPodSandbox for "${id}"`)
  const call = openCall(world, event, 'kills what runs', { sandboxId: id })
  if (sandbox.stage !== 'stopping') world.put('sandboxes', id, { ...sandbox, stage: 'stopping' })
  advanceStop(world, call)
}

/** Takes the next step that is due; called again at every exit in the sandbox. */
export function advanceStop(world: ModelWorld, call: CriCallRecord): void {
  const sandbox = world.get('sandboxes', call.sandboxId!)
  if (!sandbox) return finishCall(world, call, {})
  const { node, id } = sandbox
  const running = world.by('containers', 'sandbox', id).filter((c) => c.state === 'CONTAINER_RUNNING')
  if (running.length > 0) {
    if (call.doing === KILLING) return
    updateCall(world, call, { doing: KILLING })
    world.because('CR4', { containers: running.length })
    for (const container of running)
      world.send(
        'oci.kill',
        `${node}/runc`,
        { id: container.id, pid: container.pid, signal: 'SIGKILL' },
        { delayMicros: LATENCY.local },
      )
    return
  }
  if (sandbox.pid !== 0) {
    if (call.doing === KILLING_PAUSE) return
    updateCall(world, call, { doing: KILLING_PAUSE })
    world.send('oci.kill', `${node}/runc`, { id, pid: sandbox.pid, signal: 'SIGKILL' }, { delayMicros: LATENCY.local })
    return
  }
  if (sandbox.netns !== '') {
    if (call.doing === DELETING_NETWORK) return
    updateCall(world, call, { doing: DELETING_NETWORK })
    sendCni(world, 'DEL', sandbox, { call: call.id })
    return
  }
  stopped(world, call)
}

const KILLING = 'waits for the containers to die'
const KILLING_PAUSE = 'waits for pause to die'
const DELETING_NETWORK = 'waits for CNI DEL'

export function sandboxNetworkGone(world: ModelWorld, call: CriCallRecord, _result: CniResult): void {
  const sandbox = world.get('sandboxes', call.sandboxId!)
  if (sandbox)
    world.send('kernel.netns-del', `${sandbox.node}/kernel`, { name: sandbox.netns }, { delayMicros: LATENCY.netlink })
  stopped(world, call)
}

function stopped(world: ModelWorld, call: CriCallRecord): void {
  const sandbox = world.get('sandboxes', call.sandboxId!)
  if (sandbox && sandbox.stage !== 'stopped') {
    world.put('sandboxes', sandbox.id, { ...sandbox, stage: 'stopped', state: 'SANDBOX_NOTREADY', shimPid: 0 })
    if (sandbox.shimPid)
      world.send(
        'kernel.exit-group',
        `${sandbox.node}/kernel`,
        { pid: sandbox.shimPid, code: 0 },
        { delayMicros: COSTS.runcDelete },
      )
    logContainerd(world, sandbox.node, 'info', `TearDown network for sandbox "${sandbox.id}" successfully`)
    logContainerd(world, sandbox.node, 'info', `StopPodSandbox for "${sandbox.id}" returns successfully`)
  }
  if (call.method === 'RemovePodSandbox') removeNow(world, call)
  // After the namespace is gone.
  else finishCall(world, call, {}, 2 * LATENCY.netlink)
}

export function removePodSandbox(world: ModelWorld, event: CallEvent): void {
  const { pod_sandbox_id: id } = requestOf<SandboxIdRequest>(event)
  const sandbox = world.get('sandboxes', id)
  if (!sandbox || !isVisible(sandbox)) return answer(world, event, {})
  const call = openCall(world, event, 'removes', { sandboxId: id })
  if (sandbox.stage === 'stopped') removeNow(world, call)
  else {
    world.because('CR5', { stage: sandbox.stage })
    world.put('sandboxes', id, { ...sandbox, stage: 'stopping' })
    advanceStop(world, call)
  }
}

function removeNow(world: ModelWorld, call: CriCallRecord): void {
  const id = call.sandboxId!
  for (const container of world.by('containers', 'sandbox', id)) forgetContainer(world, container)
  logContainerd(world, call.node, 'info', `RemovePodSandbox "${id}" returns successfully`)
  world.put('sandboxes', id, undefined)
  finishCall(world, call, {})
}
