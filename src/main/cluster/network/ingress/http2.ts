import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { connect, constants, type OutgoingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import { authorityHeader, cleanResponse } from './headers.ts'
import type { Exchange } from './exchange.ts'

const { HTTP2_HEADER_AUTHORITY, HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_SCHEME, HTTP2_HEADER_STATUS } =
  constants
/** Headers that HTTP/2 does not have (RFC 9113, section 8.2.2). */
const ofHttp1 = new Set([
  ...['connection', 'host', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'],
])

/**
 * Carries a request of any version of HTTP to a back end that speaks HTTP/2 alone, without TLS (`kubernetes.io/h2c`).
 * @throws Error where the back end breaks off before it answers
 */
export function carryOverHttp2(
  message: IncomingMessage,
  response: ServerResponse,
  connection: Duplex,
  { amendResponse }: Pick<Exchange, 'amendResponse'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connect('http://backend', { createConnection: () => connection })
    const fail = (error: Error): void => {
      session.destroy()
      if (response.headersSent) response.destroy()
      else reject(error)
    }
    session.on('error', fail)
    response.once('close', () => {
      session.destroy()
      resolve()
    })
    const outgoing = session.request(http2Headers(message))
    outgoing.on('error', fail)
    outgoing.once('aborted', () => fail(new Error('the answer was cut off')))
    outgoing.once('response', ({ [HTTP2_HEADER_STATUS]: status = 502, ...headers }) => {
      if (response.destroyed) return
      cleanResponse(headers, false)
      amendResponse?.(headers)
      response.writeHead(Number(status), headers)
      outgoing.pipe(response)
    })
    outgoing.on('trailers', (trailers: IncomingHttpHeaders) => response.addTrailers(fieldsOf(trailers)))
    message.pipe(outgoing)
  })
}

/** The head of a request of any version of HTTP, as a back end gets it that speaks HTTP/2. */
export const http2Headers = ({ headers, method = 'GET', url = '/' }: IncomingMessage): OutgoingHttpHeaders => ({
  ...fieldsOf(headers),
  [HTTP2_HEADER_METHOD]: method,
  [HTTP2_HEADER_SCHEME]: 'http',
  [HTTP2_HEADER_PATH]: url,
  [HTTP2_HEADER_AUTHORITY]: authorityHeader(headers) ?? 'backend',
})

const fieldsOf = (headers: IncomingHttpHeaders): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith(':') || ofHttp1.has(name) || value === undefined ? [] : [[name, value]],
    ),
  )
