import type { PackedSchema, SchemaDocs } from '../../lab/kubernetes-schema.ts'

type JsonSchema = Record<string, unknown>

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  s: { type: 'string' },
  i: { type: 'integer' },
  l: { type: 'integer' },
  n: { type: 'number' },
  b: { type: 'boolean' },
  t: { type: 'string' },
  m: { type: 'string' },
  y: { type: 'string' },
  q: { type: ['string', 'number'] },
  x: { type: ['integer', 'string'] },
  o: {},
}

/** The values that the API knows for a field; the generated schema has none, and completion should offer them. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'Container.imagePullPolicy': ['Always', 'IfNotPresent', 'Never'],
  'Container.restartPolicy': ['Always', 'Never', 'OnFailure'],
  'PodSpec.restartPolicy': ['Always', 'Never', 'OnFailure'],
  'PodSpec.dnsPolicy': ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  'ContainerPort.protocol': ['TCP', 'UDP', 'SCTP'],
  'ServicePort.protocol': ['TCP', 'UDP', 'SCTP'],
  'ServiceSpec.type': ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
  'ServiceSpec.sessionAffinity': ['None', 'ClientIP'],
  'ServiceSpec.externalTrafficPolicy': ['Cluster', 'Local'],
  'ServiceSpec.internalTrafficPolicy': ['Cluster', 'Local'],
  'ServiceSpec.trafficDistribution': ['PreferSameZone', 'PreferSameNode', 'PreferClose'],
  'ServiceSpec.ipFamilyPolicy': ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
  'DeploymentStrategy.type': ['RollingUpdate', 'Recreate'],
  'Toleration.effect': ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
  'Toleration.operator': ['Exists', 'Equal'],
  'Taint.effect': ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
}

/** JSON Schema for completion and hover: one branch per kind, chosen by `kind` and `apiVersion`. */
export function jsonSchema({ kinds, types }: PackedSchema, docs: SchemaDocs): JsonSchema {
  const definitions: Record<string, JsonSchema> = {}
  for (const [type, packed] of Object.entries(types)) {
    const properties: Record<string, JsonSchema> = {}
    const required: string[] = []
    for (const entry of packed.split(',')) {
      const match = /^([^:!]+)(!?):(.+)$/.exec(entry)
      if (!match) continue
      const [, name, needed, code] = match as unknown as [string, string, string, string]
      const values = VALUES[`${type}.${name}`]
      properties[name] = { ...fieldSchema(code), ...(values ? { enum: values } : {}), ...doc(docs, type, name) }
      if (needed === '!') required.push(name)
    }
    definitions[type] = { type: 'object', properties, required, additionalProperties: false, ...doc(docs, type, '') }
  }
  const branches = Object.entries(kinds).map(([key, type]) => {
    const [apiVersion, kind] = key.split(' ') as [string, string]
    const base = definitions[type] as { properties: Record<string, JsonSchema> }
    return {
      ...base,
      title: kind,
      properties: {
        ...base.properties,
        apiVersion: { type: 'string', enum: [apiVersion] },
        kind: { type: 'string', enum: [kind] },
      },
      required: ['apiVersion', 'kind'],
    }
  })
  return { $id: 'nodeglass:kubernetes', definitions, oneOf: branches }
}

function fieldSchema(code: string): JsonSchema {
  if (code.startsWith('[]')) return { type: 'array', items: fieldSchema(code.slice(2)) }
  if (code.startsWith('{}')) return { type: 'object', additionalProperties: fieldSchema(code.slice(2)) }
  if (code.length === 1) return { ...SCALARS[code] }
  return { $ref: `#/definitions/${code}` }
}

function doc(docs: SchemaDocs, type: string, name: string): JsonSchema {
  const text = docs[type]?.[name]
  return text ? { description: text } : {}
}
