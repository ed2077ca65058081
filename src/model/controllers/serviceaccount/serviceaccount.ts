// What every namespace is given: the ServiceAccount `default` and the ConfigMap with the root certificate
// (pkg/controller/serviceaccount/serviceaccounts_controller.go, pkg/controller/certificates/rootcacertpublisher).
import type { Rule } from '../../../sim/contract.ts'
import type { Namespace } from '../../apiserver/objects.ts'
import type { ApiWatchEvent } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { DONE, failedStep, type Controller, type Step } from '../engine.ts'

const DEFAULT = 'default'
const ROOT_CA = 'kube-root-ca.crt'

export const serviceAccountRules: readonly Rule[] = [
  {
    id: 'SA1',
    says: 'Every active namespace has a ServiceAccount "default"; deleted, it comes back.',
    source: 'pkg/controller/serviceaccount/serviceaccounts_controller.go syncNamespace',
  },
  {
    id: 'SA2',
    says: 'Every active namespace has a ConfigMap "kube-root-ca.crt", which pods mount to trust the API server.',
    source: 'pkg/controller/certificates/rootcacertpublisher/publisher.go syncNamespace',
  },
]

export const serviceAccountController: Controller = {
  name: 'service-account-controller',
  workers: 1,
  watches: { namespaces: namespaceKey, serviceaccounts: (_world, event) => goneKey(event, DEFAULT) },
  sync: (world, key) => {
    if (!isActive(world, key) || world.get('serviceaccounts', `${key}/${DEFAULT}`)) return DONE
    world.because('SA1', { namespace: key })
    return create(key, 'serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: DEFAULT, namespace: key },
    })
  },
  answered,
}

export const rootCaController: Controller = {
  name: 'root-ca-certificate-publisher-controller',
  workers: 1,
  watches: {
    namespaces: namespaceKey,
    configmaps: (_world, event) =>
      event.object.metadata.name === ROOT_CA && event.type !== 'ADDED' ? [event.object.metadata.namespace ?? ''] : [],
  },
  sync: (world, key) => {
    if (!isActive(world, key)) return DONE
    const held = world.get('configmaps', `${key}/${ROOT_CA}`)
    const ca = rootCa(world)
    if (held?.data?.['ca.crt'] === ca) return DONE
    world.because('SA2', { namespace: key })
    if (held)
      return {
        requests: [
          {
            verb: 'update',
            resource: 'configmaps',
            namespace: key,
            name: ROOT_CA,
            body: { ...held, data: { 'ca.crt': ca } },
          },
        ],
      }
    return create(key, 'configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: ROOT_CA,
        namespace: key,
        annotations: {
          'kubernetes.io/description':
            'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
        },
      },
      data: { 'ca.crt': ca },
    })
  },
  answered,
}

/** --root-ca-file: the text that the cluster was made with; no part of the model does TLS. */
function rootCa(world: ModelWorld): string {
  return world.get('configmaps', `kube-system/${ROOT_CA}`)?.data?.['ca.crt'] ?? NO_CERTIFICATE
}
const NO_CERTIFICATE = '-----BEGIN CERTIFICATE-----\n(the model has no certificates)\n-----END CERTIFICATE-----\n'

function namespaceKey(_world: ModelWorld, event: ApiWatchEvent): readonly string[] {
  return event.type === 'DELETED' ? [] : [event.object.metadata.name]
}

function goneKey(event: ApiWatchEvent, name: string): readonly string[] {
  return event.type === 'DELETED' && event.object.metadata.name === name ? [event.object.metadata.namespace ?? ''] : []
}

function isActive(world: ModelWorld, name: string): boolean {
  const ns: Namespace | undefined = world.get('namespaces', name)
  return ns !== undefined && ns.metadata.deletionTimestamp === undefined && ns.status?.phase !== 'Terminating'
}

function create(namespace: string, resource: string, body: Record<string, unknown>): Step {
  return { requests: [{ verb: 'create', resource, namespace, body }] }
}

function answered(_world: ModelWorld, _key: string, _memo: unknown, answers: readonly WorkAnswer[]): Step {
  return failedStep(answers.filter((a) => a.reason !== 'AlreadyExists' && a.code !== 404))
}
