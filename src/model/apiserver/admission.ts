// The admission plugins that a default API server runs on a pod, as far as something in the model reads what they set:
// ServiceAccount (plugin/pkg/admission/serviceaccount), DefaultTolerationSeconds, Priority; NamespaceLifecycle for all.

import type { ModelReader } from '../tables.ts'
import { nameSuffix, type Chance } from './chance.ts'
import type { KubeObject, Pod, PodSpec, PriorityClass, Toleration, Volume } from './objects.ts'
import { resourceOf, type ApiResource } from './resources.ts'
import { forbidden, notFound, type StatusError } from './status-errors.ts'

/** NamespaceLifecycle: nothing is created in a namespace that is not there or is going. */
export function namespaceLifecycle(
  reader: ModelReader,
  r: ApiResource,
  namespace: string,
  name: string,
): StatusError | undefined {
  const found = reader.get('namespaces', namespace)
  if (!found) return notFound(resourceOf('namespaces')!, namespace)
  if (found.metadata.deletionTimestamp !== undefined || found.status?.phase === 'Terminating')
    return forbidden(r, name, `unable to create new content in namespace ${namespace} because it is being terminated`)
  return undefined
}

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Mutating and validating admission of a new pod: the pod as it goes on, or why it is turned away. */
export function admitPod(reader: ModelReader, pod: Pod, chance: Chance): Pod | StatusError {
  const mirror = pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined
  const withAccount = mirror ? pod : serviceAccount(reader, pod, chance)
  if ('code' in withAccount) return withAccount
  const withPriority = priority(reader, withAccount)
  if ('code' in withPriority) return withPriority
  return { ...withPriority, spec: defaultTolerations(withPriority.spec) }
}

function serviceAccount(reader: ModelReader, pod: Pod, chance: Chance): Pod | StatusError {
  const namespace = pod.metadata.namespace ?? 'default'
  const name = pod.spec.serviceAccountName || 'default'
  const account = reader.get('serviceaccounts', `${namespace}/${name}`)
  if (!account)
    return forbidden(
      PODS,
      pod.metadata.name,
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    )
  let spec: PodSpec = { ...pod.spec, serviceAccountName: name, serviceAccount: name }
  const automount = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
  if (automount) spec = mountToken(spec, chance)
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
    spec = { ...spec, imagePullSecrets: account.imagePullSecrets }
  return { ...pod, spec }
}

function mountToken(spec: PodSpec, chance: Chance): PodSpec {
  const lacks = (c: { volumeMounts?: { mountPath: string }[] }): boolean =>
    !c.volumeMounts?.some((m) => m.mountPath === TOKEN_PATH)
  if (!spec.containers.some(lacks) && !spec.initContainers?.some(lacks)) return spec
  const volumeName = spec.volumes?.find((v) => v.name.startsWith('kube-api-access-'))?.name
  const name = volumeName ?? `kube-api-access-${nameSuffix(chance)}`
  const mount = { name, readOnly: true, mountPath: TOKEN_PATH }
  const mounted = <C extends { volumeMounts?: object[] }>(c: C): C =>
    lacks(c as never) ? { ...c, volumeMounts: [...(c.volumeMounts ?? []), mount] } : c
  return {
    ...spec,
    containers: spec.containers.map(mounted),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(mounted) } : {}),
    volumes: volumeName ? spec.volumes : [...(spec.volumes ?? []), tokenVolume(name)],
  }
}

/** TokenVolumeSource: token, root certificate and namespace in one projected volume. */
function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  }
}

const SYSTEM_PRIORITIES: Record<string, number> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

function priority(reader: ModelReader, pod: Pod): Pod | StatusError {
  let name = pod.spec.priorityClassName ?? ''
  let value = 0
  let policy: string | undefined
  if (name === '') {
    for (const object of reader.by('otherobjects', 'resource', 'priorityclasses.scheduling.k8s.io')) {
      const pc = object as unknown as PriorityClass
      if (!pc.globalDefault) continue
      name = pc.metadata.name
      value = pc.value
      policy = pc.preemptionPolicy
    }
  } else {
    const stored = reader.get('otherobjects', `priorityclasses.scheduling.k8s.io/${name}`)
    const found = stored as unknown as PriorityClass | undefined
    const system = SYSTEM_PRIORITIES[name]
    if (!found && system === undefined)
      return forbidden(PODS, pod.metadata.name, `no PriorityClass with name ${name} was found`)
    value = found?.value ?? system!
    policy = found?.preemptionPolicy
  }
  const given = pod.spec.priority
  if (given !== undefined && given !== value)
    return forbidden(
      PODS,
      pod.metadata.name,
      `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  return {
    ...pod,
    spec: {
      ...pod.spec,
      priority: value,
      preemptionPolicy: pod.spec.preemptionPolicy ?? policy ?? 'PreemptLowerPriority',
      ...(name === '' ? {} : { priorityClassName: name }),
    },
  }
}

const EVICTION_SECONDS = 300

function defaultTolerations(spec: PodSpec): PodSpec {
  const added: Toleration[] = []
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const tolerated = spec.tolerations?.some(
      (t) => (t.key === key || !t.key) && (!t.effect || t.effect === 'NoExecute'),
    )
    if (!tolerated) added.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: EVICTION_SECONDS })
  }
  return added.length === 0 ? spec : { ...spec, tolerations: [...(spec.tolerations ?? []), ...added] }
}

const PODS = { resource: 'pods', group: '' } as const

/** Namespaces that NamespaceLifecycle never lets go. */
export function undeletable(r: ApiResource, object: KubeObject): StatusError | undefined {
  const name = object.metadata.name
  if (r.resource === 'namespaces' && (name === 'default' || name === 'kube-system' || name === 'kube-public'))
    return forbidden(r, name, 'this namespace may not be deleted')
  return undefined
}
