// postStart and preStop. Upstream: pkg/kubelet/lifecycle/handlers.go (Run), kuberuntime_container.go (executePreStopHook).
import type { Container, LifecycleHandler } from '../apiserver/objects.ts'
import type { ExecSyncResponse } from '../cri/api.ts'
import { SECOND } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { CriResponse } from '../messages.ts'
import type { ModelWorld, PodWorkerRecord } from '../tables.ts'
import { cri, rpcError } from './calls.ts'
import { onPreStop } from './kill-pod.ts'
import { podOf } from './pod-view.ts'
import { worker } from './pod-workers.ts'
import { dial, type DialAnswer } from './prober/dial.ts'
import { portOf } from './prober/targets.ts'
import { onPostStart } from './start-container.ts'
import { joined } from '../../sim/joined.ts'

type Kind = 'postStart' | 'preStop'
const keyOf = (kind: Kind, containerId: string): string => joined(kind, containerId)

/** `graceSeconds`: a preStop hook that takes longer is left alone, and the container is stopped. */
export function runHook(
  world: ModelWorld,
  record: PodWorkerRecord,
  spec: Container,
  containerId: string,
  hook: LifecycleHandler,
  kind: Kind,
  graceSeconds?: number,
): void {
  const { node, uid, epoch } = record
  const key = keyOf(kind, containerId)
  const timer = (delayMicros: number, error?: string): void => {
    world.send(
      'timer.kubelet.hook',
      `${node}/kubelet`,
      { uid, epoch, key, ...(error === undefined ? {} : { error }) },
      { delayMicros },
    )
  }
  if (graceSeconds !== undefined) timer(graceSeconds * SECOND, 'the grace period is over')
  if (hook.exec) {
    cri(
      world,
      node,
      'ExecSync',
      { container_id: containerId, cmd: hook.exec.command ?? [] },
      { who: 'worker', uid, epoch, key },
    )
  } else if (hook.httpGet) {
    const { host, scheme = 'HTTP', path = '/' } = hook.httpGet
    const ip = host ?? record.job?.ip ?? ''
    const port = portOf(spec, hook.httpGet.port)
    dial(
      world,
      node,
      { kind: 'http', ip, port, path, https: scheme === 'HTTPS', timeoutMicros: 30 * SECOND },
      { who: 'worker', uid, epoch, key },
    )
  } else if (hook.sleep) {
    timer(hook.sleep.seconds * SECOND)
  } else {
    // tcpSocket is in the API for history's sake and has never worked.
    timer(0, 'invalid handler: {nil nil nil nil}')
  }
}

export function onHookTimer(
  world: ModelWorld,
  event: SimEvent<{ uid: string; epoch: number; key: string; error?: string }>,
): void {
  const { uid, epoch, key, error } = event.data
  hookEnded(world, placeOf(event.to), uid, epoch, key, error)
}

export function onHookExec(
  world: ModelWorld,
  node: string,
  uid: string,
  epoch: number,
  key: string,
  response: CriResponse,
): void {
  let error: string | undefined
  if (response.error) error = rpcError(response.error)
  else {
    const { exit_code: code, stderr } = response.response as ExecSyncResponse
    if (code !== 0) error = `command exited with ${code}: ${stderr}`
  }
  hookEnded(world, node, uid, epoch, key, error)
}

export function onHookDial(
  world: ModelWorld,
  node: string,
  uid: string,
  epoch: number,
  key: string,
  answer: DialAnswer,
): void {
  hookEnded(world, node, uid, epoch, key, answer.error)
}

function hookEnded(
  world: ModelWorld,
  node: string,
  uid: string,
  epoch: number,
  key: string,
  error: string | undefined,
): void {
  const record = worker(world, node, uid)
  const pod = podOf(world, node, uid)
  if (record?.epoch !== epoch || record.job === undefined) return
  const [kind, containerId] = key.split('|') as [Kind, string]
  if (kind === 'preStop') return onPreStop(world, record, containerId, error)
  if (record.job.step !== 'hook' || record.job.start?.containerId !== containerId || pod === undefined) return
  onPostStart(world, record, pod, error)
}
