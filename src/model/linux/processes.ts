/** Processes of a machine: clone, exec, signals, exit. One record per container's first process; its children live in the behaviour. */
import { LATENCY } from '../messages.ts'
import type { ModelWorld, ProcessRecord } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { closeListenersOf } from './listeners.ts'
import { addProcess, nextPid, processOf, SIGNALS } from './process-table.ts'

/** `kernel.clone`, runc -> kernel: `runc init` in the new cgroup and namespaces. Answered by `kernel.cloned`. */
export type CloneRequest = {
  /** The shim; undefined: it is started first, for this sandbox. */
  ppid?: number
  comm: string
  cmdline: string[]
  netns: string
  cgroup: string
  /** Container id; the sandbox id for a pause process. */
  containerId: string
  ctx: unknown
}
/** `kernel.execve`: the process becomes the entrypoint. The kernel then tells `NODE/proc` by `kernel.run`. */
export type ExecveRequest = { pid: number; comm: string; cmdline: string[]; rss: number; containerId: string }
export type KillRequest = { pid: number; signal: string; containerId?: string }
/** `kernel.exit-group`, NODE/proc -> kernel. */
export type ExitRequest = { pid: number; code: number; containerId?: string }
/** `kernel.exit`, kernel -> containerd, through the container's shim. */
export type ExitNotice = { pid: number; containerId: string; exitCode: number; signal?: string; oom: boolean }

export function clone(world: ModelWorld, event: SimEvent<CloneRequest>): void {
  const node = placeOf(event.to)
  const { ctx, ...rest } = event.data
  const ppid = rest.ppid ?? startShim(world, node, rest.containerId)
  const pid = nextPid(world, node)
  addProcess(world, { node, pid, startedAt: world.now, rss: 6 << 20, ...rest, ppid })
  world.send('kernel.cloned', event.from, { pid, ppid, ctx }, { delayMicros: LATENCY.netlink })
}

/** One shim per sandbox, in containerd's own cgroup, adopted by systemd: it outlives a restart of containerd. */
function startShim(world: ModelWorld, node: string, sandboxId: string): number {
  const pid = nextPid(world, node)
  addProcess(world, {
    node,
    pid,
    ppid: 1,
    comm: 'containerd-shim',
    cmdline: [
      '/usr/bin/containerd-shim-runc-v2',
      '-namespace',
      'k8s.io',
      '-id',
      sandboxId,
      '-address',
      '/run/containerd/containerd.sock',
    ],
    netns: '',
    cgroup: '/system.slice/containerd.service',
    startedAt: world.now,
    rss: 11 << 20,
  })
  return pid
}

export function execve(world: ModelWorld, event: SimEvent<ExecveRequest>): void {
  const node = placeOf(event.to)
  const { pid, comm, cmdline, rss, containerId } = event.data
  const process = processOf(world, node, pid)
  if (!process) return
  addProcess(world, { ...process, comm, cmdline, rss })
  world.send('kernel.run', `${node}/proc`, { pid, containerId }, { delayMicros: 200 })
}

/**
 * A signal. SIGKILL never reaches the program; any other signal goes to it, and it is the program's matter (or, for the
 * first process of a pid namespace without a handler, the kernel's to drop it: kernel/signal.c sig_task_ignored).
 */
export function kill(world: ModelWorld, event: SimEvent<KillRequest>): void {
  const node = placeOf(event.to)
  const { pid, signal } = event.data
  const process = processOf(world, node, pid)
  if (!process?.containerId || process.zombie) return
  if (signal === 'SIGKILL') {
    world.because('LX1', { pid, comm: process.comm })
    endProcess(world, process, 128 + SIGNALS.SIGKILL!, { signal })
  } else {
    world.send('kernel.signal', `${node}/proc`, { pid, containerId: process.containerId, signal }, { delayMicros: 20 })
  }
}

export function exitGroup(world: ModelWorld, event: SimEvent<ExitRequest>): void {
  const process = processOf(world, placeOf(event.to), event.data.pid)
  if (process?.containerId) endProcess(world, process, event.data.code)
  else if (process) world.put('processes', `${process.node}|${process.pid}`, undefined)
}

/** The process and what it held are gone; its parent, the shim, reaps it and tells containerd. */
export function endProcess(
  world: ModelWorld,
  process: ProcessRecord,
  exitCode: number,
  options: { signal?: string; oom?: boolean } = {},
): void {
  const { node, pid, containerId } = process
  if (process.zombie) return
  closeListenersOf(world, process)
  addProcess(world, { ...process, rss: 0, zombie: true })
  // kube-proxy is an actor of its own: with its process it falls silent, and its rules stay.
  tellActorOf(world, node, containerId)
  const notice: ExitNotice = { pid, containerId: containerId ?? '', exitCode, oom: options.oom ?? false }
  if (options.signal) notice.signal = options.signal
  world.send('kernel.exit', `${node}/containerd`, notice, { delayMicros: 400 })
}

/** Programs that are actors of their own learn that their process is gone. */
export function tellActorOf(world: ModelWorld, node: string, containerId: string | undefined): void {
  const program = containerId === undefined ? undefined : world.get('containers', containerId)?.behaviour
  if (program === 'kube-proxy' || program === 'metallb-controller' || program === 'metallb-speaker')
    world.send(`${program}.stop`, `${node}/${program}`, {})
}

/** The parent has asked how it ended: the last trace goes. */
export function reap(world: ModelWorld, node: string, pid: number): void {
  if (processOf(world, node, pid)?.zombie) world.put('processes', `${node}|${pid}`, undefined)
}
