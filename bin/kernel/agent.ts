/**
 * Runs inside one network namespace: listens, connects, and says what happened. Commands come as lines of JSON on
 * standard input, answers go out the same way. A server answers with its name and the peer that it sees.
 */
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { AgentAnswer, AgentCommand } from './agent-words.ts'

type Try = { proto: 'tcp' | 'udp'; dst: string; port: number; timeoutMs: number; sport?: number; source?: string }
type Outcome = Omit<AgentAnswer, 'id'>

const say = (answer: AgentAnswer): void => void process.stdout.write(`${JSON.stringify(answer)}\n`)

function listen(command: Extract<AgentCommand, { do: 'listen' }>): void {
  let waiting = command.tcp.length + command.udp.length
  const ready = (): void => {
    if (--waiting <= 0) say({ id: command.id, verdict: 'ready' })
  }
  if (waiting === 0) say({ id: command.id, verdict: 'ready' })
  for (const port of command.tcp)
    createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(`${command.name} ${socket.remoteAddress}`)
    }).listen(port, '0.0.0.0', ready)
  for (const port of command.udp) {
    const socket = createSocket('udp4')
    socket.on('error', () => undefined)
    socket.on('message', (_, from) => socket.send(`${command.name} ${from.address}`, from.port, from.address))
    socket.bind(port, '0.0.0.0', ready)
  }
}

function errorVerdict(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'unreachable'
    case 'ECONNRESET':
      return 'reset'
    case 'EPERM':
      return 'denied'
    default:
      return error.code ?? 'error'
  }
}

function connectOnce(command: Try): Promise<Outcome> {
  return new Promise((resolve) => {
    let done = false
    let sport = command.sport
    let close = (): void => undefined
    const finish = (verdict: string, text?: string): void => {
      if (done) return
      done = true
      clearTimeout(timer)
      const [backend, peer] = text?.split(' ') ?? []
      resolve({
        verdict,
        ...(sport === undefined ? {} : { sport }),
        ...(backend ? { backend } : {}),
        ...(peer ? { peer } : {}),
      })
      close()
    }
    const timer = setTimeout(() => finish('timeout'), command.timeoutMs)
    if (command.proto === 'tcp') {
      const from = {
        ...(sport === undefined ? {} : { localPort: sport }),
        ...(command.source === undefined ? {} : { localAddress: command.source }),
      }
      const socket = connect({ host: command.dst, port: command.port, family: 4, ...from })
      close = () => socket.destroy()
      socket.on('connect', () => (sport = socket.localPort))
      socket.on('data', (data) => finish('answer', data.toString()))
      socket.on('error', (error) => finish(errorVerdict(error)))
      return
    }
    const socket = createSocket('udp4')
    close = () => socket.close()
    socket.on('error', (error) => finish(errorVerdict(error)))
    socket.on('message', (data) => finish('answer', data.toString()))
    const send = (): void =>
      socket.connect(command.port, command.dst, () => {
        sport = socket.address().port
        socket.send('q', (error) => {
          if (error) finish(errorVerdict(error))
        })
      })
    if (sport === undefined) send()
    else socket.bind(sport, command.source, send)
  })
}

async function share(command: Extract<AgentCommand, { do: 'share' }>): Promise<void> {
  const verdicts: Record<string, number> = {}
  const backends: Record<string, number> = {}
  const peers: Record<string, string[]> = {}
  let left = command.count
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const { verdict, backend, peer } = await connectOnce(command)
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
      if (backend === undefined) continue
      backends[backend] = (backends[backend] ?? 0) + 1
      const seen = (peers[backend] ??= [])
      if (!seen.includes(peer!)) seen.push(peer!)
    }
  }
  await Promise.all(Array.from({ length: command.atOnce }, worker))
  say({ id: command.id, verdict: 'shared', verdicts, backends, peers })
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as AgentCommand
  if (command.do === 'listen') listen(command)
  else if (command.do === 'share') void share(command)
  else void connectOnce(command).then((outcome) => say({ id: command.id, ...outcome }))
})
process.stdin.on('end', () => process.exit(0))
