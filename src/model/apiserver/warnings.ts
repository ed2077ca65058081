// The Warning headers that the API server itself sends (pkg/api/pod/warnings.go and the strategies' WarningsOnCreate).

import type { KubeObject, Pod, PodSpec, PodTemplateSpec, Service } from './objects.ts'
import { milliValue } from './quantity.ts'
import { serviceWarnings } from './service-strategy.ts'
import { isDns1123Label } from './validation/names.ts'

/** Labels with a newer name: pkg/api/node/util.go. */
const OLD_LABELS: Record<string, readonly [since: string, instead: string]> = {
  'beta.kubernetes.io/arch': ['v1.14', 'kubernetes.io/arch'],
  'beta.kubernetes.io/os': ['v1.14', 'kubernetes.io/os'],
  'failure-domain.beta.kubernetes.io/region': ['v1.17', 'topology.kubernetes.io/region'],
  'failure-domain.beta.kubernetes.io/zone': ['v1.17', 'topology.kubernetes.io/zone'],
  'beta.kubernetes.io/instance-type': ['v1.17', 'node.kubernetes.io/instance-type'],
}

export function serverWarnings(object: KubeObject): string[] {
  switch (object.kind) {
    case 'Pod': {
      const pod = object as unknown as Pod
      return [...podNameWarnings(pod.metadata.name), ...podSpecWarnings(pod.spec, 'spec')]
    }
    case 'Service':
      return serviceWarnings(object as unknown as Service)
    case 'Endpoints':
      return ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice']
    case 'Ingress':
      return object.metadata.annotations?.['kubernetes.io/ingress.class'] === undefined
        ? []
        : ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead']
  }
  const template = (object.spec as { template?: PodTemplateSpec } | undefined)?.template
  return template?.spec ? podSpecWarnings(template.spec, 'spec.template.spec') : []
}

function podNameWarnings(name: string): string[] {
  const wrong = isDns1123Label(name)
  return wrong.length === 0
    ? []
    : [
        `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${wrong.join(' ')}]`,
      ]
}

function podSpecWarnings(spec: PodSpec, path: string): string[] {
  const warnings: string[] = []
  for (const label in spec.nodeSelector) {
    const old = OLD_LABELS[label]
    if (old) warnings.push(`${path}.nodeSelector[${label}]: deprecated since ${old[0]}; use "${old[1]}" instead`)
  }
  const grace = spec.terminationGracePeriodSeconds
  if (grace !== undefined && grace < 0)
    warnings.push(
      `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    )
  for (const kind of ['initContainers', 'containers'] as const)
    spec[kind]?.forEach((c, i) => {
      const at = `${path}.${kind}[${i}]`
      for (const which of ['limits', 'requests'] as const)
        for (const name of ['memory', 'ephemeral-storage']) {
          const value = c.resources?.[which]?.[name]
          if (value !== undefined && milliValue(value) % 1000 !== 0)
            warnings.push(
              `${at}.resources.${which}[${name}]: fractional byte value "${value}" is invalid, must be an integer`,
            )
        }
      const seen = new Set<string>()
      c.env?.forEach((env, e) => {
        if (seen.has(env.name) && !env.value?.includes(`$(${env.name})`))
          warnings.push(
            `${at}.env[${e}]: hides previous definition of "${env.name}", which may be dropped when using apply`,
          )
        seen.add(env.name)
      })
      const ports = new Map<string, number>()
      c.ports?.forEach((port, p) => {
        const key = `${port.containerPort}/${port.protocol}`
        const first = ports.get(key)
        if (
          first !== undefined &&
          port.hostPort === c.ports![first]!.hostPort &&
          port.hostIP === c.ports![first]!.hostIP
        )
          warnings.push(`${at}.ports[${p}]: duplicate port definition with ${at}.ports[${first}]`)
        else ports.set(key, p)
      })
    })
  return warnings
}
