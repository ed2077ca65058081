import type { Condition, Container, ContainerStatus, Pod, PodSpec } from '../../model/apiserver/objects.ts'
import { computePodActions, type ProbeResult } from '../../model/kubelet/pod-actions.ts'
import {
  containersReadyCondition,
  initializedCondition,
  podReadyCondition,
  readyToStartContainersCondition,
} from '../../model/kubelet/pod-conditions.ts'
import { podPhase } from '../../model/kubelet/pod-phase.ts'
import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from '../../model/kubelet/runtime-status.ts'
import { notRunnable, type Row, type RowData, type RowRunner } from '../conformance-row.ts'

const probe = { httpGet: { port: 80 } }

export function podOfRow(spec: Partial<PodSpec>, deleted = false): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'foo',
      namespace: 'new',
      uid: '12345678',
      resourceVersion: '1',
      creationTimestamp: '2026-06-10T22:00:00Z',
      ...(deleted ? { deletionTimestamp: '2026-06-10T22:00:00Z' } : {}),
    },
    spec: { containers: [], ...spec },
  }
}

type StatusRow = { state: RuntimeContainer['state']; exitCode?: number } | null

function runtimeContainers(prefix: string, rows: readonly StatusRow[]): RuntimeContainer[] {
  return rows.flatMap((row, i) =>
    row === null
      ? []
      : [
          {
            id: `${prefix}${i}`,
            name: `${prefix}${i}`,
            state: row.state,
            exitCode: row.exitCode ?? 0,
            createdAt: 10,
            startedAt: 11,
            image: 'x',
            imageRef: 'x',
            restartCount: 0,
          },
        ],
  )
}

function sandboxes(row: RowData): RuntimeSandbox[] {
  const list = Array.isArray(row) ? row : row === null || row === undefined ? [] : [row]
  return list
    .filter((s) => s !== 'none' && s.state !== 'none')
    .map((s, i) => ({
      id: s.id ?? `sandbox${i}`,
      state: s.state,
      attempt: s.attempt ?? 0,
      createdAt: 1,
      ip: s.ip ?? '10.0.0.1',
      hostNetwork: false,
    }))
}

function actions(row: Row, kind: 'plain' | 'init' | 'sidecar' | 'ephemeral', shared: RowData): unknown {
  const input = { ...shared?.base, ...row.input }
  const containerRows: StatusRow[] = input.containers ?? [null, null, null]
  const initRows: StatusRow[] = kind === 'plain' ? [] : (input.initContainers ?? [])
  const ephemeralRows: StatusRow[] = kind === 'ephemeral' ? (input.ephemeral ?? []) : []
  const named = (prefix: string, i: number, more: Partial<Container> = {}): Container => ({
    name: `${prefix}${i}`,
    image: 'x',
    ...more,
  })
  const sidecarProbes = (i: number): Partial<Container> =>
    i === 0 ? {} : { livenessProbe: probe, startupProbe: probe }
  const pod = podOfRow(
    {
      ...(input.restartPolicy ? { restartPolicy: input.restartPolicy } : {}),
      containers: containerRows.map((_, i) => named('c', i)),
      initContainers: initRows.map((_, i) =>
        named('i', i, kind === 'sidecar' ? { restartPolicy: 'Always', ...sidecarProbes(i) } : {}),
      ),
      ephemeralContainers: ephemeralRows.map((_, i) => named('e', i)),
    },
    input.deleted === true || input.deletionTimestamp !== undefined,
  )
  const runtime: RuntimePod = {
    uid: '12345678',
    sandboxes: sandboxes(input.sandboxes ?? input.sandbox),
    containers: [
      ...runtimeContainers('c', containerRows),
      ...runtimeContainers('i', initRows),
      ...runtimeContainers('e', ephemeralRows),
    ],
    ips: [],
  }
  const own = kind === 'sidecar' ? 'i' : 'c'
  const ids = (list: number[] | undefined): string[] => (list ?? []).map((i) => `${own}${i}`)
  const failedLiveness = ids(input.livenessFailed)
  const failedStartup = ids(input.startupFailed)
  const changed = ids(input.hashChanged)
  const result = (given: Record<string, ProbeResult | null> | undefined, failed: string[]) => (id: string) => {
    if (failed.includes(id)) return 'Failure' as const
    const index = id.slice(1)
    if (id.startsWith(own) && given !== undefined && index in given) return given[index] ?? undefined
    return kind === 'sidecar' && id.startsWith('i') && index !== '0' ? ('Success' as const) : undefined
  }
  const got = computePodActions(pod, runtime, {
    liveness: result(input.liveness, failedLiveness),
    startup: result(input.startup, failedStartup),
    specChanged: (c) => changed.includes(c.id),
  })
  return {
    killPod: got.killPod,
    createSandbox: got.createSandbox,
    attempt: got.attempt,
    initContainersToStart: got.initContainersToStart,
    ephemeralContainersToStart: got.ephemeralContainersToStart,
    containersToStart: got.containersToStart,
    containersToKill: got.containersToKill.map((k) => Number(k.id.slice(1))).sort((a, b) => a - b),
  }
}

function status(name: string, state: string): ContainerStatus[] {
  const ended = (exitCode: number) => ({ terminated: { exitCode } })
  const base = { name, ready: false, restartCount: 0, image: 'x', imageID: '', lastState: {} }
  const states: Record<string, Partial<ContainerStatus>> = {
    running: { state: { running: {} } },
    started: { state: { running: {} }, started: true },
    stopped: { state: ended(0) },
    succeeded: { state: ended(0) },
    failed: { state: ended(-1) },
    waiting: { state: { waiting: {} } },
    waitingLastTerm: { state: { waiting: {} }, lastState: ended(0) },
    waitingNonZero: { state: { waiting: {} }, lastState: ended(-1) },
  }
  return state === 'none' ? [] : [{ ...base, state: {}, ...states[state] }]
}

function phase({ input }: Row): unknown {
  const inits: { name: string; state: string; restartable: boolean }[] =
    input.init === undefined ? [] : Array.isArray(input.init) ? input.init : [{ name: 'X', ...input.init }]
  const spec: PodSpec = {
    restartPolicy: input.restartPolicy,
    containers: Object.keys(input.containers).map((name) => ({ name, image: 'x' })),
    initContainers: inits.map(({ name, restartable }) => ({
      name,
      image: 'x',
      ...(restartable ? { restartPolicy: 'Always' as const } : {}),
    })),
  }
  const regular = Object.entries(input.containers as Record<string, string>).flatMap(([n, s]) => status(n, s))
  return podPhase({
    spec,
    statuses: [...regular, ...inits.flatMap((c) => status(c.name, c.state))],
    terminal: input.podIsTerminal === true,
    hasInitialized: input.podHasInitialized ?? regular.some((s) => s.state.running ?? s.state.terminated),
    staticPod: input.static === true,
  })
}

function conditions({ input }: Row): unknown {
  const named = (names: string[] | undefined, more: Partial<Container> = {}): Container[] =>
    (names ?? []).map((name) => ({ name, image: 'x', ...more }))
  const spec: PodSpec = {
    containers: named(input.containers),
    initContainers: [...named(input.init), ...named(input.restartableInit, { restartPolicy: 'Always' })],
    readinessGates: (input.readinessGates ?? []).map((conditionType: string) => ({ conditionType })),
    ...(input.hostNetwork ? { hostNetwork: true } : {}),
  }
  const statuses = input.statuses?.map((s: { name: string; state?: string }) => ({
    lastState: {},
    ...s,
    state: s.state === undefined ? {} : s.state === 'terminated' ? { terminated: { exitCode: 0 } } : { [s.state]: {} },
  })) as ContainerStatus[] | undefined
  switch (input.condition) {
    case 'ContainersReady':
      return containersReadyCondition(spec, statuses, input.phase)
    case 'Ready':
      return podReadyCondition(spec, (input.podConditions ?? []) as Condition[], statuses, input.phase)
    case 'Initialized':
      return initializedCondition(spec, statuses, input.phase)
    case 'PodReadyToStartContainers': {
      const none = input.sandbox === undefined || input.sandbox === null || input.sandbox === 'none'
      const runtime: RuntimePod = {
        uid: '1',
        sandboxes: none ? [] : sandboxes({ state: input.sandbox, ip: input.ip, attempt: input.attempt }),
        containers: [],
        ips: [],
      }
      return readyToStartContainersCondition(podOfRow(spec), runtime)
    }
    default:
      return notRunnable
  }
}

export const podRows: Record<string, RowRunner> = {
  D_compute_pod_actions: (row, shared) => actions(row, 'plain', shared),
  D_compute_pod_actions_init: (row, shared) => actions(row, 'init', shared),
  D_compute_pod_actions_sidecar: (row, shared) => actions(row, 'sidecar', shared),
  D_compute_pod_actions_ephemeral: (row, shared) => actions(row, 'ephemeral', shared),
  D_pod_phase: phase,
  D_pod_conditions: (row) => {
    const got = conditions(row)
    // A row that says only `status` also says that there is no reason.
    const reasonless = typeof got === 'object' && 'status' in row.expected && !('reason' in row.expected)
    return reasonless && (got as Condition).reason !== undefined && (got as Condition).status !== 'False'
      ? { ...(got as Condition), status: `${(got as Condition).status} with reason` }
      : got
  },
}
