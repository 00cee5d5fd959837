import type { IncomingMessage } from 'node:http'
import {
  connect,
  constants,
  Http2ServerResponse,
  type Http2ServerRequest,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Exchange } from './exchange.ts'
import { mirrorCall } from './mirror.ts'

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_STATUS, HTTP2_HEADER_PATH, HTTP2_HEADER_AUTHORITY, NGHTTP2_CANCEL } =
  constants

const isHttp2Response = (response: unknown): response is Http2ServerResponse => response instanceof Http2ServerResponse

export interface GrpcCall {
  stream: ServerHttp2Stream
  headers: IncomingHttpHeaders
  response: Http2ServerResponse
}

/** A request as a gRPC call, which needs HTTP/2 up to its back end: its status is in the trailers. */
export function grpcCallOf(message: IncomingMessage | Http2ServerRequest, answer: object): GrpcCall | undefined {
  const response: unknown = answer
  if (!isHttp2Response(response)) return undefined
  if (!message.headers['content-type']?.startsWith('application/grpc')) return undefined
  return { stream: response.stream, headers: message.headers, response }
}

/** Carries one gRPC call over `connection`, in HTTP/2 without TLS; messages and trailers go both ways as they come. */
export function carryGrpc(
  call: GrpcCall,
  connection: Duplex,
  { amendResponse, mirrors = [] }: Pick<Exchange, 'amendResponse' | 'mirrors'> = {},
): void {
  const { stream, headers, response } = call
  const session = connect('http://backend', { createConnection: () => connection })
  const fail = (): void => {
    if (!stream.headersSent && !stream.destroyed)
      // gRPC's own answer for a back end that is gone: UNAVAILABLE (14).
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': 'no connection' },
        { endStream: true },
      )
    else stream.close(NGHTTP2_CANCEL)
    session.destroy()
  }
  session.on('error', fail)
  const outgoing = session.request({
    ...headers,
    [HTTP2_HEADER_METHOD]: headers[HTTP2_HEADER_METHOD] ?? 'POST',
    [HTTP2_HEADER_PATH]: headers[HTTP2_HEADER_PATH] ?? '/',
    [HTTP2_HEADER_AUTHORITY]: headers[HTTP2_HEADER_AUTHORITY] ?? headers.host ?? 'backend',
    te: 'trailers',
  })
  outgoing.on('error', fail)
  stream.on('error', () => session.destroy())
  stream.once('close', () => session.destroy())
  // Node's compatible API sends the trailers of its response, which come before the end.
  outgoing.on('trailers', (trailers: IncomingHttpHeaders) => response.addTrailers(trailers))
  outgoing.once('response', ({ [HTTP2_HEADER_STATUS]: status = 200, ...answer }, flags) => {
    if (stream.destroyed) return
    amendResponse?.(answer)
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      stream.respond({ [HTTP2_HEADER_STATUS]: status, ...answer }, { endStream: true })
      return
    }
    response.writeHead(Number(status), answer)
    outgoing.pipe(response)
  })
  for (const mirror of mirrors) mirrorCall(call, mirror)
  stream.pipe(outgoing)
}
