// Where a probe goes. Upstream: pkg/probe/util.go (ResolveContainerPort), pkg/probe/http/request.go.
import type { Container, IntOrString } from '../../apiserver/objects.ts'

/** A named port is one of the container's own. 0: there is none of that name. */
export function portOf(spec: Container, port: IntOrString): number {
  if (typeof port === 'number') return port
  if (/^\d+$/.test(port)) return Number(port)
  return spec.ports?.find((p) => p.name === port)?.containerPort ?? 0
}

export function urlOf(https: boolean, ip: string, port: number, path: string): string {
  return `${https ? 'https' : 'http'}://${ip}:${port}${path.startsWith('/') ? path : `/${path}`}`
}
