// Dead containers and old sandboxes.
// Upstream: pkg/kubelet/pod_container_deletor.go (one dead container per name stays), pkg/kubelet/kuberuntime/kuberuntime_gc.go
// (evictContainers, evictSandboxes; every minute).
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { CriContainer } from '../cri/api.ts'
import type { ModelWorld } from '../tables.ts'
import { cri } from './calls.ts'
import { timers } from './config.ts'
import { workerId } from './pod-workers.ts'

/** A container of the pod died: older dead ones of its name go. */
export function removeDeadContainers(world: ModelWorld, node: string, uid: string, died: string): void {
  const cached = world.get('podCache', workerId(node, uid))
  const name = cached?.containers.find((c) => c.id === died)?.name
  if (cached === undefined || name === undefined) return
  const dead = cached.containers
    .filter((c) => c.name === name && c.state === 'exited')
    .sort((a, b) => b.createdAt - a.createdAt)
    .slice(1)
  if (dead.length === 0) return
  world.because('KL25', { container: name, kept: 1, removed: dead.length })
  for (const container of dead) cri(world, node, 'RemoveContainer', { container_id: container.id }, { who: 'gc' })
}

/**
 * Every minute: what is left of pods that are gone, more than one dead container of a name, and sandboxes that were
 * replaced. Whatever does not run counts as dead, also a container that was made and, as its machine went down, never
 * started.
 */
export function onGarbage(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return
  world.send('timer.kubelet.gc', event.to, event.data, { delayMicros: timers.containerGCPeriod })
  if (!kubelet.configSynced) return
  // After a relist that failed half way nothing is known to be empty.
  const listed = world.get('relists', node)?.before.containers as readonly CriContainer[] | undefined
  const used = listed && new Set(listed.map((c) => c.pod_sandbox_id))
  for (const cached of world.by('podCache', 'node', node)) {
    const id = workerId(node, cached.uid)
    const gone = world.get('kubeletPods', id) === undefined && (world.get('podWorkers', id)?.finished ?? true)
    const kept = new Set<string>()
    for (const container of [...cached.containers].sort((a, b) => b.createdAt - a.createdAt)) {
      if (container.state === 'running') continue
      if (gone || kept.has(container.name)) {
        world.because('KL25', { container: container.name, kept: gone ? 0 : 1 })
        cri(world, node, 'RemoveContainer', { container_id: container.id }, { who: 'gc' })
      }
      kept.add(container.name)
    }
    for (const [i, sandbox] of cached.sandboxes.entries()) {
      // A sandbox stays while a container of it is there; the newest of a living pod stays in any case.
      if (used === undefined || sandbox.state === 'READY' || used.has(sandbox.id) || (!gone && i === 0)) continue
      world.because('KL25', { sandbox: sandbox.id, attempt: sandbox.attempt })
      cri(world, node, 'RemovePodSandbox', { pod_sandbox_id: sandbox.id }, { who: 'gc' })
    }
  }
}
