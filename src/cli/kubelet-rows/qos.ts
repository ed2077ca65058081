import type { PodSpec } from '../../model/apiserver/objects.ts'
import { podLevelTotals, podQos, qosTotals } from '../../model/kubelet/qos.ts'
import type { RowRunner } from '../conformance-row.ts'

type ContainerRow = { name?: string; restartPolicy?: string; requests?: object; limits?: object }

/** A pod spec from the containers of a row. */
export function specOfRow(input: {
  containers?: ContainerRow[]
  initContainers?: ContainerRow[]
  podResources?: object
  priority?: number
  overhead?: object
}): PodSpec {
  const list = (rows: ContainerRow[] | undefined, prefix: string) =>
    (rows ?? []).map(({ name, restartPolicy, requests, limits }, i) => ({
      name: name ?? `${prefix}${i}`,
      image: 'x',
      ...(restartPolicy ? { restartPolicy } : {}),
      resources: { requests: requests ?? {}, limits: limits ?? {} },
    }))
  return {
    containers: list(input.containers, 'c'),
    initContainers: list(input.initContainers, 'i'),
    ...(input.podResources ? { resources: input.podResources } : {}),
    ...(input.priority === undefined ? {} : { priority: input.priority }),
    ...(input.overhead ? { overhead: input.overhead } : {}),
  } as PodSpec
}

export const qosRows: Record<string, RowRunner> = {
  A_qos_class: ({ input }) => podQos(specOfRow(input)),
  A_qos_collect: ({ input }) =>
    input.podLimits || input.podRequests
      ? podLevelTotals({ requests: input.podRequests ?? {}, limits: input.podLimits ?? {} })
      : qosTotals([...specOfRow(input).containers, ...(specOfRow(input).initContainers ?? [])]),
}
