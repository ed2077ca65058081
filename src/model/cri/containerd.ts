/** containerd: its CRI socket, and what comes back from runc, the network plugins, the registry and the kernel. */
import type { CniResult } from '../messages.ts'
import type { ModelComponent, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { reap, type ExitNotice } from '../linux/processes.ts'
import { answer, callOf, refuse, type CallEvent } from './calls.ts'
import { containerExited, removeContainer, stopContainer, stopDeadline } from './container-stop.ts'
import { containerStep, createContainer, startContainer, updateContainerResources } from './container-start.ts'
import { CONTAINERD_RULES } from './containerd-rules.ts'
import { execDeadline, execEnded, execStep, execSync } from './exec-sync.ts'
import { blobStarts, pullImage, pullTimeout, registryResponse, shareBandwidth, unpacked } from './image-pull.ts'
import { imageFsInfo, imageStatus, listImages, removeImage } from './image-store.ts'
import { containerStatus, listContainers, listPodSandbox, podSandboxStatus } from './lists.ts'
import { powerBack, powerLost } from './power.ts'
import type { OciResult } from './runc.ts'
import { whilePowered } from '../linux/power.ts'
import { status, version } from './runtime-status.ts'
import { netnsAdded, pauseImagePulled, pauseStep, runPodSandbox, sandboxNetworkReady } from './sandbox-run.ts'
import { advanceStop, removePodSandbox, sandboxNetworkGone, stopPodSandbox } from './sandbox-stop.ts'

const METHODS: Readonly<Record<string, (world: ModelWorld, event: CallEvent) => void>> = {
  Version: version,
  Status: status,
  RunPodSandbox: runPodSandbox,
  StopPodSandbox: stopPodSandbox,
  RemovePodSandbox: removePodSandbox,
  PodSandboxStatus: podSandboxStatus,
  ListPodSandbox: listPodSandbox,
  CreateContainer: createContainer,
  StartContainer: startContainer,
  StopContainer: stopContainer,
  RemoveContainer: removeContainer,
  ListContainers: listContainers,
  ContainerStatus: containerStatus,
  UpdateContainerResources: updateContainerResources,
  ExecSync: execSync,
  PullImage: pullImage,
  ImageStatus: imageStatus,
  ListImages: listImages,
  RemoveImage: removeImage,
  ImageFsInfo: imageFsInfo,
  // The log file is reopened by name; a record has no file to rotate.
  ReopenContainerLog: (world, event) => answer(world, event, {}),
}

function request(world: ModelWorld, event: CallEvent): void {
  const method = METHODS[event.data.method]
  if (method) method(world, event)
  else
    refuse(world, event, `unknown method ${event.data.method} for service runtime.v1.RuntimeService`, 'Unimplemented')
}

function cniResult(world: ModelWorld, event: SimEvent<CniResult>): void {
  const call = callOf(world, event.data.ctx)
  if (!call) return
  if (event.data.command === 'ADD') sandboxNetworkReady(world, call, event.data)
  else sandboxNetworkGone(world, call, event.data)
}

function ociResult(world: ModelWorld, event: SimEvent<OciResult>): void {
  const call = callOf(world, event.data.ctx)
  if (!call) return
  if (event.data.op === 'exec') execStep(world, call, event.data)
  else if (call.sandboxId !== undefined) pauseStep(world, call, event.data)
  else containerStep(world, call, event.data)
}

function exited(world: ModelWorld, event: SimEvent<ExitNotice>): void {
  const { containerId, exitCode, pid } = event.data
  reap(world, placeOf(event.to), pid)
  const container = world.get('containers', containerId)
  const sandbox = container ? undefined : world.get('sandboxes', containerId)
  if (container) containerExited(world, container, event.data)
  if (sandbox) {
    world.because('CR17', { exitCode })
    world.put('sandboxes', sandbox.id, { ...sandbox, pid: 0, state: 'SANDBOX_NOTREADY' })
    world.send('oci.delete', `${sandbox.node}/runc`, { id: sandbox.id }, { delayMicros: 60 })
  }
  const sandboxId = container?.sandboxId ?? sandbox?.id
  if (sandboxId === undefined) return
  for (const call of world.by('criCalls', 'sandbox', sandboxId))
    if (call.method === 'StopPodSandbox' || call.method === 'RemovePodSandbox') advanceStop(world, call)
}

/** A fault has changed the speed of the registry: arrivals are planned anew. */
function bandwidthChanged(world: ModelWorld, event: SimEvent): void {
  shareBandwidth(world, placeOf(event.to))
}

export const containerd: ModelComponent = {
  roles: ['containerd'],
  rules: CONTAINERD_RULES,
  tables: {
    sandboxes: { owner: 'cri', indexes: { node: (r) => r.node, pod: (r) => r.metadata.uid } },
    containers: { owner: 'cri', indexes: { node: (r) => r.node, sandbox: (r) => r.sandboxId, pod: (r) => r.podUid } },
    images: { owner: 'cri', indexes: { node: (r) => r.node } },
    pulls: { owner: 'cri', indexes: { node: (r) => r.node } },
    containerLogs: { owner: 'cri', indexes: { container: (r) => r.container } },
    criCalls: {
      owner: 'cri',
      indexes: { node: (r) => r.node, sandbox: (r) => r.sandboxId, container: (r) => r.containerId },
    },
  },
  handlers: whilePowered({
    'machine.off': powerLost,
    'machine.on': powerBack,
    'cri.request': request,
    'cni.result': cniResult,
    'oci.result': ociResult,
    'oci.exec-result': execEnded,
    'kernel.exit': exited,
    'kernel.netns-added': netnsAdded,
    'registry.response': registryResponse,
    'registry.blob': blobStarts,
    'registry.speed': bandwidthChanged,
    'timer.pull-timeout': pullTimeout,
    'timer.unpacked': unpacked,
    'timer.pulled': pauseImagePulled,
    'timer.stop-deadline': stopDeadline,
    'timer.exec-deadline': execDeadline,
  }),
}
