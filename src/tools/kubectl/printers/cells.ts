import type { Micros } from '../../../sim/contract.ts'
import type { Container, Labels, LabelSelector } from '../../../model/apiserver/objects.ts'
import { ageOf } from '../../age.ts'

/** A column of `kubectl get`. `wide`: only with -o wide (priority 1). */
export interface Column {
  readonly name: string
  readonly wide?: true
}

/** pkg/printers/internalversion/printers.go: columns of a kind and the cells of one object. */
export interface KindPrinter<O> {
  readonly columns: readonly Column[]
  readonly row: (object: O, now: Micros) => readonly string[]
}

export const wide = (name: string): Column => ({ name, wide: true })
export const column = (name: string): Column => ({ name })

export function age(object: { metadata: { creationTimestamp?: string } }, now: Micros): string {
  return ageOf(object.metadata.creationTimestamp, now)
}

/** labels.FormatLabels: `a=b,c=d` in order of keys, or `<none>`. */
export function formatLabels(labels: Labels | undefined): string {
  const keys = Object.keys(labels ?? {}).sort()
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${labels![key]}`).join(',')
}

/** metav1.FormatLabelSelector. */
export function formatSelector(selector: LabelSelector | undefined): string {
  if (!selector) return '<none>'
  const parts = Object.keys(selector.matchLabels ?? {}).sort().map((key) => ({ key, text: `${key}=${selector.matchLabels![key]}` })) // prettier-ignore
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const list = [...values].sort().join(',')
    if (operator === 'In') parts.push({ key, text: `${key} in (${list})` })
    else if (operator === 'NotIn') parts.push({ key, text: `${key} notin (${list})` })
    else parts.push({ key, text: operator === 'Exists' ? key : `!${key}` })
  }
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return parts.length === 0 ? '<none>' : parts.map((part) => part.text).join(',')
}

export function containerNames(containers: readonly Container[]): string {
  return containers.map((container) => container.name).join(',')
}

export function containerImages(containers: readonly Container[]): string {
  return containers.map((container) => container.image).join(',')
}
