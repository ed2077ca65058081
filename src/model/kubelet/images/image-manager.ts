// The image of a container: look, pull if the policy says so, one pull at a time.
// Upstream: pkg/kubelet/images/image_manager.go (EnsureImageExists, pullImage), puller.go (serialImagePuller).
import type { Container, Pod } from '../../apiserver/objects.ts'
import type { ImageStatusResponse, PullImageResponse } from '../../cri/api.ts'
import type { CriResponse } from '../../messages.ts'
import type { ModelWorld, PodWorkerRecord } from '../../tables.ts'
import { imagePullPolicy, nextBackoff } from '../backoff.ts'
import { cri, rpcError, tell, type Ctx } from '../calls.ts'
import { podEvents } from '../event-texts.ts'
import { podOf } from '../pod-view.ts'
import { putWorker, worker } from '../pod-workers.ts'
import { createContainer, specOf, startFailed } from '../start-container.ts'
import { defaultPullPolicy, invalidImageName } from './image-name.ts'

export function ensureImage(world: ModelWorld, record: PodWorkerRecord, pod: Pod, spec: Container): void {
  const invalid = invalidImageName(spec.image)
  if (invalid !== undefined) {
    const message = `Failed to apply default image tag "${spec.image}": couldn't parse image name "${spec.image}": ${invalid}`
    tell(world, record.node, pod, { type: 'Warning', reason: 'InspectFailed', message }, spec)
    tell(world, record.node, pod, podEvents.failed('InvalidImageName'), spec)
    return startFailed(world, record, pod, 'InvalidImageName', message)
  }
  putWorker(world, {
    ...record,
    doing: `ImageStatus ${spec.image}`,
    job: { ...record.job!, call: { method: 'ImageStatus', since: world.now } },
  })
  askImage(world, record, spec)
}

function askImage(world: ModelWorld, record: PodWorkerRecord, spec: Container): void {
  cri(
    world,
    record.node,
    'ImageStatus',
    { image: { image: spec.image } },
    { who: 'worker', uid: record.uid, epoch: record.epoch, key: spec.name },
  )
}

const backoffId = (record: PodWorkerRecord, image: string): string => `${record.node}|${record.uid}_${image}`

/** ImageStatus before the decision ('image'), or after a pull, for the size ('pulled'). */
export function onImageStatus(world: ModelWorld, record: PodWorkerRecord, pod: Pod, response: CriResponse): void {
  const { node, uid } = record
  const job = record.job!
  const start = job.start!
  const spec = specOf(pod, start.name)!
  if (response.error) {
    const err = rpcError(response.error)
    tell(world, node, pod, podEvents.inspectFailed(spec.image, err), spec)
    tell(world, node, pod, podEvents.failed('ImageInspectError'), spec)
    return startFailed(world, record, pod, 'ImageInspectError', `Failed to inspect image "${spec.image}": ${err}`)
  }
  const image = (response.response as ImageStatusResponse).image
  if (job.step === 'pulled') {
    tell(
      world,
      node,
      pod,
      podEvents.pulled(spec.image, start.pullTook ?? 0, start.waitTook ?? 0, image?.size ?? 0),
      spec,
    )
    return createContainer(world, record, pod, image?.id ?? start.imageId ?? '')
  }
  const policy = spec.imagePullPolicy ?? defaultPullPolicy(spec.image)
  world.because('KL7', { image: spec.image, policy, present: image !== undefined })
  if (image !== undefined && policy !== 'Always') {
    tell(world, node, pod, podEvents.alreadyPresent(spec.image), spec)
    return createContainer(world, record, pod, image.id)
  }
  if (policy === 'Never') {
    const text = podEvents.errImageNeverPull(spec.image)
    tell(world, node, pod, text, spec)
    tell(world, node, pod, podEvents.failed('ErrImageNeverPull'), spec)
    return startFailed(world, record, pod, 'ErrImageNeverPull', text.message)
  }
  const held = world.get('backoffs', backoffId(record, spec.image))
  if (held && world.now - held.since <= imagePullPolicy.resetAfter && world.now - held.since < held.delayMicros) {
    const message = `Back-off pulling image "${spec.image}"`
    const full = held.message ? `${message}: ${held.message}` : message
    world.because('KL9', { image: spec.image, waitMicros: held.delayMicros, until: held.until })
    tell(world, node, pod, podEvents.backOffPull(spec.image), spec)
    tell(world, node, pod, podEvents.failed('ImagePullBackOff'), spec)
    return startFailed(world, record, pod, 'ImagePullBackOff', full, { quiet: true, backoffUntil: held.until })
  }
  tell(world, node, pod, podEvents.pulling(spec.image), spec)
  const kubelet = world.get('kubelets', node)!
  const first = kubelet.pulls.length === 0
  putWorker(world, {
    ...record,
    doing: first ? `PullImage ${spec.image}` : `waits for its turn to pull ${spec.image}`,
    job: { ...job, step: first ? 'pull' : 'pullQueue', start: { ...start, since: world.now } },
  })
  if (!first) world.because('KL8', { ahead: kubelet.pulls.length })
  world.put('kubelets', node, { ...kubelet, pulls: [...kubelet.pulls, `${uid}|${spec.name}`] })
  if (first) pull(world, node)
}

/** Starts the pull at the head of the queue; those whose pod no longer wants it are skipped. */
function pull(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  let pulls = kubelet.pulls
  while (pulls.length > 0) {
    const [uid, name] = pulls[0]!.split('|') as [string, string]
    const record = worker(world, node, uid)
    const pod = podOf(world, node, uid)
    const job = record?.job
    const wants = job?.start?.name === name && (job.step === 'pullQueue' || job.step === 'pull')
    const spec = pod && specOf(pod, name)
    if (record && job && wants && spec) {
      if (pulls !== kubelet.pulls) world.put('kubelets', node, { ...kubelet, pulls })
      putWorker(world, {
        ...record,
        doing: `PullImage ${spec.image}`,
        job: {
          ...job,
          step: 'pull',
          start: { ...job.start!, pullAt: world.now },
          call: { method: 'PullImage', since: world.now },
        },
      })
      cri(
        world,
        node,
        'PullImage',
        { image: { image: spec.image } },
        { who: 'worker', uid, epoch: record.epoch, key: name },
      )
      return
    }
    pulls = pulls.slice(1)
  }
  world.put('kubelets', node, { ...kubelet, pulls })
}

/** A pull ended: the queue goes on whether its pod still wants the image or not. */
export function onPullAnswer(world: ModelWorld, node: string, ctx: Ctx, response: CriResponse): void {
  const kubelet = world.get('kubelets', node)!
  const key = `${ctx.uid}|${ctx.key}`
  if (kubelet.pulls[0] === key) {
    world.put('kubelets', node, { ...kubelet, pulls: kubelet.pulls.slice(1) })
    pull(world, node)
  }
  const record = worker(world, node, ctx.uid!)
  const pod = podOf(world, node, ctx.uid!)
  if (record === undefined || pod === undefined || record.epoch !== ctx.epoch || record.job?.step !== 'pull') return
  const { call: _call, ...job } = record.job
  const spec = specOf(pod, job.start!.name)!
  const id = backoffId(record, spec.image)
  if (response.error) {
    const err = rpcError(response.error)
    const known = world.get('backoffs', id)
    const next = nextBackoff(
      known && { backoff: known.delayMicros, lastUpdate: known.since },
      world.now,
      world.now,
      imagePullPolicy,
    )
    world.put('backoffs', id, {
      node,
      key: `${record.uid}_${spec.image}`,
      what: 'image',
      uid: record.uid,
      container: spec.name,
      delayMicros: next.backoff,
      since: world.now,
      until: world.now + next.backoff,
      message: `ErrImagePull: ${err}`,
    })
    tell(world, node, pod, podEvents.failedPull(spec.image, err), spec)
    tell(world, node, pod, podEvents.failed('ErrImagePull'), spec)
    return startFailed(world, { ...record, job }, pod, 'ErrImagePull', err)
  }
  world.put('backoffs', id, undefined)
  const imageId = (response.response as PullImageResponse).image_ref
  const waitTook = world.now - job.start!.since
  const start = { ...job.start!, waitTook, pullTook: world.now - (job.start!.pullAt ?? job.start!.since) }
  const asking: PodWorkerRecord = {
    ...record,
    job: { ...job, step: 'pulled', start: { ...start, imageId }, call: { method: 'ImageStatus', since: world.now } },
  }
  putWorker(world, asking)
  // The size in the event is asked for once the image is there.
  askImage(world, asking, spec)
}
