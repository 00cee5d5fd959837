import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import { RequestRefused } from '#shared/base/request-edge.ts'
import type { Flows } from './flow.ts'

export interface PodConnection {
  output: Readable
  input: Writable
  end(): void
}

/**
 * Connects to a port of a pod: by its address, or from within its network namespace for a server that listens on the
 * pod's 127.0.0.1 only.
 * @throws RequestRefused 500 when the port refuses
 */
export async function connectToPod({
  ip,
  port,
  sandboxPid,
}: {
  ip: string
  port: number
  /** A process in the pod's network namespace; undefined while the pod is not running. */
  sandboxPid: number | undefined
}): Promise<PodConnection> {
  const socket = connect({ host: ip, port, noDelay: true, allowHalfOpen: true })
  const isConnected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.on('error', () => undefined)
  if (isConnected) return { output: socket, input: socket, end: () => socket.destroy() }
  if (!sandboxPid) throw new RequestRefused(500, 'the pod has no sandbox')
  return connectInside(sandboxPid, port)
}

/** Joins a stream to a connection of a pod; each direction ends alone. */
export async function joinPort(stream: Duplex, connection: PodConnection, flows: Flows): Promise<void> {
  stream.on('error', () => undefined)
  stream.once('close', () => connection.end())
  void flows.copy(connection.output, stream).then(
    () => stream.end(),
    () => stream.destroy(),
  )
  await flows.copy(stream, connection.input)
  connection.input.end()
}

/**
 * Runs in the pod's network namespace, with the connection on its standard streams; writes `ok` to stderr once
 * connected.
 */
const script = `
const socket = require('net').connect({ port: Number(process.argv[1]), host: '127.0.0.1', allowHalfOpen: true })
socket.on('error', (error) => { process.stderr.write(error.message); process.exit(1) })
socket.on('connect', () => process.stderr.write('ok'))
process.stdin.pipe(socket)
socket.pipe(process.stdout)
socket.on('close', () => process.exit(0))
`

async function connectInside(pid: number, port: number): Promise<PodConnection> {
  const child = spawn('nsenter', ['-t', String(pid), '-n', process.execPath, '-e', script, String(port)])
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined)
  const reply = await new Promise<string>((resolve) => {
    child.stderr.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')))
    child.once('error', (error) => resolve(error.message))
    child.once('close', () => resolve('the connection was refused'))
  })
  if (reply !== 'ok') {
    child.kill()
    throw new RequestRefused(500, `failed to connect to localhost:${port} inside namespace: ${reply}`)
  }
  return { output: child.stdout, input: child.stdin, end: () => void child.kill() }
}
