// Node IPAM: a range of pod addresses for every new node (pkg/controller/nodeipam/ipam/range_allocator.go).
import type { Rule } from '../../../sim/contract.ts'
import type { KubeObject, Node } from '../../apiserver/objects.ts'
import type { ModelWorld } from '../../tables.ts'
import { DONE, failedStep, type Controller, type Step } from '../engine.ts'
import { recordEvent, referenceTo } from '../event-recorder.ts'

const NAME = 'node-ipam-controller'

export const nodeIpamRules: readonly Rule[] = [
  {
    id: 'NI1',
    says: 'A node without podCIDR gets the next free /24 of the cluster CIDR 10.244.0.0/16.',
    source: 'pkg/controller/nodeipam/ipam/range_allocator.go allocateOrOccupyCIDR',
  },
]

export const nodeIpamController: Controller = {
  name: NAME,
  // One: ranges are handed out one after another.
  workers: 1,
  watches: {
    nodes: (_world, event) => (isBare(event.object) && event.type !== 'DELETED' ? [event.object.metadata.name] : []),
  },
  sync,
  answered: (_world, _key, _memo, answers) => failedStep(answers),
}

const isBare = (node: unknown): boolean => (node as Node).spec.podCIDR === undefined

function sync(world: ModelWorld, key: string): Step {
  const node = world.get('nodes', key)
  if (!node || !isBare(node)) return DONE
  const podCIDR = freeRange(world, key)
  if (!podCIDR) {
    recordEvent(world, 'cidrAllocator', referenceTo(node as KubeObject), {
      type: 'Normal',
      reason: 'CIDRNotAvailable',
      message: `Node ${key} status is now: CIDRNotAvailable`,
    })
    return {
      error: `failed to allocate cidr from cluster cidr at idx:0: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range`,
    }
  }
  world.because('NI1', { node: key, podCIDR })
  return {
    requests: [
      {
        verb: 'patch',
        resource: 'nodes',
        name: key,
        patchType: 'merge',
        body: { spec: { podCIDR, podCIDRs: [podCIDR] } },
      },
    ],
  }
}

/** The range that the machine is set up for, if it is free; else the lowest free one. */
function freeRange(world: ModelWorld, node: string): string | undefined {
  const taken = new Set(world.all('nodes').map((n) => n.spec.podCIDR))
  const wish = world.get('machines', node)?.podCIDR
  if (wish && !taken.has(wish)) return wish
  for (let i = 0; i < 256; i++) {
    const range = `10.244.${i}.0/24`
    if (!taken.has(range)) return range
  }
  return undefined
}
