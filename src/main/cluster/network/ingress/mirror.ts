import { request, type IncomingMessage } from 'node:http'
import { connect, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { PassThrough, type Duplex, type Readable } from 'node:stream'

/** Bytes of a body that wait for a mirror; a slower one loses its copy, and never holds the request back. */
const mostWaiting = 2 ** 20

/** Sends a copy of a request, as its back end gets it, to a mirror. Call it before the body is read. */
export function mirrorTo(message: IncomingMessage, dial: () => Promise<Duplex>): void {
  const body = copyOf(message)
  const { method, url } = message
  const headers = Object.fromEntries(Object.entries(message.headers).filter(([name]) => !name.startsWith(':')))
  const authority = message.headers[':authority']
  if (typeof authority === 'string') headers.host = authority
  void dial().then(
    (connection) => {
      const copy = request({ method, path: url, headers, createConnection: () => connection })
      carry(body, copy, connection)
    },
    () => body.destroy(),
  )
}

/** The same for a gRPC call, in HTTP/2. */
export function mirrorCall(
  { stream, headers }: { stream: ServerHttp2Stream; headers: IncomingHttpHeaders },
  dial: () => Promise<Duplex>,
): void {
  const body = copyOf(stream)
  const sent = { ...headers }
  void dial().then(
    (connection) => {
      const session = connect('http://backend', { createConnection: () => connection })
      session.on('error', () => connection.destroy())
      carry(body, session.request(sent), connection)
    },
    () => body.destroy(),
  )
}

/** What is read of `source` by others, kept until it is sent. */
function copyOf(source: Readable): PassThrough {
  const body = new PassThrough({ highWaterMark: mostWaiting })
  body.on('error', () => undefined)
  source.on('data', (chunk: Buffer) => {
    if (body.destroyed || body.write(chunk)) return
    body.destroy(new Error('the mirror is too slow'))
  })
  source.once('end', () => body.end())
  source.once('close', () => {
    if (!source.readableEnded) body.destroy()
  })
  return body
}

/** Sends the copy, and lets go of the connection once the answer has ended. */
function carry(body: PassThrough, copy: ReturnType<typeof request> | Duplex, connection: Duplex): void {
  connection.on('error', () => undefined)
  copy.on('error', () => connection.destroy())
  const drain = (answer: Readable): void => {
    answer.on('error', () => undefined)
    answer.resume().once('close', () => connection.destroy())
  }
  if ('resume' in copy) drain(copy)
  else copy.on('response', drain)
  body.once('error', () => copy.destroy())
  body.pipe(copy)
}
