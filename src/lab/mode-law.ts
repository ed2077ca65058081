/**
 * From a few numbers of Services to any: a mode's costs grow by the same step with each Service of one shape, so that
 * two runs of the writer and the interpreter tell the rest. Beyond 1,000 endpoints iptables leaves its comments out
 * (largeClusterEndpointsThreshold), so two more tell the sizes there. mode-law.test.ts compares with runs.
 */
import type { ProxyModeName } from '../model/kube-proxy/mode.ts'
import type { ModeSample, SampleLine } from './rules-protocol.ts'

/** Numbers of Services for which a mode is run. */
export const ANCHORS: readonly number[] = [1, 2, 12, 400, 410]
const LARGE_ENDPOINTS = 1_000

export type Figure = 'compared' | 'lookups' | 'lines' | 'bytes' | 'fullWrite' | 'changeWrite'
export const FIGURES: readonly Figure[] = ['compared', 'lookups', 'lines', 'bytes', 'fullWrite', 'changeWrite']

/** Of the printed table: of a list exact; what is printed in columns, or elements in pairs, is told as about so many. */
const PRINTED: ReadonlySet<Figure> = new Set(['lines', 'bytes'])
export const isExact = (mode: ProxyModeName, figure: Figure): boolean => mode === 'iptables' || !PRINTED.has(figure)

export type Costs = Readonly<Record<Figure, number>>

/** `samples`: one of each of ANCHORS. */
export function costsAt(samples: readonly ModeSample[], services: number): Costs {
  const [, two, twelve, large, larger] = samples as [ModeSample, ModeSample, ModeSample, ModeSample, ModeSample]
  const each = (twelve.endpoints - two.endpoints) / (twelve.services - two.services)
  const endpoints = two.endpoints + each * (services - two.services)
  const [a, b] = endpoints > LARGE_ENDPOINTS ? [large, larger] : [two, twelve]
  const out = {} as Record<Figure, number>
  for (const figure of FIGURES)
    out[figure] = a[figure] + ((b[figure] - a[figure]) / (b.services - a.services)) * (services - a.services)
  return out
}

/** The lines that the packet meets; what is folded grows with the Services in front. */
export function linesAt(samples: readonly ModeSample[], services: number): readonly SampleLine[] {
  const exact = samples.find((sample) => sample.services === services)
  if (exact) return exact.text
  const [, two, twelve] = samples as [ModeSample, ModeSample, ModeSample]
  if (services < 3) return two.text
  return twelve.text.map((line) =>
    line.count === undefined ? line : { ...line, count: line.count + (services - twelve.services) },
  )
}
