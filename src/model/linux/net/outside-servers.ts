/** What listens on machines outside of the cluster: a web server on `external`, for ExternalName and selector-less Services. */
import { httpReply, type HttpResponse, isHttp } from '../../images/payloads.ts'
import type { OutsideHost } from './places.ts'

const PORTS: Readonly<Partial<Record<OutsideHost, readonly number[]>>> = { external: [80, 8080] }

export const listensOutside = (host: OutsideHost, port: number): boolean => PORTS[host]?.includes(port) ?? false

/** undefined: it closes without an answer. */
export function outsideAnswer(host: OutsideHost, peer: string, request: unknown): HttpResponse | undefined {
  if (!isHttp(request)) return undefined
  return httpReply(200, request.path.split('?')[0] === '/clientip' ? `${peer}\n` : `${host}.lab\n`)
}
