/**
 * PullImage: resolve, manifest, layers (three at a time), unpack. The blobs under way on a node share its bandwidth, so
 * each start and end of one gives the others a new speed: their arrival is planned anew.
 * Upstream: containerd internal/cri/server/images/image_pull.go, core/remotes/docker (fetcher, resolver).
 */
import { connected, sendOver } from '../messages.ts'
import type { CriCallRecord, ModelReader, ModelWorld, PullRecord } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { fullName, lookUpImage, isMissing, type KnownImage } from '../images/known-image.ts'
import { invalidImageName } from '../kubelet/images/image-name.ts'
import type { PullImageRequest } from './api.ts'
import { failCall, finishCall, openCall, refuse, requestOf, type CallEvent, type GrpcCode } from './calls.ts'
import { logContainerd } from './containerd-log.ts'
import { COSTS } from './costs.ts'
import { findImage, storeImage } from './image-store.ts'
import { manifestUrl, pullError, registryIp } from './pull-errors.ts'

/** `registry.request`, containerd -> registry. */
export type RegistryRequest = {
  op: 'resolve' | 'manifest' | 'blob'
  image: string
  url: string
  digest?: string
  pull: string
}
/** `registry.response`, back. `status` is the HTTP status; `refused`: no connection. */
export type RegistryResponse = RegistryRequest & { status: number; refused?: boolean; bytes: number; body?: string }

/** core/transfer and the CRI plugin's max_concurrent_downloads. */
const MAX_CONCURRENT_DOWNLOADS = 3
/** Dial timeout of Go's default transport. */
const DIAL_TIMEOUT = 30_000_000

const pullKey = (node: string, ref: string): string => `${node}|${ref}`

/** Names one attempt: an answer to an earlier one of the same image must not be taken for its own. */
const tokenOf = (pull: PullRecord): string => `${pullKey(pull.node, pull.image)}#${pull.startedAt}`

function pullOf(reader: ModelReader, token: string): PullRecord | undefined {
  const hash = token.lastIndexOf('#')
  const pull = reader.get('pulls', token.slice(0, hash))
  return pull && pull.endedAt === undefined && pull.startedAt === Number(token.slice(hash + 1)) ? pull : undefined
}

export function pullImage(world: ModelWorld, event: CallEvent): void {
  const { image } = requestOf<PullImageRequest>(event)
  const bad = invalidImageName(image.image)
  if (bad !== undefined)
    return refuse(
      world,
      event,
      `failed to pull image "${image.image}": failed to parse image reference "${image.image}": ${bad}`,
    )
  const node = placeOf(event.to)
  const call = openCall(world, event, `pulls ${image.image}`)
  pullFor(world, node, image.image, call)
}

/** Starts a pull, or joins the one under way. */
export function pullFor(world: ModelWorld, node: string, image: string, call: CriCallRecord): void {
  const { ref } = fullName(image)
  const key = pullKey(node, ref)
  const running = world.get('pulls', key)
  if (running && running.endedAt === undefined) {
    world.because('CR8', { image: ref })
    world.put('pulls', key, { ...running, calls: [...running.calls, call.id] })
    return
  }
  logContainerd(world, node, 'info', `PullImage "${image}"`)
  const pull: PullRecord = { node, image: ref, startedAt: world.now, state: 'manifest', layers: [], calls: [call.id] }
  world.put('pulls', key, pull)
  world.because('CR6', { image: ref })
  ask(world, node, { op: 'resolve', image: ref, url: manifestUrl(ref), pull: tokenOf(pull) })
}

function ask(world: ModelWorld, node: string, request: RegistryRequest): void {
  const known = lookUpImage(request.image)
  if (isMissing(known) && known.missing === 'host') {
    world.because('CR10', { host: hostOf(request.image) })
    const error = `dial tcp: lookup ${hostOf(request.image)} on 172.18.0.1:53: no such host`
    world.send(
      'timer.pull-timeout',
      `${node}/containerd`,
      { pull: request.pull, op: request.op, error },
      { from: `${node}/containerd`, delayMicros: 30_000 },
    )
    return
  }
  if (sendOver(world, 'registry.request', 'registry', request, { from: `${node}/containerd` }) === undefined)
    // Lost on the wire: nothing will answer. The name look-up gives up first.
    world.send(
      'timer.pull-timeout',
      `${node}/containerd`,
      { pull: request.pull, op: request.op },
      { from: `${node}/containerd`, delayMicros: DIAL_TIMEOUT },
    )
}

export function pullTimeout(world: ModelWorld, event: SimEvent<{ pull: string; op: string; error?: string }>): void {
  const pull = pullOf(world, event.data.pull)
  if (!pull) return
  const ip = world.get('machines', pull.node)?.ip ?? ''
  const port = 30_000 + world.random('ephemeral port', 30_000)
  const late = `dial tcp: lookup ${hostOf(pull.image)} on 172.18.0.1:53: read udp ${ip}:${port}->172.18.0.1:53: i/o timeout`
  failPull(world, pull, pullError(pull.image, event.data.op, event.data.error ?? late))
}

const hostOf = (ref: string): string => new RegExp('^https://([^/]+)/').exec(manifestUrl(ref))![1]!

/** The cable was pulled while the answer was under way: the read hangs until the connection is given up. */
function stalled(world: ModelWorld, event: SimEvent<RegistryRequest>): boolean {
  if (connected(world, event.to, event.from)) return false
  const { pull, op } = event.data
  world.send('timer.pull-timeout', event.to, { pull, op }, { delayMicros: DIAL_TIMEOUT })
  return true
}

export function registryResponse(world: ModelWorld, event: SimEvent<RegistryResponse>): void {
  const { op, status, refused, pull: token, digest, body } = event.data
  const pull = pullOf(world, token)
  if (!pull) return
  if (stalled(world, event)) return
  if (refused)
    return failPull(
      world,
      pull,
      pullError(pull.image, op, `dial tcp ${registryIp(pull.image)}:443: connect: connection refused`),
    )
  if (status !== 200) {
    const missing = lookUpImage(pull.image)
    const code: GrpcCode = isMissing(missing) && missing.missing === 'tag' ? 'NotFound' : 'Unknown'
    world.because('CR7', { status })
    return failPull(world, pull, pullError(pull.image, op, body ?? '', status), code)
  }
  if (op === 'resolve') {
    const known = lookUpImage(pull.image) as KnownImage
    return ask(world, pull.node, {
      op: 'manifest',
      image: pull.image,
      url: manifestUrl(pull.image, known.digest),
      pull: token,
    })
  }
  if (op === 'manifest') return planLayers(world, pull)
  layerDone(world, pull, digest!)
}

function planLayers(world: ModelWorld, pull: PullRecord): void {
  const known = lookUpImage(pull.image) as KnownImage
  const present = layersOn(world, pull.node)
  const layers = known.layers.map((layer) => (present.has(layer.digest) ? { ...layer, exists: true } : { ...layer }))
  const planned: PullRecord = { ...pull, state: 'layers', layers, resolvedAt: world.now }
  world.put('pulls', pullKey(pull.node, pull.image), planned)
  startLayers(world, planned)
}

/** The content store keeps a blob once, whatever image it came with. */
function layersOn(reader: ModelReader, node: string): Set<string> {
  const digests = new Set<string>()
  for (const image of reader.by('images', 'node', node)) for (const layer of image.layers) digests.add(layer.digest)
  return digests
}

type Layer = PullRecord['layers'][number]
const isDone = (layer: Layer): boolean =>
  layer.exists === true || (layer.doneAt !== undefined && layer.transfer === undefined)
const isUnderWay = (layer: Layer): boolean => layer.startedAt !== undefined && !isDone(layer)

function startLayers(world: ModelWorld, pull: PullRecord): void {
  const key = pullKey(pull.node, pull.image)
  let active = pull.layers.filter(isUnderWay).length
  const layers = pull.layers.map((layer) => {
    if (active >= MAX_CONCURRENT_DOWNLOADS || layer.startedAt !== undefined || layer.exists) return layer
    active++
    const request: RegistryRequest = {
      op: 'blob',
      image: pull.image,
      url: manifestUrl(pull.image).replace(/manifests\/.*$/, `blobs/${layer.digest}`),
      digest: layer.digest,
      pull: tokenOf(pull),
    }
    ask(world, pull.node, request)
    return { ...layer, startedAt: world.now }
  })
  const next = { ...pull, layers }
  world.put('pulls', key, next)
  if (active === 0) return unpack(world, next)
}

/** `registry.blob`: the registry starts to send a blob; from here containerd and the registry share the transfer. */
export function blobStarts(world: ModelWorld, event: SimEvent<RegistryRequest & { bytes: number }>): void {
  const pull = pullOf(world, event.data.pull)
  if (!pull || stalled(world, event)) return
  const layers = pull.layers.map((layer) =>
    // Not a byte is there yet: the plan below gives it its arrival, and its event takes the place of this one.
    layer.digest === event.data.digest
      ? { ...layer, startedAt: world.now, doneAt: world.now + 1, transfer: event.id }
      : layer,
  )
  world.put('pulls', pullKey(pull.node, pull.image), { ...pull, layers })
  shareBandwidth(world, pull.node)
}

export function bandwidthOf(reader: ModelReader, node: string): number {
  const slow = reader.get('faults', `slow-registry|${node}`) ?? reader.get('faults', 'slow-registry|registry')
  return slow ? Math.floor(COSTS.downloadBytesPerSecond / 40) : COSTS.downloadBytesPerSecond
}

/**
 * Gives every blob that is under way on the node the same part of the bandwidth. A layer's fill stays linear between
 * its two times: where the speed changes, `startedAt` moves so that the line runs through what is there now.
 */
export function shareBandwidth(world: ModelWorld, node: string): void {
  const pulls = world.by('pulls', 'node', node).filter((pull) => pull.endedAt === undefined)
  let active = 0
  for (const pull of pulls) for (const layer of pull.layers) if (layer.transfer !== undefined) active++
  if (active === 0) return
  const rate = Math.max(1, Math.floor(bandwidthOf(world, node) / active))
  for (const pull of pulls) {
    const layers = pull.layers.map((layer) => {
      if (layer.transfer === undefined) return layer
      const whole = Math.max(1, Math.ceil((layer.size / rate) * 1_000_000))
      const span = layer.doneAt! - layer.startedAt!
      const part = span <= 1 ? 0 : Math.min(1, Math.max(0, (world.now - layer.startedAt!) / span))
      const left = Math.max(1, Math.ceil(whole * (1 - part)))
      if (world.now + left === layer.doneAt) return layer
      world.cancel(layer.transfer)
      world.because('CR9', { blobs: active, 'bytes per second': rate })
      const response: RegistryResponse = {
        op: 'blob',
        image: pull.image,
        url: '',
        digest: layer.digest,
        pull: tokenOf(pull),
        status: 200,
        bytes: layer.size,
      }
      const transfer = world.send('registry.response', `${node}/containerd`, response, {
        from: 'registry',
        delayMicros: left,
      })
      return { ...layer, startedAt: world.now + left - whole, doneAt: world.now + left, transfer }
    })
    world.put('pulls', pullKey(node, pull.image), { ...pull, layers })
  }
}

function layerDone(world: ModelWorld, pull: PullRecord, digest: string): void {
  const layers = pull.layers.map((layer) => {
    if (layer.digest !== digest) return layer
    const { transfer: _arrived, ...rest } = layer
    return { ...rest, doneAt: world.now }
  })
  const next = { ...pull, layers }
  world.put('pulls', pullKey(pull.node, pull.image), next)
  startLayers(world, next)
  shareBandwidth(world, pull.node)
}

/** Layers are applied in order once the last is there; real containerd overlaps a little. */
function unpack(world: ModelWorld, pull: PullRecord): void {
  if (!pull.layers.every(isDone)) return
  const bytes = pull.layers.reduce((sum, layer) => sum + (layer.exists ? 0 : layer.size), 0)
  const delayMicros = 4_000 + Math.ceil((bytes / COSTS.unpackBytesPerSecond) * 1_000_000)
  const key = pullKey(pull.node, pull.image)
  world.put('pulls', key, { ...pull, state: 'unpack', unpackUntil: world.now + delayMicros })
  world.send(
    'timer.unpacked',
    `${pull.node}/containerd`,
    { pull: tokenOf(pull) },
    { from: `${pull.node}/containerd`, delayMicros },
  )
}

export function unpacked(world: ModelWorld, event: SimEvent<{ pull: string }>): void {
  const pull = pullOf(world, event.data.pull)
  if (!pull) return
  const known = lookUpImage(pull.image) as KnownImage
  const image = storeImage(world, pull.node, known, findImage(world, pull.node, known.id)?.pinned ?? false)
  world.put('pulls', pullKey(pull.node, pull.image), { ...pull, state: 'done', endedAt: world.now })
  logContainerd(
    world,
    pull.node,
    'info',
    `Pulled image "${pull.image}" with image id "${image.id}", repo tag "${image.repoTags[0] ?? ''}", repo digest "${image.repoDigests[0]}", size "${image.size}" in ${(world.now - pull.startedAt) / 1_000_000}s`,
  )
  for (const id of pull.calls) {
    const call = world.get('criCalls', id)
    if (!call) continue
    if (call.method === 'PullImage') finishCall(world, call, { image_ref: image.id })
    else world.send('timer.pulled', `${pull.node}/containerd`, { call: id }, { from: `${pull.node}/containerd` })
  }
}

function failPull(world: ModelWorld, pull: PullRecord, error: string, code: GrpcCode = 'Unknown'): void {
  for (const layer of pull.layers) world.cancel(layer.transfer)
  const layers = pull.layers.map(({ transfer: _gone, ...layer }) => layer)
  world.put('pulls', pullKey(pull.node, pull.image), { ...pull, layers, state: 'failed', error, endedAt: world.now })
  logContainerd(
    world,
    pull.node,
    'error',
    `PullImage "${pull.image}" failed`,
    `rpc error: code = ${code} desc = ${error}`,
  )
  for (const id of pull.calls) {
    const call = world.get('criCalls', id)
    if (!call) continue
    if (call.method === 'PullImage') failCall(world, call, error, code)
    else world.send('timer.pulled', `${pull.node}/containerd`, { call: id, error }, { from: `${pull.node}/containerd` })
  }
  shareBandwidth(world, pull.node)
}
