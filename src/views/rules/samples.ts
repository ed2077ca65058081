/** The four modes for one Service of the cluster: asked of the rules worker once, and kept. */
import { useEffect, useMemo, useState } from 'react'
import { ANCHORS } from '../../lab/mode-law.ts'
import { askRules } from '../../lab/rules-desk.ts'
import type { ChosenService, ModeSample } from '../../lab/rules-protocol.ts'
import type { ProxyModeName } from '../../model/kube-proxy/mode.ts'
import type { ProxiedServiceRecord } from '../../model/tables.ts'
import type { Replica } from '../contract.ts'
import { FOUR_MODES } from './modes.ts'

export interface Offered {
  /** `namespace/name` */
  readonly service: string
  readonly address: string
  readonly endpoints: readonly string[]
  readonly chosen: ChosenService
}

/** Services that the node's kube-proxy knows, with an address and a backend: those of people before those of the system. */
export function offeredServices(replica: Replica, node: string): Offered[] {
  const own = (name: string): number => (name === 'default/kubernetes' ? 2 : name.startsWith('kube-system/') ? 1 : 0)
  return replica
    .by('proxiedServices', 'node', node)
    .flatMap((record) => offered(record) ?? [])
    .sort((a, b) => own(a.service) - own(b.service))
}

function offered(record: ProxiedServiceRecord): Offered | undefined {
  const port = record.object?.spec.ports?.[0]
  const address = record.object?.spec.clusterIP
  if (!port || !address || address === 'None' || address.includes(':')) return undefined
  const endpoints = Object.values(record.slices).flatMap((slice) => {
    const to = slice.ports?.find((p) => (p.name ?? '') === (port.name ?? ''))?.port
    return to === undefined
      ? []
      : slice.endpoints.filter((e) => e.conditions?.ready !== false).map((e) => `${e.addresses[0]}:${to}`)
  })
  if (endpoints.length === 0) return undefined
  const protocol = (port.protocol ?? 'TCP').toLowerCase()
  return {
    service: record.service,
    address: `${address}:${port.port}`,
    endpoints: [...endpoints].sort(),
    chosen: { record, port: port.port, protocol },
  }
}

export type Sampled = readonly ModeSample[] | { readonly missing: string } | undefined

const known = new Map<string, Promise<readonly ModeSample[]>>()
const KEPT = 40

const keyOf = (mode: ProxyModeName, of: Offered | undefined): string => {
  const record = of?.chosen.record
  const slices = Object.values(record?.slices ?? {}).map((s) => `${s.metadata.name} ${s.metadata.resourceVersion}`)
  return `${mode}|${record?.service}|${record?.object?.metadata.resourceVersion}|${slices.join()}`
}

function sample(mode: ProxyModeName, of: Offered | undefined): Promise<readonly ModeSample[]> {
  const key = keyOf(mode, of)
  let asked = known.get(key)
  if (!asked) {
    if (known.size >= KEPT) known.delete(known.keys().next().value!)
    known.set(key, (asked = askRules<ModeSample[]>({ q: 'sample', mode, services: ANCHORS, of: of?.chosen })))
    asked.catch(() => known.delete(key))
  }
  return asked
}

/** Each mode as soon as it has been computed; what the build lacks says so. */
export function useSamples(of: Offered | undefined): Readonly<Partial<Record<ProxyModeName, Sampled>>> {
  const [held, setHeld] = useState<{ key: string; by: Partial<Record<ProxyModeName, Sampled>> }>({ key: '', by: {} })
  const key = keyOf('iptables', of)
  useEffect(() => {
    let gone = false
    const put = (mode: ProxyModeName, sampled: Sampled): void => {
      if (!gone) setHeld((now) => ({ key, by: { ...(now.key === key ? now.by : {}), [mode]: sampled } }))
    }
    for (const { mode } of FOUR_MODES)
      sample(mode, of).then(
        (samples) => put(mode, samples),
        (error: unknown) => put(mode, { missing: error instanceof Error ? error.message : String(error) }),
      )
    return () => {
      gone = true
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all that matters of the Service
  }, [key])
  return useMemo(() => (held.key === key ? held.by : {}), [held, key])
}
