import type { Socket } from 'node:net'

/** What a client speaks, by its first bytes. */
export type Protocol = 'tls' | 'http2' | 'http1'

/** First bytes of HTTP/2's preface (RFC 9113, section 3.4) that no method of HTTP/1 begins with. */
const prefaceStart = Buffer.from('PRI')
/** Record type of a TLS handshake. */
const tlsHandshake = 0x16
const patienceMs = 10_000

/** The protocol that `bytes` begin; undefined while that cannot be told. */
export function protocolOf(bytes: Buffer): Protocol | undefined {
  if (bytes.length === 0) return undefined
  if (bytes[0] === tlsHandshake) return 'tls'
  const length = Math.min(bytes.length, prefaceStart.length)
  if (!bytes.subarray(0, length).equals(prefaceStart.subarray(0, length))) return 'http1'
  return length === prefaceStart.length ? 'http2' : undefined
}

/** Reads as much of a new connection as tells its protocol, puts it back, and hands the connection on. */
export function withProtocol(socket: Socket, next: (protocol: Protocol) => void): void {
  let seen = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), patienceMs)
  const look = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk])
    const protocol = protocolOf(seen)
    if (!protocol) return
    clearTimeout(timer)
    socket.off('data', look)
    socket.pause()
    socket.unshift(seen)
    next(protocol)
    // TLS and HTTP/2 take over the socket's handle, with what was put back; HTTP/1.1 reads the socket itself.
    if (protocol === 'http1') socket.resume()
  }
  socket.once('close', () => clearTimeout(timer))
  socket.on('data', look)
}
