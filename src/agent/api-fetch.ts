import { Agent, request } from 'node:https'
import type { Stop } from '#shared/base/disposable.ts'
import type { HttpFetch } from '#shared/client/http-transport.ts'

export interface ApiFetchOptions {
  port: number
  tls: { ca: string; cert: string; key: string }
  freeSocketTimeout?: number
}

/** ms: heartbeats, each ten seconds, find a connection; those of a burst go, which are memory of both ends. */
const defaultTimeout = 15_000

/**
 * HttpFetch to the API server through this node's tunnel, authenticated by the node's certificate.
 * @param options `freeSocketTimeout`: how long a connection without a request is kept, ms
 */
export function createApiFetch({ port, tls, freeSocketTimeout = defaultTimeout }: ApiFetchOptions): {
  fetch: HttpFetch
  stop: Stop
} {
  // The agent's timeout is that of its free sockets: a request that takes longer only gets an event.
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 64,
    timeout: freeSocketTimeout,
    ...tls,
    servername: 'kubernetes',
  })
  const fetch: HttpFetch = ({ method, url, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url)
      const outgoing = request(
        {
          agent,
          host: '127.0.0.1',
          port,
          method,
          path: pathname + search,
          headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          ...(signal ? { signal } : {}),
        },
        (response) => resolve({ status: response.statusCode ?? 0, headers: response.headers, chunks: response }),
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  return { fetch, stop: () => agent.destroy() }
}
