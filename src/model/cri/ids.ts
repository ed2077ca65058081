/** Random ids, as containerd makes them (internal/cri/util/id.go GenerateID; pkg/netns for the namespace's name). */
import type { ModelWorld } from '../tables.ts'

function hex(world: ModelWorld, stream: string, digits: number): string {
  let text = ''
  while (text.length < digits) text += world.random(stream, 0x1_0000_0000).toString(16).padStart(8, '0')
  return text.slice(0, digits)
}

/** 64 hex digits. */
export const newId = (world: ModelWorld): string => hex(world, 'containerd id', 64)

/** `cni-` and a random UUID (version 4). */
export function newNetnsName(world: ModelWorld): string {
  const h = hex(world, 'netns name', 32)
  const variant = (8 + (parseInt(h[16]!, 16) & 3)).toString(16)
  return `cni-${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`
}

export const newVethName = (world: ModelWorld): string => `veth${hex(world, 'veth name', 8)}`
