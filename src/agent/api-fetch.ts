import { Agent, request } from 'node:https'
import type { Stop } from '#shared/base/disposable.ts'
import type { HttpFetch } from '#shared/client/http-transport.ts'

/** HttpFetch to the API server through this node's tunnel, authenticated by the node's certificate. */
export function createApiFetch({ port, tls }: { port: number; tls: { ca: string; cert: string; key: string } }): {
  fetch: HttpFetch
  stop: Stop
} {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ...tls, servername: 'kubernetes' })
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
