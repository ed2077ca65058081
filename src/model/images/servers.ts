/** Ports, first words and manner of ending of the programs that serve. */
import { readConfiguration } from '../kube-proxy/configuration.ts'
import { klogLine } from '../kube-proxy/log.ts'
import type { ContainerRecord, ModelReader } from '../tables.ts'
import { MILLI, rfc3339, SECOND } from '../../sim/clock.ts'
import { lookUpImage, isMissing } from './known-image.ts'
import { baseName } from './entrypoint.ts'

export type Port = { proto: 'tcp' | 'udp'; port: number; /** Where it listens, if not everywhere. */ ip?: string }
export type ServerProgram = {
  ports(container: ContainerRecord, argv: readonly string[]): Port[]
  hello(container: ContainerRecord, now: number, argv: readonly string[]): string
  /** What keeps it from starting, as it prints it before it exits with 1. */
  fails?: (reader: ModelReader, container: ContainerRecord) => string | undefined
  /** Time from exec to listening. */
  startMicros: number
  rss: number
  /** What a stop signal does; undefined: as the kernel has it for the first process, nothing. */
  stop?: {
    code: number
    codeOf?: (argv: readonly string[]) => number
    afterMicros: number
    says?: (signal: string, now: number) => string
  }
}

const env = (container: ContainerRecord, name: string): string | undefined =>
  container.envs.find((e) => e.key === name)?.value
const tcp = (...ports: number[]): Port[] => ports.map((port) => ({ proto: 'tcp', port }))

/** `--name=value`, `--name value`, one dash or two. */
function flag(argv: readonly string[], name: string): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!.replace(/^--?/, '')
    if (word.startsWith(`${name}=`)) return word.slice(name.length + 1)
    if (word === name && argv[i]!.startsWith('-')) return argv[i + 1]
  }
  return undefined
}

const nginxTime = (now: number): string => rfc3339(now).slice(0, 19).replaceAll('-', '/').replace('T', ' ')
/** A Go program without a handler, as first process: the runtime raises the signal again, is not killed, and exits 2. */
const GO_DEFAULT = { code: 2, afterMicros: 2 * MILLI }

export const SERVER_PROGRAMS: Readonly<Record<string, ServerProgram>> = {
  nginx: {
    ports: () => tcp(80),
    hello: (_, now) =>
      `/docker-entrypoint.sh: Configuration complete; ready for start up\n${nginxTime(now)} [notice] 1#1: nginx/1.29.4\n${nginxTime(now)} [notice] 1#1: start worker processes\n`,
    startMicros: 60 * MILLI,
    rss: 9 << 20,
    stop: {
      code: 0,
      afterMicros: 40 * MILLI,
      says: (signal, now) =>
        `${nginxTime(now)} [notice] 1#1: signal ${signal === 'SIGQUIT' ? '3 (SIGQUIT) received, shutting down' : '15 (SIGTERM) received, exiting'}\n`,
    },
  },
  httpd: {
    ports: () => tcp(80),
    hello: () =>
      "AH00558: httpd: Could not reliably determine the server's fully qualified domain name. Set the 'ServerName' directive globally to suppress this message\n[mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4.66 (Unix) configured -- resuming normal operations\n",
    startMicros: 45 * MILLI,
    rss: 8 << 20,
    stop: {
      code: 0,
      afterMicros: 90 * MILLI,
      says: (signal) =>
        signal === 'SIGWINCH'
          ? '[mpm_event:notice] [pid 1:tid 1] AH00492: caught SIGWINCH, shutting down gracefully\n'
          : '[mpm_event:notice] [pid 1:tid 1] AH00491: caught SIGTERM, shutting down\n',
    },
  },
  'busybox-httpd': {
    ports: (_, argv) => tcp(Number((flag(argv, 'p') ?? '80').split(':').at(-1))),
    hello: () => '',
    startMicros: 5 * MILLI,
    rss: 900_000,
  },
  web: {
    ports: (c) => tcp(Number(env(c, 'PORT') ?? 8080)),
    hello: (c) => `listening on :${env(c, 'PORT') ?? 8080}\n`,
    startMicros: 30 * MILLI,
    rss: 6 << 20,
    stop: { code: 0, afterMicros: 20 * MILLI, says: (signal) => `${signal}: closing\n` },
  },
  'udp-echo': {
    ports: (c) => [{ proto: 'udp', port: Number(env(c, 'PORT') ?? 5140) }],
    hello: (c) => `listening on udp :${env(c, 'PORT') ?? 5140}\n`,
    startMicros: 20 * MILLI,
    rss: 3 << 20,
    stop: { code: 0, afterMicros: 10 * MILLI, says: (signal) => `${signal}: closing\n` },
  },
  agnhost: {
    ports: (_, argv) => {
      switch (argv[1]) {
        case 'netexec':
          return [
            ...tcp(Number(flag(argv, 'http-port') ?? 8080)),
            { proto: 'udp', port: Number(flag(argv, 'udp-port') ?? 8081) },
          ]
        case 'serve-hostname':
          return tcp(Number(flag(argv, 'port') ?? 9376))
        case 'liveness':
          return tcp(8080)
        default:
          return []
      }
    },
    hello: (_, __, argv) =>
      argv[1] === 'netexec'
        ? `Started HTTP server on port ${flag(argv, 'http-port') ?? 8080}\n`
        : argv[1] === 'pause' || argv[1] === undefined
          ? 'Paused\n'
          : '',
    startMicros: 40 * MILLI,
    rss: 12 << 20,
    // `liveness` has no handler: Go's way out.
    stop: { code: 0, codeOf: (argv) => (argv[1] === 'liveness' ? 2 : 0), afterMicros: 10 * MILLI },
  },
  whoami: {
    ports: (c, argv) => tcp(Number(flag(argv, 'port') ?? env(c, 'WHOAMI_PORT_NUMBER') ?? 80)),
    hello: () => 'Starting up on port 80\n',
    startMicros: 25 * MILLI,
    rss: 7 << 20,
    stop: GO_DEFAULT,
  },
  'hello-app': {
    ports: (c) => tcp(Number(env(c, 'PORT') ?? 8080)),
    hello: (c) => `Server listening on port ${env(c, 'PORT') ?? 8080}\n`,
    startMicros: 25 * MILLI,
    rss: 6 << 20,
    stop: GO_DEFAULT,
  },
  'http-echo': {
    ports: (_, argv) => tcp(Number((flag(argv, 'listen') ?? ':5678').split(':').at(-1))),
    hello: (_, __, argv) => `server is listening on ${flag(argv, 'listen') ?? ':5678'}\n`,
    startMicros: 25 * MILLI,
    rss: 6 << 20,
    stop: { code: 0, afterMicros: 5 * MILLI, says: (signal) => `received ${signal}, shutting down...\n` },
  },
  'tcp-server': {
    ports: (container) => {
      const image = lookUpImage(container.image)
      return tcp(...(isMissing(image) ? [] : (image.entry?.ports ?? [])))
    },
    hello: (_, __, argv) =>
      `${baseName(argv.find((w) => !w.includes('entrypoint')) ?? '')}: ready to accept connections\n`,
    startMicros: 700 * MILLI,
    rss: 42 << 20,
    stop: { code: 0, afterMicros: 120 * MILLI },
  },
  coredns: {
    ports: () => [{ proto: 'udp', port: 53 }, ...tcp(53, 8080, 8181, 9153)],
    hello: () =>
      '.:53\n[INFO] plugin/reload: Running configuration SHA512 = 591cf328cccc12bc490481273e738df59329c62c0b729d94e8b61db9961c2fa5f046dd37f1cf888b953814040d180f52594972691cd6ff41be96639138a43908\nCoreDNS-1.14.2\nlinux/amd64, go1.25.5\n',
    startMicros: 180 * MILLI,
    rss: 16 << 20,
    // plugin/health: lameduck 5s
    stop: {
      code: 0,
      afterMicros: 5 * SECOND,
      says: () =>
        '[INFO] SIGTERM: Shutting down servers then terminating\n[INFO] plugin/health: Going into lameduck mode for 5s\n',
    },
  },
  'kube-proxy': {
    ports: () => [...tcp(10_256), { proto: 'tcp', port: 10_249, ip: '127.0.0.1' }],
    hello: () => '',
    fails: (reader, { node }) => {
      const configuration = readConfiguration(reader, node)
      if (!('error' in configuration)) return undefined
      return `${klogLine('E', reader.now, 'run.go:72', `"command failed" err=${JSON.stringify(configuration.error)}`)}\n`
    },
    startMicros: 150 * MILLI,
    rss: 22 << 20,
    stop: GO_DEFAULT,
  },
  // Their metrics; the speaker's member list too.
  'metallb-controller': {
    ports: () => tcp(7472),
    hello: () => '',
    startMicros: 220 * MILLI,
    rss: 24 << 20,
    stop: GO_DEFAULT,
  },
  'metallb-speaker': {
    ports: () => [...tcp(7472, 7946), { proto: 'udp', port: 7946 }],
    hello: () => '',
    startMicros: 260 * MILLI,
    rss: 26 << 20,
    stop: GO_DEFAULT,
  },
  system: {
    ports: (_, argv) => {
      const name = argv.map(baseName).find((w) => w in SYSTEM_PORTS)
      return tcp(...(name === undefined ? [] : SYSTEM_PORTS[name]!))
    },
    hello: () => '',
    startMicros: 400 * MILLI,
    rss: 90 << 20,
    stop: { code: 0, afterMicros: 200 * MILLI },
  },
}

const SYSTEM_PORTS: Readonly<Record<string, number[]>> = {
  etcd: [2379, 2380, 2381],
  'kube-apiserver': [6443],
  'kube-controller-manager': [10_257],
  'kube-scheduler': [10_259],
}
