// Which rules a kind has, for a new object, for a changed one and for a changed status.

import type {
  ConfigMap,
  DaemonSet,
  Deployment,
  EndpointSlice,
  KubeObject,
  Lease,
  Node,
  Pod,
  ReplicaSet,
  Secret,
  Service,
} from '../objects.ts'
import { apiVersionOf, type ApiResource } from '../resources.ts'
import { fieldsOf, typeOfKind } from '../schema.ts'
import { nonNegative, metaErrors, metaUpdateErrors } from './meta.ts'
import { required, type FieldError } from './field-errors.ts'
import {
  autoscalerErrors,
  budgetErrors,
  claimErrors,
  configMapErrors,
  eventErrors,
  ingressErrors,
  leaseErrors,
  limitRangeErrors,
  networkPolicyErrors,
  nodeErrors,
  priorityClassErrors,
  quotaErrors,
  roleBindingErrors,
  roleErrors,
  runtimeClassErrors,
  secretErrors,
  storageClassErrors,
  volumeObjectErrors,
} from './other-kinds.ts'
import { newPodErrors, podStatusErrors, podUpdateErrors } from './pod.ts'
import { loadBalancerStatusErrors } from './service-addresses.ts'
import { endpointsErrors, endpointSliceErrors, serviceErrors, serviceUpdateErrors } from './service.ts'
import {
  cronJobErrors,
  daemonSetErrors,
  deploymentErrors,
  jobErrors,
  replicaSetErrors,
  replicationControllerErrors,
  statefulSetErrors,
} from './workloads.ts'

type Check = (object: never, old?: never) => FieldError[]

/** Checks that serve creation and update alike; `old` is there on an update. */
const CHECKS: Record<string, Check> = {
  ConfigMap: configMapErrors as (o: ConfigMap, old?: ConfigMap) => FieldError[],
  Secret: secretErrors as (o: Secret, old?: Secret) => FieldError[],
  Node: nodeErrors as (o: Node, old?: Node) => FieldError[],
  Lease: leaseErrors as (o: Lease) => FieldError[],
  Event: eventErrors,
  EndpointSlice: endpointSliceErrors as (o: EndpointSlice, old?: EndpointSlice) => FieldError[],
  Endpoints: endpointsErrors,
  Deployment: deploymentErrors as (o: Deployment, old?: Deployment) => FieldError[],
  ReplicaSet: replicaSetErrors as (o: ReplicaSet, old?: ReplicaSet) => FieldError[],
  DaemonSet: daemonSetErrors as (o: DaemonSet, old?: DaemonSet) => FieldError[],
  StatefulSet: statefulSetErrors,
  Job: jobErrors,
  CronJob: cronJobErrors,
  ReplicationController: replicationControllerErrors,
  PersistentVolumeClaim: claimErrors,
  PersistentVolume: volumeObjectErrors,
  PodDisruptionBudget: budgetErrors,
  Ingress: ingressErrors,
  NetworkPolicy: networkPolicyErrors,
  HorizontalPodAutoscaler: autoscalerErrors,
  Role: roleErrors,
  ClusterRole: roleErrors,
  RoleBinding: roleBindingErrors,
  ClusterRoleBinding: roleBindingErrors,
  StorageClass: storageClassErrors,
  PriorityClass: priorityClassErrors,
  LimitRange: limitRangeErrors,
  ResourceQuota: quotaErrors,
  RuntimeClass: runtimeClassErrors,
}

export function validateNew(object: KubeObject, r: ApiResource): FieldError[] {
  const errors = metaErrors(object, r.namespaced)
  if (r.kind === 'Pod') errors.push(...newPodErrors(object as Pod))
  else if (r.kind === 'Service') errors.push(...serviceErrors(object as Service))
  else if (CHECKS[r.kind]) errors.push(...CHECKS[r.kind]!(object as never))
  else errors.push(...requiredFields(object, r))
  return errors
}

export function validateUpdate(object: KubeObject, old: KubeObject, r: ApiResource): FieldError[] {
  const errors = metaUpdateErrors(object.metadata, old.metadata)
  if (r.kind === 'Pod') errors.push(...podUpdateErrors(object as Pod, old as Pod))
  else if (r.kind === 'Service') errors.push(...serviceUpdateErrors(object as Service, old as Service))
  else if (r.kind === 'Node') errors.push(...nodeErrors(object as Node, old as Node))
  else if (CHECKS[r.kind] && bodyChanged(object, old)) errors.push(...CHECKS[r.kind]!(object as never, old as never))
  return errors
}

/** A controller that writes an annotation does not make the server read the whole template again. */
function bodyChanged(object: KubeObject, old: KubeObject): boolean {
  for (const key in object) if (key !== 'metadata' && key !== 'status' && object[key] !== old[key]) return true
  for (const key in old) if (!(key in object)) return true
  return false
}

export function validateStatusUpdate(object: KubeObject, old: KubeObject, r: ApiResource): FieldError[] {
  if (r.kind === 'Pod') return podStatusErrors(object as Pod, old as Pod)
  if (r.kind === 'Service') return loadBalancerStatusErrors({ ...(old as Service), status: object.status } as Service)
  const status = (object.status ?? {}) as Record<string, number | undefined>
  const counted = ['replicas', 'readyReplicas', 'availableReplicas', 'updatedReplicas', 'unavailableReplicas']
  return counted.flatMap((field) =>
    typeof status[field] === 'number' ? nonNegative(`status.${field}`, status[field]) : [],
  )
}

/** For kinds whose rules are not written out: at least the fields that the schema demands are there. */
function requiredFields(object: KubeObject, r: ApiResource): FieldError[] {
  const type = typeOfKind(apiVersionOf(r), r.kind)
  if (type === undefined) return []
  const errors: FieldError[] = []
  const walk = (value: Record<string, unknown>, name: string, path: string): void => {
    for (const field of fieldsOf(name).values()) {
      const at = path === '' ? field.name : `${path}.${field.name}`
      const inner = value[field.name]
      if (inner === undefined || inner === '') {
        if (field.required) errors.push(required(at))
      } else if (field.type.is === 'object') walk(inner as Record<string, unknown>, field.type.name, at)
      else if (field.type.is === 'list' && field.type.of.is === 'object') {
        const of = field.type.of.name
        ;(inner as Record<string, unknown>[]).forEach((item, i) => walk(item, of, `${at}[${i}]`))
      }
    }
  }
  if (object.spec !== undefined && fieldsOf(type).get('spec')?.type.is === 'object')
    walk({ spec: object.spec }, type, '')
  return errors
}
