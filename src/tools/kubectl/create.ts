import { base64OfText } from '../../model/apiserver/base64.ts'
import type { ApiRequest } from '../../model/messages.ts'
import { resourceOf } from '../../model/apiserver/resources.ts'
import { isDns1123Subdomain, isPortName, isPortNumber } from '../../model/apiserver/validation/names.ts'
import type { ToolResult } from '../contract.ts'
import { ask, errorText, notHonoured } from './client.ts'
import { dryRunOf, dryRunSuffix, FILE_FLAGS, perObject } from './apply.ts'
import { createObject } from './change.ts'
import { KubectlError } from './flags.ts'
import { namespaceOf } from './manifests.ts'
import { printObjects } from './output.ts'
import { slashName } from './resource-args.ts'
import type { Kube, Verb } from './verb.ts'

const KINDS = [
  'configmap',
  'deployment',
  'job',
  'namespace',
  'priorityclass',
  'poddisruptionbudget',
  'secret',
  'service',
  'serviceaccount',
]

export const create: Verb = {
  name: 'create',
  summary: 'create objects from a file or from words',
  usage: '-f FILENAME | (deployment|namespace|configmap|secret|service|serviceaccount|job) NAME [flags]',
  flags: {
    ...FILE_FLAGS,
    image: { takes: 'list' },
    replicas: { short: 'r', takes: 'value' },
    port: { takes: 'value' },
    'from-literal': { takes: 'list' },
    'from-file': { takes: 'list' },
    'from-env-file': { takes: 'list' },
    tcp: { takes: 'list' },
    'node-port': { takes: 'value' },
    clusterip: { takes: 'value' },
    'external-name': { takes: 'value' },
    value: { takes: 'value' },
    'global-default': { takes: 'bool' },
    description: { takes: 'value' },
    'preemption-policy': { takes: 'value' },
    selector: { takes: 'value' },
    'min-available': { takes: 'value' },
    'max-unavailable': { takes: 'value' },
    'save-config': { takes: 'bool' },
    edit: { takes: 'bool' },
  },
  complete: (words) => (words.length <= 1 ? KINDS : []),
  run(kube) {
    if (kube.flags.has('filename')) return fromFiles(kube)
    const [kind, ...names] = kube.args
    if (kind === undefined) throw new KubectlError('error: must specify one of -f and -k')
    return fromWords(kube, kind, names)
  },
}

function fromFiles(kube: Kube): ToolResult {
  const dryRun = dryRunOf(kube)
  return perObject(kube, (item) => {
    const { document, resource, source } = item
    const namespace = namespaceOf(kube, item)
    const body = {
      ...document.body,
      metadata: { ...(document.body.metadata as object), ...(namespace ? { namespace } : {}) },
    }
    const request: ApiRequest = {
      verb: 'create',
      resource: resource.resource,
      group: resource.group,
      ...(namespace ? { namespace } : {}),
      body,
    }
    const answer = ask(kube.reader, request)
    if (answer.code >= 400)
      return { failed: true, err: errorText(answer, resource.kind, document.name, `creating "${source}"`) }
    const format = kube.flags.get('output')
    const printed =
      format && answer.object
        ? printObjects(format, [{ resource, object: answer.object }], { single: true, headers: true })
        : undefined
    const name = document.name || answer.object?.metadata.name || ''
    return {
      out: printed ?? `${slashName(resource, name)} created${dryRunSuffix(dryRun)}\n`,
      err: notHonoured(document.body, answer.object),
      ...(dryRun === 'none' ? { request } : {}),
    }
  })
}

function fromWords(kube: Kube, kind: string, names: readonly string[]): ToolResult {
  const { flags } = kube
  const need = (name: string | undefined, what = 'NAME'): string => {
    if (name === undefined)
      throw new KubectlError(
        `error: exactly one ${what} is required, got 0\nSee 'kubectl create ${kind} -h' for help and examples`,
      )
    return name
  }
  const make = (resource: string, group: string, body: object) => createObject(kube, resourceOf(resource, group)!, body)
  switch (kind) {
    case 'namespace':
    case 'ns':
      return make('namespaces', '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: need(names[0]) } })
    case 'serviceaccount':
    case 'sa':
      return make('serviceaccounts', '', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: need(names[0]) },
      })
    case 'deployment':
    case 'deploy':
    case 'dep':
      return deployment(kube, need(names[0]))
    case 'configmap':
    case 'cm':
      return make('configmaps', '', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: need(names[0]) },
        data: literals(kube),
      })
    case 'secret': {
      if (names[0] !== 'generic')
        throw new KubectlError(`not simulated here: kubectl create secret ${names[0] ?? ''}; generic works`)
      const data = Object.fromEntries(Object.entries(literals(kube)).map(([key, value]) => [key, base64OfText(value)]))
      return make('secrets', '', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: need(names[1]) },
        type: 'Opaque',
        data,
      })
    }
    case 'service':
    case 'svc':
      return service(kube, need(names[0], 'TYPE'), names[1])
    case 'priorityclass':
    case 'pc':
      return make('priorityclasses', 'scheduling.k8s.io', {
        apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: need(names[0]) },
        value: Number(flags.get('value') ?? 0), globalDefault: flags.bool('global-default'), description: flags.get('description') ?? '',
        ...(flags.has('preemption-policy') ? { preemptionPolicy: flags.get('preemption-policy') } : {}),
      }) // prettier-ignore
    case 'poddisruptionbudget':
    case 'pdb': {
      const amount = (text: string | undefined) =>
        text === undefined ? undefined : /^\d+$/.test(text) ? Number(text) : text
      const [key, value] = (flags.get('selector') ?? '').split('=')
      if (!flags.has('selector')) throw new KubectlError('error: a selector must be specified')
      return make('poddisruptionbudgets', 'policy', {
        apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: need(names[0]) },
        spec: {
          selector: { matchLabels: { [key!]: value ?? '' } },
          ...(flags.has('min-available') ? { minAvailable: amount(flags.get('min-available')) } : {}),
          ...(flags.has('max-unavailable') ? { maxUnavailable: amount(flags.get('max-unavailable')) } : {}),
        },
      }) // prettier-ignore
    }
    case 'job':
      return make('jobs', 'batch', {
        apiVersion: 'batch/v1', kind: 'Job', metadata: { name: need(names[0]) },
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: names[0], image: imageOf(kube), ...(kube.rest ? { command: kube.rest } : {}) }] } } },
      }) // prettier-ignore
    default:
      throw new KubectlError(
        KINDS.includes(kind) ||
          ['cronjob', 'ingress', 'quota', 'role', 'rolebinding', 'clusterrole', 'clusterrolebinding', 'token'].includes(
            kind,
          )
          ? `not simulated here: kubectl create ${kind}; write it as YAML and kubectl apply -f it`
          : `error: Unexpected args: [${[kind, ...names].join(' ')}]\nSee 'kubectl create -h' for help and examples`,
      )
  }
}

function imageOf(kube: Kube): string {
  const image = kube.flags.get('image')
  if (image === undefined) throw new KubectlError('error: required flag(s) "image" not set')
  return image
}

/** The name of a container made from an image: the last part of its path, without tag. */
export function nameFromImage(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '').split('/').at(-1)!.replace(/[^a-z0-9-]/g, '-') // prettier-ignore
}

function deployment(kube: Kube, name: string): ToolResult {
  imageOf(kube)
  const labels = { app: name }
  const port = kube.flags.get('port')
  const images = kube.flags.list('image')
  const containers = images.map((image) => ({ name: nameFromImage(image), image, ...(port ? { ports: [{ containerPort: Number(port) }] } : {}), ...(kube.rest && images.length === 1 ? { command: kube.rest } : {}), resources: {} })) // prettier-ignore
  return createObject(kube, resourceOf('deployments', 'apps')!, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas: Number(kube.flags.get('replicas') ?? 1),
      selector: { matchLabels: labels },
      strategy: {},
      template: { metadata: { labels }, spec: { containers } },
    },
  })
}

function literals({ call, flags }: Kube): Record<string, string> {
  const data: Record<string, string> = {}
  for (const literal of flags.list('from-literal')) {
    const equals = literal.indexOf('=')
    if (equals < 1) throw new KubectlError(`error: invalid literal source ${literal}, expected key=value`)
    data[literal.slice(0, equals)] = literal.slice(equals + 1)
  }
  for (const source of flags.list('from-file')) {
    const equals = source.indexOf('=')
    const path = equals < 0 ? source : source.slice(equals + 1)
    const text = call.files.read(path)
    if (text !== undefined) data[equals < 0 ? path.split('/').at(-1)! : source.slice(0, equals)] = text
    else {
      const names = equals < 0 ? call.files.list(path) : undefined
      if (!names) throw new KubectlError(`error: error reading ${path}: no such file or directory`)
      for (const name of names) data[name] = call.files.read(`${path}/${name}`) ?? ''
    }
  }
  for (const path of flags.list('from-env-file')) {
    const text = call.files.read(path)
    if (text === undefined) throw new KubectlError(`error: error reading ${path}: no such file or directory`)
    for (const line of text.split('\n')) {
      const match = /^\s*([A-Za-z_][\w.-]*)=(.*)$/.exec(line)
      if (match) data[match[1]!] = match[2]!
    }
  }
  return data
}

const SERVICE_TYPES: Readonly<Record<string, string>> = {
  clusterip: 'ClusterIP',
  nodeport: 'NodePort',
  loadbalancer: 'LoadBalancer',
  externalname: 'ExternalName',
}

/** pkg/cmd/create/create_service.go */
function service(kube: Kube, type: string, name: string | undefined): ToolResult {
  const { flags } = kube
  const made = SERVICE_TYPES[type]
  if (!made)
    throw new KubectlError(
      `error: unknown service type "${type}"; clusterip, nodeport, loadbalancer and externalname are there`,
    )
  if (name === undefined)
    throw new KubectlError(
      `error: exactly one NAME is required, got 0\nSee 'kubectl create service ${type} -h' for help and examples`,
    )
  const external = flags.get('external-name')
  const specs = flags.list('tcp').flatMap((list) => list.split(','))
  if (made === 'ExternalName' && external === undefined)
    throw new KubectlError('error: required flag(s) "external-name" not set')
  if (flags.get('clusterip') === 'None' && made !== 'ClusterIP')
    throw new KubectlError('error: ClusterIP=None can only be used with ClusterIP service type')
  if (specs.length === 0 && made !== 'ExternalName' && flags.get('clusterip') !== 'None')
    throw new KubectlError('error: at least one tcp port specifier must be provided')
  if (made === 'ExternalName' && isDns1123Subdomain(external!).length > 0)
    throw new KubectlError(`error: invalid service external name ${external}`)
  const ports = specs.map((text) => servicePort(text, Number(flags.get('node-port') ?? 0)))
  return createObject(
    kube,
    resourceOf('services')!,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, labels: { app: name } },
      spec: {
        type: made,
        selector: { app: name },
        ...(ports.length > 0 ? { ports } : {}),
        ...(flags.has('clusterip') ? { clusterIP: flags.get('clusterip') } : {}),
        ...(external === undefined ? {} : { externalName: external }),
      },
    },
    { wrap: `failed to create ${made} service` },
  )
}

/** parsePorts: `PORT[:TARGET]`. */
function servicePort(text: string, nodePort: number): object {
  const [given = '', target] = text.split(':')
  const fail = (why: string): never => {
    throw new KubectlError(`error: ${why}`)
  }
  if (!/^\d+$/.test(given)) fail(`strconv.ParseUint: parsing "${given}": invalid syntax`)
  if (Number(given) > 65_535) fail(`strconv.ParseUint: parsing "${given}": value out of range`)
  const wrong = target === undefined ? [] : /^-?\d+$/.test(target) ? isPortNumber(Number(target)) : isPortName(target)
  if (wrong.length > 0) fail(wrong.join(','))
  const targetPort = target === undefined ? Number(given) : /^\d+$/.test(target) ? Number(target) : target
  const name = text.replaceAll(':', '-')
  return { name, port: Number(given), targetPort, protocol: 'TCP', ...(nodePort ? { nodePort } : {}) }
}
