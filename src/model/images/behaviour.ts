/** How a server of a container answers one request: a pure function of the container and the request. */
import type { ContainerRecord, ModelReader } from '../tables.ts'
import { MILLI } from '../../sim/clock.ts'
import type { NetRequest } from '../linux/net/connect.ts'
import { answerQuery, zoneOf } from '../dns/coredns.ts'
import { answerOfProxy } from '../kube-proxy/servers.ts'
import { POOL, poolSize } from '../load-balancer/pool.ts'
import { memoryOf } from './process-memory.ts'
import { DELETED, DIRECTORY, readContainerFile } from './container-files.ts'
import { httpReply, isDns, isHttp, type HttpRequest, type HttpResponse, type TextDatagram } from './payloads.ts'
import { accessLogApache, accessLogNginx } from './access-log.ts'

export type Answer = {
  response?: unknown
  /** Closes without an answer. */
  reset?: boolean
  /** Lines for the container's log. */
  log?: string
  workMicros: number
}

type Server = (reader: ModelReader, container: ContainerRecord, request: NetRequest) => Answer

const env = (container: ContainerRecord, name: string): string | undefined =>
  container.envs.find((e) => e.key === name)?.value

export function podHostname(reader: ModelReader, container: ContainerRecord): string {
  return reader.get('sandboxes', container.sandboxId)?.hostname || container.podName
}

/** Where a server asks HTTP of everyone who connects: the rest closes. */
const http =
  (
    serve: (
      reader: ModelReader,
      container: ContainerRecord,
      request: HttpRequest,
      net: NetRequest,
    ) => HttpResponse & { log?: string },
    workMicros = 400,
  ): Server =>
  (reader, container, net) => {
    if (!isHttp(net.request)) return { reset: true, workMicros }
    const { log, ...response } = serve(reader, container, net.request, net)
    return { response, workMicros, ...(log === undefined ? {} : { log }) }
  }

function file(reader: ModelReader, container: ContainerRecord, root: string, path: string): string | undefined {
  const clean = path.split('?')[0]!
  const text = readContainerFile(reader, container, root + (clean.endsWith('/') ? `${clean}index.html` : clean))
  return text === DELETED || text === DIRECTORY ? undefined : text
}

const NGINX_404 =
  '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.29.4</center>\r\n</body>\r\n</html>\r\n'
const APACHE_404 =
  '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n'

const nginx = http((reader, container, request, net) => {
  const body = file(reader, container, '/usr/share/nginx/html', request.path)
  const response = httpReply(body === undefined ? 404 : 200, body ?? NGINX_404, {
    Server: 'nginx/1.29.4',
    'Content-Type': 'text/html',
  })
  return { ...response, log: accessLogNginx(reader.now, net.peerIp, request, response) }
})

const httpd = http((reader, container, request, net) => {
  const body = file(reader, container, '/usr/local/apache2/htdocs', request.path)
  const response = httpReply(body === undefined ? 404 : 200, body ?? APACHE_404, {
    Server: 'Apache/2.4.66 (Unix)',
    'Content-Type': 'text/html',
  })
  return { ...response, log: accessLogApache(reader.now, net.peerIp, request, response) }
})

/** The lab's own: `/healthz` fails while /tmp/unhealthy is there (or HEALTHY=false), `/ready` likewise. */
const web = http((reader, container, request, net) => {
  const files = memoryOf(container).files
  const switchedOff = (path: string, name: string) =>
    (files[path] !== undefined && files[path] !== DELETED) || env(container, name) === 'false'
  const path = request.path.split('?')[0]
  if (path === '/healthz' || path === '/livez')
    return switchedOff('/tmp/unhealthy', 'HEALTHY') ? httpReply(500, 'unhealthy\n') : httpReply(200, 'ok\n')
  if (path === '/ready' || path === '/readyz')
    return switchedOff('/tmp/unready', 'READY') ? httpReply(503, 'not ready\n') : httpReply(200, 'ok\n')
  if (path === '/clientip') return httpReply(200, `${net.peerIp}:${net.peerPort}\n`)
  return httpReply(200, `${podHostname(reader, container)}\n`)
})

/** The lab's own: notes who sent, and answers with the name of its pod unless QUIET=true. */
const udpEcho: Server = (reader, container, net) => ({
  log: `${net.peerIp}:${net.peerPort}`,
  workMicros: 120,
  ...(env(container, 'QUIET') === 'true'
    ? { reset: true }
    : { response: { protocol: 'text', text: podHostname(reader, container) } satisfies TextDatagram }),
})

/** test/images/agnhost/netexec, serve-hostname, liveness. */
const agnhost = http((reader, container, request, net) => {
  const [, command = 'pause'] = container.argv
  const [path = '/', query = ''] = request.path.split('?')
  const name = podHostname(reader, container)
  if (command === 'liveness') {
    const seconds = Math.floor((reader.now - (container.startedAt ?? reader.now)) / 1_000_000)
    if (path === '/started') return httpReply(200, `${seconds}s`)
    return seconds > 10 ? httpReply(500, `error: ${seconds}.0`) : httpReply(200, 'ok')
  }
  if (command === 'serve-hostname') return httpReply(200, name)
  switch (path) {
    case '/hostname':
    case '/hostName':
      return httpReply(200, name)
    case '/clientip':
      return httpReply(200, `${net.peerIp}:${net.peerPort}`)
    case '/echo':
      return httpReply(200, decode(/(?:^|&)msg=([^&]*)/.exec(query)?.[1] ?? ''))
    case '/healthz':
      return httpReply(memoryOf(container).files['/tmp/unhealthy'] === undefined ? 200 : 412, '')
    default:
      return httpReply(200, `NOW: ${reader.now}`)
  }
})

const decode = (text: string): string =>
  text.replaceAll('+', ' ').replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))

const whoami = http((reader, container, request, net) => {
  const ip = reader.get('sandboxes', container.sandboxId)?.ip ?? ''
  return httpReply(
    200,
    `Hostname: ${podHostname(reader, container)}\nIP: 127.0.0.1\nIP: ${ip}\nRemoteAddr: ${net.peerIp}:${net.peerPort}\n${request.method} ${request.path} HTTP/1.1\nHost: ${request.host}\nUser-Agent: ${request.userAgent}\nAccept: */*\n\n`,
  )
})

const helloApp = http((reader, container) => {
  const version = container.image.endsWith(':2.0') ? '2.0.0' : '1.0.0'
  return httpReply(200, `Hello, world!\nVersion: ${version}\nHostname: ${podHostname(reader, container)}\n`)
})

const httpEcho = http((_, container) => {
  const at = container.argv.findIndex((word) => /^--?text/.test(word))
  const word = container.argv[at] ?? ''
  const text = word.includes('=') ? word.slice(word.indexOf('=') + 1) : (container.argv[at + 1] ?? '')
  return httpReply(200, `${text}\n`)
})

/** Health endpoints of the control plane's processes: they answer what probes ask. */
const system = http((_, __, request) =>
  /^\/(healthz|livez|readyz|health|ready)/.test(request.path)
    ? httpReply(200, 'ok')
    : httpReply(404, '404 page not found\n'),
)

/** Takes the connection, knows no request. */
const silent: Server = () => ({ reset: true, workMicros: 200 })

const coredns: Server = (reader, container, net) => {
  if (isDns(net.request)) return { response: answerQuery(reader, container.node, net.request), workMicros: 250 }
  // plugin/ready: the kubernetes plugin is ready when its caches are.
  if (isHttp(net.request) && net.port === 8181)
    return {
      response: zoneOf(reader, container.node) ? httpReply(200, 'OK') : httpReply(503, 'kubernetes'),
      workMicros: 150,
    }
  if (isHttp(net.request))
    return { response: httpReply(200, net.request.path.startsWith('/health') ? 'OK' : ''), workMicros: 150 }
  return { reset: true, workMicros: 100 }
}

const kubeProxy = http((reader, container, request, net) =>
  answerOfProxy(reader, container.node, net.port, request.path),
)

/** metallb internal/allocator/stats.go, speaker/main.go: the two metrics that people look for. */
const metalLb = http((reader, container, request) => {
  if (request.path !== '/metrics') return httpReply(404, '404 page not found\n')
  const lines: string[] = []
  const given = Object.values(reader.get('metalLbControllers', container.node)?.assigned ?? {})
  if (container.behaviour === 'metallb-controller')
    lines.push(
      `metallb_allocator_addresses_in_use_total{pool="${POOL.name}"} ${new Set(given).size}`,
      `metallb_allocator_addresses_total{pool="${POOL.name}"} ${poolSize(POOL)}`,
    )
  else
    for (const [service, ip] of Object.entries(reader.get('metalLbSpeakers', container.node)?.announced ?? {}))
      lines.push(
        `metallb_speaker_announced{ip="${ip}",node="${container.node}",protocol="layer2",service="${service}"} 1`,
      )
  return httpReply(200, lines.map((line) => `${line}\n`).join(''))
})

export const SERVERS: Readonly<Record<string, Server>> = {
  nginx,
  httpd,
  'busybox-httpd': httpd,
  web,
  'udp-echo': udpEcho,
  agnhost,
  whoami,
  'hello-app': helloApp,
  'http-echo': httpEcho,
  'tcp-server': silent,
  system,
  'kube-proxy': kubeProxy,
  'metallb-controller': metalLb,
  'metallb-speaker': metalLb,
  coredns,
}

export function respond(reader: ModelReader, container: ContainerRecord, program: string, request: NetRequest): Answer {
  const server = SERVERS[program]
  if (!server) return { reset: true, workMicros: MILLI }
  return server(reader, container, request)
}
