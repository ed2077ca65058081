import type { Micros } from '../../../sim/contract.ts'
import { bytesOfBase64, utf8Bytes } from '../../../model/apiserver/base64.ts'
import type {
  ConfigMap,
  Event,
  KubeObject,
  Namespace,
  Secret,
  ServiceAccount,
} from '../../../model/apiserver/objects.ts'
import { goText } from '../../json-text.ts'
import { createWriter, rfc1123, writeAnnotations, writeEvents, writeLabels, type Writer } from './writer.ts'

function open(object: { metadata: KubeObject['metadata'] }, namespaced = true): Writer {
  const w = createWriter()
  w.line(0, `Name:\t${object.metadata.name}`)
  if (namespaced) w.line(0, `Namespace:\t${object.metadata.namespace ?? ''}`)
  writeLabels(w, 'Labels', object.metadata.labels)
  writeAnnotations(w, 'Annotations', object.metadata.annotations)
  return w
}

export function describeNamespace(namespace: Namespace): string {
  const w = open(namespace, false)
  w.line(0, `Status:\t${namespace.status?.phase ?? 'Active'}`)
  const conditions = namespace.status?.conditions ?? []
  if (conditions.length > 0) {
    w.line(0, 'Conditions:')
    w.line(1, 'Type\tStatus\tLastTransitionTime\tReason\tMessage')
    w.line(1, '----\t------\t------------------\t------\t-------')
    for (const c of conditions)
      w.line(1, `${c.type}\t${c.status}\t${rfc1123(c.lastTransitionTime)}\t${c.reason ?? ''}\t${c.message ?? ''}`)
  }
  w.line(0, '\nNo resource quota.')
  w.line(0, '\nNo LimitRange resource.')
  return w.text()
}

export function describeConfigMap(configMap: ConfigMap, events: readonly Event[], now: Micros): string {
  const w = open(configMap)
  w.line(0, '\nData\n====')
  for (const key of Object.keys(configMap.data ?? {}).sort()) {
    w.line(0, `${key}:\n----`)
    w.line(0, `${configMap.data![key]}\n`)
  }
  w.line(0, '\nBinaryData\n====')
  for (const key of Object.keys(configMap.binaryData ?? {}).sort()) {
    const bytes = bytesOfBase64(configMap.binaryData![key]!)
    w.line(0, `${key}: ${Array.isArray(bytes) ? bytes.length : 0} bytes`)
  }
  w.line(0, '')
  writeEvents(w, events, now)
  return w.text()
}

export function describeSecret(secret: Secret): string {
  const w = open(secret)
  w.line(0, `\nType:\t${secret.type ?? 'Opaque'}`)
  w.line(0, '\nData\n====')
  for (const key of Object.keys(secret.data ?? {}).sort()) {
    const bytes = bytesOfBase64(secret.data![key]!)
    w.line(0, `${key}:\t${Array.isArray(bytes) ? bytes.length : utf8Bytes(secret.data![key]!).length} bytes`)
  }
  return w.text()
}

export function describeServiceAccount(account: ServiceAccount, events: readonly Event[], now: Micros): string {
  const w = open(account)
  const names = (account.imagePullSecrets ?? []).map((secret) => secret.name ?? '')
  if (names.length === 0) w.line(0, 'Image pull secrets:\t<none>')
  names.forEach((name, i) => w.line(0, `${i === 0 ? 'Image pull secrets:' : ' '.repeat(19)}\t${name}`))
  writeEvents(w, events, now)
  return w.text()
}

/** Any other kind: every field, its name in words (genericDescriber). */
export function describeGeneric(object: KubeObject, events: readonly Event[], now: Micros): string {
  const w = open(object)
  const skip = new Set([
    '.metadata.managedFields',
    '.metadata.name',
    '.metadata.namespace',
    '.metadata.labels',
    '.metadata.annotations',
  ])
  writeFields(w, 0, object, '', skip)
  writeEvents(w, events, now)
  return w.text()
}

function writeFields(w: Writer, level: number, content: object, prefix: string, skip: ReadonlySet<string>): void {
  for (const field of Object.keys(content).sort()) {
    const value = (content as Record<string, unknown>)[field]
    const path = `${prefix}.${field}`
    if (skip.has(path) || value === undefined) continue
    if (Array.isArray(value)) {
      w.line(level, `${fieldLabel(field)}:`)
      for (const item of value as unknown[]) {
        if (item !== null && typeof item === 'object') writeFields(w, level + 1, item, path, skip)
        else w.line(level + 1, goText(item))
      }
    } else if (value !== null && typeof value === 'object') {
      w.line(level, `${fieldLabel(field)}:`)
      writeFields(w, level + 1, value, path, skip)
    } else w.line(level, `${fieldLabel(field)}:\t${goText(value)}`)
  }
}

const ACRONYMS = new Set(['API', 'URL', 'UID', 'GUID'])

/** `creationTimestamp` is "Creation Timestamp", `apiVersion` is "API Version". */
export function fieldLabel(field: string): string {
  if (/[^A-Za-z-]/.test(field)) return field
  const parts = field.split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=-)|(?=-)/)
  return parts
    .map((part) => {
      if (ACRONYMS.has(part.toUpperCase())) return part.toUpperCase()
      return part === part.toLowerCase() ? part.slice(0, 1).toUpperCase() + part.slice(1) : part
    })
    .join(' ')
}
