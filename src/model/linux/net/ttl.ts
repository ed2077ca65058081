/** What is left of the answer's time to live: every machine that routed it has taken one; a bridge takes none (ip_forward). */
import type { ModelReader } from '../../tables.ts'

const DEFAULT_TTL = 64

export function answerTtl(reader: ModelReader, flow: string): number {
  const packets = reader.get('flows', flow)?.packets ?? []
  for (let i = packets.length - 1; i >= 0; i--) {
    const packet = reader.get('packets', packets[i]!)
    if (packet?.way !== 'reply' || packet.state !== 'delivered') continue
    return DEFAULT_TTL - packet.hops.filter((hop) => hop.inDev && hop.outDev && hop.inDev !== hop.outDev).length
  }
  return DEFAULT_TTL
}
