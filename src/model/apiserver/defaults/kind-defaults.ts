// Defaults of every kind but the pod (pkg/apis/{core,apps,batch,networking,storage,...}/v1/defaults.go).
// A kind that is not here has no defaults that show.

import type {
  DaemonSet,
  Deployment,
  EndpointSlice,
  KubeObject,
  Namespace,
  Node,
  ObjectMeta,
  Pod,
  PodTemplateSpec,
  ReplicaSet,
  Secret,
  Service,
  ServiceSpec,
} from '../objects.ts'
import { base64OfText } from '../base64.ts'
import { edit, editItems, fill } from './fill.ts'
import { canonicalResources, defaultPod, defaultPodTemplate } from './pod-defaults.ts'

type Defaulter = (object: never) => object
/** Stored kinds are read by path; their shape was checked by the decoder. */
type Loose = { spec?: Record<string, unknown>; metadata: ObjectMeta; [field: string]: unknown }

export function applyDefaults(object: KubeObject): KubeObject {
  const defaulter = DEFAULTERS[`${object.apiVersion} ${object.kind}`] as
    ((object: KubeObject) => KubeObject) | undefined
  return defaulter ? defaulter(object) : object
}

export function externallyAccessible(spec: ServiceSpec): boolean {
  return (
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0)
  )
}

function service(object: Service): Service {
  return edit(object, 'spec', (given) => {
    let spec = fill(given, { sessionAffinity: 'None', type: 'ClusterIP' })
    if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined) {
      const { sessionAffinityConfig: _, ...rest } = spec
      spec = rest
    }
    if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
      spec = { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } }
    spec = editItems(spec, 'ports', (given) => {
      const port = fill(given, { protocol: 'TCP' })
      return port.targetPort === undefined || port.targetPort === 0 || port.targetPort === ''
        ? { ...port, targetPort: port.port }
        : port
    })
    if (externallyAccessible(spec)) spec = fill(spec, { externalTrafficPolicy: 'Cluster' })
    if (spec.type !== 'ExternalName') spec = fill(spec, { internalTrafficPolicy: 'Cluster' })
    if (spec.type === 'LoadBalancer') spec = fill(spec, { allocateLoadBalancerNodePorts: true })
    return spec
  })
}

function deployment(object: Deployment): Deployment {
  return edit(object, 'spec', (given) => {
    let spec = fill(given, { replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
    spec = edit(spec, 'strategy', (s) => {
      const strategy = fill(s, { type: 'RollingUpdate' })
      if (strategy.type !== 'RollingUpdate') return strategy
      const rolling = strategy.rollingUpdate ?? {}
      const filled = fill(rolling, { maxUnavailable: '25%', maxSurge: '25%' })
      return filled === strategy.rollingUpdate ? strategy : { ...strategy, rollingUpdate: filled }
    })
    return edit(spec, 'template', defaultPodTemplate)
  })
}

function replicaSet(object: ReplicaSet): ReplicaSet {
  return edit(object, 'spec', (spec) => edit(fill(spec, { replicas: 1 }), 'template', defaultPodTemplate))
}

function daemonSet(object: DaemonSet): DaemonSet {
  return edit(object, 'spec', (given) => {
    let spec = fill(given, { updateStrategy: {}, revisionHistoryLimit: 10 })
    spec = edit(spec, 'updateStrategy', (s) => {
      const strategy = fill(s, { type: 'RollingUpdate' })
      if (strategy.type !== 'RollingUpdate') return strategy
      const filled = fill(strategy.rollingUpdate ?? {}, { maxUnavailable: 1, maxSurge: 0 })
      return filled === strategy.rollingUpdate ? strategy : { ...strategy, rollingUpdate: filled }
    })
    return edit(spec, 'template', defaultPodTemplate)
  })
}

const template = (spec: Record<string, unknown>): Record<string, unknown> =>
  edit(spec, 'template', (t) => defaultPodTemplate(t as PodTemplateSpec))

function statefulSet(object: Loose): Loose {
  return edit(object, 'spec', (given) => {
    let spec = fill(given as Record<string, unknown>, {
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      updateStrategy: {},
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    })
    spec = edit(spec, 'updateStrategy', (s) => {
      const strategy = fill(s as Record<string, unknown>, { type: 'RollingUpdate' })
      return strategy.type === 'RollingUpdate' ? fill(strategy, { rollingUpdate: { partition: 0 } }) : strategy
    })
    spec = editItems(
      spec as { volumeClaimTemplates?: KubeObject[] },
      'volumeClaimTemplates',
      (claim) =>
        claimDefaults({ ...claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' } as unknown as Loose) as never,
    ) as Record<string, unknown>
    return template(spec)
  })
}

function jobSpec(given: Record<string, unknown>): Record<string, unknown> {
  let spec = given
  if (spec.completions === undefined && spec.parallelism === undefined)
    spec = { ...spec, completions: 1, parallelism: 1 }
  spec = fill(spec, {
    parallelism: 1,
    backoffLimit: spec.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647,
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
  })
  return template(spec)
}

/** The job strategy generates selector and labels from the uid, so that two jobs never share pods. */
export function generateJobSelector(job: KubeObject, uid: string): KubeObject {
  const spec = job.spec as Record<string, unknown>
  if (job.kind !== 'Job' || spec.manualSelector === true || spec.selector !== undefined) return job
  const t = (spec.template ?? {}) as PodTemplateSpec
  const labels = {
    ...t.metadata?.labels,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': job.metadata.name,
    'controller-uid': uid,
    'job-name': job.metadata.name,
  }
  const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
  return { ...job, spec: { ...spec, selector, template: { ...t, metadata: { ...t.metadata, labels } } } }
}

function cronJob(object: Loose): Loose {
  return edit(object, 'spec', (given) => {
    const spec = fill(given as Record<string, unknown>, {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    })
    return edit(spec, 'jobTemplate', (t) => edit(t as { spec?: Record<string, unknown> }, 'spec', (s) => template(s)))
  })
}

function claimDefaults(object: Loose): Loose {
  const spec = edit(object, 'spec', (s) => fill(s as Record<string, unknown>, { volumeMode: 'Filesystem' }))
  return fill(spec, { status: { phase: 'Pending' } })
}

function networkPolicy(object: Loose): Loose {
  return edit(object, 'spec', (given) => {
    let spec = fill(given as Record<string, unknown>, {
      podSelector: {},
      policyTypes: 'egress' in (given as object) ? ['Ingress', 'Egress'] : ['Ingress'],
    })
    for (const side of ['ingress', 'egress'])
      spec = editItems(spec as Record<string, { ports?: { protocol?: string }[] }[]>, side, (rule) =>
        editItems(rule, 'ports', (port) => fill(port, { protocol: 'TCP' })),
      ) as Record<string, unknown>
    return spec
  })
}

function namespace(object: Namespace): Namespace {
  const labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name }
  const named = object.metadata.labels?.['kubernetes.io/metadata.name'] === object.metadata.name
  return fill(named ? object : { ...object, metadata: { ...object.metadata, labels } }, {
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
}

function secret(object: Secret & { stringData?: Record<string, string> }): Secret {
  const { stringData, ...rest } = fill(object, { type: 'Opaque' })
  if (!stringData) return object.type === undefined ? { ...rest } : object
  const data = { ...rest.data }
  for (const key in stringData) data[key] = base64OfText(stringData[key]!)
  return { ...rest, data }
}

function limitRange(object: Loose): Loose {
  type Item = Record<string, Record<string, string>> & { type?: string }
  return edit(
    object,
    'spec',
    (spec) =>
      editItems(spec as { limits?: Item[] }, 'limits', (given) => {
        let item = given as Item
        for (const key of ['default', 'defaultRequest', 'max', 'min', 'maxLimitRequestRatio'])
          item = edit(item, key, canonicalResources) as Item
        if ((item.type as unknown) !== 'Container') return item
        const limit = { ...item.max, ...item.default }
        return {
          ...item,
          default: limit,
          defaultRequest: { ...item.min, ...limit, ...item.defaultRequest },
        } as unknown as Item
      }) as Record<string, unknown>,
  )
}

const spec =
  (defaults: Record<string, unknown>) =>
  (object: Loose): Loose =>
    edit(object, 'spec', (s) => fill(s as Record<string, unknown>, defaults))

const subjects = (object: Loose): Loose => {
  const roleRef = edit(object, 'roleRef', (r) =>
    fill(r as Record<string, unknown>, { apiGroup: 'rbac.authorization.k8s.io' }),
  )
  return editItems(roleRef as { subjects?: Record<string, unknown>[] } & Loose, 'subjects', (s) =>
    s.kind === 'User' || s.kind === 'Group' ? fill(s, { apiGroup: 'rbac.authorization.k8s.io' }) : s,
  )
}

const DEFAULTERS: Record<string, Defaulter> = {
  'v1 Pod': (o: Pod) => defaultPod(o),
  'v1 Service': service,
  'v1 Namespace': namespace,
  'v1 Secret': secret,
  'v1 LimitRange': limitRange,
  'v1 Node': (o: Node) => edit(o, 'status', (s) => (s.capacity ? fill(s, { allocatable: s.capacity }) : s)),
  'v1 Endpoints': (o: Loose) =>
    editItems(o as Loose & { subsets?: { ports?: { protocol?: string }[] }[] }, 'subsets', (s) =>
      editItems(s, 'ports', (p) => fill(p, { protocol: 'TCP' })),
    ),
  'v1 PersistentVolumeClaim': claimDefaults,
  'v1 PersistentVolume': (o: Loose) =>
    fill(spec({ persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' })(o), {
      status: { phase: 'Pending' },
    }),
  'v1 ReplicationController': (o: Loose) => {
    const labels = (o.spec?.template as PodTemplateSpec | undefined)?.metadata?.labels
    const filled = spec({ replicas: 1, ...(labels ? { selector: labels } : {}) })(o)
    const labelled =
      labels && !filled.metadata.labels ? { ...filled, metadata: { ...filled.metadata, labels } } : filled
    return edit(labelled, 'spec', (s) => template(s as Record<string, unknown>))
  },
  'apps/v1 Deployment': deployment,
  'apps/v1 ReplicaSet': replicaSet,
  'apps/v1 DaemonSet': daemonSet,
  'apps/v1 StatefulSet': statefulSet,
  'batch/v1 Job': (o: Loose) => edit(o, 'spec', (s) => jobSpec(s as Record<string, unknown>)),
  'batch/v1 CronJob': cronJob,
  'discovery.k8s.io/v1 EndpointSlice': (o: EndpointSlice) =>
    editItems(o, 'ports', (p) => fill(p, { name: '', protocol: 'TCP' })),
  'networking.k8s.io/v1 NetworkPolicy': networkPolicy,
  'autoscaling/v1 HorizontalPodAutoscaler': spec({ minReplicas: 1 }),
  'autoscaling/v2 HorizontalPodAutoscaler': spec({
    minReplicas: 1,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  }),
  'storage.k8s.io/v1 StorageClass': (o: Loose) => fill(o, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  'storage.k8s.io/v1 CSIDriver': spec({
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: ['Persistent'],
    requiresRepublish: false,
    seLinuxMount: false,
  }),
  'scheduling.k8s.io/v1 PriorityClass': (o: Loose) => fill(o, { preemptionPolicy: 'PreemptLowerPriority' }),
  'rbac.authorization.k8s.io/v1 RoleBinding': subjects,
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': subjects,
}
