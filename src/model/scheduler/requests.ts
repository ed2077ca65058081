// What a pod asks of a node (staging/src/k8s.io/component-helpers/resource/helpers.go PodRequests;
// pkg/scheduler/framework/types.go calculateResource).
import { milliValue, quantityValue } from '../apiserver/quantity.ts'
import type { Container, Pod, ResourceList } from '../apiserver/objects.ts'

export type Demand = {
  milliCpu: number
  memory: number
  ephemeral: number
  scalars: Record<string, number>
  /** For scoring a container that asks for nothing counts as 100m and 200Mi, or one node would get them all. */
  scoredMilliCpu: number
  scoredMemory: number
  /** Asks for neither cpu nor memory. */
  bestEffort: boolean
  /** `protocol|ip|port` */
  ports: string[]
}

/** DefaultMilliCPURequest, DefaultMemoryRequest of pkg/scheduler/util. */
const SCORED_CPU = 100
const SCORED_MEMORY = 200 * 1024 * 1024

type Sum = Map<string, number>
const memo = new WeakMap<Pod, Demand>()

export function demandOf(pod: Pod): Demand {
  let demand = memo.get(pod)
  if (!demand) memo.set(pod, (demand = compute(pod)))
  return demand
}

function compute(pod: Pod): Demand {
  const real = podRequests(pod, false)
  const scored = podRequests(pod, true)
  const scalars: Record<string, number> = {}
  for (const [name, value] of real)
    if (name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage') scalars[name] = value
  return {
    milliCpu: real.get('cpu') ?? 0,
    memory: real.get('memory') ?? 0,
    ephemeral: real.get('ephemeral-storage') ?? 0,
    scalars,
    scoredMilliCpu: scored.get('cpu') ?? 0,
    scoredMemory: scored.get('memory') ?? 0,
    bestEffort: !real.get('cpu') && !real.get('memory'),
    ports: hostPorts(pod),
  }
}

/** Containers add up. Init containers run one after another, so the largest counts, on top of sidecars before it. */
function podRequests(pod: Pod, scored: boolean): Sum {
  const total: Sum = new Map()
  for (const c of pod.spec.containers) add(total, requestsOf(c, scored))
  const sidecars: Sum = new Map()
  const init: Sum = new Map()
  for (const c of pod.spec.initContainers ?? []) {
    const own = requestsOf(c, scored)
    if (c.restartPolicy === 'Always') {
      add(total, own)
      add(sidecars, own)
      max(init, sidecars)
    } else {
      add(own, sidecars)
      max(init, own)
    }
  }
  max(total, init)
  // Pod-level resources decide alone where they are given.
  for (const [name, text] of Object.entries(pod.spec.resources?.requests ?? {})) total.set(name, amount(name, text))
  add(total, amounts(pod.spec.overhead))
  return total
}

function requestsOf(container: Container, scored: boolean): Sum {
  const sum = amounts(container.resources?.requests)
  if (scored) {
    if (!sum.has('cpu')) sum.set('cpu', SCORED_CPU)
    if (!sum.has('memory')) sum.set('memory', SCORED_MEMORY)
  }
  return sum
}

export function amounts(list: ResourceList | undefined): Sum {
  const sum: Sum = new Map()
  for (const name in list) sum.set(name, amount(name, list[name]!))
  return sum
}

const amount = (name: string, text: string): number => (name === 'cpu' ? milliValue(text) : quantityValue(text))

function add(into: Sum, more: Sum): void {
  for (const [name, value] of more) into.set(name, (into.get(name) ?? 0) + value)
}

function max(into: Sum, other: Sum): void {
  for (const [name, value] of other) into.set(name, Math.max(into.get(name) ?? 0, value))
}

function hostPorts(pod: Pod): string[] {
  const ports: string[] = []
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const c of [...sidecars, ...pod.spec.containers])
    for (const p of c.ports ?? []) {
      const port = p.hostPort ?? (pod.spec.hostNetwork ? p.containerPort : 0)
      if (port > 0) ports.push(`${p.protocol ?? 'TCP'}|${p.hostIP || '0.0.0.0'}|${port}`)
    }
  return ports
}

/** HostPortInfo.CheckConflict: 0.0.0.0 stands for every address. */
export function portsClash(wanted: readonly string[], taken: readonly string[]): boolean {
  return wanted.some((w) => {
    const [protocol, ip, port] = w.split('|')
    return taken.some((t) => {
      const [p, i, n] = t.split('|')
      return p === protocol && n === port && (i === ip || i === '0.0.0.0' || ip === '0.0.0.0')
    })
  })
}
