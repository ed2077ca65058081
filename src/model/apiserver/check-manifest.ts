// All that can be said of pasted text without a cluster: for the editor, for `kubectl apply --dry-run=client`, for tests.
// Shape and values in the API server's words, then what the lab does not model, each with its place in the text.

import { decodeShape } from './decode.ts'
import { applyDefaults } from './defaults/kind-defaults.ts'
import { notModelled } from './honoured.ts'
import { readManifest, type ManifestDocument, type ManifestProblem } from './manifest.ts'
import type { KubeObject, ObjectMeta, Service } from './objects.ts'
import { resourceOfKind, versionOf, type ApiResource } from './resources.ts'
import { normalizeClusterIPs } from './service-strategy.ts'
import { kubectlInvalid } from './status-errors.ts'
import { validateNew } from './validation/validate.ts'

export type ManifestNotice = {
  line: number
  column: number
  path: string
  severity: 'error' | 'warning' | 'info'
  message: string
}

export type CheckedManifest = {
  /** Objects whose shape is right, as they would be sent. */
  objects: KubeObject[]
  /** What keeps a document from being applied, as kubectl would print it. */
  problems: ManifestProblem[]
  /** The same and the notices of the lab, field by field, for the editor. */
  notices: ManifestNotice[]
}

/** Versions that were served once: apiVersion Kind -> what to write now, and since when. */
const REMOVED: Record<string, readonly [instead: string, since: string]> = {
  'extensions/v1beta1 Deployment': ['apps/v1', '1.16'],
  'extensions/v1beta1 DaemonSet': ['apps/v1', '1.16'],
  'extensions/v1beta1 ReplicaSet': ['apps/v1', '1.16'],
  'extensions/v1beta1 NetworkPolicy': ['networking.k8s.io/v1', '1.16'],
  'extensions/v1beta1 Ingress': ['networking.k8s.io/v1', '1.22'],
  'networking.k8s.io/v1beta1 Ingress': ['networking.k8s.io/v1', '1.22'],
  'networking.k8s.io/v1beta1 IngressClass': ['networking.k8s.io/v1', '1.22'],
  'policy/v1beta1 PodDisruptionBudget': ['policy/v1', '1.25'],
  'batch/v1beta1 CronJob': ['batch/v1', '1.25'],
  'autoscaling/v2beta1 HorizontalPodAutoscaler': ['autoscaling/v2', '1.25'],
  'autoscaling/v2beta2 HorizontalPodAutoscaler': ['autoscaling/v2', '1.26'],
  'discovery.k8s.io/v1beta1 EndpointSlice': ['discovery.k8s.io/v1', '1.25'],
  'apiextensions.k8s.io/v1beta1 CustomResourceDefinition': ['apiextensions.k8s.io/v1', '1.22'],
  'coordination.k8s.io/v1beta1 Lease': ['coordination.k8s.io/v1', '1.22'],
  'node.k8s.io/v1beta1 RuntimeClass': ['node.k8s.io/v1', '1.25'],
}

/** kubectl's RESTMapper error, and what to do about it. */
export function noMatch(document: Pick<ManifestDocument, 'apiVersion' | 'kind' | 'name' | 'namespace' | 'file'>): {
  message: string
  hint: string
} {
  const { apiVersion, kind, name, namespace, file } = document
  const message = `resource mapping not found for name: "${name}" namespace: "${namespace ?? ''}" from "${file}": no matches for kind "${kind}" in version "${apiVersion}"\nensure CRDs are installed first`
  return { message, hint: hintFor(apiVersion, kind) }
}

function hintFor(apiVersion: string, kind: string): string {
  const removed =
    REMOVED[`${apiVersion} ${kind}`] ??
    (/^(apps\/v1beta|rbac|storage|scheduling)/.test(apiVersion) ? oldGroup(apiVersion) : undefined)
  if (removed)
    return `${apiVersion} was removed in Kubernetes ${removed[1]}: write apiVersion: ${removed[0]}. Some fields may have changed.`
  if (kind === 'PodSecurityPolicy')
    return 'PodSecurityPolicy was removed in Kubernetes 1.25. Pod Security admission took its place.'
  const served = versionOf(kind)
  if (served) return `${kind} is served as apiVersion: ${served}.`
  if (apiVersion.includes('config.k8s.io') || apiVersion.startsWith('kubeadm.k8s.io'))
    return `${kind} is a configuration file that a program reads when it starts. It is no object of the API and is not applied.`
  return 'This lab serves the built-in kinds of Kubernetes 1.36 (kubectl api-resources lists them) and no custom resources.'
}

function oldGroup(apiVersion: string): readonly [string, string] | undefined {
  const [group, version] = apiVersion.split('/')
  return version?.includes('beta') ? [`${group}/v1`, '1.22'] : undefined
}

export function checkManifest(text: string, file = 'STDIN'): CheckedManifest {
  const read = readManifest(text, file)
  const checked: CheckedManifest = {
    objects: [],
    problems: [...read.problems],
    notices: read.problems.map(noticeOfProblem),
  }
  for (const document of read.documents) checkDocument(document, checked)
  return checked
}

function noticeOfProblem(problem: ManifestProblem): ManifestNotice {
  const message = problem.hint === undefined ? problem.message : `${problem.message}\n${problem.hint}`
  return { line: problem.line ?? 1, column: problem.column ?? 1, path: '', severity: 'error', message }
}

function checkDocument(document: ManifestDocument, checked: CheckedManifest): void {
  const { file } = document
  const notice = (path: string, severity: ManifestNotice['severity'], message: string): void =>
    void checked.notices.push({ ...document.at(path), path, severity, message })
  const r = resourceOfKind(document.apiVersion, document.kind)
  if (!r) {
    const { message, hint } = noMatch(document)
    checked.problems.push({ file, ...document.at('kind'), message: `error: ${message}`, hint })
    notice('kind', 'error', hint)
    return
  }
  const { object, errors } = decodeShape(document.body, r)
  if (errors.length > 0) {
    const strict = errors[0]!.kind === 'unknown' ? 'strict decoding error: ' : ''
    const why = `${r.kind} in version "${r.version}" cannot be handled as a ${r.kind}: ${strict}${errors.map((e) => e.text).join(', ')}`
    checked.problems.push({
      file,
      ...document.at(errors[0]!.path),
      message: `Error from server (BadRequest): error when creating "${file}": ${why}`,
    })
    for (const e of errors) notice(e.path, 'error', e.text)
    if (!object) return
  }
  const sent = object!
  const wrong = validateNew(asStored(sent, r), r)
  if (wrong.length > 0) {
    const message = kubectlInvalid(r.kind, sent.metadata.name ?? '', wrong)
    // The server stops at the shape; the editor shows all there is.
    if (errors.length === 0) checked.problems.push({ file, ...document.at(wrong[0]!.field), message })
    for (const e of wrong) notice(e.field, 'error', `${e.field}: ${e.message}`)
  }
  for (const f of notModelled(sent))
    notice(f.path, f.what === 'approximated' ? 'info' : 'warning', `${f.what}: ${f.says}`)
  if (errors.length === 0) checked.objects.push(sent)
}

/** As it would stand before validation, with the names that the server gives. */
function asStored(sent: KubeObject, r: ApiResource): KubeObject {
  const given = sent.metadata
  const { namespace: _, ...meta } = given
  const metadata: ObjectMeta = {
    ...meta,
    name: given.name || (given.generateName ? `${given.generateName}xxxxx` : ''),
    ...(r.namespaced ? { namespace: given.namespace || 'default' } : {}),
  }
  const object = applyDefaults({ ...sent, metadata })
  if (r.kind !== 'Service') return object
  const service = object as Service
  // An address is only drawn by a live server.
  return service.spec ? { ...service, spec: normalizeClusterIPs(service.spec, undefined) } : service
}
