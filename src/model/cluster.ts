/**
 * Composition root: the components of the model, and a cluster made from a scenario. One input, `cluster.boot`, starts
 * everything: machines, the API server's first objects, kubeadm's objects, kubelets, controllers.
 */
import type { Micros } from '../sim/contract.ts'
import { Machine, type MachineOptions } from '../sim/machine.ts'
import { Timeline } from '../sim/timeline.ts'
import { apiserver } from './apiserver/apiserver.ts'
import { garbageCollector } from './apiserver/garbage.ts'
import { initialObjects } from './apiserver/initial-objects.ts'
import { cni } from './cni/bridge.ts'
import { routeAgent } from './cni/route-agent.ts'
import { controllerManager } from './controllers/controllers.ts'
import { containerd } from './cri/containerd.ts'
import { registry } from './cri/registry.ts'
import { runc } from './cri/runc.ts'
import { zoneWatch } from './dns/zone-watch.ts'
import { proc } from './images/proc.ts'
import { kubeProxy } from './kube-proxy/component.ts'
import { withServers } from './kube-proxy/servers.ts'
import { ipvsTermination } from './kube-proxy/ipvs/termination.ts'
import { kubelet } from './kubelet/kubelet.ts'
import { kernel } from './linux/kernel.ts'
import { bpf } from './linux/bpf/component.ts'
import { ipvs } from './linux/ipvs/component.ts'
import { nft } from './linux/nft/component.ts'
import { packets } from './linux/net/component.ts'
import { netfilter } from './linux/netfilter/component.ts'
import { cloud } from './load-balancer/cloud.ts'
import { metalLbController } from './load-balancer/metallb-controller.ts'
import { arpListener, metalLbSpeaker } from './load-balancer/metallb-speaker.ts'
import { createInput, SCENARIOS, type Scenario } from './scenarios/scenarios.ts'
import { scheduler } from './scheduler/scheduler.ts'
import { faults } from './faults/faults.ts'
import { bootMachine } from './machine-setup.ts'
import type { ModelComponent, ModelWorld, Tables } from './tables.ts'

/** kubeadm creates its objects one after the other; this far apart. */
const BETWEEN_OBJECTS: Micros = 4_000

function bootCluster(world: ModelWorld, scenario: Scenario): void {
  for (const spec of scenario.machines) bootMachine(world, spec)
  const server = scenario.machines[0]!
  world.send('api.seed', 'apiserver', { objects: initialObjects(server.ip) })
  world.send('boot.start', 'controller-manager', {}, { delayMicros: 1_000 })
  world.send('boot.start', 'scheduler', {}, { delayMicros: 1_000 })
  let at = 2_000
  for (const object of scenario.objects) {
    const { kind, to, from, data } = createInput(object)
    world.send(kind, to, data, { ...(from ? { from } : {}), delayMicros: (at += BETWEEN_OBJECTS) })
  }
  for (const { name } of scenario.machines) {
    for (const [file, manifest] of Object.entries(scenario.staticPods[name] ?? {}))
      world.send('kubelet.manifest', `${name}/kubelet`, { file, manifest }, { delayMicros: 1_000 })
    world.send('kubelet.start', `${name}/kubelet`, {}, { delayMicros: 2_000 + world.random('boot', 400_000) })
    world.send('agent.start', `${name}/cni-agent`, {}, { delayMicros: 100_000 + world.random('boot', 400_000) })
  }
  for (const { kind, to, from, data, atMicros } of scenario.inputs)
    world.send(kind, to, data, { ...(from ? { from } : {}), delayMicros: atMicros })
}

/** Turns a scenario into events, and hears what nobody else listens to: answers to the laptop, lost messages. */
const cluster: ModelComponent = {
  roles: ['cluster'],
  rules: [],
  handlers: {
    'cluster.boot': (world, event) => bootCluster(world, SCENARIOS[(event.data as { scenario: string }).scenario]!),
  },
}
const laptop: ModelComponent = {
  roles: ['laptop', 'external'],
  rules: [],
  handlers: { 'api.response': () => {}, 'api.watch': () => {}, 'net.result': () => {}, 'cri.response': () => {} },
}
const wire: ModelComponent = { roles: ['wire'], rules: [], handlers: { 'wire.lost': () => {} } }

export const COMPONENTS: readonly ModelComponent[] = [
  cluster,
  laptop,
  wire,
  apiserver,
  garbageCollector,
  controllerManager,
  scheduler,
  kubelet,
  containerd,
  registry,
  runc,
  cni,
  routeAgent,
  zoneWatch,
  proc,
  kernel,
  netfilter,
  packets,
  bpf,
  ipvs,
  nft,
  ipvsTermination,
  withServers(kubeProxy),
  metalLbController,
  metalLbSpeaker,
  arpListener,
  cloud,
  faults,
]

/** `trusted`: without the guard that freezes every record (`MachineOptions`). Tests, fuzz and lessons run with it. */
export type MachineGuard = Pick<MachineOptions, 'trusted'>

/** An empty world of this model, to be booted or restored into. */
export function newMachine(seed: number, guard: MachineGuard = {}): Machine<Tables> {
  return new Machine<Tables>(COMPONENTS, { seed, ...guard })
}

export function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS[name]
  if (!scenario) throw new Error(`no scenario "${name}"; there are: ${Object.keys(SCENARIOS).join(', ')}`)
  return scenario
}

/** A run of the scenario from its first moment. */
export function boot(name: string, seed: number, guard?: MachineGuard): Timeline<Tables> {
  scenarioOf(name)
  const timeline = new Timeline(newMachine(seed, guard))
  timeline.input({ kind: 'cluster.boot', to: 'cluster', data: { scenario: name } })
  return timeline
}

/** The moment that a visitor is shown first. */
export function openAt(name: string): Micros {
  return scenarioOf(name).openAt
}

/** The cluster at the moment that a visitor is shown first, without its past. */
export function openScenario(name: string, seed: number, guard?: MachineGuard): Machine<Tables> {
  const machine = newMachine(seed, guard)
  const until = openAt(name)
  machine.input({ kind: 'cluster.boot', to: 'cluster', data: { scenario: name } })
  while ((machine.nextAt() ?? Infinity) <= until) machine.step()
  machine.idleUntil(until)
  return machine
}
