import { parseRfc3339 } from '../../../sim/clock.ts'
import type { Container, ContainerState, ContainerStatus, Pod } from '../../../model/apiserver/objects.ts'
import { humanDuration } from '../../age.ts'
import { age, column, wide, type KindPrinter } from './cells.ts'

const isSidecar = (container: Container | undefined): boolean => container?.restartPolicy === 'Always'
const condition = (pod: Pod, type: string) => pod.status?.conditions?.find((c) => c.type === type)

function terminatedText(state: NonNullable<ContainerState['terminated']>): string {
  if (state.reason) return state.reason
  return state.signal ? `Signal:${state.signal}` : `ExitCode:${state.exitCode}`
}

function latest(dates: readonly (string | undefined)[]): string | undefined {
  let best: string | undefined
  for (const date of dates) if (date && (best === undefined || parseRfc3339(date) > parseRfc3339(best))) best = date
  return best
}

const restartDate = (status: ContainerStatus): string | undefined => status.lastState?.terminated?.finishedAt

/** printPod: READY, STATUS and RESTARTS out of the container states, innermost reason first. */
export function podSummary(pod: Pod): {
  ready: number
  total: number
  status: string
  restarts: number
  restartedAt: string | undefined
} {
  const { spec } = pod
  const status = pod.status ?? {}
  const inits = new Map((spec.initContainers ?? []).map((c) => [c.name, c]))
  const total = spec.containers.length + (spec.initContainers ?? []).filter(isSidecar).length
  let ready = 0
  let reason = status.reason || status.phase || 'Pending'
  if (condition(pod, 'PodScheduled')?.reason === 'SchedulingGated') reason = 'SchedulingGated'
  const initStatuses = status.initContainerStatuses ?? []
  const sidecars = initStatuses.filter((s) => isSidecar(inits.get(s.name)))
  let restarts = initStatuses.reduce((sum, s) => sum + s.restartCount, 0)
  let dates = initStatuses.map(restartDate)
  let initializing = false
  for (const [i, s] of initStatuses.entries()) {
    if (s.state.terminated?.exitCode === 0) continue
    if (isSidecar(inits.get(s.name)) && s.started) {
      if (s.ready) ready++
      continue
    }
    if (s.state.terminated) reason = `Init:${terminatedText(s.state.terminated)}`
    else if (s.state.waiting?.reason && s.state.waiting.reason !== 'PodInitializing')
      reason = `Init:${s.state.waiting.reason}`
    else reason = `Init:${i}/${spec.initContainers?.length ?? 0}`
    initializing = true
    break
  }
  if (!initializing || condition(pod, 'Initialized')?.status === 'True') {
    const main = status.containerStatuses ?? []
    restarts = [...sidecars, ...main].reduce((sum, s) => sum + s.restartCount, 0)
    dates = [...sidecars, ...main].map(restartDate)
    let running = false
    for (const s of [...main].reverse()) {
      if (s.state.waiting?.reason) reason = s.state.waiting.reason
      else if (s.state.terminated) reason = terminatedText(s.state.terminated)
      else if (s.ready && s.state.running) {
        running = true
        ready++
      }
    }
    if (reason === 'Completed' && running) reason = condition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady'
  }
  const terminal = status.phase === 'Succeeded' || status.phase === 'Failed'
  if (pod.metadata.deletionTimestamp && status.reason === 'NodeLost') reason = 'Unknown'
  else if (pod.metadata.deletionTimestamp && !terminal) reason = 'Terminating'
  return { ready, total, status: reason, restarts, restartedAt: latest(dates) }
}

export const podPrinter: KindPrinter<Pod> = {
  columns: [column('NAME'), column('READY'), column('STATUS'), column('RESTARTS'), column('AGE'), wide('IP'), wide('NODE'), wide('NOMINATED NODE'), wide('READINESS GATES')], // prettier-ignore
  row(pod, now) {
    const { ready, total, status, restarts, restartedAt } = podSummary(pod)
    const ago = restarts > 0 && restartedAt ? ` (${humanDuration(now - parseRfc3339(restartedAt))} ago)` : ''
    const gates = pod.spec.readinessGates ?? []
    const passed = gates.filter((gate) => condition(pod, gate.conditionType)?.status === 'True').length
    return [
      pod.metadata.name,
      `${ready}/${total}`,
      status,
      `${restarts}${ago}`,
      age(pod, now),
      pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || '<none>',
      pod.spec.nodeName || '<none>',
      pod.status?.nominatedNodeName || '<none>',
      gates.length > 0 ? `${passed}/${gates.length}` : '<none>',
    ]
  },
}
