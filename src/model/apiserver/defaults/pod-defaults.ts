// What the API server fills into a pod and into a pod template (pkg/apis/core/v1/defaults.go).

import { canonicalQuantity } from '../quantity.ts'
import type {
  Container,
  HttpGetAction,
  Lifecycle,
  LifecycleHandler,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceList,
  ResourceRequirements,
  Volume,
} from '../objects.ts'
import { edit, editItems, fill } from './fill.ts'

/** SetDefaults_Pod after SetDefaults_PodSpec: some defaults come to a pod alone and not to a template. */
export function defaultPod(pod: Pod): Pod {
  return edit(pod, 'spec', (given) => {
    let spec = defaultPodSpec(given)
    spec = editItems(spec, 'containers', requestsFromLimits)
    spec = editItems(spec, 'initContainers', requestsFromLimits)
    spec = fill(spec, { enableServiceLinks: true })
    if (spec.hostNetwork) {
      spec = editItems(spec, 'containers', hostPorts)
      spec = editItems(spec, 'initContainers', hostPorts)
    }
    return spec
  })
}

export function defaultPodTemplate(template: PodTemplateSpec): PodTemplateSpec {
  return edit(template, 'spec', defaultPodSpec)
}

function defaultPodSpec(given: PodSpec): PodSpec {
  let spec = fill(given, {
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    securityContext: {},
    schedulerName: 'default-scheduler',
  })
  // serviceAccount is the old name of the same field; conversion keeps the two equal.
  if (spec.serviceAccountName === undefined && spec.serviceAccount !== undefined)
    spec = { ...spec, serviceAccountName: spec.serviceAccount }
  if (spec.serviceAccountName !== undefined && spec.serviceAccount !== spec.serviceAccountName)
    spec = { ...spec, serviceAccount: spec.serviceAccountName }
  spec = editItems(spec, 'containers', defaultContainer)
  spec = editItems(spec, 'initContainers', defaultContainer)
  spec = editItems(spec, 'ephemeralContainers', defaultContainer)
  spec = editItems(spec, 'volumes', defaultVolume)
  return edit(spec, 'overhead', canonicalResources)
}

/** The tag of an image reference as parsers.ParseImageName gives it: `latest` where neither tag nor digest stands. */
export function imageTag(image: string): string {
  const at = image.indexOf('@')
  const name = at < 0 ? image : image.slice(0, at)
  const colon = name.lastIndexOf(':')
  if (colon > name.lastIndexOf('/')) return name.slice(colon + 1)
  return at < 0 ? 'latest' : ''
}

function defaultContainer<C extends Container>(given: C): C {
  let c: C = fill<C>(given, {
    imagePullPolicy: imageTag(given.image ?? '') === 'latest' ? 'Always' : 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {},
  } as Partial<C>)
  c = editItems(c, 'ports', (port) => fill(port as object, { protocol: 'TCP' } as object) as never)
  c = editItems(c, 'env', (env) => edit(env as never, 'valueFrom' as never, defaultEnvSource as never) as never)
  c = edit(c, 'livenessProbe', (p) => defaultProbe(p as Probe) as C['livenessProbe'])
  c = edit(c, 'readinessProbe', (p) => defaultProbe(p as Probe) as C['readinessProbe'])
  c = edit(c, 'startupProbe', (p) => defaultProbe(p as Probe) as C['startupProbe'])
  c = edit(
    c,
    'lifecycle',
    (l) => edit(edit(l as Lifecycle, 'postStart', handler), 'preStop', handler) as C['lifecycle'],
  )
  return edit(c, 'resources', (r) => canonicalRequirements(r as ResourceRequirements) as C['resources'])
}

type EnvSource = {
  fieldRef?: { apiVersion?: string; fieldPath: string }
  resourceFieldRef?: { divisor?: string; resource: string }
}

function defaultEnvSource<S extends EnvSource>(source: S): S {
  const field = edit(source, 'fieldRef', (ref) =>
    fill<{ apiVersion?: string; fieldPath: string }>(ref, { apiVersion: 'v1' }),
  )
  return edit(field, 'resourceFieldRef', (ref) => {
    const divisor = canonicalQuantity(ref.divisor ?? '0')
    return divisor === ref.divisor ? ref : { ...ref, divisor }
  })
}

function defaultProbe(given: Probe): Probe {
  // A zero means unset here: SetDefaults_Probe compares with 0.
  const probe = {
    ...given,
    timeoutSeconds: given.timeoutSeconds || 1,
    periodSeconds: given.periodSeconds || 10,
    successThreshold: given.successThreshold || 1,
    failureThreshold: given.failureThreshold || 3,
  }
  const same =
    probe.timeoutSeconds === given.timeoutSeconds &&
    probe.periodSeconds === given.periodSeconds &&
    probe.successThreshold === given.successThreshold &&
    probe.failureThreshold === given.failureThreshold
  const filled = edit(same ? given : probe, 'httpGet', httpGet)
  return edit(filled, 'grpc', (g) => fill(g, { service: '' }))
}

const httpGet = (action: HttpGetAction): HttpGetAction =>
  action.path && action.scheme ? action : { ...action, path: action.path || '/', scheme: action.scheme || 'HTTP' }
const handler = (h: LifecycleHandler): LifecycleHandler => edit(h, 'httpGet', httpGet)

const DEFAULT_MODE = 0o644

function defaultVolume(given: Volume): Volume {
  let volume = given
  let sources = 0
  for (const key in volume) if (key !== 'name' && volume[key as keyof Volume] !== undefined) sources++
  if (sources === 0) volume = { ...volume, emptyDir: {} }
  const mode = { defaultMode: DEFAULT_MODE }
  volume = edit(volume, 'configMap', (v) => fill(v, mode))
  volume = edit(volume, 'secret', (v) => fill(v, mode))
  volume = edit(volume, 'downwardAPI', (v) => editItems(fill(v, mode), 'items', defaultEnvSource))
  volume = edit(volume, 'projected', (v) =>
    editItems(fill(v, mode), 'sources', (source) => {
      const token = edit(source, 'serviceAccountToken', (t) => fill(t, { expirationSeconds: 3600 }))
      return edit(token, 'downwardAPI', (d) => editItems(d, 'items', defaultEnvSource))
    }),
  )
  volume = edit(volume, 'hostPath', (v) => fill(v, { type: '' }))
  volume = edit(volume, 'image', (v) =>
    fill(v, { pullPolicy: imageTag(v.reference ?? '') === 'latest' ? 'Always' : 'IfNotPresent' }),
  )
  return edit(volume, 'emptyDir', (v) =>
    edit(v, 'sizeLimit', (s) => {
      const canonical = canonicalQuantity(s)
      return canonical === s ? s : canonical
    }),
  )
}

export function canonicalRequirements(requirements: ResourceRequirements): ResourceRequirements {
  return edit(edit(requirements, 'requests', canonicalResources), 'limits', canonicalResources)
}

export function canonicalResources(list: ResourceList): ResourceList {
  let copy: ResourceList | undefined
  for (const name in list) {
    const canonical = canonicalQuantity(list[name]!)
    if (canonical !== list[name]) (copy ??= { ...list })[name] = canonical
  }
  return copy ?? list
}

function requestsFromLimits(container: Container): Container {
  const limits = container.resources?.limits
  if (!limits) return container
  const requests = container.resources!.requests ?? {}
  let copy: ResourceList | undefined
  for (const name in limits) if (requests[name] === undefined) (copy ??= { ...requests })[name] = limits[name]!
  return copy ? { ...container, resources: { ...container.resources, requests: copy } } : container
}

function hostPorts(container: Container): Container {
  return editItems(container, 'ports', (port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort }))
}
