import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSecureContext } from 'node:tls'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { readRequest, RequestRefused, type EdgeRequest } from '#shared/base/request-edge.ts'
import { ApiError } from '#shared/kube/status.ts'
import type { Upgrade } from '#streaming/upgrade.ts'
import { watchFolder } from '../folder-watch.ts'
import type { NodePages } from '../node-pages.ts'
import { commandOf, containerTarget, openContainerLogs, runCommandIn } from '../pod-access.ts'
import { accessOf, forbiddenText } from './access.ts'
import type { Callers } from './callers.ts'
import { TooManyReviews } from './review-cache.ts'
import { sessions, type SessionOptions } from './sessions.ts'

export interface NodePortOptions extends SessionOptions {
  /** The node's address. */
  host: string
  port: number
  /** Certificate and key, PEM, written by the control plane once it knows the node's address. */
  certificateFile: string
  /** The cluster's authority, PEM. */
  clientCa: string
  callers: Callers
  pages: NodePages
  clock: Clock
  log: Log
  onFault(): void
}

export interface NodePort {
  isServing(): boolean
  stop: Stop
}

/**
 * The kubelet's port, by HTTPS on the node's address: pages about the node, logs, and sessions in pods, for whom the API
 * server allows them.
 */
export function startNodePort(options: NodePortOptions): NodePort {
  const { clock, log, port } = options
  let server: Server | undefined
  let current = ''
  let isStopped = false
  let isListening = false
  let stopTimer: Stop = () => undefined

  const update = async (): Promise<void> => {
    const pem = await readFile(options.certificateFile, 'utf8').catch(() => '')
    if (isStopped || pem === '') return
    if (pem !== current) {
      const tls = { cert: pem, key: pem, ca: options.clientCa }
      // A file that is being written is read again in a moment.
      createSecureContext(tls)
      if (server) server.setSecureContext(tls)
      else server = createNodePortServer(options, tls)
      current = pem
    }
    if (server && !isListening) {
      await listen(server, options)
      isListening = true
      log.info('the port of the kubelet is served', { port })
    }
  }
  let failure = ''
  const attempt = async (): Promise<void> => {
    void stopTimer()
    try {
      await update()
      failure = ''
    } catch (error) {
      const message = messageOf(error)
      if (message !== failure) log.warn('the port of the kubelet cannot be served yet', { port, error: message })
      failure = message
    }
    if (failure && !isStopped) stopTimer = clock.after(retryDelay, follow)
  }
  let attempts = Promise.resolve()
  const follow = (): void => void (attempts = attempts.then(attempt))
  // Watched before it is read first: nothing is missed.
  const watching = watchFolder(dirname(options.certificateFile), clock, follow)
  void watching.then(follow)
  return {
    isServing: () => isListening,
    async stop() {
      isStopped = true
      await stopTimer()
      await (
        await watching
      )()
      server?.close()
      server?.closeAllConnections()
    },
  }
}

/** After which it is tried again to serve the port, ms. */
const retryDelay = 1_000

/** Limits of the port. Anything in the cluster may connect to it, before it has said who it is. */
const limits = {
  connections: 512,
  /** Of one address, so that a pod cannot keep others out. */
  connectionsOfAddress: 32,
  headerBytes: 16_384,
  /** Times in ms: for a handshake, the head of a request, a whole request, an idle connection, and a stalled reader. */
  handshake: 10_000,
  head: 10_000,
  request: 20_000,
  idle: 90_000,
  stalled: 30_000,
}

function createNodePortServer(options: NodePortOptions, tls: { cert: string; key: string; ca: string }): Server {
  const server = createServer(
    {
      ...tls,
      requestCert: true,
      // Who has no certificate may have a token.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.handshake,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.head,
      requestTimeout: limits.request,
      // It wakes the worker, with or without connections.
      connectionsCheckingInterval: 10_000,
      keepAliveTimeout: limits.idle,
    },
    (request, response) => void serve(options, request, response),
  )
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    void serveUpgrade(options, request, { socket, head })
  })
  server.maxConnections = limits.connections
  limitByAddress(server)
  server.on('tlsClientError', () => undefined)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    else socket.destroy()
  })
  return server
}

function limitByAddress(server: Server): void {
  const counts = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (counts.get(address) ?? 0) + 1
    counts.set(address, count)
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1
      if (left > 0) counts.set(address, left)
      else counts.delete(address)
    })
    if (count > limits.connectionsOfAddress) socket.destroy()
  })
}

function listen(server: Server, { host, port }: NodePortOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error)
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

async function serve(options: NodePortOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => undefined)
  // The body of a request is not read.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
    response.setHeader('connection', 'close')
  try {
    await handle(options, request, response)
  } catch (error) {
    const { status, text } = refusalOf(options, error, request, response.destroyed)
    answer(response, status, text)
  }
}

async function serveUpgrade(options: NodePortOptions, message: IncomingMessage, upgrade: Upgrade): Promise<void> {
  const { socket } = upgrade
  try {
    const request = readRequest({ ':method': message.method, ':path': message.url })
    await requireAccess(options, message, `/${request.segments.join('/')}`)
    const session = sessions.get(request.segments[0] ?? '')
    if (!session) throw new RequestRefused(404, '404 page not found')
    if (!['GET', 'POST'].includes(message.method ?? '')) throw new RequestRefused(405, '405: Method Not Allowed')
    await session(options, { request, message, upgrade })
  } catch (error) {
    const { status, text } = refusalOf(options, error, message, socket.destroyed)
    refuseUpgrade(socket, status, text)
  }
}

/** What a failed request is answered with; what is no refusal is a fault, unless the client has gone. */
function refusalOf(
  { log, onFault }: NodePortOptions,
  error: unknown,
  request: IncomingMessage,
  hasGone: boolean,
): { status: number; text: string } {
  if (error instanceof RequestRefused) return { status: error.status, text: error.message }
  if (error instanceof ApiError) return { status: error.code, text: error.message }
  if (error instanceof TooManyReviews) return { status: 503, text: error.message }
  if (!hasGone) {
    onFault()
    const asked = `${request.method ?? ''} ${request.url ?? ''}`.slice(0, 200)
    log.error('request failed', { edge: 'node port', request: asked, error: messageOf(error) })
  }
  return { status: 500, text: 'Internal Server Error' }
}

/** @throws RequestRefused */
async function handle(options: NodePortOptions, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '' } = message
  const request = readRequest({ ':method': method, ':path': message.url })
  await requireAccess(options, message, `/${request.segments.join('/')}`)
  const [verb = ''] = request.segments
  if (sessions.has(verb)) throw new RequestRefused(400, 'Upgrade request required')
  if (verb === 'run') return sendOutput(options, request, response)
  const page = options.pages.find(request.segments, request.query)
  if (!page && verb !== 'containerLogs') throw new RequestRefused(404, '404 page not found')
  if (method !== 'GET') throw new RequestRefused(405, '405: Method Not Allowed')
  if (!page) return sendLogs(options, request, response)
  const { type, body } = await page()
  response.setTimeout(limits.stalled, () => response.destroy())
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** @throws RequestRefused 401 for nobody, 403 without the right, 500 when the API server cannot tell */
async function requireAccess({ callers, log }: NodePortOptions, message: IncomingMessage, path: string): Promise<void> {
  const unlessFlooded = (error: unknown): void => {
    if (error instanceof TooManyReviews) throw error
    log.warn('a caller of the kubelet cannot be reviewed', { error: messageOf(error) })
  }
  const caller = await callers.authenticate(message).catch((error: unknown) => {
    unlessFlooded(error)
    return undefined
  })
  if (!caller) throw new RequestRefused(401, 'Unauthorized')
  const access = accessOf(message.method ?? '', path)
  const isAllowed = await callers.isAllowed(caller, access).catch((error: unknown) => {
    unlessFlooded(error)
    const text = forbiddenText(caller.name, access).replace('Forbidden', 'Authorization error')
    throw new RequestRefused(500, text)
  })
  if (!isAllowed) throw new RequestRefused(403, forbiddenText(caller.name, access))
}

async function sendLogs(options: NodePortOptions, request: EdgeRequest, response: ServerResponse): Promise<void> {
  const { logs, limit } = await openContainerLogs(options, request)
  logs.on('error', () => undefined)
  response.once('close', () => logs.destroy())
  if (response.destroyed) {
    logs.destroy()
    return
  }
  response.writeHead(200, { 'content-type': 'text/plain' })
  response.flushHeaders()
  await options.flows.copy(logs, response, limit)
  logs.destroy()
  response.end()
}

async function sendOutput(options: NodePortOptions, request: EdgeRequest, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') throw new RequestRefused(405, '405: Method Not Allowed')
  const output = await runCommandIn(options, containerTarget(request.segments), commandOf(request.query))
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': output.length }).end(output)
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  // Who is nobody does not keep a connection.
  if (status === 401) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  if (!socket.writable) return
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: text/plain; charset=utf-8',
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`)
}
