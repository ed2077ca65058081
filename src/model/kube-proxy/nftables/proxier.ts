/** A kube-proxy in mode nftables outside of the world, for the command line and the tests. */
import type { Micros } from '../../../sim/contract.ts'
import type { ProxierConfig } from '../config.ts'
import { newTracker, type Tracker } from '../proxier.ts'
import type { Layout } from './dialect.ts'
import { type KernelTable, NO_MEMORY, type NftMemory, type NftSyncResult, syncTransaction } from './sync.ts'

export interface NftProxier extends Tracker {
  sync(kernel: KernelTable, now: Micros): NftSyncResult
}

export function newNftProxier(config: ProxierConfig, layout: Layout): NftProxier {
  const tracker = newTracker(config)
  let memory: NftMemory = NO_MEMORY
  return {
    ...tracker,
    sync(kernel, now) {
      const result = syncTransaction({
        config,
        layout,
        services: tracker.services(),
        changed: tracker.changed(),
        kernel,
        memory,
        now,
      })
      tracker.synced()
      memory = result.memory
      return result
    },
  }
}
