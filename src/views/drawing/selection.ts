import type { Selection } from '../contract.ts'

export function sameSelection(a: Selection | undefined, b: Selection | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.kind === 'event') return b.kind === 'event' && a.event === b.event
  if (a.kind === 'actor') return b.kind === 'actor' && a.actor === b.actor
  return b.kind === 'record' && a.table === b.table && a.id === b.id
}

export function ofRecord(table: string, id: string): Selection {
  return { kind: 'record', table, id }
}

export function ofActor(actor: string): Selection {
  return { kind: 'actor', actor }
}

export function ofEvent(event: number): Selection {
  return { kind: 'event', event }
}
