/** Rates as the estimator sees them: every 2 s a quarter of the way to the newest. linux net/netfilter/ipvs/ip_vs_est.c. */
import { SECOND } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'
import type { Estimate, IpvsStatsRecord } from './records.ts'

type Five = readonly [number, number, number, number, number]

const PERIOD: Micros = 2 * SECOND
/** After so many silent ticks nothing is left of a rate that people could see. */
const MEMORY = 160

export const NO_ESTIMATE: Estimate = { tick: 0, seen: [0, 0, 0, 0, 0], rates: [0, 0, 0, 0, 0] }

export const tickAt = (now: Micros): number => Math.floor(now / PERIOD)

/** The estimate at `tick`, when the counters have stood at `totals` since the tick before it was last brought up. */
export function advance(estimate: Estimate, totals: Five, tick: number): Estimate {
  if (tick <= estimate.tick) return estimate
  let rates = estimate.rates
  const rounds = Math.min(tick - estimate.tick, MEMORY)
  for (let round = 0; round < rounds; round++)
    rates = rates.map((rate, i) => {
      const delta = round === 0 ? totals[i]! - estimate.seen[i]! : 0
      // connections and packets with 10 bits behind the point, bytes with 5; two seconds halve
      const now = delta * (i < 3 ? 512 : 16)
      return rate + Math.floor((now - rate) / 4)
    }) as unknown as Five
  return { tick, seen: totals, rates: tick - estimate.tick > MEMORY ? [0, 0, 0, 0, 0] : rates }
}

export function totalsOf(stats: IpvsStatsRecord): Five {
  return [stats.conns, stats.inPkts, stats.outPkts, stats.inBytes, stats.outBytes]
}

/** CPS, InPPS, OutPPS, InBPS, OutBPS (ip_vs_read_estimator). */
export function ratesAt(stats: IpvsStatsRecord, now: Micros): Five {
  const { rates } = advance(stats.estimate, totalsOf(stats), tickAt(now))
  return rates.map((rate, i) =>
    i < 3 ? Math.floor((rate + 0x1ff) / 1024) : Math.floor((rate + 0xf) / 32),
  ) as unknown as Five
}
