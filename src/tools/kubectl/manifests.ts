import { readManifest, type ManifestDocument } from '../../model/apiserver/manifest.ts'
import { resourceOfKind, type ApiResource } from '../../model/apiserver/resources.ts'
import type { ToolCall } from '../contract.ts'
import { KubectlError } from './flags.ts'
import type { Kube } from './verb.ts'

export interface ManifestObject {
  readonly document: ManifestDocument
  readonly resource: ApiResource
  /** What error messages call the source: a path, or STDIN. */
  readonly source: string
}

/** The files that -f names: paths, directories, `-`. Errors in kubectl's words; a hint of ours on a line of its own. */
export function readFiles(kube: Pick<Kube, 'call' | 'flags'>): { objects: ManifestObject[]; errors: string[] } {
  const names = kube.flags.list('filename').flatMap((list) => list.split(','))
  if (names.length === 0) throw new KubectlError('error: must specify one of -f and -k')
  if (kube.flags.has('kustomize')) throw new KubectlError('not simulated here: -k; apply the files with -f')
  const objects: ManifestObject[] = []
  const errors: string[] = []
  for (const { name, text } of names.flatMap((path) => textsOf(kube.call, path))) {
    const manifest = readManifest(text, name)
    for (const problem of manifest.problems) {
      const place =
        problem.line === undefined ? '' : `line ${problem.line}${problem.column ? `, column ${problem.column}` : ''}: `
      errors.push(`${problem.message}\n${problem.hint ? `# ${place}${problem.hint}\n` : ''}`)
    }
    for (const document of manifest.documents) {
      const resource = resourceOfKind(document.apiVersion, document.kind)
      if (resource) objects.push({ document, resource, source: name })
      else {
        errors.push(
          `error: resource mapping not found for name: "${document.name}" namespace: "${document.namespace ?? ''}" from "${name}": no matches for kind "${document.kind}" in version "${document.apiVersion}"\nensure CRDs are installed first\n`,
        )
      }
    }
    if (manifest.documents.length === 0 && manifest.problems.length === 0)
      errors.push(`error: no objects passed to ${String(kube.call.argv[1] ?? 'apply')}\n`)
  }
  return { objects, errors }
}

function textsOf(call: ToolCall, path: string): { name: string; text: string }[] {
  if (path === '-') return [{ name: 'STDIN', text: call.stdin ?? '' }]
  if (/^https?:\/\//.test(path))
    throw new KubectlError(`not simulated here: -f ${path} (this lab has no internet); save the file here and apply it`)
  const text = call.files.read(path)
  if (text !== undefined) return [{ name: path, text }]
  const names = call.files.list(path)
  if (names) {
    const files = names.filter((name) => /\.(ya?ml|json)$/.test(name))
    if (files.length === 0)
      throw new KubectlError(`error: error reading [${path}]: recognized file extensions are [.json .yaml .yml]`)
    return files.map((name) => ({
      name: `${path.replace(/\/$/, '')}/${name}`,
      text: call.files.read(`${path}/${name}`) ?? '',
    }))
  }
  throw new KubectlError(`error: the path "${path}" does not exist`)
}

/** The namespace of a manifest's object, and kubectl's refusal when -n says another one. */
export function namespaceOf(kube: Kube, { document, resource }: ManifestObject): string | undefined {
  if (!resource.namespaced) return undefined
  if (kube.explicitNamespace && document.namespace !== undefined && document.namespace !== kube.namespace) {
    throw new KubectlError(
      `error: the namespace from the provided object "${document.namespace}" does not match the namespace "${kube.namespace}". You must pass '--namespace=${document.namespace}' to perform this operation.`,
    )
  }
  return document.namespace ?? kube.namespace
}
