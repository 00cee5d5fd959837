import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { promisify } from 'node:util'

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

const refusalOf = ({ code, message }: NodeJS.ErrnoException): PortRefused => ({
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

/** The process that listens on a TCP port of this machine, as `name (pid 123)`; undefined where the host does not tell. */
export async function holderOf(port: number): Promise<string | undefined> {
  const pid = process.platform === 'linux' ? await pidFromProc(port) : await pidFromLsof(port)
  if (pid === undefined) return undefined
  if (pid === process.pid) return `Slipway (pid ${pid})`
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return name ? `${name.trim()} (pid ${pid})` : `pid ${pid}`
}

/** Finds the socket's inode in `/proc/net`, then the process that has it open. Other users' descriptors are not shown. */
async function pidFromProc(port: number): Promise<number | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`))
  if (inodes.size === 0) return undefined
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue
    const descriptors = await readdir(`/proc/${entry}/fd`).catch(() => [])
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${entry}/fd/${descriptor}`).catch(() => '')
      if (inodes.has(target)) return Number(entry)
    }
  }
  return undefined
}

/** Inodes of the listening sockets (state 0A) of a port, from the text of `/proc/net/tcp`. */
export function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    return fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A' && fields[9] ? [fields[9]] : []
  })
}

async function pidFromLsof(port: number): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], {
      timeout: 5_000,
    })
    const pid = Number(stdout.split('\n')[0])
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
