// Makes src/model/apiserver/schema/{fields,docs}.json from @kubernetes/client-node (generated from the OpenAPI of Kubernetes 1.36).
//
//   npx esbuild bin/make-schema.ts --bundle --platform=node --format=esm --packages=external --outfile=node_modules/.cache/make-schema.mjs
//   node node_modules/.cache/make-schema.mjs && npx prettier --write 'src/model/apiserver/schema/*.json'
//
// fields.json  {version, kinds: {"apps/v1 Deployment": "Deployment"}, types: {Deployment: "apiVersion:s,kind:s,metadata:ObjectMeta,..."}}
//   A field is name[!]:type, ! when required. Types: s string, i int32, l int64, n number, b boolean, t time, m micro time, y bytes,
//   q quantity, x integer or string, o any; []T list, {}T map, else the name of a type.
// docs.json    {Deployment: {"": "what it is", spec: "what the field is"}}
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const models = join(process.cwd(), 'node_modules/@kubernetes/client-node/dist/gen/models')
const out = join(process.cwd(), 'src/model/apiserver/schema')

/** "group/version Kind" -> class in the client. Everything else a person pastes is answered with `no matches for kind`. */
const KINDS: Record<string, string[]> = {
  v1: [
    'V1Pod',
    'V1Service',
    'V1Endpoints',
    'V1ConfigMap',
    'V1Secret',
    'V1ServiceAccount',
    'V1PersistentVolume',
    'V1PersistentVolumeClaim',
    'V1Namespace',
    'V1Node',
    'CoreV1Event',
    'V1LimitRange',
    'V1ResourceQuota',
    'V1ReplicationController',
    'V1PodTemplate',
    'V1Binding',
  ],
  'apps/v1': ['V1Deployment', 'V1ReplicaSet', 'V1StatefulSet', 'V1DaemonSet', 'V1ControllerRevision'],
  'batch/v1': ['V1Job', 'V1CronJob'],
  'discovery.k8s.io/v1': ['V1EndpointSlice'],
  'networking.k8s.io/v1': ['V1Ingress', 'V1IngressClass', 'V1NetworkPolicy', 'V1IPAddress', 'V1ServiceCIDR'],
  'storage.k8s.io/v1': ['V1StorageClass', 'V1CSIDriver', 'V1CSINode', 'V1VolumeAttachment', 'V1CSIStorageCapacity'],
  'autoscaling/v1': ['V1HorizontalPodAutoscaler', 'V1Scale'],
  'autoscaling/v2': ['V2HorizontalPodAutoscaler'],
  'policy/v1': ['V1PodDisruptionBudget', 'V1Eviction'],
  'rbac.authorization.k8s.io/v1': ['V1Role', 'V1RoleBinding', 'V1ClusterRole', 'V1ClusterRoleBinding'],
  'coordination.k8s.io/v1': ['V1Lease'],
  'events.k8s.io/v1': ['EventsV1Event'],
  'scheduling.k8s.io/v1': ['V1PriorityClass'],
  'node.k8s.io/v1': ['V1RuntimeClass'],
  'admissionregistration.k8s.io/v1': [
    'V1ValidatingWebhookConfiguration',
    'V1MutatingWebhookConfiguration',
    'V1ValidatingAdmissionPolicy',
    'V1ValidatingAdmissionPolicyBinding',
  ],
  'apiextensions.k8s.io/v1': ['V1CustomResourceDefinition'],
  'apiregistration.k8s.io/v1': ['V1APIService'],
  'certificates.k8s.io/v1': ['V1CertificateSigningRequest'],
}

/** The client types a quantity as a plain string; these are the fields that are resource.Quantity in staging/src/k8s.io/api. */
const QUANTITIES = new Set(
  `EmptyDirVolumeSource.sizeLimit ResourceFieldSelector.divisor ResourceRequirements.limits ResourceRequirements.requests
  VolumeResourceRequirements.limits VolumeResourceRequirements.requests PodSpec.overhead Overhead.podFixed NodeStatus.capacity
  NodeStatus.allocatable PersistentVolumeSpec.capacity PersistentVolumeClaimStatus.capacity PodStatus.allocatedResources
  PersistentVolumeClaimStatus.allocatedResources ContainerStatus.allocatedResources LimitRangeItem.default
  LimitRangeItem.defaultRequest LimitRangeItem.max LimitRangeItem.min LimitRangeItem.maxLimitRequestRatio ResourceQuotaSpec.hard
  ResourceQuotaStatus.hard ResourceQuotaStatus.used V2MetricTarget.value V2MetricTarget.averageValue V2MetricValueStatus.value
  V2MetricValueStatus.averageValue CSIStorageCapacity.capacity CSIStorageCapacity.maximumVolumeSize
  V2HPAScalingRules.tolerance`.split(/\s+/),
)

/** V1Pod -> Pod, CoreV1Event -> Event; where two groups share a name, the second keeps its prefix. */
function shortName(cls: string): string {
  return cls.replace(/^(Core|Rbac|Storage)?V1(?=[A-Z])/, '')
}

interface Attribute {
  baseName: string
  type: string
  format: string
}
const types: Record<string, string> = {}
const docs: Record<string, Record<string, string>> = {}

function fieldType(owner: string, a: Attribute, queue: string[]): string {
  const quantity = QUANTITIES.has(`${owner}.${a.baseName}`)
  const scalar = (t: string): string => {
    if (quantity && t === 'string') return 'q'
    if (t === 'string') return a.format === 'byte' ? 'y' : a.format === 'date-time-micro' ? 'm' : 's'
    if (t === 'number') return a.format === 'int32' ? 'i' : a.format === 'int64' ? 'l' : 'n'
    if (t === 'boolean') return 'b'
    if (t === 'Date') return 't'
    if (t === 'V1MicroTime') return 'm'
    if (t === 'IntOrString') return 'x'
    if (t === 'any' || t === 'object') return 'o'
    const array = /^Array<(.*)>$/.exec(t)
    if (array) return '[]' + scalar(array[1]!)
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(t)
    if (map) return '{}' + scalar(map[1]!)
    if (!/^[A-Za-z0-9]+$/.test(t)) throw new Error(`${owner}.${a.baseName}: no rule for the type ${t}`)
    queue.push(t)
    return shortName(t)
  }
  return scalar(a.type)
}

/** `\'` and the like stand in the client's comments because they went through a string literal first. */
const unescape = (text: string): string =>
  text
    .replace(/\\(['"`])/g, '$1')
    .replace(/\*\\\//g, '*/')
    .trim()

async function read(cls: string, queue: string[]): Promise<void> {
  const name = shortName(cls)
  if (types[name] !== undefined) return
  const source = readFileSync(join(models, `${cls}.d.ts`), 'utf8')
  const module = (await import(join(models, `${cls}.js`))) as Record<string, { attributeTypeMap: Attribute[] }>
  const doc: Record<string, string> = {}
  const about = /\/\*\*\n\* ([^\n]*)\n\*\/\nexport declare class/.exec(source)
  if (about) doc[''] = unescape(about[1]!)
  const fields: string[] = []
  types[name] = ''
  for (const a of module[cls]!.attributeTypeMap) {
    const required = !new RegExp(`'${a.baseName.replace('$', '\\$')}'\\?:`).test(source)
    fields.push(`${a.baseName}${required ? '!' : ''}:${fieldType(name, a, queue)}`)
    const said = new RegExp(
      `/\\*\\*\\n\\s*\\* ([^\\n]*)\\n\\s*\\*/\\n\\s*'${a.baseName.replace('$', '\\$')}'\\??:`,
    ).exec(source)
    if (said) doc[a.baseName] = unescape(said[1]!)
  }
  types[name] = fields.join(',')
  docs[name] = doc
}

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

const version = /OpenAPI spec version: release-(\S+)/.exec(readFileSync(join(models, 'V1Pod.d.ts'), 'utf8'))![1]!
const kinds: Record<string, string> = {}
for (const [apiVersion, classes] of Object.entries(KINDS)) {
  const queue = [...classes]
  for (const cls of classes) kinds[`${apiVersion} ${cls.replace(/^(Core|Events)?V\d/, '')}`] = shortName(cls)
  while (queue.length > 0) await read(queue.shift()!, queue)
}
const write = (file: string, value: unknown): void => {
  const text = JSON.stringify(value, null, 2) + '\n'
  writeFileSync(join(out, file), text)
  console.log(`${file}: ${text.length} bytes`)
}
write('fields.json', { version, kinds: sorted(kinds), types: sorted(types) })
write('docs.json', sorted(docs))
console.log(`${Object.keys(kinds).length} kinds, ${Object.keys(types).length} types, Kubernetes ${version}`)
