import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { chmod, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { RPCHandler } from '@orpc/server/ws'
import { WebSocketServer } from 'ws'
import type { Log } from '#shared/base/log.ts'
import type { Router } from '#main/rpc/index.ts'
import { createStaticFiles } from '#main/rpc/static-files.ts'

export interface WebServerOptions {
  router: Router
  /** Folder of the built face. */
  renderer: string
  /** 0 = any free port. */
  port: number
  /** Path of the unix socket that the command line uses; file permissions are its authentication. */
  controlSocket: string
  log: Log
}

export interface WebServer {
  /** `http://127.0.0.1:<port>` */
  url: string
  /** A URL that opens a session, once. */
  signInUrl(): string
  stop(): Promise<void>
}

/**
 * Serves the face and its contract on loopback: the page after a one-time token was exchanged for a cookie, the
 * contract as WebSocket `/rpc` for that cookie and this origin only (gui.md section 5, "Loopback API").
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { log } = options
  const sessions = createSessions()
  const files = createStaticFiles(options.renderer)
  const rpc = createRpcSocket(options.router, log)

  const server = createServer((request, response) => {
    if (!isOwnHost(request)) {
      answer(response, 421, 'This address is not Slipway.')
      return
    }
    const url = new URL(request.url ?? '/', 'http://slipway')
    const token = url.searchParams.get('token')
    if (token !== null) {
      signIn(response, sessions, token)
      return
    }
    if (!sessions.holds(request.headers.cookie)) {
      answer(response, 401, signInHint)
      return
    }
    void files.serve(request, response, url.pathname)
  })
  server.on('upgrade', (request, socket, head) => {
    const allowed = isOwnHost(request) && isOwnOrigin(request) && sessions.holds(request.headers.cookie)
    if (allowed && request.url === '/rpc') rpc.upgrade(request, socket, head)
    else refuse(socket)
  })
  await listen(server, { port: options.port, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const signInUrl = (): string => `${url}/?token=${sessions.issueToken()}`
  const control = await startControlSocket(options.controlSocket, rpc, signInUrl)

  return {
    url,
    signInUrl,
    async stop() {
      rpc.stop()
      await Promise.all([close(server), close(control)])
      await rm(options.controlSocket, { force: true })
    },
  }
}

const signInHint = 'Open the address that slipway printed; it works once. For a new one: npm run -s slipway -- ui'

interface RpcSocket {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  stop(): void
}

function createRpcSocket(router: Router, log: Log): RpcSocket {
  const handler = new RPCHandler(router, {
    interceptors: [
      async ({ next }) => {
        try {
          return await next()
        } catch (error) {
          log.debug('a call of the face failed', { error: String(error) })
          throw error
        }
      },
    ],
  })
  // Without this, frames that share a TCP segment overtake the opening of their stream (libraries.md, section 1).
  const sockets = new WebSocketServer({ noServer: true, allowSynchronousEvents: false, maxPayload: 16 * 2 ** 20 })
  const pings = setInterval(() => {
    for (const socket of sockets.clients) socket.ping()
  }, 20_000)
  pings.unref()
  return {
    upgrade(request, socket, head) {
      sockets.handleUpgrade(request, socket, head, (webSocket) => void handler.upgrade(webSocket, { context: {} }))
    },
    stop() {
      clearInterval(pings)
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}

async function startControlSocket(path: string, rpc: RpcSocket, signInUrl: () => string): Promise<Server> {
  await rm(path, { force: true })
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/sign-in') answer(response, 200, signInUrl())
    else answer(response, 404, 'not found')
  })
  server.on('upgrade', (request, socket, head) => rpc.upgrade(request, socket, head))
  await listen(server, { path })
  await chmod(path, 0o600)
  return server
}

/** One-time tokens and the sessions they open; both live as long as the process. */
function createSessions() {
  const cookieName = 'slipway-session'
  const tokens: string[] = []
  const sessions: string[] = []
  const secret = (): string => randomBytes(32).toString('base64url')
  return {
    issueToken(): string {
      const token = secret()
      tokens.push(token)
      return token
    },
    /** @returns the Set-Cookie value of a new session, or undefined when the token is unknown or spent. */
    exchange(token: string): string | undefined {
      const index = tokens.findIndex((known) => same(known, token))
      if (index < 0) return undefined
      tokens.splice(index, 1)
      const session = secret()
      sessions.push(session)
      return `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`
    },
    holds(cookie: string | undefined): boolean {
      const value = cookie
        ?.split(/;\s*/)
        .find((pair) => pair.startsWith(`${cookieName}=`))
        ?.slice(cookieName.length + 1)
      return value !== undefined && sessions.some((session) => same(session, value))
    },
  }
}

function signIn(response: ServerResponse, sessions: ReturnType<typeof createSessions>, token: string): void {
  const cookie = sessions.exchange(token)
  if (!cookie) {
    answer(response, 401, `This link has been used. ${signInHint}`)
    return
  }
  response.writeHead(303, { location: '/', 'set-cookie': cookie, 'cache-control': 'no-store' }).end()
}

/** Against DNS rebinding: only the names of loopback itself. */
function isOwnHost(request: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')
}

function isOwnOrigin(request: IncomingMessage): boolean {
  return request.headers.origin === `http://${request.headers.host ?? ''}`
}

const same = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(text)
}

function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
}

function listen(server: Server, where: { port: number; host: string } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => resolve())
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
