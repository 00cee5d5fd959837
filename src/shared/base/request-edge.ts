import { messageOf } from './message-of.ts'
import type { Log } from './log.ts'

/**
 * The edge of a server on HTTP/2 streams. Everything that the peer controls (path, escapes, authority) is parsed here:
 * invalid input gets 4xx, an exception of a handler 500 and one log line. Nothing that arrives on a stream ends the
 * process.
 */
export interface EdgeOptions<S extends RequestStream> {
  /** Name of this edge in the log. */
  name: string
  /** @throws RequestRefused to answer with its status; any other error is a fault and becomes 500 */
  handle(stream: S, request: EdgeRequest): Promise<void>
  log: Log
  /** Called when a handler throws something other than RequestRefused. */
  onFault?(): void
}

/** The part of Node's `ServerHttp2Stream` that an edge uses. */
export interface RequestStream {
  readonly headersSent: boolean
  readonly destroyed: boolean
  readonly closed: boolean
  respond(headers: Record<string, string | number>, options?: { endStream?: boolean }): void
  end(text?: string): unknown
  close(): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface EdgeRequest {
  method: string
  /** Decoded path segments; empty for CONNECT. */
  segments: readonly string[]
  query: URLSearchParams
  /** Target of a CONNECT. */
  authority: Authority | undefined
  /** Whether a CONNECT carries datagrams to its target, and not a TCP connection. */
  datagrams: boolean
}

/** Header of a CONNECT whose stream carries datagrams (`udp`), framed as `datagrams.ts` says. */
export const transportHeader = 'slipway-transport'

export interface Authority {
  host: string
  port: number
}

/** A refused request, answered as plain text. */
export class RequestRefused extends Error {
  readonly status: number

  /** @param status HTTP status, 400 or above */
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** @returns the listener for a session's `stream` event */
export function createEdge<S extends RequestStream>(
  options: EdgeOptions<S>,
): (stream: S, headers: Readonly<Record<string, unknown>>) => void {
  return (stream, headers) => {
    stream.on('error', () => undefined)
    void serve(options, stream, headers)
  }
}

async function serve<S extends RequestStream>(
  { name, handle, log, onFault }: EdgeOptions<S>,
  stream: S,
  headers: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    await handle(stream, readRequest(headers))
  } catch (error) {
    if (error instanceof RequestRefused) {
      answer(stream, error.status, error.message)
      return
    }
    const message = messageOf(error)
    // A peer that disconnects during a copy is not a fault.
    if (!stream.destroyed) {
      onFault?.()
      const request = `${String(headers[':method'])} ${String(headers[':path'] ?? headers[':authority'])}`
      log.error('request failed', { edge: name, request: request.slice(0, 200), error: message })
    }
    answer(stream, 500, message)
  }
}

/** @throws RequestRefused 400 */
export function readRequest(headers: Readonly<Record<string, unknown>>): EdgeRequest {
  const method = headers[':method']
  if (typeof method !== 'string') throw new RequestRefused(400, 'invalid method')
  if (method === 'CONNECT')
    return {
      method,
      segments: [],
      query: new URLSearchParams(),
      authority: readAuthority(headers[':authority']),
      datagrams: headers[transportHeader] === 'udp',
    }
  const target = headers[':path']
  if (typeof target !== 'string' || !target.startsWith('/')) throw new RequestRefused(400, 'invalid path')
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  return {
    method,
    segments: path.slice(1).split('/').map(decoded),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    authority: undefined,
    datagrams: false,
  }
}

function decoded(segment: string): string {
  let text: string
  try {
    text = decodeURIComponent(segment)
  } catch {
    throw new RequestRefused(400, 'invalid escape in the path')
  }
  if (text.includes('\0')) throw new RequestRefused(400, 'invalid character in the path')
  return text
}

/** `host:port` or `[address]:port`. @throws RequestRefused 400 */
function readAuthority(text: unknown): Authority {
  const match = typeof text === 'string' && /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:/@\s]+)):(\d{1,5})$/.exec(text)
  const port = match ? Number(match[3]) : 0
  if (!match || port < 1 || port > 65_535) throw new RequestRefused(400, 'invalid authority')
  return { host: match[1] ?? match[2] ?? '', port }
}

/** Answers with plain text, if the stream still allows it. */
export function answer(stream: RequestStream, status: number, text: string): void {
  if (stream.headersSent) {
    if (!stream.destroyed) stream.close()
  } else if (respond(stream, { ':status': status, 'content-type': 'text/plain' })) stream.end(text)
}

/** Sends the response head. @returns false when the peer has disconnected */
export function respond(
  stream: RequestStream,
  headers: Record<string, string | number>,
  options: { endStream?: boolean } = {},
): boolean {
  if (stream.destroyed || stream.closed || stream.headersSent) return false
  try {
    stream.respond(headers, options)
    return true
  } catch {
    // The session ended meanwhile.
    return false
  }
}
