/** The images on a node. Upstream: containerd internal/cri/store/image, internal/cri/server/images. */
import type { ImageRecord, ModelReader, ModelWorld } from '../tables.ts'
import { placeOf } from '../../sim/contract.ts'
import { fullName, isMissing, lookUpImage, repoDigest, type KnownImage } from '../images/known-image.ts'
import type { CriImage, ImageStatusRequest, RemoveImageRequest } from './api.ts'
import { answer, requestOf, type CallEvent } from './calls.ts'
import { COSTS } from './costs.ts'
import { joined } from '../../sim/joined.ts'

export const imageKey = (node: string, id: string): string => joined(node, id)

/** By id, tag or digest, short names included. */
export function findImage(reader: ModelReader, node: string, name: string): ImageRecord | undefined {
  const byId = reader.get('images', imageKey(node, name)) ?? reader.get('images', imageKey(node, `sha256:${name}`))
  if (byId) return byId
  const { ref } = fullName(name)
  return reader
    .by('images', 'node', node)
    .find((image) => image.repoTags.includes(ref) || image.repoDigests.includes(ref))
}

/** What the catalogue knows of an image that is on the node. */
export function knownImageOf(image: ImageRecord): KnownImage | undefined {
  const name = image.repoTags[0] ?? image.repoDigests[0]
  if (name === undefined) return undefined
  const known = lookUpImage(name)
  return isMissing(known) ? undefined : known
}

export function storeImage(world: ModelWorld, node: string, image: KnownImage, pinned: boolean): ImageRecord {
  const key = imageKey(node, image.id)
  const before = world.get('images', key)
  const tags = image.ref.includes('@') ? [] : [image.ref]
  const add = (list: readonly string[], more: readonly string[]) => [...list, ...more.filter((x) => !list.includes(x))]
  // A tag names one image of the node.
  for (const other of world.by('images', 'node', node))
    if (other.id !== image.id && other.repoTags.includes(image.ref))
      world.put('images', imageKey(node, other.id), {
        ...other,
        repoTags: other.repoTags.filter((t) => t !== image.ref),
      })
  const record: ImageRecord = {
    node,
    id: image.id,
    repoTags: add(before?.repoTags ?? [], tags),
    repoDigests: add(before?.repoDigests ?? [], [repoDigest(image)]),
    size: image.size,
    layers: [...image.layers],
    pinned,
    pulledAt: world.now,
  }
  world.put('images', key, record)
  return record
}

function toCri(image: ImageRecord): CriImage {
  const user = knownImageOf(image)?.entry?.user
  return {
    id: image.id,
    repo_tags: image.repoTags,
    repo_digests: image.repoDigests,
    size: image.size,
    pinned: image.pinned,
    ...(user === undefined
      ? {}
      : /^\d+/.test(user)
        ? { uid: { value: parseInt(user, 10) } }
        : { username: user.split(':')[0]! }),
  }
}

export function imageStatus(world: ModelWorld, event: CallEvent): void {
  const image = findImage(world, placeOf(event.to), requestOf<ImageStatusRequest>(event).image.image)
  answer(world, event, image ? { image: toCri(image) } : {})
}

export function listImages(world: ModelWorld, event: CallEvent): void {
  answer(world, event, { images: world.by('images', 'node', placeOf(event.to)).map(toCri) }, COSTS.store)
}

/** Containers that still use it keep their own snapshot; the record goes at once. */
export function removeImage(world: ModelWorld, event: CallEvent): void {
  const node = placeOf(event.to)
  const image = findImage(world, node, requestOf<RemoveImageRequest>(event).image.image)
  if (image) world.put('images', imageKey(node, image.id), undefined)
  answer(world, event, {}, COSTS.removeSandbox)
}

export function imageFsInfo(world: ModelWorld, event: CallEvent): void {
  // A layer on disk takes about 2.6 times its compressed size; layers that images share are stored once.
  const layers = new Map<string, number>()
  for (const image of world.by('images', 'node', placeOf(event.to)))
    for (const layer of image.layers) layers.set(layer.digest, layer.size)
  let bytes = 0
  for (const size of layers.values()) bytes += Math.round(size * 2.6)
  answer(world, event, { image_filesystems: [{ used_bytes: bytes }] })
}
