/**
 * Runs inside one network namespace: listens, connects, and says what happened. Commands come as lines of JSON on
 * standard input, answers go out the same way. A server answers with its name and the peer that it sees.
 */
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { type AgentAnswer, type AgentCommand, UDP_REQUEST_BYTES } from './agent-words.ts'

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

function connectOnce(command: Extract<AgentCommand, { do: 'connect' }>): void {
  let done = false
  let sport: number | undefined
  let close = (): void => undefined
  const finish = (verdict: string, text?: string): void => {
    if (done) return
    done = true
    clearTimeout(timer)
    const [backend, peer] = text?.split(' ') ?? []
    say({
      id: command.id,
      verdict,
      ...(sport === undefined ? {} : { sport }),
      ...(backend ? { backend } : {}),
      ...(peer ? { peer } : {}),
    })
    close()
  }
  const timer = setTimeout(() => finish('timeout'), command.timeoutMs)
  if (command.proto === 'tcp') {
    const socket = connect({ host: command.dst, port: command.port, family: 4 })
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
  socket.connect(command.port, command.dst, () => {
    sport = socket.address().port
    socket.send(Buffer.alloc(UDP_REQUEST_BYTES, 'q'), (error) => {
      if (error) finish(errorVerdict(error))
    })
  })
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as AgentCommand
  if (command.do === 'listen') listen(command)
  else connectOnce(command)
})
process.stdin.on('end', () => process.exit(0))
