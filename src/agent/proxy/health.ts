import { createServer, type Server } from 'node:http'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'

/** A Service with `healthCheckNodePort`, for load balancers: whether this node has ready endpoints of it. */
export interface HealthCheck {
  namespace: string
  name: string
  localEndpoints: number
}

export interface ProxyState {
  /** Whether the rules in the kernel are those that objects ask for; one failed write is not yet unhealthy. */
  healthy: boolean
  /** Of the last write, ms. */
  lastUpdated: number
  /** False while the node is being removed: load balancers send nothing new. */
  nodeEligible: boolean
}

export interface ProxyHealthOptions {
  /** Of kube-proxy: 10256, and 10249 on the node's loopback. */
  healthzPort: number
  statusPort: number
  /** Of this node, for the ports that other machines reach. */
  host: string
  state: () => ProxyState
  now: () => number
  log: Log
}

export interface ProxyHealth {
  /** Serves the health checks of these node ports, and ends those of others. */
  serve(checks: ReadonlyMap<number, HealthCheck>): void
  stop: Stop
}

interface Reply {
  code: number
  body: string
  type?: string
  headers?: Record<string, string>
}

/** kube-proxy's addresses: `/healthz` and `/livez` on 10256, `/proxyMode` on 10249, and health-check node ports. */
export function startProxyHealth({ healthzPort, statusPort, host, state, now, log }: ProxyHealthOptions): ProxyHealth {
  let checks: ReadonlyMap<number, HealthCheck> = new Map()
  const servers = new Map<number, Stop>()
  const stops = [
    listen(host, healthzPort, (path) => healthPage(path, state(), now()), log),
    listen('127.0.0.1', statusPort, statusPage, log),
  ]
  return {
    serve(wanted) {
      checks = wanted
      for (const [port, stop] of servers) {
        if (wanted.has(port)) continue
        servers.delete(port)
        void stop()
      }
      for (const port of wanted.keys()) {
        if (servers.has(port)) continue
        servers.set(
          port,
          listen(host, port, () => checkReply(checks.get(port), state().healthy), log),
        )
      }
    },
    async stop() {
      for (const stop of [...stops, ...servers.values()]) await stop()
    },
  }
}

function healthPage(path: string, { healthy, lastUpdated, nodeEligible }: ProxyState, now: number): Reply | undefined {
  if (path !== '/healthz' && path !== '/livez') return undefined
  const body = { lastUpdated: goTime(lastUpdated), currentTime: goTime(now), nodeEligible }
  // livez is about the proxy alone: a node that is being removed still has a live one.
  const ok = healthy && (path === '/livez' || nodeEligible)
  return { code: ok ? 200 : 503, body: JSON.stringify(body), type: 'application/json' }
}

/** As Go prints a time: `2026-01-01 00:00:00.123 +0000 UTC`. */
const goTime = (ms: number): string => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC`

function statusPage(path: string): Reply | undefined {
  if (path === '/proxyMode') return { code: 200, body: 'iptables' }
  if (path === '/healthz') return { code: 200, body: 'ok' }
  return undefined
}

function checkReply(check: HealthCheck | undefined, serviceProxyHealthy: boolean): Reply | undefined {
  if (!check) return undefined
  const { namespace, name, localEndpoints } = check
  return {
    code: localEndpoints > 0 && serviceProxyHealthy ? 200 : 503,
    body: JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }),
    type: 'application/json',
    headers: { 'x-load-balancing-endpoint-weight': String(localEndpoints) },
  }
}

/** Clients at once; ms for a request's head. */
const mostConnections = 64
const patience = 5_000

/** A port that is taken is logged and left alone. */
function listen(host: string, port: number, page: (path: string) => Reply | undefined, log: Log): Stop {
  const server: Server = createServer({ maxHeaderSize: 8_192, requestTimeout: patience }, (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const reply = isRead ? page(path) : undefined
    const {
      code,
      body,
      type = 'text/plain; charset=utf-8',
      headers,
    } = reply ?? { code: 404, body: '404 page not found\n' }
    response.writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff', ...headers })
    response.end(request.method === 'HEAD' ? undefined : body)
    request.resume()
  })
  server.headersTimeout = patience
  server.keepAliveTimeout = patience
  server.maxConnections = mostConnections
  server.on('clientError', (_, socket) => socket.destroy())
  server.on('error', (error) => log.warn('a port of the service proxy is not served', { port, error: error.message }))
  server.listen(port, host)
  return () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
}
