import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { chmod, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '#shared/base/clock.ts'
import { createFaultLog, type ReportFault } from '#shared/base/fault-log.ts'
import type { Log } from '#shared/base/log.ts'
import { ConnectionBudget } from '#main/http/connection-budget.ts'
import { connectionLimit } from '#main/http/connections.ts'
import { EdgeError, serveEdge, targetOf } from '#main/http/edge.ts'
import type { Router } from '#main/rpc/index.ts'
import { createStaticFiles } from '#main/rpc/static-files.ts'
import { serveImages, type ImagesOf } from './image-requests.ts'
import { createRpcSocket, type RpcSocket } from './rpc-socket.ts'
import { createSessions, type Session, type SessionLimits, type Sessions } from './sessions.ts'

export interface WebServerOptions {
  router: Router
  /** Folder of the built face. */
  renderer: string
  /** 0 = any free port. */
  port: number
  /** Takes any free port where this one is taken. */
  otherwiseAny?: boolean
  /** Path of the unix socket that the command line uses; file permissions are its authentication. */
  controlSocket: string
  /** Serves images of clusters on the control socket. */
  imagesOf?: ImagesOf
  log: Log
  clock?: Clock
  limits?: SessionLimits
}

export interface WebServer {
  /** `http://localhost:<port>` */
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
  const { log, clock = systemClock, limits } = options
  const onFault = createFaultLog({ log, clock, message: 'a request of the face failed' })
  const sessions = createSessions({ clock, ...(limits ? { limits } : {}) })
  const files = createStaticFiles(options.renderer)
  const rpc = createRpcSocket(options.router, log)

  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 })
  server.maxConnections = connectionLimit(0.2)
  // Streams of the contract stop far below this by their credits; whatever else is asked for has to be read, too.
  const unread = new ConnectionBudget({ clock, limit: 128 * 2 ** 20 })
  server.on('connection', (socket) => unread.track(socket))
  serveEdge(server, {
    request: (request, response) => servePage({ request, response, sessions, cookieName: cookieName(), files }),
    upgrade(request, socket, head) {
      const session = sessionOf(request, sessions, cookieName())
      if (!isOwnHost(request) || !isOwnOrigin(request) || !session) throw new EdgeError(403, 'sign in first')
      if (targetOf(request).path !== '/rpc') throw new EdgeError(404, 'not found')
      rpc.upgrade(request, socket, head, session)
    },
    onFault,
  })
  const host = '127.0.0.1'
  await listen(server, { port: options.port, host }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    if (options.otherwiseAny !== true || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    return listen(server, { port: 0, host })
  })
  const { port } = server.address() as AddressInfo
  // Browsers send a host's cookies to all of its ports: each app has a name of its own.
  const cookieName = (): string => `slipway-${port}`
  // Not 127.0.0.1, where the cluster's LoadBalancers are: they would be sent the page's cookie.
  const url = `http://localhost:${port}`
  const signInUrl = (): string => `${url}/?token=${sessions.issueToken()}`
  const { controlSocket: path, imagesOf } = options
  const control = await startControlSocket({ path, rpc, signInUrl, ...(imagesOf ? { imagesOf } : {}), onFault })

  return {
    url,
    signInUrl,
    async stop() {
      sessions.stop()
      rpc.stop()
      unread.stop()
      await Promise.all([close(server), close(control)])
      await rm(options.controlSocket, { force: true })
    },
  }
}

const signInHint = 'Open the address that slipway printed; it works once. For a new one: npm run -s slipway -- ui'

/** The page, its assets, and the two ways a session begins and ends. */
function servePage({
  request,
  response,
  sessions,
  cookieName,
  files,
}: {
  request: IncomingMessage
  response: ServerResponse
  sessions: Sessions
  cookieName: string
  files: ReturnType<typeof createStaticFiles>
}): void | Promise<void> {
  if (!isOwnHost(request)) throw new EdgeError(421, 'This address is not Slipway.')
  const { path, query } = targetOf(request)
  const token = query.get('token')
  if (token !== null) {
    const secret = sessions.exchange(token)
    if (secret === undefined) throw new EdgeError(401, `This link has been used. ${signInHint}`)
    const cookie = `${cookieName}=${secret}; HttpOnly; SameSite=Strict; Path=/`
    response.writeHead(303, { location: '/', 'set-cookie': cookie, 'cache-control': 'no-store' }).end()
    return
  }
  const session = sessionOf(request, sessions, cookieName)
  if (!session) throw new EdgeError(401, signInHint)
  if (path === '/sign-out') {
    signOut(request, response, session, cookieName)
    return
  }
  session.touch()
  return files.serve(request, response, path)
}

/** Ends the session and, with it, its WebSockets. Only the page itself may ask for it. */
function signOut(request: IncomingMessage, response: ServerResponse, session: Session, cookieName: string): void {
  if (request.method !== 'POST') throw new EdgeError(405, 'sign out with POST')
  if (!isOwnOrigin(request)) throw new EdgeError(403, 'this is for the page itself')
  session.end()
  const expired = `${cookieName}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0`
  response.writeHead(204, { 'set-cookie': expired, 'cache-control': 'no-store' }).end()
}

async function startControlSocket({
  path,
  rpc,
  signInUrl,
  imagesOf,
  onFault,
}: {
  path: string
  rpc: RpcSocket
  signInUrl: () => string
  imagesOf?: ImagesOf
  onFault: ReportFault
}): Promise<Server> {
  await rm(path, { force: true })
  const server = createServer()
  serveEdge(server, {
    request(request, response) {
      if (imagesOf && request.url?.startsWith('/images?')) return serveImages(imagesOf, request, response)
      if (request.method !== 'POST' || request.url !== '/sign-in') throw new EdgeError(404, 'not found')
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
      response.end(signInUrl())
    },
    upgrade: (request, socket, head) => rpc.upgrade(request, socket, head),
    onFault,
  })
  await listen(server, { path })
  await chmod(path, 0o600)
  return server
}

function sessionOf(request: IncomingMessage, sessions: Sessions, cookieName: string): Session | undefined {
  for (const pair of request.headers.cookie?.split(/;\s*/) ?? []) {
    const session = pair.startsWith(`${cookieName}=`) && sessions.find(pair.slice(cookieName.length + 1))
    if (session) return session
  }
  return undefined
}

/** Against DNS rebinding: only the names of loopback itself. */
function isOwnHost(request: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')
}

function isOwnOrigin(request: IncomingMessage): boolean {
  return request.headers.origin === `http://${request.headers.host ?? ''}`
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
