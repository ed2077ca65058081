// Renewing the node's lease. Upstream: component-helpers/apimachinery/lease/controller.go (sync, backoffEnsureLease,
// retryUpdateLease), pkg/kubelet/kubelet.go (the lease client's timeout is the renew interval).
import { rfc3339Micro } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { ApiResponse } from '../messages.ts'
import type { ModelWorld } from '../tables.ts'
import { apiAtOnce, jitter, type Ctx } from './calls.ts'
import { heartbeatTimeout, leaseJitterPercent, timers } from './config.ts'
import { klog } from './klog.ts'
import { leaseNamespace, newLease } from './lease.ts'
import { resumeWatch } from './config-sources.ts'

export function onLeaseTick(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return
  const delayMicros = jitter(world, node, timers.leaseRenew, leaseJitterPercent)
  const since = kubelet.leaseSince
  const late = since !== undefined && world.now - since >= heartbeatTimeout
  if (late) {
    klog(world, node, 'E', 'controller.go:195', 'Failed to update lease', {
      err: `Put "https://172.18.0.2:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}?timeout=10s": context deadline exceeded`,
    })
  }
  world.because('KL18', {
    node,
    sinceLastRenewalMicros: kubelet.lastLeaseAt === undefined ? -1 : world.now - kubelet.lastLeaseAt,
  })
  world.put('kubelets', node, {
    ...kubelet,
    nextLeaseAt: world.now + delayMicros,
    leaseSince: world.now,
    // What was lost in the meantime cannot be known: the watch starts anew.
    watchBroken: kubelet.watchBroken || late,
  })
  world.send('timer.kubelet.lease', event.to, event.data, { delayMicros })
  renew(world, node)
}

function renew(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  if (kubelet.leaseKnown) {
    apiAtOnce(
      world,
      node,
      {
        verb: 'patch',
        patchType: 'merge',
        resource: 'leases',
        namespace: leaseNamespace,
        name: node,
        body: { spec: { renewTime: rfc3339Micro(world.now) } },
      },
      { who: 'lease', key: 'renew' },
    )
    return
  }
  const lease = newLease(node, world.now, world.get('nodes', node)?.metadata.uid)
  apiAtOnce(
    world,
    node,
    { verb: 'create', resource: 'leases', namespace: leaseNamespace, body: lease as never },
    { who: 'lease', key: 'create' },
  )
}

export function onLeaseAnswer(world: ModelWorld, node: string, ctx: Ctx, response: ApiResponse): void {
  const { leaseSince: since, ...kubelet } = world.get('kubelets', node)!
  if (response.code < 300) {
    world.put('kubelets', node, { ...kubelet, leaseKnown: true, lastLeaseAt: since ?? world.now })
    resumeWatch(world, node)
    return
  }
  if (ctx.key === 'create' && response.reason === 'AlreadyExists') {
    world.put('kubelets', node, { ...kubelet, leaseKnown: true, leaseSince: world.now })
    return renew(world, node)
  }
  if (ctx.key === 'renew' && response.code === 404) {
    world.put('kubelets', node, { ...kubelet, leaseKnown: false, leaseSince: world.now })
    return renew(world, node)
  }
  klog(world, node, 'E', 'controller.go:195', 'Failed to update lease', { err: response.message ?? '' })
  world.put('kubelets', node, kubelet)
}
