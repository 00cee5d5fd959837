import {
  Agent,
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttp2Server, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { ProxyServer, type ServerOptions } from 'http-proxy-3'
import { EdgeError, serveEdge, targetOf } from '#main/http/edge.ts'
import type { ReportFault } from '#shared/base/fault-log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { ConnectionSlots } from '../connection-slots.ts'
import { listenOnLoopback, type LoopbackListener, type PortRefused } from '../loopback-port.ts'
import { join } from '../join.ts'
import type { Exchange, ProxiedRequest, Routed, TlsExchange } from './exchange.ts'
import { carryGrpc, grpcCallOf } from './grpc.ts'
import { authorityHeader, cleanRequest, cleanResponse, isEncrypted } from './headers.ts'
import { carryOverHttp2 } from './http2.ts'
import { mirrorTo } from './mirror.ts'
import { withProtocol } from './protocol-mux.ts'
import { hostOf } from './routes.ts'
import { createSecureServers, type SecureServersOptions } from './secure-servers.ts'

export interface IngressServerOptions extends SecureServersOptions {
  port: number
  /**
   * Finds the back end of a request and connects to it. @throws EdgeError 404 where no rule matches, 503 where no
   * endpoint is ready or reachable
   */
  route(request: ProxiedRequest): Promise<Routed>
  /** Where TLS connections for a host go that are not HTTPS; undefined where they are. */
  tlsRoute?(serverName: string): TlsExchange | undefined
  slots: ConnectionSlots
  onFault: ReportFault
}

/**
 * One port of 127.0.0.1 for HTTP/1.1, HTTP/2 and TLS, told apart by a connection's first bytes. http-proxy-3 carries
 * requests and WebSockets, `grpc.ts` gRPC; bodies are streamed at the pace of the slower side.
 */
export async function startIngressServer(options: IngressServerOptions): Promise<LoopbackListener | PortRefused> {
  const { slots, onFault } = options
  // Headers must come in time; a body may take as long as it takes.
  const plain = createHttpServer({ requestTimeout: 0 })
  const plainHttp2 = createHttp2Server()
  const secure = createSecureServers(options)
  const proxy = createProxy(options, secure.validatedBy)
  for (const server of [plain, plainHttp2, ...secure.all])
    // HTTP/2's compatible API has the events of HTTP/1.1's server.
    serveEdge(server as unknown as Server, { ...proxy, onFault })
  const sessions = new Set<Http2Session>()
  for (const server of [plainHttp2, ...secure.all])
    server.on('session', (session) => {
      sessions.add(session)
      session.on('error', () => session.destroy())
      session.once('close', () => sessions.delete(session))
    })
  const listener = await listenOnLoopback(options.port, (socket: Socket) => {
    if (!slots.take(socket)) return
    withProtocol(socket, (protocol) => {
      if (protocol.name !== 'tls') {
        const server = protocol.name === 'http2' ? plainHttp2 : plain
        server.emit('connection', socket)
        return
      }
      const exchange = protocol.serverName ? options.tlsRoute?.(protocol.serverName) : undefined
      if (exchange) carryTls(socket, exchange)
      else secure.accept(socket, protocol.serverName)
    })
  })
  if ('refused' in listener) return listener
  return {
    port: listener.port,
    async stop() {
      for (const session of sessions) session.destroy()
      await listener.stop()
    },
  }
}

interface Proxy {
  request(message: IncomingMessage, response: ServerResponse): Promise<void>
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
}

/** Carries a TLS connection to its back end: as it is, or deciphered where the exchange has a certificate. */
function carryTls(socket: Socket, { connect, context }: TlsExchange): void {
  const open = async (): Promise<void> => {
    const inner = context ? new TLSSocket(socket, { isServer: true, secureContext: await context }) : socket
    inner.on('error', () => socket.destroy())
    join(inner, await connect(socket.remoteAddress ?? ''))
  }
  open().catch(() => socket.destroy())
}

function createProxy({ route }: IngressServerOptions, validatedBy: (socket: Socket) => string | undefined): Proxy {
  const proxy = new ProxyServer({ toProxy: true })
  /** Requests whose body comes in chunks: http-proxy-3 takes a DELETE for one without a body. */
  const chunked = new WeakSet<IncomingMessage>()
  proxy.on('start', (message) => {
    if (!chunked.has(message)) return
    delete message.headers['content-length']
    message.headers['transfer-encoding'] = 'chunked'
  })
  const exchanges = new WeakMap<IncomingMessage, Exchange>()
  proxy.on('proxyRes', (answer, message, response) => {
    cleanResponse(answer.headers, false)
    exchanges.get(message)?.amendResponse?.(answer.headers)
    // The end of an answer that was cut off must not look like its regular end.
    answer.once('aborted', () => response.destroy())
    answer.on('error', () => response.destroy())
  })
  /** Dials the back end before anything is sent, so that an endpoint that refuses costs nothing. */
  const routed = async (message: IncomingMessage): Promise<Routed> => {
    const request = { ...requestOf(message), validatedBy: validatedBy(message.socket) }
    const result = await route(request)
    if ('answer' in result) return result
    cleanRequest(message, request)
    result.amendRequest?.(message)
    exchanges.set(message, result)
    return result
  }
  return {
    async request(message, response) {
      if (message.headers['transfer-encoding'] !== undefined) chunked.add(message)
      const exchange = await routed(message)
      if ('answer' in exchange) {
        response.writeHead(exchange.answer.status, exchange.answer.headers).end()
        return
      }
      const { connection } = exchange
      if (response.destroyed) {
        connection.destroy()
        return
      }
      const call = grpcCallOf(message, response)
      if (call) {
        carryGrpc(call, connection, exchange)
        return
      }
      response.once('close', () => connection.destroy())
      for (const mirror of exchange.mirrors ?? []) mirrorTo(message, mirror)
      await inTime(exchange.timeoutMs, response, (resolve, reject) => {
        const fail = (error: unknown): void =>
          reject(new EdgeError(502, `the back end does not answer: ${messageOf(error)}`))
        if (exchange.isHttp2) {
          carryOverHttp2(message, response, connection, exchange).then(resolve, fail)
          return
        }
        response.once('close', resolve)
        proxy.web(message, response, targetOver(connection), fail)
      })
    },
    async upgrade(message, socket, head) {
      const exchange = await routed(message)
      if ('answer' in exchange)
        throw new EdgeError(400, `this is at ${exchange.answer.headers.location ?? 'no back end'}`)
      const { connection } = exchange
      if (socket.destroyed || exchange.isHttp2) {
        connection.destroy()
        if (exchange.isHttp2) throw new EdgeError(502, 'the back end speaks HTTP/2, which knows no upgrades')
        return
      }
      socket.once('close', () => connection.destroy())
      proxy.ws(message, socket, head, targetOver(connection), () => socket.destroy())
    },
  }
}

/** @throws EdgeError 400 where the target or the host is malformed */
function requestOf(message: IncomingMessage): ProxiedRequest {
  const { path, query } = targetOf(message)
  const host = hostOf(authorityHeader(message.headers))
  if (host === undefined) throw new EdgeError(400, 'malformed host')
  const { remoteAddress: client = '', localPort: port = 0 } = message.socket
  return {
    host,
    path,
    search: (message.url ?? '').slice(path.length),
    query,
    method: message.method ?? 'GET',
    headers: message.headers,
    encrypted: isEncrypted(message.socket),
    client,
    port,
  }
}

/** A promise that is refused with 504 where nothing has been answered in time; an answer under way is cut off. */
function inTime(
  ms: number | undefined,
  response: ServerResponse,
  start: (resolve: () => void, reject: (error: Error) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = ms === undefined ? undefined : setTimeout(expired, ms)
    function expired(): void {
      if (response.headersSent) response.destroy()
      else reject(new EdgeError(504, 'the back end has not answered in time'))
    }
    response.once('close', () => clearTimeout(timer))
    start(resolve, reject)
  })
}

/** A target of http-proxy-3 that is a connection already. */
function targetOver(connection: Duplex): ServerOptions {
  // A connection that breaks ends its request; nobody else has to hear of it.
  connection.on('error', () => undefined)
  const agent = new Agent()
  agent.createConnection = () => asSocket(connection)
  return { target: { protocol: 'http:', host: 'backend', port: 80 }, agent }
}

/** Adds what Node and http-proxy-3 ask of sockets, and streams of a tunnel lack. */
function asSocket(connection: Duplex): Duplex {
  const nothing = (): Duplex => connection
  const lacking = ['setNoDelay', 'setKeepAlive', 'setTimeout', 'ref', 'unref'].filter((name) => !(name in connection))
  return Object.assign(connection, Object.fromEntries(lacking.map((name) => [name, nothing])))
}
