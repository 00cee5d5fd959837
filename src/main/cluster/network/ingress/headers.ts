import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** Prefix of the cookies of the app's own page: browsers send them to every port of 127.0.0.1. */
const ownCookies = 'slipway-'
/** Headers of one hop (RFC 9110, section 7.6.1), without `connection`, `upgrade` and `transfer-encoding`. */
const perHop = ['keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer']
/** What a client says of earlier proxies: there is none, so it is not believed. */
const forwarded = /^(forwarded|x-real-ip|x-forwarded-.*|x-original-.*)$/
/** Headers that a `Connection` header may not remove: the request would mean something else without them. */
const needed = new Set(['host', 'content-length', 'transfer-encoding', 'upgrade', 'connection'])

/**
 * Makes a request's headers those that its back end gets: without headers of this hop and this app's cookies, with
 * `X-Forwarded-*` that are true.
 * @param port the port of 127.0.0.1 that the client connected to
 */
export function cleanRequest(message: IncomingMessage, { port, host }: { port: number; host: string }): void {
  const { headers, socket } = message
  for (const name of [...namedByConnection(headers), ...perHop]) if (!needed.has(name)) remove(headers, name)
  for (const name of Object.keys(headers)) if (forwarded.test(name)) remove(headers, name)
  // What remains of it tells whether the client's connection goes on.
  if (headers.upgrade === undefined && headers.connection !== undefined)
    headers.connection = namedByConnection(headers).includes('close') ? 'close' : 'keep-alive'
  if (headers.cookie !== undefined) {
    const kept = headers.cookie.split(';').filter((pair) => !pair.trim().startsWith(ownCookies))
    if (kept.length > 0) headers.cookie = kept.join(';').trim()
    else remove(headers, 'cookie')
  }
  const client = socket.remoteAddress ?? '127.0.0.1'
  headers['x-real-ip'] = client
  headers['x-forwarded-for'] = client
  headers['x-forwarded-host'] = authorityHeader(headers) ?? host
  headers['x-forwarded-port'] = String(port)
  headers['x-forwarded-proto'] = isEncrypted(socket) ? 'https' : 'http'
}

/** The same for an answer: a back end does not set this app's cookies, nor rule the client's connection. */
export function cleanResponse(headers: IncomingHttpHeaders, isUpgrade: boolean): void {
  for (const name of perHop) remove(headers, name)
  if (!isUpgrade) remove(headers, 'connection')
  const cookies = headers['set-cookie']?.filter((cookie) => !cookie.trimStart().startsWith(ownCookies))
  if (!cookies) return
  if (cookies.length > 0) headers['set-cookie'] = cookies
  else remove(headers, 'set-cookie')
}

/** `Host`, or `:authority` of HTTP/2. */
export const authorityHeader = (headers: IncomingHttpHeaders): string | undefined =>
  (headers[':authority'] as string | undefined) ?? headers.host

const namedByConnection = ({ connection = '' }: IncomingHttpHeaders): string[] =>
  connection.split(',').map((name) => name.trim().toLowerCase())

const remove = (headers: IncomingHttpHeaders, name: string): void => void Reflect.deleteProperty(headers, name)

export const isEncrypted = (socket: Socket): boolean => 'encrypted' in socket && socket.encrypted === true
