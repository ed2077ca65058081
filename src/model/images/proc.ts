/** `NODE/proc`: the programs in the containers of a node, woken by the kernel, by time and by the network. */
import { LATENCY } from '../messages.ts'
import type { ModelComponent, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { NetRequest, NetRespond } from '../linux/net/connect.ts'
import type { ConnectResult } from '../linux/net/result.ts'
import { appendContainerLog } from '../cri/container-log.ts'
import { whilePowered } from '../linux/power.ts'
import { respond, SERVERS } from './behaviour.ts'
import { memoryOf } from './process-memory.ts'
import { exitTask, PROGRAMS, startTask } from './programs.ts'
import { DELETED, readIn } from './container-files.ts'
import { closeSession, openSession, taskOf, writeFile, type Session } from './session.ts'

type Target = { containerId: string; pid: number }

/** The container, while the process that the event is for is still its first. */
function session(world: ModelWorld, { containerId, pid }: Target): Session | undefined {
  const container = world.get('containers', containerId)
  if (!container || container.state === 'CONTAINER_EXITED' || container.pid !== pid || pid === 0) return undefined
  return openSession(world, container)
}

/** `kernel.run`: the process has become the entrypoint. A pause process needs no more than to be there. */
function run(world: ModelWorld, event: SimEvent<Target>): void {
  const s = session(world, event.data)
  if (!s) return
  world.because('IM2', { argv: s.container.argv, behaviour: s.container.behaviour })
  startTask(s, s.container.argv, {})
  closeSession(s)
}

function signal(world: ModelWorld, event: SimEvent<Target & { signal: string }>): void {
  const s = session(world, event.data)
  const first = s && taskOf(s, 1)
  if (!s || !first) return
  const program = PROGRAMS[first.program]
  if (program?.signal) program.signal(s, 1, event.data.signal)
  else world.because('IM3', { signal: event.data.signal, argv: first.argv })
  closeSession(s)
}

function tick(world: ModelWorld, event: SimEvent<Target & { task: number; what: string }>): void {
  const s = session(world, event.data)
  const task = s && taskOf(s, event.data.task)
  if (!s || !task) return
  PROGRAMS[task.program]?.tick?.(s, task.id, event.data.what)
  closeSession(s)
}

type ExecStart = { containerId: string; execId: string; argv: string[]; caller: string; ctx: unknown }

function exec(world: ModelWorld, event: SimEvent<ExecStart>): void {
  const { containerId, execId, argv, caller, ctx } = event.data
  const container = world.get('containers', containerId)
  if (!container || container.state !== 'CONTAINER_RUNNING') return
  const s = openSession(world, container)
  startTask(s, argv, { exec: { execId, caller, ctx } })
  closeSession(s)
}

function execKill(world: ModelWorld, event: SimEvent<{ containerId: string; execId: string }>): void {
  const container = world.get('containers', event.data.containerId)
  const task = container && memoryOf(container).tasks.find((t) => t.exec?.execId === event.data.execId)
  if (!container || !task) return
  const s = openSession(world, container)
  exitTask(s, task.id, 137)
  closeSession(s)
}

/** Input `container.write`, to NODE/proc: somebody at a shell in the container writes a file; `text` undefined removes it. */
export type ContainerWrite = { containerId: string; path: string; text?: string }

function write(world: ModelWorld, event: SimEvent<ContainerWrite>): void {
  const { containerId, path, text } = event.data
  const container = world.get('containers', containerId)
  if (container?.state !== 'CONTAINER_RUNNING') return
  const s = openSession(world, container)
  writeFile(s, path, text)
  if (text === undefined && readIn(s, path) !== undefined) writeFile(s, path, DELETED)
  closeSession(s)
}

/** The port was taken: servers end with an error, as they do. */
function listenFailed(world: ModelWorld, event: SimEvent<Target & { port: number }>): void {
  const s = session(world, event.data)
  if (!s) return
  appendContainerLog(
    world,
    s.container.id,
    'stderr',
    `bind() to 0.0.0.0:${event.data.port} failed (98: Address already in use)`,
  )
  exitTask(s, 1, 1)
  closeSession(s)
}

/** A request reached a socket of a container. */
function request(world: ModelWorld, event: SimEvent<NetRequest>): void {
  const { flow, containerId } = event.data
  const node = placeOf(event.to)
  const container = world.get('containers', containerId)
  const task = container && memoryOf(container).tasks[0]
  if (!container || !task || container.state !== 'CONTAINER_RUNNING') {
    const gone: NetRespond = { flow, reset: true }
    world.send('net.respond', `${node}/kernel`, gone, { delayMicros: LATENCY.local })
    return
  }
  // A port that kube-proxy opened for a Service, in mode userspace: it copies, and answers when it has the answer.
  if (
    task.program === 'kube-proxy' &&
    world.get('kubeProxies', node)?.mode === 'userspace' &&
    event.data.port >= 32_768
  ) {
    world.send('kube-proxy.relay', `${node}/kube-proxy`, event.data, { delayMicros: LATENCY.local })
    return
  }
  // The server may be a child of the shell that is first.
  const serving = memoryOf(container).tasks.find((t) => t.program in SERVERS) ?? task
  const { response, reset, log, workMicros } = respond(world, container, serving.program, event.data)
  if (log !== undefined) appendContainerLog(world, container.id, 'stdout', log)
  const answer: NetRespond = { flow, ...(response === undefined ? {} : { response }), ...(reset ? { reset } : {}) }
  world.send('net.respond', `${node}/kernel`, answer, { delayMicros: workMicros })
}

function netResult(world: ModelWorld, event: SimEvent<ConnectResult>): void {
  const ctx = event.data.ctx as Target & { task: number }
  const s = session(world, ctx)
  const task = s && taskOf(s, ctx.task)
  if (!s || !task) return
  PROGRAMS[task.program]?.net?.(s, task.id, event.data)
  closeSession(s)
}

export const proc: ModelComponent = {
  roles: ['proc'],
  rules: [
    {
      id: 'IM1',
      says: 'When the first process of a container ends, the container ends with its code.',
      source: 'linux kernel/exit.c; pid_namespaces(7)',
    },
    {
      id: 'IM2',
      says: 'The image, the command and the arguments decide what runs.',
      source: 'opencontainers/image-spec config.md',
    },
    {
      id: 'IM3',
      says: 'The first process of a container ignores a signal that it has no handler for.',
      source: 'linux kernel/signal.c sig_task_ignored; pid_namespaces(7)',
    },
  ],
  handlers: whilePowered({
    'kernel.run': run,
    'kernel.signal': signal,
    'kernel.exec': exec,
    'kernel.exec-kill': execKill,
    'kernel.listen-failed': listenFailed,
    'container.write': write,
    'timer.task': tick,
    'net.request': request,
    'net.result': netResult,
  }),
}
