import type { EventEmitter } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { PassThrough, type Duplex, type Readable } from 'node:stream'
import type { Mirror } from './exchange.ts'
import { http2Headers } from './http2.ts'

/** Bytes of a body that wait for a mirror; a slower one loses its copy, and never holds the request back. */
const mostWaiting = 2 ** 20
/** How long a mirror may take to begin its answer, ms: nobody else waits for it. */
const patience = 60_000

/** Sends a copy of a request, as its back end gets it, to a mirror. Call it before the body is read. */
export function mirrorTo(message: IncomingMessage, mirror: Mirror): void {
  const body = copyOf(message)
  if (mirror.isHttp2) {
    void send(body, mirror, overHttp2(http2Headers(message)))
    return
  }
  const { method, url } = message
  const headers = Object.fromEntries(Object.entries(message.headers).filter(([name]) => !name.startsWith(':')))
  const authority = message.headers[':authority']
  if (typeof authority === 'string') headers.host = authority
  void send(body, mirror, (connection) => request({ method, path: url, headers, createConnection: () => connection }))
}

/** The same for a gRPC call, in HTTP/2. */
export function mirrorCall(
  { stream, headers }: { stream: ServerHttp2Stream; headers: IncomingHttpHeaders },
  mirror: Mirror,
): void {
  void send(copyOf(stream), mirror, overHttp2({ ...headers }))
}

/** A request over a connection of its own. */
type Ask = (connection: Duplex) => ClientRequest | Duplex

const overHttp2 =
  (headers: OutgoingHttpHeaders): Ask =>
  (connection) => {
    const session = connect('http://backend', { createConnection: () => connection })
    session.on('error', () => connection.destroy())
    return session.request(headers)
  }

/** Whatever fails is the mirror's own: headers that a filter has set may be none that can be sent. */
async function send(body: PassThrough, mirror: Mirror, ask: Ask): Promise<void> {
  let connection: Duplex | undefined
  try {
    connection = await mirror.connect()
    connection.on('error', () => undefined)
    if (body.destroyed) connection.destroy()
    else carry(body, ask(connection), connection)
  } catch {
    body.destroy()
    connection?.destroy()
  }
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

/** Sends the copy, and lets go of the connection once the answer has ended, or the request was broken off. */
function carry(body: PassThrough, copy: ClientRequest | Duplex, connection: Duplex): void {
  copy.on('error', () => connection.destroy())
  const drain = (answer: Readable): void => {
    answer.on('error', () => undefined)
    answer.resume().once('close', () => connection.destroy())
  }
  if ('resume' in copy) drain(copy)
  else copy.on('response', drain)
  endWithoutAnswer(copy, connection)
  body.once('close', () => {
    if (!body.readableEnded) connection.destroy()
  })
  body.pipe(copy)
}

/** Ends a connection whose request is sent and not answered in time. */
function endWithoutAnswer(copy: EventEmitter, connection: Duplex): void {
  let hasAnswered = false
  let late: ReturnType<typeof setTimeout> | undefined
  copy.once('response', () => {
    hasAnswered = true
    clearTimeout(late)
  })
  copy.once('finish', () => {
    if (!hasAnswered) late = setTimeout(() => connection.destroy(), patience)
  })
  connection.once('close', () => clearTimeout(late))
}
