// The schema of Kubernetes 1.36, unpacked on demand from schema/fields.json (made by bin/make-schema.ts).

import fields from './schema/fields.json'

/** s string, i int32, l int64, n number, b boolean, t time, m micro time, y bytes, q quantity, x int-or-string, o any. */
export type ScalarCode = 's' | 'i' | 'l' | 'n' | 'b' | 't' | 'm' | 'y' | 'q' | 'x' | 'o'
export type FieldType =
  | { readonly is: 'scalar'; readonly code: ScalarCode }
  | { readonly is: 'list'; readonly of: FieldType }
  | { readonly is: 'map'; readonly of: FieldType }
  | { readonly is: 'object'; readonly name: string }
export type Field = { readonly name: string; readonly required: boolean; readonly type: FieldType }

export const KUBERNETES_VERSION: string = fields.version

const kinds: Record<string, string> = fields.kinds
const packed: Record<string, string> = fields.types
const unpacked = new Map<string, ReadonlyMap<string, Field>>()

/** The type of a kind ("apps/v1", "Deployment"), or undefined for a kind that the schema does not know. */
export function typeOfKind(apiVersion: string, kind: string): string | undefined {
  return Object.hasOwn(kinds, `${apiVersion} ${kind}`) ? kinds[`${apiVersion} ${kind}`] : undefined
}

/** Every kind that the schema knows, as [apiVersion, kind]. */
export function allKinds(): readonly (readonly [string, string])[] {
  return Object.keys(kinds).map((key) => key.split(' ') as [string, string])
}

export function fieldsOf(type: string): ReadonlyMap<string, Field> {
  const known = unpacked.get(type)
  if (known) return known
  const map = new Map<string, Field>()
  for (const entry of (packed[type] ?? '').split(',')) {
    const match = /^([^:!]+)(!?):(.+)$/.exec(entry)
    if (match) map.set(match[1]!, { name: match[1]!, required: match[2] === '!', type: fieldType(match[3]!) })
  }
  unpacked.set(type, map)
  return map
}

function fieldType(code: string): FieldType {
  if (code.startsWith('[]')) return { is: 'list', of: fieldType(code.slice(2)) }
  if (code.startsWith('{}')) return { is: 'map', of: fieldType(code.slice(2)) }
  if (code.length === 1) return { is: 'scalar', code: code as ScalarCode }
  return { is: 'object', name: code }
}

/** How `kubectl explain` writes a type: string, integer, []Container, map[string]string. */
export function explainType(type: FieldType): string {
  if (type.is === 'list') return '[]' + explainType(type.of)
  if (type.is === 'map') return 'map[string]' + explainType(type.of)
  if (type.is === 'object') return goTypeName(type.name)
  switch (type.code) {
    case 'i':
    case 'l':
      return 'integer'
    case 'n':
      return 'number'
    case 'b':
      return 'boolean'
    case 'q':
      return 'Quantity'
    case 'x':
      return 'IntOrString'
    case 'o':
      return 'Object'
    default:
      return 'string'
  }
}

/** The name without the group prefix with which the client tells apart types that share a name. */
export function goTypeName(name: string): string {
  return name.replace(/^[A-Z][a-z]+V\d(?=[A-Z])/, '').replace(/^V\d(?:(?:alpha|beta)\d)?(?=[A-Z])/, '')
}
