// From what a person sent to a typed object, as strictly as the API server decodes with fieldValidation=Strict:
// a wrong type ends it at once, unknown fields are all named (apimachinery serializer/json, sigs.k8s.io/json).

import { bytesOfBase64 } from './base64.ts'
import { isRecord } from './equality.ts'
import type { KubeObject } from './objects.ts'
import { parseQuantity, QUANTITY_FORMAT_ERROR } from './quantity.ts'
import { apiVersionOf, type ApiResource } from './resources.ts'
import { fieldsOf, goTypeName, typeOfKind, type FieldType, type ScalarCode } from './schema.ts'

export type Decoded = { object: KubeObject } | { error: string; paths: readonly string[] }
/** One thing that is wrong with the shape of a body, and where. */
export type ShapeError = { path: string; text: string; kind: 'unknown' | 'type' }

class Stop extends Error {
  readonly at: string
  constructor(text: string, at: string) {
    super(text)
    this.at = at
  }
}

type Walk = { unknown: ShapeError[] }

/** `as: 'patch'`: the stored object after a patch, whose text differs. */
export function decodeObject(body: unknown, r: ApiResource, as: 'object' | 'patch' = 'object'): Decoded {
  const cannot = `${r.kind} in version "${r.version}" cannot be handled as a ${r.kind}: `
  const shape = decodeShape(body, r)
  const strict = (errors: readonly ShapeError[]): Decoded => ({
    error: `${as === 'patch' ? '' : cannot}strict decoding error: ${errors.map((e) => e.text).join(', ')}`,
    paths: errors.map((e) => e.path),
  })
  if (shape.errors[0]?.kind === 'type') return { error: cannot + shape.errors[0].text, paths: [shape.errors[0].path] }
  if (shape.errors.length > 0) return strict(shape.errors)
  return { object: shape.object! }
}

/** Every unknown field, or the first wrong type alone. */
export function decodeShape(body: unknown, r: ApiResource): { object?: KubeObject; errors: readonly ShapeError[] } {
  const type = typeOfKind(apiVersionOf(r), r.kind)
  if (type === undefined) return { object: body as KubeObject, errors: [] }
  const walk: Walk = { unknown: [] }
  try {
    if (!isRecord(body))
      throw new Stop(`json: cannot unmarshal ${jsonName(body)} into Go value of type v1.${r.kind}`, '')
    const object = objectAt(body, type, '', '', walk) as KubeObject
    // In Go these are structs and not pointers: they are there, empty, when nobody wrote them.
    if (fieldsOf(type).get('spec')?.type.is === 'object') object.spec ??= emptyObject(`${type}Spec`)
    return { object: { ...object, metadata: object.metadata ?? {} }, errors: walk.unknown }
  } catch (error) {
    if (error instanceof Stop) return { errors: [{ path: error.at, text: error.message, kind: 'type' }] }
    throw error
  }
}

/** Pod manifests hold `goPath` without indices: `spec.containers.ports.containerPort`. */
function objectAt(value: unknown, type: string, path: string, goPath: string, walk: Walk): Record<string, unknown> {
  const fields = fieldsOf(type)
  const out: Record<string, unknown> = {}
  for (const name in value as Record<string, unknown>) {
    const given = (value as Record<string, unknown>)[name]
    const field = fields.get(name)
    const at = path === '' ? name : `${path}.${name}`
    if (!field) {
      walk.unknown.push({ path: at, text: `unknown field ${JSON.stringify(at)}`, kind: 'unknown' })
      continue
    }
    const go = goPath === '' ? name : `${goPath}.${name}`
    const decoded = valueAt(given, field.type, at, go, goTypeName(type), walk)
    if (decoded !== undefined) out[name] = decoded
  }
  return withRequiredLists(out, type)
}

/** A list that must be there is empty where it was left out, so that every reader may count on it. */
function withRequiredLists(out: Record<string, unknown>, type: string): Record<string, unknown> {
  for (const field of fieldsOf(type).values())
    if (field.required && field.type.is === 'list' && out[field.name] === undefined) out[field.name] = []
  if (type === 'PodTemplateSpec') out.spec ??= emptyObject('PodSpec')
  return out
}

const emptyObject = (type: string): Record<string, unknown> => withRequiredLists({}, type)

function valueAt(value: unknown, type: FieldType, path: string, goPath: string, struct: string, walk: Walk): unknown {
  if (value === null || value === undefined) return undefined
  switch (type.is) {
    case 'scalar':
      return scalarAt(value, type.code, path, goPath, struct)
    case 'list':
      if (!Array.isArray(value)) throw mismatch(value, goType(type), path, goPath, struct)
      return value.map((item, i) =>
        item === null && type.of.is === 'object'
          ? {}
          : (valueAt(item, type.of, `${path}[${i}]`, goPath, struct, walk) ?? zero(type.of)),
      )
    case 'map': {
      if (!isRecord(value)) throw mismatch(value, goType(type), path, goPath, struct)
      const out: Record<string, unknown> = {}
      for (const key in value) {
        const decoded = valueAt(value[key], type.of, `${path}[${key}]`, goPath, struct, walk)
        // A null in a map of strings decodes to the empty string.
        out[key] = decoded ?? zero(type.of)
      }
      return out
    }
    case 'object':
      if (!isRecord(value)) throw mismatch(value, goType(type), path, goPath, struct)
      return objectAt(value, type.name, path, goPath, walk)
  }
}

const zero = (type: FieldType): unknown =>
  type.is === 'scalar' ? (type.code === 'i' || type.code === 'l' ? 0 : type.code === 'b' ? false : '') : {}

const jsonName = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : value === null ? 'null' : typeof value

function goType(type: FieldType): string {
  if (type.is === 'list') return `[]${goType(type.of)}`
  if (type.is === 'map') return `map[string]${goType(type.of)}`
  if (type.is === 'object') return `v1.${goTypeName(type.name)}`
  return GO_SCALARS[type.code]
}

const GO_SCALARS: Record<ScalarCode, string> = {
  s: 'string',
  i: 'int32',
  l: 'int64',
  n: 'float64',
  b: 'bool',
  t: 'string',
  m: 'string',
  y: '[]uint8',
  q: 'resource.Quantity',
  x: 'int32',
  o: 'object',
}

function mismatch(value: unknown, want: string, path: string, goPath: string, struct: string, shown?: string): Stop {
  return new Stop(
    `json: cannot unmarshal ${shown ?? jsonName(value)} into Go struct field ${struct}.${goPath} of type ${want}`,
    path,
  )
}

function scalarAt(value: unknown, code: ScalarCode, path: string, goPath: string, struct: string): unknown {
  const wrong = (shown?: string): Stop => mismatch(value, GO_SCALARS[code], path, goPath, struct, shown)
  switch (code) {
    case 's':
      if (typeof value !== 'string') throw wrong()
      return value
    case 'b':
      if (typeof value !== 'boolean') throw wrong()
      return value
    case 'i':
    case 'l': {
      if (typeof value !== 'number') throw wrong()
      const max = code === 'i' ? 2_147_483_647 : Number.MAX_SAFE_INTEGER
      if (!Number.isInteger(value) || value > max || value < -max - 1) throw wrong(`number ${value}`)
      return value
    }
    case 'n':
      if (typeof value !== 'number') throw wrong()
      return value
    case 'x':
      if (typeof value !== 'number' && typeof value !== 'string') throw wrong()
      if (typeof value === 'number' && !Number.isInteger(value))
        throw new Stop(`json: cannot unmarshal number ${value} into Go value of type int32`, path)
      return value
    case 'q': {
      if (typeof value !== 'number' && typeof value !== 'string') throw new Stop(QUANTITY_FORMAT_ERROR, path)
      const text = String(value)
      const parsed = parseQuantity(text)
      if (typeof parsed === 'string') throw new Stop(parsed, path)
      return text
    }
    case 't':
    case 'm': {
      if (typeof value !== 'string') throw wrong()
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value))
        throw new Stop(
          `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
          path,
        )
      return value
    }
    case 'y': {
      if (typeof value !== 'string') throw wrong()
      const bytes = bytesOfBase64(value)
      if (!Array.isArray(bytes)) throw new Stop(`illegal base64 data at input byte ${bytes.badByte}`, path)
      return value
    }
    case 'o':
      return value
  }
}
