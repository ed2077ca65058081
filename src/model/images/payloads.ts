/**
 * What travels in a connection: the `request` and `response` of linux/net, for HTTP and DNS. Whoever connects puts
 * these in; the programs of the containers answer with them.
 */
export type HttpRequest = {
  protocol: 'http'
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  path: string
  /** The Host header, as the client wrote the address. */
  host: string
  userAgent: string
  headers?: Record<string, string>
  body?: string
}
export type HttpResponse = { protocol: 'http'; status: number; headers: Record<string, string>; body: string }

export type DnsQuery = { protocol: 'dns'; name: string; type: 'A' | 'AAAA' | 'SRV' | 'PTR' }
export type DnsResponse = {
  protocol: 'dns'
  rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED'
  name: string
  answers: { name: string; type: string; ttl: number; value: string }[]
  authoritative: boolean
}

/** A line of text, as nc sends and prints it. */
export type TextDatagram = { protocol: 'text'; text: string }

export function httpGet(
  host: string,
  path: string,
  userAgent: string,
  headers: Record<string, string> = {},
): HttpRequest {
  return { protocol: 'http', method: 'GET', path, host, userAgent, headers }
}

export const isHttp = (request: unknown): request is HttpRequest =>
  (request as HttpRequest | undefined)?.protocol === 'http'
export const isDns = (request: unknown): request is DnsQuery => (request as DnsQuery | undefined)?.protocol === 'dns'

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
export const statusText = (status: number): string => STATUS_TEXT[status] ?? 'Unknown'

export function httpReply(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  return {
    protocol: 'http',
    status,
    headers: { 'Content-Type': 'text/plain', 'Content-Length': String(body.length), ...headers },
    body,
  }
}
