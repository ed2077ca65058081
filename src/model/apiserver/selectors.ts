// Label and field selectors (staging/src/k8s.io/apimachinery/pkg/labels, pkg/fields).

import type { Labels, LabelSelector } from './objects.ts'

export type Requirement = {
  key: string
  operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!exists' | '>' | '<'
  values: string[]
}

const memo = new Map<string, Requirement[] | string>()

/** The requirements of `app=web,tier in (a,b),!canary`, or an error text. */
export function parseLabelSelector(text: string): Requirement[] | string {
  let known = memo.get(text)
  if (known === undefined) {
    if (memo.size > 2_000) memo.clear()
    memo.set(text, (known = parse(text)))
  }
  return known
}

function parse(text: string): Requirement[] | string {
  const requirements: Requirement[] = []
  let rest = text.trim()
  while (rest !== '') {
    const set = /^([^\s=!<>,()]+)\s+(in|notin)\s*\(([^)]*)\)\s*(?:,|$)/.exec(rest)
    const equal = /^([^\s=!<>,()]+)\s*(==|=|!=|>|<)\s*([^\s,=!()]*)\s*(?:,|$)/.exec(rest)
    const exists = /^(!?)\s*([^\s=!<>,()]+)\s*(?:,|$)/.exec(rest)
    if (set) {
      requirements.push({
        key: set[1]!,
        operator: set[2] as 'in' | 'notin',
        values: set[3]!.split(',').map((v) => v.trim()),
      })
      rest = rest.slice(set[0].length).trim()
    } else if (equal) {
      const operator = equal[2] === '==' ? '=' : (equal[2] as '=' | '!=' | '>' | '<')
      requirements.push({ key: equal[1]!, operator, values: [equal[3]!] })
      rest = rest.slice(equal[0].length).trim()
    } else if (exists) {
      requirements.push({ key: exists[2]!, operator: exists[1] === '!' ? '!exists' : 'exists', values: [] })
      rest = rest.slice(exists[0].length).trim()
    } else {
      return `unable to parse requirement: found '${rest}', expected: identifier`
    }
  }
  return requirements
}

export function matchesRequirements(requirements: readonly Requirement[], labels: Labels | undefined): boolean {
  for (const { key, operator, values } of requirements) {
    const value = labels?.[key]
    let ok: boolean
    switch (operator) {
      case '=':
        ok = value === values[0]
        break
      case '!=':
        ok = value !== values[0]
        break
      case 'in':
        ok = value !== undefined && values.includes(value)
        break
      case 'notin':
        ok = value === undefined || !values.includes(value)
        break
      case 'exists':
        ok = value !== undefined
        break
      case '!exists':
        ok = value === undefined
        break
      case '>':
        ok = value !== undefined && Number(value) > Number(values[0])
        break
      case '<':
        ok = value !== undefined && Number(value) < Number(values[0])
    }
    if (!ok) return false
  }
  return true
}

/** metav1.LabelSelector against labels. An empty selector matches everything, an absent one nothing. */
export function matchesLabelSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (!selector) return false
  for (const key in selector.matchLabels) if (labels?.[key] !== selector.matchLabels[key]) return false
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels?.[key]
    if (operator === 'In' ? value === undefined || !values.includes(value) : false) return false
    if (operator === 'NotIn' ? value !== undefined && values.includes(value) : false) return false
    if (operator === 'Exists' ? value === undefined : false) return false
    if (operator === 'DoesNotExist' ? value !== undefined : false) return false
  }
  return true
}

/** Plain map selector of a Service. An empty or absent one selects nothing. */
export function matchesMap(selector: Labels | undefined, labels: Labels | undefined): boolean {
  let any = false
  for (const key in selector) {
    any = true
    if (labels?.[key] !== selector[key]) return false
  }
  return any
}

/** Fields that may stand in a field selector, by resource; name and namespace may everywhere. */
const FIELDS: Record<string, readonly string[]> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  jobs: ['status.successful'],
}

export type FieldTerm = { path: readonly string[]; equals: boolean; value: string }

/** The terms of `spec.nodeName=worker-1,status.phase!=Running`, or an error text. */
export function parseFieldSelector(resource: string, text: string): FieldTerm[] | string {
  const terms: FieldTerm[] = []
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const match = /^([^=!]+?)(==|=|!=)(.*)$/.exec(part.trim())
    if (!match) return `invalid selector: '${text}'; can't understand '${part}'`
    const label = match[1]!
    if (label !== 'metadata.name' && label !== 'metadata.namespace' && !FIELDS[resource]?.includes(label))
      return `field label not supported: ${label}`
    terms.push({ path: label.split('.'), equals: match[2] !== '!=', value: match[3]! })
  }
  return terms
}

export function matchesFields(terms: readonly FieldTerm[], object: object): boolean {
  for (const { path, equals, value } of terms) {
    let at: unknown = object
    for (const step of path) at = at === undefined || at === null ? undefined : (at as Record<string, unknown>)[step]
    if ((String(at ?? '') === value) !== equals) return false
  }
  return true
}

const selectorMemo = new Map<string, ((object: object) => boolean) | string>()

/** One test for both selectors of a request, or an error text. */
export function objectFilter(
  resource: string,
  labelSelector: string | undefined,
  fieldSelector: string | undefined,
): ((object: object) => boolean) | string {
  const key = `${resource}|${labelSelector ?? ''}|${fieldSelector ?? ''}`
  const known = selectorMemo.get(key)
  if (known !== undefined) return known
  const labels = parseLabelSelector(labelSelector ?? '')
  const fields = parseFieldSelector(resource, fieldSelector ?? '')
  const filter =
    typeof labels === 'string'
      ? labels
      : typeof fields === 'string'
        ? fields
        : (object: object): boolean =>
            matchesRequirements(labels, (object as { metadata: { labels?: Labels } }).metadata.labels) &&
            matchesFields(fields, object)
  if (selectorMemo.size > 2_000) selectorMemo.clear()
  selectorMemo.set(key, filter)
  return filter
}
