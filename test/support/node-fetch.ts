import http from 'node:http'
import https from 'node:https'
import type { HttpFetch } from '#shared/client/http-transport.ts'

export interface NodeFetchOptions {
  /** PEM of the authority that the server's certificate must come from. */
  ca?: string
  /** PEM of the client's certificate and key. */
  cert?: string
  key?: string
}

/** HttpFetch over Node's own HTTP, with kept-alive connections. */
export function createNodeFetch(options: NodeFetchOptions = {}): { fetch: HttpFetch; close(): void } {
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true, ...options }),
  }
  const fetch: HttpFetch = ({ method, url, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const target = new URL(url)
      const secure = target.protocol === 'https:'
      const send = secure ? https.request : http.request
      const request = send(target, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: secure ? agents['https:'] : agents['http:'],
        signal,
      })
      request.on('error', reject)
      request.on('response', (response) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, chunks: response })
      })
      request.end(body)
    })
  return {
    fetch,
    close() {
      agents['http:'].destroy()
      agents['https:'].destroy()
    },
  }
}
