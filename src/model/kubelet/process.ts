// The kubelet as a process of its node: started, stopped, started again. Containers do not notice.
// Upstream: pkg/kubelet/kubelet.go (Run), cmd/kubelet/app/server.go.
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { MILLI, SECOND } from '../../sim/clock.ts'
import type { ModelWorld } from '../tables.ts'
import { tellOfNode } from './calls.ts'
import { timers } from './config.ts'
import { watchPods } from './config-sources.ts'
import { nodeEvents } from './event-texts.ts'
import { setUpChains } from './iptables-chains.ts'
import { klog } from './klog.ts'
import { closeListenersOf, listenerId } from '../linux/listeners.ts'
import { addProcess, processOf } from '../linux/process-table.ts'
import { joined } from '../../sim/joined.ts'

/** Tables that are memory of the process: gone with it. */
const memory = ['podWorkers', 'probes', 'backoffs', 'kubeletPods', 'podCache', 'podStatuses', 'kubeletObjects'] as const

/** Input `kubelet.start`, to NODE/kubelet. */
export function onStart(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  const before = world.get('kubelets', node)
  if (before?.running || world.get('machines', node) === undefined) return
  const boot = (before?.boot ?? 0) + 1
  const pid = 700 + boot * 1000 + world.random(`kubelet ${node} pid`, 90)
  const unit = `${node}|kubelet`
  world.put('units', unit, { node, unit: 'kubelet', active: 'active', sub: 'running', since: world.now, pid })
  world.put('kubelets', node, {
    node,
    running: true,
    since: world.now,
    boot,
    pid,
    registered: false,
    lastRelistAt: -1,
    cacheAt: -1,
    nextRelistAt: world.now,
    statusQueued: 0,
    notReady: 'container runtime status check may not have completed yet',
    runtimeError: '',
    networkError: '',
    configSynced: false,
    listGeneration: before?.listGeneration ?? 0,
    watchBroken: false,
    leaseKnown: false,
    dueSecond: Math.floor(world.now / SECOND),
    looping: false,
    errorSleep: timers.errorSleepBase,
    pulls: [],
  })
  openDoors(world, node, pid)
  klog(world, node, 'I', 'server.go:530', 'Kubelet version', {
    kubeletVersion: world.get('machines', node)!.kubeletVersion,
  })
  klog(world, node, 'I', 'kubelet.go:480', 'Attempting to sync node with API server')
  klog(world, node, 'I', 'kubelet.go:381', 'Adding static pod path', { path: '/etc/kubernetes/manifests' })
  klog(world, node, 'I', 'kubelet.go:386', 'Adding apiserver pod source')
  klog(world, node, 'I', 'server.go:1262', 'Started kubelet')
  tellOfNode(world, node, nodeEvents.starting())
  tellOfNode(world, node, nodeEvents.allocatableEnforced())

  const self = event.to
  const timer = (kind: string, delayMicros: number, data: object = {}): void => {
    world.send(kind, self, { boot, ...data }, { delayMicros })
  }
  timer('timer.kubelet.runtime', 0)
  timer('timer.kubelet.register', 0, { waitMicros: 100 * MILLI })
  timer('timer.kubelet.lease', 0)
  timer('timer.kubelet.node-status', timers.nodeStatusUpdate)
  timer('timer.kubelet.node-status', 100 * MILLI, { fast: true })
  timer('timer.kubelet.files', 0)
  timer('timer.kubelet.sync-tick', timers.syncTick)
  timer('timer.kubelet.housekeeping', timers.housekeepingPeriod)
  timer('timer.kubelet.gc', timers.containerGCPeriod)
  setUpChains(world, node, boot)
  watchPods(world, node)
}

/** Its process, and the sockets people ask: the open health port on loopback, the API that wants credentials. */
function openDoors(world: ModelWorld, node: string, pid: number): void {
  const cmdline = [
    '/usr/bin/kubelet',
    '--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf',
    '--kubeconfig=/etc/kubernetes/kubelet.conf',
    '--config=/var/lib/kubelet/config.yaml',
  ]
  const cgroup = '/system.slice/kubelet.service'
  addProcess(world, {
    node,
    pid,
    ppid: 1,
    comm: 'kubelet',
    cmdline,
    netns: '',
    cgroup,
    startedAt: world.now,
    rss: 29 << 20,
  })
  for (const [ip, port] of [
    ['127.0.0.1', 10_248],
    ['0.0.0.0', 10_250],
  ] as const) {
    const listener = { node, netns: '', proto: 'tcp', ip, port, pid } as const
    world.put('listeners', listenerId(listener), listener)
  }
}

function closeDoors(world: ModelWorld, node: string, pid: number): void {
  const process = processOf(world, node, pid)
  if (!process) return
  closeListenersOf(world, process)
  world.put('processes', `${node}|${pid}`, undefined)
}

/** Input `kubelet.stop`, to NODE/kubelet: the process ends; nothing of its memory is left. */
export function onStop(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (!kubelet?.running) return
  klog(world, node, 'I', 'server.go:1310', 'Kubelet is stopping')
  closeDoors(world, node, kubelet.pid)
  world.put('units', `${node}|kubelet`, {
    node,
    unit: 'kubelet',
    active: 'inactive',
    sub: 'dead',
    since: world.now,
    pid: 0,
  })
  for (const table of memory) {
    for (const record of world.by(table, 'node', node)) {
      const key = 'key' in record && table !== 'kubeletObjects' ? record.key : undefined
      if (table === 'probes') {
        const p = record as { uid: string; container: string; probe: string; timer?: number }
        world.cancel(p.timer)
        world.put('probes', `${node}|${p.uid}|${p.container}|${p.probe}`, undefined)
      } else if (table === 'kubeletObjects') world.put(table, `${node}|${(record as { key: string }).key}`, undefined)
      else world.put(table, `${node}|${key ?? (record as { uid: string }).uid}`, undefined)
    }
  }
  for (const channel of ['config', 'pleg', 'sync', 'housekeeping', 'liveness', 'readiness', 'startup']) {
    world.put('kubeletChannels', joined(node, channel), undefined)
  }
  world.put('relists', node, undefined)
  world.put('kubelets', node, {
    node,
    running: false,
    since: world.now,
    boot: kubelet.boot,
    pid: 0,
    registered: false,
    lastRelistAt: -1,
    cacheAt: -1,
    nextRelistAt: 0,
    statusQueued: 0,
    notReady: 'the kubelet is stopped',
    runtimeError: '',
    networkError: '',
    configSynced: false,
    listGeneration: kubelet.listGeneration,
    watchBroken: false,
    leaseKnown: false,
    dueSecond: Math.floor(world.now / SECOND),
    looping: false,
    errorSleep: timers.errorSleepBase,
    pulls: [],
  })
}

/** systemd's Restart=always with RestartSec=10 is for crashes; a restart by hand is a stop and a start. */
export function onRestart(world: ModelWorld, event: SimEvent): void {
  onStop(world, event)
  world.send('kubelet.start', event.to, {}, { delayMicros: SECOND / 5 })
}
