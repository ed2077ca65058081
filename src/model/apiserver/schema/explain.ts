// What `kubectl explain` and the editor say of a field: the schema with its documentation, from the OpenAPI of 1.36.
// The documentation weighs 100 kB packed: import this file only where it is shown.

import { apiVersionOf, type ApiResource } from '../resources.ts'
import { explainType, fieldsOf, typeOfKind, type FieldType } from '../schema.ts'
import docs from './docs.json'

const texts = docs as Record<string, Record<string, string>>

export type Explained = {
  /** `Deployment`, `Container`; empty for a field that holds a plain value. */
  type: string
  /** As kubectl prints it: `[]Container`, `string`, `map[string]string`. */
  shown: string
  description: string
  /** Of an object: its fields in order of name. */
  fields: readonly { name: string; shown: string; required: boolean; description: string }[]
}

/** The field at `path` (`spec.template.spec.containers`) of a kind, or kubectl's error text. */
export function explainField(r: ApiResource, path: readonly string[]): Explained | string {
  let type: FieldType = { is: 'object', name: typeOfKind(apiVersionOf(r), r.kind) ?? '' }
  let description = texts[type.name]?.[''] ?? ''
  for (const step of path) {
    const owner = objectWithin(type)
    const field = owner === undefined ? undefined : fieldsOf(owner).get(step)
    if (!field) return `error: field "${step}" does not exist`
    type = field.type
    description = texts[owner!]?.[step] ?? ''
  }
  const name = objectWithin(type)
  const about = name === undefined ? undefined : texts[name]?.['']
  return {
    type: name ?? '',
    shown: type.is === 'object' && path.length === 0 ? 'Object' : explainType(type),
    description: about !== undefined && about !== description ? `${description}\n${about}` : description,
    fields:
      name === undefined
        ? []
        : [...fieldsOf(name).values()].map((f) => ({
            name: f.name,
            shown: explainType(f.type),
            required: f.required,
            description: texts[name]?.[f.name] ?? '',
          })),
  }
}

/** The object that a list or a map of objects holds. */
function objectWithin(type: FieldType): string | undefined {
  if (type.is === 'object') return type.name
  return type.is === 'scalar' ? undefined : objectWithin(type.of)
}
