/** Listening sockets: who answers on which address and port of a network namespace. */
import type { ListenerRecord, ModelReader, ModelWorld, ProcessRecord } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { processOf } from './process-table.ts'

/** `kernel.listen`, NODE/proc -> kernel. The namespace is that of the process. */
export type ListenRequest = { pid: number; containerId: string; proto: 'tcp' | 'udp'; ip: string; port: number }

export const listenerId = (l: Pick<ListenerRecord, 'node' | 'netns' | 'proto' | 'ip' | 'port'>): string =>
  `${l.node}|${l.netns}|${l.proto}|${l.ip}|${l.port}`

/** A second bind to the same port fails (EADDRINUSE): the program learns it by `kernel.listen-failed`. */
export function listen(world: ModelWorld, event: SimEvent<ListenRequest>): void {
  const node = placeOf(event.to)
  const { pid, containerId, proto, ip, port } = event.data
  const process = processOf(world, node, pid)
  if (!process) return
  const taken = findListener(world, node, process.netns, proto, ip, port)
  if (taken && taken.pid !== pid) {
    world.because('LX3', { port, holder: taken.pid })
    world.send('kernel.listen-failed', `${node}/proc`, { pid, containerId, port }, { delayMicros: 20 })
    return
  }
  const record: ListenerRecord = { node, netns: process.netns, proto, ip, port, pid, containerId }
  world.put('listeners', listenerId(record), record)
}

/** `kernel.unlisten`, to NODE/kernel: a program closes one of its sockets of the host's network. */
export function unlisten(world: ModelWorld, event: SimEvent<Omit<ListenRequest, 'containerId'>>): void {
  const { proto, ip, port, pid } = event.data
  const id = listenerId({ node: placeOf(event.to), netns: '', proto, ip, port })
  if (world.get('listeners', id)?.pid === pid) world.put('listeners', id, undefined)
}

/** The socket a packet to `ip:port` in that namespace reaches: the exact address first, then the wildcard. */
export function findListener(
  reader: ModelReader,
  node: string,
  netns: string,
  proto: 'tcp' | 'udp',
  ip: string,
  port: number,
): ListenerRecord | undefined {
  return (
    reader.get('listeners', `${node}|${netns}|${proto}|${ip}|${port}`) ??
    reader.get('listeners', `${node}|${netns}|${proto}|0.0.0.0|${port}`)
  )
}

export function closeListenersOf(world: ModelWorld, process: ProcessRecord): void {
  for (const listener of world.by('listeners', 'netns', `${process.node}|${process.netns}`))
    if (listener.pid === process.pid) world.put('listeners', listenerId(listener), undefined)
}
