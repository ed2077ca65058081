import type { Pod } from '../../model/apiserver/objects.ts'
import { getObject } from '../../model/apiserver/object-store.ts'
import { resourceOf } from '../../model/apiserver/resources.ts'
import { matchesLabelSelector, matchesMap } from '../../model/apiserver/selectors.ts'
import { notFound } from '../../model/apiserver/status-errors.ts'
import type { ContainerRecord } from '../../model/tables.ts'
import { KubectlError } from './flags.ts'
import { compareObjects, listSorted, resourceType } from './resource-args.ts'
import type { Kube } from './verb.ts'

const PODS = resourceOf('pods')!

/** `web`, `pod/web`, `deployment/web`, `service/web`: the pod that kubectl picks, and what it says about the choice. */
export function choosePod(kube: Kube, word: string): { pod: Pod; said: string } {
  const slash = word.indexOf('/')
  const resource = slash < 0 ? PODS : resourceType(word.slice(0, slash))
  const name = slash < 0 ? word : word.slice(slash + 1)
  const object = getObject(kube.reader, resource, kube.namespace, name)
  if (!object) throw new KubectlError(`Error from server (NotFound): ${notFound(resource, name).message}`)
  if (resource === PODS) return { pod: object as unknown as Pod, said: '' }
  const selector = (object.spec as { selector?: unknown } | undefined)?.selector
  const matches = (pod: Pod) =>
    resource.resource === 'services'
      ? matchesMap(selector as never, pod.metadata.labels)
      : matchesLabelSelector(selector as never, pod.metadata.labels)
  const pods = (listSorted(kube, PODS, kube.namespace) as unknown as Pod[]).filter(matches)
  if (pods.length === 0) throw new KubectlError(`error: timed out waiting for the condition`)
  // podutils.ByLogging and ActivePods: scheduled, running, ready and older first.
  const rank = (pod: Pod) =>
    (pod.spec.nodeName ? 0 : 4) +
    (pod.status?.phase === 'Running' ? 0 : 2) +
    (pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ? 0 : 1)
  pods.sort((a, b) => rank(a) - rank(b) || compareObjects(a as never, b as never))
  const said = pods.length > 1 ? `Found ${pods.length} pods, using pod/${pods[0]!.metadata.name}\n` : ''
  return { pod: pods[0]!, said }
}

export function allContainerNames(pod: Pod): string {
  const names = (pod.spec.containers ?? []).map((c) => c.name)
  for (const c of pod.spec.initContainers ?? []) names.push(`${c.name} (init)`)
  for (const c of pod.spec.ephemeralContainers ?? []) names.push(`${c.name} (ephem)`)
  return names.join(', ')
}

/** The container that is meant, and the line kubectl prints when it had to choose (podcmd.FindOrDefaultContainerByName). */
export function chooseContainer(pod: Pod, asked: string | undefined): { name: string; said: string } | undefined {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])]
  if (asked !== undefined) return all.some((c) => c.name === asked) ? { name: asked, said: '' } : undefined
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']
  if (annotated !== undefined && all.some((c) => c.name === annotated)) return { name: annotated, said: '' }
  const name = pod.spec.containers[0]!.name
  return { name, said: all.length > 1 ? `Defaulted container "${name}" out of: ${allContainerNames(pod)}\n` : '' }
}

/** Attempts of a container, oldest first. */
export function attemptsOf(kube: Pick<Kube, 'reader'>, pod: Pod, name: string): ContainerRecord[] {
  return kube.reader
    .by('containers', 'pod', uidOnNode(pod))
    .filter((c) => c.metadata.name === name)
    .sort((a, b) => a.createdAt - b.createdAt || a.metadata.attempt - b.metadata.attempt)
}

/** A mirror pod's containers carry the uid of the static pod that it shows. */
function uidOnNode(pod: Pod): string {
  return pod.metadata.annotations?.['kubernetes.io/config.hash'] ?? pod.metadata.uid
}

/** Why the API server cannot reach the kubelet of a node, as Go's dialer says it; undefined when it can. */
export function kubeletTrouble(kube: Pick<Kube, 'reader'>, node: string): { text: string; waits: boolean } | undefined {
  const machine = kube.reader.get('machines', node)
  if (!machine) return undefined
  if (!machine.cable || machine.off)
    return { text: `dial tcp ${machine.ip}:10250: connect: no route to host`, waits: true }
  if (kube.reader.get('kubelets', node)?.running === false)
    return { text: `dial tcp ${machine.ip}:10250: connect: connection refused`, waits: false }
  return undefined
}
