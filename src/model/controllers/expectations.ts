// What a controller has asked for and not seen yet (pkg/controller/controller_utils.go, ControllerExpectations).
// Until it has, it must not count pods: a stale count would create or delete twice.
import { MINUTE } from '../../sim/clock.ts'
import type { ModelWorld } from '../tables.ts'
import { joined } from '../../sim/joined.ts'

/** ExpectationsTimeout: better to count wrongly than to wait for ever for an event that was lost. */
const TIMEOUT = 5 * MINUTE

const idOf = (controller: string, key: string): string => joined(controller, key)

export function expectCreations(world: ModelWorld, controller: string, key: string, adds: number): void {
  world.put('expectations', idOf(controller, key), { adds, dels: [], since: world.now })
}

export function expectDeletions(world: ModelWorld, controller: string, key: string, uids: readonly string[]): void {
  world.put('expectations', idOf(controller, key), { adds: 0, dels: [...uids], since: world.now })
}

export function expectationsMet(world: ModelWorld, controller: string, key: string): boolean {
  const held = world.get('expectations', idOf(controller, key))
  if (!held || (held.adds <= 0 && held.dels.length === 0)) return true
  return world.now - held.since > TIMEOUT
}

/** A pod was seen, or it will never come because its creation failed. */
export function creationObserved(world: ModelWorld, controller: string, key: string, count = 1): void {
  const id = idOf(controller, key)
  const held = world.get('expectations', id)
  if (!held || held.adds <= 0) return
  settle(world, id, { ...held, adds: Math.max(0, held.adds - count) })
}

export function deletionObserved(world: ModelWorld, controller: string, key: string, uid: string): void {
  const id = idOf(controller, key)
  const held = world.get('expectations', id)
  if (!held || !held.dels.includes(uid)) return
  settle(world, id, { ...held, dels: held.dels.filter((d) => d !== uid) })
}

export function forgetExpectations(world: ModelWorld, controller: string, key: string): void {
  if (world.get('expectations', idOf(controller, key))) world.put('expectations', idOf(controller, key), undefined)
}

function settle(world: ModelWorld, id: string, held: { adds: number; dels: string[]; since: number }): void {
  world.put('expectations', id, held.adds <= 0 && held.dels.length === 0 ? undefined : held)
}
