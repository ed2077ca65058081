/** What the daemons of a machine answer over the network, as far as probes and people ask them. */
import { httpReply, type HttpResponse, isHttp } from '../../images/payloads.ts'

const HEALTHZ: ReadonlySet<number> = new Set([10_248, 10_249, 10_256, 10_257, 10_259, 6_443, 2_381, 2_379])

/** undefined: the connection is closed without an answer (not HTTP, or nobody there speaks it). */
export function daemonAnswer(port: number, request: unknown): HttpResponse | undefined {
  if (!isHttp(request)) return undefined
  const path = request.path.split('?')[0]!
  if (HEALTHZ.has(port) && /^\/(healthz|livez|readyz|health)(\/|$)/.test(path)) return httpReply(200, 'ok')
  if (port === 10_250) return httpReply(401, 'Unauthorized')
  return httpReply(404, '404 page not found\n')
}
