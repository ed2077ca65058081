// The clusters that can be opened. A scenario is data: machines, what kubeadm leaves behind, and inputs at their times.
// `model/cluster.ts` turns it into a machine.
import { SECOND } from '../../sim/clock.ts'
import type { Input, Micros } from '../../sim/contract.ts'
import type { ApiRequest } from '../messages.ts'
import { resourceOfKind } from '../apiserver/resources.ts'
import { kubeadmObjects } from './kubeadm-objects.ts'
import type { ClusterFacts } from './object-shapes.ts'
import { machines, type MachineSpec } from './machines.ts'
import { METALLB_NAMESPACE, METALLB_OBJECTS } from './metallb.ts'
import { SERVICES_NAMESPACE, SERVICES_OBJECTS, zoned } from './services.ts'
import { SHOP_OBJECTS } from './shop.ts'
import { controlPlaneManifests, type Manifest } from './static-pods.ts'

export type ScenarioInput = Input & { readonly atMicros: Micros }

export type Scenario = {
  readonly name: string
  readonly title: string
  /** One sentence for the menu. */
  readonly says: string
  readonly seed: number
  readonly machines: readonly MachineSpec[]
  /** Node -> file in /etc/kubernetes/manifests -> what is in it. */
  readonly staticPods: Readonly<Record<string, Readonly<Record<string, Manifest>>>>
  /** Created by `kubeadm init` from the laptop, in this order, after the API server's own initial objects. */
  readonly objects: readonly Manifest[]
  /** What people do afterwards, in order of time. */
  readonly inputs: readonly ScenarioInput[]
  /** The moment a learner sees first: the cluster has settled. */
  readonly openAt: Micros
}

export const FACTS: ClusterFacts = {
  serverIp: '172.18.0.2',
  dnsIp: '10.96.0.10',
  podCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/12',
}

/** A create request as `kubectl create -f` sends it. */
export function createInput(object: Manifest, atMicros: Micros = 0): ScenarioInput {
  const r = resourceOfKind(object.apiVersion, object.kind)
  if (!r) throw new Error(`no resource for ${object.apiVersion} ${object.kind}`)
  const namespace = object.metadata['namespace'] as string | undefined
  const data: ApiRequest = {
    verb: 'create',
    resource: r.resource,
    group: r.group,
    ...(r.namespaced ? { namespace: namespace ?? 'default' } : {}),
    body: object,
    userAgent: 'kubectl',
  }
  return { kind: 'api.request', to: 'apiserver', from: 'laptop', data, atMicros }
}

const SETTLED = 60 * SECOND

function cluster(
  name: string,
  title: string,
  says: string,
  list: readonly MachineSpec[],
  more: Partial<Pick<Scenario, 'inputs' | 'openAt'>> = {},
): Scenario {
  const control = list[0]!
  return {
    name,
    title,
    says,
    seed: 1,
    machines: list,
    staticPods: { [control.name]: controlPlaneManifests({ node: control.name, ip: control.ip, ...FACTS }) },
    objects: kubeadmObjects(FACTS),
    inputs: more.inputs ?? [],
    openAt: more.openAt ?? SETTLED,
  }
}

/** The shop is opened a minute after the cluster: the namespace first, its contents when its account is there. */
const shopInputs = SHOP_OBJECTS.map((object, i) => createInput(object, SETTLED + (i === 0 ? 0 : SECOND + i * 50_000)))

/** Namespaces first, what is in them a second later, when their accounts are there. */
const servicesInputs = (
  more: readonly ScenarioInput[],
  namespaces: readonly Manifest[],
  others: readonly Manifest[],
) => [
  ...namespaces.map((object) => createInput(object, SETTLED)),
  ...more,
  ...[...others, ...SERVICES_OBJECTS].map((object, i) => createInput(object, SETTLED + SECOND + i * 50_000)),
]
const CLOUD_ON: ScenarioInput = {
  kind: 'cloud.set',
  to: 'cloud',
  from: 'laptop',
  data: { on: true },
  atMicros: SETTLED,
}

const list: readonly Scenario[] = [
  cluster(
    'default',
    'Three nodes',
    'A control plane and two workers, as kubeadm makes them, with nothing of yours on them.',
    machines(2),
  ),
  cluster(
    'empty',
    'Three nodes, just made',
    'The same three nodes from the first moment: watch them register and become Ready.',
    machines(2),
    {
      openAt: 0,
    },
  ),
  cluster(
    'shop',
    'A small shop',
    'Three web pods behind a Service, and a client that asks every two seconds.',
    machines(2),
    {
      inputs: shopInputs,
      openAt: SETTLED + 30 * SECOND,
    },
  ),
  cluster(
    'single',
    'One node',
    'A control plane that also runs pods: the smallest cluster.',
    machines(0, { schedulable: true }),
  ),
  cluster(
    'services',
    'Every kind of Service',
    'One application behind a ClusterIP, a node port, a load balancer, a headless name and more; MetalLB serves the outside.',
    zoned(machines(2)),
    {
      inputs: servicesInputs([], [METALLB_NAMESPACE, SERVICES_NAMESPACE], METALLB_OBJECTS),
      openAt: SETTLED + 60 * SECOND,
    },
  ),
  cluster(
    'services-cloud',
    'Services in a cloud',
    'The same application, with a load balancer of a cloud before all nodes: it asks each node whether it may send there.',
    zoned(machines(2)),
    { inputs: servicesInputs([CLOUD_ON], [SERVICES_NAMESPACE], []), openAt: SETTLED + 60 * SECOND },
  ),
  cluster('big', 'Ten workers', 'Room for a thousand pods: ten workers of 110 pods each.', machines(10)),
]

export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(list.map((s) => [s.name, s]))
