import type { KubeObject } from '../../model/apiserver/objects.ts'
import { getObject, listObjects } from '../../model/apiserver/object-store.ts'
import {
  apiVersionOf,
  qualifiedResource,
  resourceByName,
  resourceOfKind,
  RESOURCES,
  type ApiResource,
} from '../../model/apiserver/resources.ts'
import { objectFilter } from '../../model/apiserver/selectors.ts'
import { notFound } from '../../model/apiserver/status-errors.ts'
import { KubectlError } from './flags.ts'
import type { Kube } from './verb.ts'

/** `pods`, `pods web`, `pod/web svc/web`, `pods,services`, `all`: what a command line names. */
export interface Named {
  readonly resource: ApiResource
  /** Undefined: all of them. */
  readonly name: string | undefined
}

export function resourceType(name: string): ApiResource {
  const resource = resourceByName(name)
  if (!resource) throw new KubectlError(`error: the server doesn't have a resource type "${name}"`)
  return resource
}

/** What `kubectl get all` means: the category "all", in the order of the server's discovery. */
function category(name: string): readonly ApiResource[] {
  const seen = new Set<string>()
  return RESOURCES.filter((r) => r.categories.includes(name) && !seen.has(r.resource) && seen.add(r.resource))
}

export function readResourceArgs(args: readonly string[], options: { allowAll: boolean; path: string }): Named[] {
  if (args.length === 0) {
    throw new KubectlError(
      `You must specify the type of resource to ${options.path.split(' ')[1]}. Use "kubectl api-resources" for a complete list of supported resources.\n\nerror: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\nSee '${options.path} -h' for help and examples`,
    )
  }
  if (args.some((arg) => arg.includes('/'))) {
    return args.map((arg) => {
      const parts = arg.split('/')
      if (parts.length !== 2 || parts[0] === '' || parts[1] === '') {
        if (parts.length === 1) {
          throw new KubectlError(
            `error: there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. '${options.path} resource/<resource_name>' instead of '${options.path} resource resource/<resource_name>'`,
          )
        }
        throw new KubectlError(`error: arguments in resource/name form must have a single resource and name`)
      }
      return { resource: resourceType(parts[0]!), name: parts[1]! }
    })
  }
  const types = args[0]!.split(',').filter((type) => type !== '')
  const resources = types.flatMap((type) => (type === 'all' ? category('all') : [resourceType(type)]))
  const names = args.slice(1)
  if (names.length > 0 && resources.length > 1 && names.length > 0) {
    return resources.flatMap((resource) => names.map((name) => ({ resource, name })))
  }
  if (names.length > 0) return names.map((name) => ({ resource: resources[0]!, name }))
  if (!options.allowAll) throw new KubectlError('error: resource(s) were provided, but no name was specified')
  return resources.map((resource) => ({ resource, name: undefined }))
}

export interface Found {
  readonly resource: ApiResource
  readonly object: KubeObject
}

export function compareObjects(a: KubeObject, b: KubeObject): number {
  const left = `${a.metadata.namespace ?? ''}/${a.metadata.name}`
  const right = `${b.metadata.namespace ?? ''}/${b.metadata.name}`
  return left < right ? -1 : left > right ? 1 : 0
}

/** The objects of one resource as the API server lists them: by namespace and name, as etcd keeps its keys. */
export function listSorted(
  kube: Kube,
  resource: ApiResource,
  namespace: string | undefined,
  labels?: string,
  fields?: string,
): KubeObject[] {
  const filter = objectFilter(resource.resource, labels, fields)
  if (typeof filter === 'string') {
    throw new KubectlError(
      fields !== undefined && filter.startsWith('field label')
        ? `Error from server (BadRequest): Unable to find "${apiVersionOf(resource)}, Resource=${resource.resource}" that match label selector "${labels ?? ''}", field selector "${fields}": ${filter}`
        : `error: ${filter}`,
    )
  }
  return listObjects(kube.reader, resource, resource.namespaced ? namespace : undefined)
    .filter(filter)
    .sort(compareObjects)
}

/** Everything that the arguments name, and the errors for what is not there. */
export function find(
  kube: Kube,
  named: readonly Named[],
  options: { allNamespaces?: boolean } = {},
): { found: Found[]; errors: string[] } {
  const labels = kube.flags.get('selector')
  const fields = kube.flags.get('field-selector')
  const found: Found[] = []
  const errors: string[] = []
  for (const { resource, name } of named) {
    if (name === undefined) {
      const namespace = options.allNamespaces ? undefined : kube.namespace
      for (const object of listSorted(kube, resource, namespace, labels, fields)) found.push({ resource, object })
      continue
    }
    if (labels !== undefined) throw new KubectlError('error: name cannot be provided when a selector is specified')
    if (options.allNamespaces && resource.namespaced) {
      throw new KubectlError('error: a resource cannot be retrieved by name across all namespaces')
    }
    const object = getObject(kube.reader, resource, kube.namespace, name)
    if (object) found.push({ resource, object })
    else errors.push(`Error from server (NotFound): ${notFound(resource, name).message}\n`)
  }
  return { found, errors }
}

/** `pod/web`, `deployment.apps/web`: how kubectl names an object in its answers. */
export function slashName(resource: ApiResource, name: string): string {
  return `${resource.singular}${resource.group === '' ? '' : `.${resource.group}`}/${name}`
}

export function resourceOfObject(object: KubeObject): ApiResource {
  const resource = resourceOfKind(object.apiVersion, object.kind)
  if (!resource) throw new KubectlError(`error: no matches for kind "${object.kind}" in version "${object.apiVersion}"`)
  return resource
}

export { qualifiedResource }

/** Names of objects, for completion. */
export function nameWords(kube: Pick<Kube, 'reader'>, type: string, namespace: string): string[] {
  const resource = resourceByName(type.split(',')[0] ?? '')
  if (!resource) return []
  return listObjects(kube.reader, resource, resource.namespaced ? namespace : undefined).map(
    (object) => object.metadata.name,
  )
}

export function typeWords(): string[] {
  return [
    ...new Set(
      RESOURCES.filter((r) => r.resource !== 'bindings').map((r) =>
        r.group === '' || !r.stored ? r.resource : `${r.resource}.${r.group}`,
      ),
    ),
  ]
}

/** Completion of `TYPE NAME...` and `TYPE/NAME`. */
export function completeResource(
  words: readonly string[],
  reader: Kube['reader'],
  namespace: string,
): readonly string[] {
  const last = words.at(-1) ?? ''
  const slash = last.indexOf('/')
  if (slash > 0)
    return nameWords({ reader }, last.slice(0, slash), namespace).map((name) => `${last.slice(0, slash)}/${name}`)
  return words.length <= 1 ? [...typeWords(), 'all'] : nameWords({ reader }, words[0]!, namespace)
}
