/** What a chosen thing holds, as name and value, the telling ones first. Pure. */
import type { SimEvent } from '../../sim/contract.ts'
import { stopwatch } from '../../sim/clock.ts'

export interface Field {
  readonly name: string
  readonly value: string
  readonly depth: number
}

/** Names whose number is an instant of model time. */
const INSTANT = /(At|^since|^until|Until|deadline)$/
const MOST = 60

/** Fields as a proto or an object spells them, nested by depth; empty values are left out. */
export function fieldsOf(value: unknown, depth = 0, found: Field[] = []): Field[] {
  if (value === null || typeof value !== 'object' || depth > 5) return found
  for (const [name, inner] of Object.entries(value)) {
    if (found.length >= MOST) return found
    if (inner === undefined || inner === null || inner === '') continue
    if (typeof inner === 'object') {
      if (Array.isArray(inner)) {
        if (inner.length === 0) continue
        if (inner.every((one) => typeof one !== 'object' || one === null))
          found.push({ name, value: inner.join(' '), depth })
        else {
          found.push({ name, value: `${inner.length}`, depth })
          inner.slice(0, 3).forEach((one) => fieldsOf(one, depth + 1, found))
        }
      } else if (Object.keys(inner).length > 0) {
        found.push({ name, value: '', depth })
        fieldsOf(inner, depth + 1, found)
      }
      continue
    }
    found.push({
      name,
      value: typeof inner === 'number' && INSTANT.test(name) ? stopwatch(inner) : String(inner),
      depth,
    })
  }
  return found
}

/** Only the top of a record: what it is now. The whole stands in the YAML below. */
export function valuesOf(record: object): Field[] {
  const flat = Object.entries(record).filter(
    ([, v]) => v !== undefined && v !== null && v !== '' && typeof v !== 'object',
  )
  return flat
    .slice(0, 14)
    .map(([name, v]) => ({
      name,
      value: typeof v === 'number' && INSTANT.test(name) ? stopwatch(v) : String(v),
      depth: 0,
    }))
}

/** Request and answer of a message as its protocol names them. */
export function messageParts(event: SimEvent): { title: 'Request' | 'Response' | 'Carries'; value: unknown }[] {
  const data = event.data as Record<string, unknown> | null
  if (data === null || typeof data !== 'object') return []
  if (event.kind === 'cri.request') return [{ title: 'Request', value: data.request }]
  if (event.kind === 'cri.response') return [{ title: 'Response', value: data.error ?? data.response }]
  if (event.kind === 'api.response')
    return [
      { title: 'Response', value: data.object ?? { code: data.code, reason: data.reason, message: data.message } },
    ]
  const { ctx: _, ...rest } = data
  void _
  return [{ title: event.kind === 'api.request' ? 'Request' : 'Carries', value: rest }]
}
