/**
 * RunPodSandbox: network namespace, CNI ADD, pause image, pause container; the sandbox can be seen only at the end.
 * Upstream: containerd internal/cri/server/sandbox_run.go, podsandbox/sandbox_run.go.
 */
import { LATENCY, type CniRequest, type CniResult } from '../messages.ts'
import type { CriCallRecord, ModelWorld, SandboxRecord } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { PAUSE_IMAGE } from '../images/catalogue.ts'
import type { PodSandboxConfig, RunPodSandboxRequest } from './api.ts'
import { callOf, failCall, finishCall, openCall, refuse, requestOf, updateCall, type CallEvent } from './calls.ts'
import { logContainerd, sandboxWords } from './containerd-log.ts'
import { COSTS } from './costs.ts'
import { newId, newNetnsName } from './ids.ts'
import { findImage } from './image-store.ts'
import { pullFor } from './image-pull.ts'
import type { OciCreate, OciResult, OciStart } from './runc.ts'
import { podScope } from './cgroups.ts'

const PAUSE = { args: ['/pause'], comm: 'pause', rss: 700_000 }

/** Where a record of the table is a sandbox that RunPodSandbox has answered for. */
export const isVisible = (sandbox: SandboxRecord): boolean =>
  sandbox.stage === 'ready' || sandbox.stage === 'stopping' || sandbox.stage === 'stopped'

export function runPodSandbox(world: ModelWorld, event: CallEvent): void {
  const node = placeOf(event.to)
  const { config, runtime_handler: runtimeHandler = '' } = requestOf<RunPodSandboxRequest>(event)
  if (runtimeHandler !== '' && runtimeHandler !== 'runc') {
    const id = newId(world)
    return refuse(
      world,
      event,
      `unable to get OCI runtime for sandbox "${id}": no runtime for "${runtimeHandler}" is configured`,
    )
  }
  const { metadata } = config
  for (const other of world.by('sandboxes', 'pod', metadata.uid))
    if (other.node === node && other.metadata.attempt === metadata.attempt) {
      const name = `${metadata.name}_${metadata.namespace}_${metadata.uid}_${metadata.attempt}`
      return refuse(
        world,
        event,
        `failed to reserve sandbox name "${name}": name "${name}" is reserved for "${other.id}"`,
      )
    }
  const hostNetwork = config.linux?.security_context?.namespace_options?.network === 'NODE'
  logContainerd(world, node, 'info', `RunPodSandbox for ${sandboxWords(metadata)}`)
  const sandbox = newSandbox(world, node, config, runtimeHandler, hostNetwork)
  const call = openCall(world, event, hostNetwork ? 'starts the pause container' : 'makes a network namespace', {
    sandboxId: sandbox.id,
  })
  if (hostNetwork) {
    world.put('sandboxes', sandbox.id, { ...sandbox, stage: 'pause' })
    world.because('CR2', { network: 'NODE' })
    ensurePauseImage(world, call, sandbox)
    return
  }
  world.put('sandboxes', sandbox.id, sandbox)
  world.because('CR1', { sandbox: sandbox.id, netns: sandbox.netns })
  world.send(
    'kernel.netns-add',
    `${node}/kernel`,
    { name: sandbox.netns, sandboxId: sandbox.id, ctx: { call: call.id } },
    { delayMicros: COSTS.sandboxMetadata },
  )
}

function newSandbox(
  world: ModelWorld,
  node: string,
  config: PodSandboxConfig,
  runtimeHandler: string,
  hostNetwork: boolean,
): SandboxRecord {
  const { metadata } = config
  return {
    id: newId(world),
    node,
    metadata: { name: metadata.name, uid: metadata.uid, namespace: metadata.namespace, attempt: metadata.attempt },
    state: 'SANDBOX_NOTREADY',
    stage: 'netns',
    createdAt: world.now,
    netns: hostNetwork ? '' : newNetnsName(world),
    hostNetwork,
    ip: '',
    pid: 0,
    shimPid: 0,
    labels: config.labels ?? {},
    annotations: config.annotations ?? {},
    runtimeHandler,
    hostname: config.hostname ?? '',
    logDirectory: config.log_directory ?? '',
    cgroupParent: config.linux?.cgroup_parent ?? '',
  }
}

function sandboxOf(world: ModelWorld, call: CriCallRecord): SandboxRecord {
  return world.get('sandboxes', call.sandboxId!)!
}

export function cniArgs(sandbox: SandboxRecord): CniRequest['args'] {
  return {
    K8S_POD_NAMESPACE: sandbox.metadata.namespace,
    K8S_POD_NAME: sandbox.metadata.name,
    K8S_POD_UID: sandbox.metadata.uid,
    K8S_POD_INFRA_CONTAINER_ID: sandbox.id,
  }
}

/** The namespace is there: call the network plugin. */
export function netnsAdded(world: ModelWorld, event: SimEvent<{ ctx?: unknown }>): void {
  const call = callOf(world, event.data.ctx)
  if (!call) return
  const sandbox = sandboxOf(world, call)
  world.put('sandboxes', sandbox.id, { ...sandbox, stage: 'cni' })
  updateCall(world, call, { doing: 'waits for CNI ADD' })
  sendCni(world, 'ADD', sandbox, { call: call.id })
}

export function sendCni(world: ModelWorld, command: 'ADD' | 'DEL', sandbox: SandboxRecord, ctx: unknown): void {
  const request: CniRequest = {
    command,
    containerId: sandbox.id,
    netns: sandbox.netns,
    ifname: 'eth0',
    args: cniArgs(sandbox),
    ctx,
  }
  world.send(command === 'ADD' ? 'cni.add' : 'cni.del', `${sandbox.node}/cni`, request, { delayMicros: LATENCY.local })
}

export function sandboxNetworkReady(world: ModelWorld, call: CriCallRecord, result: CniResult): void {
  const sandbox = sandboxOf(world, call)
  if (result.error !== undefined) {
    // Nothing is kept: the plugin is asked to undo, the namespace goes, the name is free again.
    const message = `failed to setup network for sandbox "${sandbox.id}": ${result.error}`
    logContainerd(
      world,
      sandbox.node,
      'error',
      `RunPodSandbox for ${sandboxWords(sandbox.metadata)} failed, error`,
      message,
    )
    world.because('CR3', { error: result.error })
    sendCni(world, 'DEL', sandbox, { undo: sandbox.id })
    world.send(
      'kernel.netns-del',
      `${sandbox.node}/kernel`,
      { name: sandbox.netns },
      { delayMicros: COSTS.cniPlugin + 8_000 },
    )
    world.put('sandboxes', sandbox.id, undefined)
    failCall(world, call, message)
    return
  }
  const ip = result.ips?.[0]?.address.split('/')[0] ?? ''
  const withIp: SandboxRecord = { ...sandbox, ip, stage: 'pause' }
  world.put('sandboxes', sandbox.id, withIp)
  ensurePauseImage(world, call, withIp)
}

function ensurePauseImage(world: ModelWorld, call: CriCallRecord, sandbox: SandboxRecord): void {
  if (findImage(world, sandbox.node, PAUSE_IMAGE)) return startPause(world, call, sandbox)
  updateCall(world, call, { doing: `pulls ${PAUSE_IMAGE}` })
  pullFor(world, sandbox.node, PAUSE_IMAGE, call)
}

/** `timer.pulled`: the pull that a sandbox waited for has ended. */
export function pauseImagePulled(world: ModelWorld, event: SimEvent<{ call: string; error?: string }>): void {
  const { call: id, error } = event.data
  const call = world.get('criCalls', id)
  if (!call) return
  const sandbox = sandboxOf(world, call)
  if (error === undefined) return startPause(world, call, sandbox)
  if (sandbox.netns !== '') {
    sendCni(world, 'DEL', sandbox, { undo: sandbox.id })
    world.send(
      'kernel.netns-del',
      `${sandbox.node}/kernel`,
      { name: sandbox.netns },
      { delayMicros: COSTS.cniPlugin + 8_000 },
    )
  }
  world.put('sandboxes', sandbox.id, undefined)
  failCall(
    world,
    call,
    `failed to start sandbox "${sandbox.id}": failed to get sandbox image "${PAUSE_IMAGE}": ${error}`,
  )
}

function startPause(world: ModelWorld, call: CriCallRecord, sandbox: SandboxRecord): void {
  updateCall(world, call, { doing: 'starts the pause container' })
  const create: OciCreate = {
    id: sandbox.id,
    sandboxId: sandbox.id,
    args: PAUSE.args,
    netns: sandbox.netns,
    cgroup: podScope(sandbox.cgroupParent, sandbox.id),
    ctx: { call: call.id },
  }
  world.send('oci.create', `${sandbox.node}/runc`, create, { delayMicros: COSTS.sandboxShim })
}

/** runc has created or started the pause container. */
export function pauseStep(world: ModelWorld, call: CriCallRecord, result: OciResult): void {
  const sandbox = sandboxOf(world, call)
  if (result.op === 'create') {
    world.put('sandboxes', sandbox.id, { ...sandbox, pid: result.pid, shimPid: result.shimPid ?? 0 })
    const start: OciStart = { id: sandbox.id, pid: result.pid, ...PAUSE, ctx: { call: call.id } }
    world.send('oci.start', `${sandbox.node}/runc`, start, { delayMicros: LATENCY.local })
    return
  }
  world.put('sandboxes', sandbox.id, {
    ...sandbox,
    stage: 'ready',
    state: 'SANDBOX_READY',
    createdAt: world.now,
    readyAt: world.now,
  })
  logContainerd(
    world,
    sandbox.node,
    'info',
    `RunPodSandbox for ${sandboxWords(sandbox.metadata)} returns sandbox id "${sandbox.id}"`,
  )
  finishCall(world, call, { pod_sandbox_id: sandbox.id })
}
