/** Maps and programs of the load balancer as a component of the kernel, and as a facility at its hooks. */
import { SECOND } from '../../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ModelComponent, ModelReader, ModelWorld } from '../../tables.ts'
import type { Facility } from '../net/facilities.ts'
import type { HookPass } from '../netfilter/hooks.ts'
import { whilePowered } from '../power.ts'
import { affinityId, type BpfAgentRecord, type BpfFlowRecord, flowId, lookupService, update } from './maps.ts'
import { backKey, bpfTexts, passesFor } from './nodeport.ts'

const GC = 'timer.bpf-ct-gc'
const GC_MICROS = 30 * SECOND

const NONE: readonly HookPass[] = []
const attached = new WeakMap<BpfAgentRecord, { reader: ModelReader; passes: readonly HookPass[] }>()

export const bpfFacility: Facility = {
  name: 'bpf',
  passes(reader, node) {
    const agent = reader.get('bpfAgents', node)
    if (!agent) return NONE
    let known = attached.get(agent)
    if (known?.reader !== reader) attached.set(agent, (known = { reader, passes: passesFor(reader, node) }))
    return known.passes
  },
  texts: () => bpfTexts,
  keep(world, node, data) {
    const flow = data as BpfFlowRecord
    if (!world.has('bpfFlows', 'node', node)) collectLater(world, node)
    world.put('bpfFlows', flowId(node, flow), flow)
    const service = lookupService(world, node, flow.proto, flow.service.ip, flow.service.port, 'external')
    if (!service || service.affinity === 0) return
    const { revNat } = service
    const record = { node, client: flow.client.ip, revNat, backend: flow.backend.id, lastUsed: world.now }
    world.put('bpfAffinity', affinityId(node, flow.client.ip, revNat), record)
  },
}

function collectLater(world: ModelWorld, node: string): void {
  world.send(GC, `${node}/kernel`, {}, { delayMicros: GC_MICROS, from: `${node}/kernel` })
}

/** The agent walks its connection map and deletes what is past its time (pkg/maps/ctmap/gc). */
function collect(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  for (const flow of world.by('bpfFlows', 'node', node))
    if (flow.expiresAt <= world.now) world.put('bpfFlows', flowId(node, flow), undefined)
  if (world.has('bpfFlows', 'node', node)) collectLater(world, node)
}

export const bpf: ModelComponent = {
  roles: ['kernel'],
  tables: {
    bpfAgents: { owner: 'linux/bpf' },
    bpfServices: { owner: 'linux/bpf', indexes: { node: (r) => r.node } },
    bpfBackends: { owner: 'linux/bpf', indexes: { node: (r) => r.node } },
    bpfAffinity: { owner: 'linux/bpf', indexes: { node: (r) => r.node } },
    bpfFlows: { owner: 'linux/bpf', indexes: { node: (r) => r.node, back: backKey } },
  },
  rules: [
    {
      id: 'BP1',
      says: 'The address is translated in the system call: the socket is connected to a backend, and no packet ever carries the Service address.',
      source: 'cilium/cilium bpf/bpf_sock.c __sock4_xlate_fwd',
    },
    {
      id: 'BP2',
      says: 'A Service without a backend: connect() fails at once with EHOSTUNREACH.',
      source: 'cilium/cilium bpf/bpf_sock.c cil_sock4_connect',
    },
  ],
  handlers: whilePowered({
    'kernel.bpf-map-update': update,
    [GC]: collect,
  }),
}
