// A client of the API server inside kube-controller-manager or kube-scheduler: it sends requests, throttled as
// client-go throttles (staging/src/k8s.io/client-go/util/flowcontrol/throttle.go, NewTokenBucketRateLimiter).
import { SECOND } from '../../sim/clock.ts'
import { sendOver, type ApiRequest } from '../messages.ts'
import type { EventId, ModelHandler, ModelWorld } from '../tables.ts'

/** Requests per second and burst of a client; each controller has a client of its own. */
export type ClientLimits = { qps: number; burst: number }
/** kube-controller-manager: --kube-api-qps=20 --kube-api-burst=30. */
export const CONTROLLER_LIMITS: ClientLimits = { qps: 20, burst: 30 }
/** kube-scheduler: clientConnection.qps 50, burst 100. */
export const SCHEDULER_LIMITS: ClientLimits = { qps: 50, burst: 100 }

/** The timer that holds a throttled request back. */
export const THROTTLED = 'timer.client.throttled'

/**
 * Sends a request from the running actor, now or when its client may. `component` names the client
 * (`deployment-controller`).
 */
export function request(
  world: ModelWorld,
  component: string,
  limits: ClientLimits,
  body: ApiRequest,
  causes: readonly EventId[] = [],
): void {
  const actor = world.event.to
  const id = `${actor}|${component}`
  const before = world.get('clients', id)
  const cost = SECOND / limits.qps
  // The bucket is full again at `paidUntil`; a request may go while it is at most `burst` requests in debt.
  const paidUntil = Math.max(before?.paidUntil ?? 0, world.now) + cost
  const delayMicros = Math.max(0, Math.ceil(paidUntil - cost * limits.burst - world.now))
  const full: ApiRequest = { userAgent: component, ...body }
  if (delayMicros > 0) world.send(THROTTLED, actor, full, { delayMicros, causes })
  else sendOver(world, 'api.request', 'apiserver', full, { causes })
  world.put('clients', id, {
    component,
    paidUntil,
    throttled: (before?.throttled ?? 0) + (delayMicros > 0 ? 1 : 0),
  })
}

export const sendThrottled: ModelHandler = (world, event) => {
  sendOver(world, 'api.request', 'apiserver', event.data)
}
