/** What the editor asks: what would the API server say of this text, what would change, and what the lab leaves out. */
import { notModelled } from '../model/apiserver/honoured.ts'
import { readManifest, type ManifestDocument } from '../model/apiserver/manifest.ts'
import type { KubeObject } from '../model/apiserver/objects.ts'
import { getObject } from '../model/apiserver/object-store.ts'
import { resourceOfKind } from '../model/apiserver/resources.ts'
import type { ApiRequest } from '../model/messages.ts'
import type { ModelReader } from '../model/tables.ts'
import { ask } from '../tools/kubectl/client.ts'
import { yamlText } from '../tools/yaml-text.ts'
import type { ManifestProblem, PlanAnswer } from './protocol.ts'

const LIMIT = 200
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Nothing is written. At most `LIMIT` objects are compared; all are parsed. */
export function plan(reader: ModelReader, text: string, file: string): PlanAnswer {
  const lines = text.split('\n')
  const manifest = readManifest(text, file)
  const problems: ManifestProblem[] = manifest.problems.map((problem) =>
    at(
      lines,
      problem.line ?? 1,
      problem.column ?? 1,
      '',
      'error',
      `${problem.message.replace(/^error: /, '')}${problem.hint ? ` ${problem.hint}` : ''}`,
    ),
  )
  const objects: PlanAnswer['objects'][number][] = []
  for (const document of manifest.documents.slice(0, LIMIT)) {
    const resource = resourceOfKind(document.apiVersion, document.kind)
    if (!resource) {
      problems.push(
        placed(
          lines,
          document,
          'kind',
          'error',
          `no matches for kind "${document.kind}" in version "${document.apiVersion}". The lab knows the kinds of Kubernetes itself, not custom resources.`,
        ),
      )
      continue
    }
    const namespace = resource.namespaced ? (document.namespace ?? 'default') : undefined
    for (const { path, what, says } of notModelled(document.body as KubeObject))
      problems.push(placed(lines, document, path, what, says))
    const metadata = { ...(document.body.metadata as Record<string, unknown>), ...(namespace ? { namespace } : {}) }
    const request: ApiRequest = {
      verb: 'patch',
      patchType: 'apply',
      resource: resource.resource,
      group: resource.group,
      name: document.name,
      ...(namespace ? { namespace } : {}),
      body: { ...document.body, metadata },
      fieldManager: 'kubectl',
      dryRun: true,
    }
    const old = getObject(reader, resource, namespace, document.name)
    const answer = ask(reader, request)
    if (answer.code >= 400) {
      const causes = answer.causes ?? []
      const message = answer.message ?? 'refused'
      if (causes.length === 0)
        problems.push(placed(lines, document, pathOfWrongType(document.body, message), 'error', message))
      for (const cause of causes)
        problems.push(placed(lines, document, cause.field, 'error', `${cause.field}: ${cause.message}`))
      continue
    }
    const before = old ? yamlText(shown(old)) : ''
    const after = answer.object ? yamlText(shown(answer.object)) : before
    objects.push({
      name: `${resource.kind.toLowerCase()}${resource.group ? `.${resource.group.split('.')[0]}` : ''}/${document.name}`,
      namespace: namespace ?? '',
      action: !old ? 'create' : before === after ? 'unchanged' : 'configure',
      before,
      after,
    })
  }
  return { problems, objects }
}

/** encoding/json names the field without its place in lists: the first value there that has the type it names. */
function pathOfWrongType(body: unknown, message: string): string {
  const found = /cannot unmarshal (\w+) into Go struct field \w+\.([\w.]+) of type/.exec(message)
  if (!found) return ''
  const [, type, field] = found as unknown as [string, string, string]
  const walk = (value: unknown, steps: readonly string[], path: string): string | undefined => {
    const [step, ...rest] = steps
    if (Array.isArray(value) && step !== undefined) {
      for (const [i, item] of value.entries()) {
        const inside = walk(item, steps, `${path}[${i}]`)
        if (inside !== undefined) return inside
      }
      return undefined
    }
    if (step === undefined) return jsonType(value) === type ? path : undefined
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    return walk((value as Record<string, unknown>)[step], rest, path === '' ? step : `${path}.${step}`)
  }
  return walk(body, field.split('.'), '') ?? ''
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** What a person compares: not the status, and not what the server counts. */
function shown(object: KubeObject): unknown {
  const { status: _status, metadata, ...rest } = object
  const { resourceVersion: _v, uid: _u, creationTimestamp: _c, generation: _g, annotations = {}, ...meta } = metadata
  const { [LAST_APPLIED]: _l, ...own } = annotations
  return { ...rest, metadata: { ...meta, ...(Object.keys(own).length > 0 ? { annotations: own } : {}) } }
}

function placed(
  lines: readonly string[],
  document: ManifestDocument,
  path: string,
  severity: ManifestProblem['severity'],
  says: string,
): ManifestProblem {
  const { line, column } = document.at(path)
  return at(lines, line, column, path, severity, says)
}

/** From a point to the end of the word there, so that the mark in the editor is as wide as the field. */
function at(
  lines: readonly string[],
  line: number,
  column: number,
  path: string,
  severity: ManifestProblem['severity'],
  says: string,
): ManifestProblem {
  const text = lines[line - 1] ?? ''
  const width = /^[^\s:]+/.exec(text.slice(column - 1))?.[0].length ?? 1
  return { line, column, endLine: line, endColumn: column + Math.max(1, width), path, severity, says }
}
