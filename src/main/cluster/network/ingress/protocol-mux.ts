import type { Socket } from 'node:net'
import { isTlsHandshake, serverNameOf } from './client-hello.ts'

/** What a client speaks, by its first bytes; of TLS, also the host that it asks for, where it names one. */
export type Protocol = { name: 'tls'; serverName: string | undefined } | { name: 'http2' } | { name: 'http1' }

/** First bytes of HTTP/2's preface (RFC 9113, section 3.4) that no method of HTTP/1 begins with. */
const prefaceStart = Buffer.from('PRI')
const patienceMs = 10_000
/** Most bytes of a first TLS message that are read before it is handed on unread. */
const mostSeen = 16_384

/** The protocol that `bytes` begin; undefined while that cannot be told. */
export function protocolOf(bytes: Buffer): Protocol | undefined {
  if (bytes.length === 0) return undefined
  if (isTlsHandshake(bytes)) {
    const found = serverNameOf(bytes)
    if (found === 'incomplete' && bytes.length < mostSeen) return undefined
    return { name: 'tls', serverName: found === 'incomplete' ? undefined : found.serverName }
  }
  const length = Math.min(bytes.length, prefaceStart.length)
  if (!bytes.subarray(0, length).equals(prefaceStart.subarray(0, length))) return { name: 'http1' }
  return length === prefaceStart.length ? { name: 'http2' } : undefined
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
    if (protocol.name === 'http1') socket.resume()
  }
  socket.once('close', () => clearTimeout(timer))
  socket.on('data', look)
}
