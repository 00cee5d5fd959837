import { createServer, type Server, type Socket } from 'node:net'

/** A listener on 127.0.0.1, with the connections that it has accepted. */
export interface LoopbackListener {
  readonly port: number
  /** Closes the listener and its connections. */
  stop(): Promise<void>
}

/** Why a port of 127.0.0.1 cannot be listened on. */
export interface PortRefused {
  refused: 'taken' | 'not-permitted' | 'failed'
  message: string
}

/** Listens on `port` of 127.0.0.1 alone; any free port for 0. */
export function listenOnLoopback(
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<LoopbackListener | PortRefused> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    onConnection(socket)
  })
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(refusalOf(error)))
    server.listen(port, '127.0.0.1', () => {
      server.on('error', () => undefined)
      resolve({ port: boundPort(server), stop: () => close(server, sockets) })
    })
  })
}

function boundPort(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function close(server: Server, sockets: Iterable<Socket>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  for (const socket of sockets) socket.destroy()
  await closed
}

export const refusalOf = ({ code, message }: NodeJS.ErrnoException): PortRefused => ({
  refused: code === 'EADDRINUSE' ? 'taken' : code === 'EACCES' || code === 'EPERM' ? 'not-permitted' : 'failed',
  message,
})

/** Added to a port below 1024 that this user may not listen on: 80 becomes 8080, 443 becomes 8443. */
export const privilegedOffset = 8_000
const mostCandidates = 100

/** The ports to try instead of one that is refused, in order. */
export function alternativesTo(port: number, refused: PortRefused['refused']): number[] {
  const first = refused === 'not-permitted' && port < 1_024 ? port + privilegedOffset : port + 1
  return Array.from({ length: mostCandidates }, (_, i) => first + i).filter((one) => one <= 65_535)
}
