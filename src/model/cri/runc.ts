/**
 * runc: `create` makes the container's first process, which waits behind the exec fifo; `start` lets it become the
 * entrypoint. Upstream: opencontainers/runc libcontainer/factory_linux.go, standard_init_linux.go (exec fifo).
 */
import { LATENCY } from '../messages.ts'
import type { ModelComponent, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { CloneRequest, ExecveRequest, KillRequest } from '../linux/processes.ts'
import { whilePowered } from '../linux/power.ts'
import { COSTS } from './costs.ts'

export type OciCreate = {
  id: string
  sandboxId: string
  args: string[]
  netns: string
  cgroup: string
  /** Of the sandbox; undefined for the sandbox itself, whose shim is started now. */
  shimPid?: number
  /** The entrypoint is not in the image: runc finds out when it creates. */
  missing?: string
  ctx: unknown
}
export type OciStart = { id: string; pid: number; args: string[]; comm: string; rss: number; ctx: unknown }
export type OciKill = { id: string; pid: number; signal: string }
export type OciDelete = { id: string }
export type OciExec = { id: string; args: string[]; execId: string; missing?: string; ctx: unknown }
export type OciResult = {
  op: 'create' | 'start' | 'exec'
  id: string
  pid: number
  shimPid?: number
  error?: string
  ctx: unknown
}

type Pending = { create: OciCreate; caller: string }

function create(world: ModelWorld, event: SimEvent<OciCreate>): void {
  const node = placeOf(event.to)
  const data = event.data
  if (data.missing !== undefined) {
    const result: OciResult = { op: 'create', id: data.id, pid: 0, error: data.missing, ctx: data.ctx }
    world.because('OC2', { command: data.args[0] })
    world.send('oci.result', event.from, result, { delayMicros: COSTS.runcCreate })
    return
  }
  const clone: CloneRequest = {
    ...(data.shimPid === undefined ? {} : { ppid: data.shimPid }),
    comm: 'runc:[2:INIT]',
    cmdline: ['runc', 'init'],
    netns: data.netns,
    cgroup: data.cgroup,
    containerId: data.id,
    ctx: { create: data, caller: event.from } satisfies Pending,
  }
  world.because('OC1', { namespaces: data.netns === '' ? 'mnt, uts, ipc, pid' : 'net, mnt, uts, ipc, pid' })
  world.send('kernel.clone', `${node}/kernel`, clone, { delayMicros: COSTS.runcCreate })
}

function cloned(world: ModelWorld, event: SimEvent<{ pid: number; ppid: number; ctx: Pending }>): void {
  const { create: made, caller } = event.data.ctx
  const result: OciResult = { op: 'create', id: made.id, pid: event.data.pid, shimPid: event.data.ppid, ctx: made.ctx }
  world.send('oci.result', caller, result, { delayMicros: LATENCY.local })
}

function start(world: ModelWorld, event: SimEvent<OciStart>): void {
  const node = placeOf(event.to)
  const { id, pid, args, comm, rss, ctx } = event.data
  const execve: ExecveRequest = { pid, containerId: id, comm, cmdline: args, rss }
  world.send('kernel.execve', `${node}/kernel`, execve, { delayMicros: COSTS.runcStart })
  const result: OciResult = { op: 'start', id, pid, ctx }
  world.send('oci.result', event.from, result, { delayMicros: COSTS.runcStart + LATENCY.local })
}

function kill(world: ModelWorld, event: SimEvent<OciKill>): void {
  const { pid, signal, id } = event.data
  const request: KillRequest = { pid, signal, containerId: id }
  world.send('kernel.kill', `${placeOf(event.to)}/kernel`, request, { delayMicros: COSTS.runcKill })
}

/** Removes the cgroup and the state directory; nothing else in the model waits for it. */
function remove(): void {}

/** `runc exec`: one more process in the container's namespaces; what it prints comes back from the program. */
function exec(world: ModelWorld, event: SimEvent<OciExec>): void {
  const node = placeOf(event.to)
  const { id, execId, args, missing, ctx } = event.data
  if (missing !== undefined) {
    const result: OciResult = { op: 'exec', id, pid: 0, error: missing, ctx }
    world.send('oci.result', event.from, result, { delayMicros: COSTS.runcExec })
    return
  }
  world.send(
    'kernel.exec',
    `${node}/proc`,
    { containerId: id, execId, argv: args, caller: event.from, ctx },
    { delayMicros: COSTS.runcExec },
  )
}

export const runc: ModelComponent = {
  roles: ['runc'],
  rules: [
    {
      id: 'OC1',
      says: 'runc create clones a process into new namespaces and the cgroup; it waits there until runc start.',
      source: 'opencontainers/runc libcontainer/container_linux.go Container.Start, standard_init_linux.go Init',
    },
    {
      id: 'OC2',
      says: 'The entrypoint is looked up in the container root when the container is made: what is not there cannot run.',
      source: 'opencontainers/runc libcontainer/standard_init_linux.go (exec.LookPath)',
    },
  ],
  handlers: whilePowered({
    'oci.create': create,
    'oci.start': start,
    'oci.kill': kill,
    'oci.delete': remove,
    'oci.exec': exec,
    'kernel.cloned': cloned,
  }),
}
