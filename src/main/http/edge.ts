import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ReportFault } from '#shared/base/fault-log.ts'

/** What a server does with its requests. Handlers may throw: EdgeError is an answer, anything else is a fault. */
export interface EdgeHandlers {
  request(message: IncomingMessage, response: ServerResponse): void | Promise<void>
  /** Protocol upgrades are refused when unset. */
  upgrade?(message: IncomingMessage, socket: Duplex, head: Buffer): void | Promise<void>
  /** Body of an answer that no handler has given. Plain text when unset. */
  describe?(code: number, message: string): { contentType: string; body: string }
  /** Told of every throw that is no EdgeError. */
  onFault: ReportFault
}

/** An answer other than 200, thrown by a handler. */
export class EdgeError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * The one way in which an HTTP server of the host process serves requests. Nothing that a client sends ends the process:
 * bytes that are no HTTP get a 400, a throw or rejection of a handler becomes an answer (500 and a report of the fault
 * unless it is an EdgeError), and sockets that break are destroyed.
 */
export function serveEdge(server: Server, handlers: EdgeHandlers): void {
  const { onFault, describe = plainText } = handlers
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    message.on('error', () => undefined)
    response.on('error', () => undefined)
    void attempt(
      () => handlers.request(message, response),
      (error) => {
        const { code, text } = refusalOf(error, onFault)
        if (response.headersSent) {
          response.destroy()
          return
        }
        const { contentType, body } = describe(code, text)
        const headers = { 'content-type': contentType, 'cache-control': 'no-store', connection: 'close' }
        response.writeHead(code, headers).end(body)
      },
    )
  })
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    void attempt(
      () => {
        if (!handlers.upgrade) throw new EdgeError(400, 'this address cannot be upgraded')
        return handlers.upgrade(message, socket, head)
      },
      (error) => {
        const { code, text } = refusalOf(error, onFault)
        writeRefusal(socket, code, describe(code, text))
      },
    )
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET') socket.destroy()
    // Node reports every further chunk of the same bytes again.
    if (!socket.writable) return
    const [code, text] = malformed[error.code ?? ''] ?? [400, 'malformed HTTP request']
    writeRefusal(socket, code, describe(code, text))
  })
  // A TLS connection that breaks in its handshake concerns only that client.
  server.on('tlsClientError', (_error: Error, socket: Duplex) => socket.destroy())
}

const malformed: Readonly<Record<string, [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the header fields of the request are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the chunk extensions of the request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
}

/**
 * Path and parameters of a request's target. @throws EdgeError 400 unless the target is an absolute path, as every
 * client but a proxy's sends (RFC 9112, section 3.2.1)
 */
export function targetOf(message: IncomingMessage): { path: string; query: URLSearchParams } {
  const target = message.url ?? ''
  if (!/^\/[\x21-\x7e]*$/.test(target)) throw new EdgeError(400, 'malformed request target')
  const mark = target.indexOf('?')
  return {
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
  }
}

/** Writes an answer to a connection that has no ServerResponse, and closes it. */
export function writeRefusal(
  socket: Duplex,
  code: number,
  { contentType, body }: { contentType: string; body: string } = plainText(code, STATUS_CODES[code] ?? ''),
): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  // Closing over bytes that are still to come would reset the connection before the answer has been read.
  socket.resume()
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

const lingerMs = 1_000

const plainText = (_code: number, message: string): { contentType: string; body: string } => ({
  contentType: 'text/plain; charset=utf-8',
  body: message,
})

async function attempt(act: () => void | Promise<void>, refuse: (error: unknown) => void): Promise<void> {
  try {
    await act()
  } catch (error) {
    refuse(error)
  }
}

function refusalOf(error: unknown, onFault: ReportFault): { code: number; text: string } {
  if (error instanceof EdgeError) return { code: error.code, text: error.message }
  onFault(error)
  return { code: 500, text: 'internal error' }
}
