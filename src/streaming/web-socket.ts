import type { IncomingMessage } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import { badRequest } from '#shared/kube/status.ts'
import type { Upgrade } from './upgrade.ts'

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: 32 * 1024 * 1024,
})

/** The protocol negotiated for a request, before the handshake. */
const chosen = new WeakMap<IncomingMessage, string>()

server.on('headers', (headers, request) => {
  const protocol = chosen.get(request)
  if (protocol !== undefined) headers.push(`Sec-WebSocket-Protocol: ${protocol}`)
})

const pingEvery = 30_000

export interface AcceptedWebSocket {
  socket: WebSocket
  /** The negotiated subprotocol, '' for none. */
  protocol: string
}

/**
 * Negotiates the subprotocol: the first of `known` that the client offers.
 * @param known supported protocols in order of preference. @returns '' when the client offers none and `optional` is
 * set
 * @throws ApiError 400 when the client offers no supported protocol
 */
export function chooseProtocol(message: IncomingMessage, known: readonly string[], optional = false): string {
  const offered = offeredProtocols(message)
  const protocol = known.find((candidate) => offered.includes(candidate))
  if (protocol !== undefined) return protocol
  if (optional && offered.length === 0) return ''
  throw badRequest(`unable to upgrade: none of the protocols [${offered.join(' ')}] is supported: [${known.join(' ')}]`)
}

/** Completes the handshake, and keeps the connection alive with pings. */
export function acceptWebSocket(
  message: IncomingMessage,
  { socket, head }: Upgrade,
  protocol: string,
): Promise<AcceptedWebSocket> {
  if (protocol !== '') chosen.set(message, protocol)
  // The name of tunnelled SPDY contains a slash, which makes ws reject the whole handshake.
  delete message.headers['sec-websocket-protocol']
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client disconnected during the handshake')))
    server.handleUpgrade(message, socket, head, (webSocket) => {
      keepAlive(webSocket)
      resolve({ socket: webSocket, protocol })
    })
  })
}

export const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket'

/** Subprotocols that carry credentials are not negotiated. */
const offeredProtocols = ({ headers }: IncomingMessage): string[] =>
  (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && !protocol.startsWith('base64url.bearer.authorization.k8s.io.'))

/** Terminates a connection that misses two pings. */
function keepAlive(webSocket: WebSocket): void {
  let missed = 0
  const timer = setInterval(() => {
    if (missed++ >= 2) webSocket.terminate()
    else webSocket.ping()
  }, pingEvery)
  timer.unref()
  webSocket.on('pong', () => (missed = 0))
  webSocket.once('close', () => clearInterval(timer))
  webSocket.on('error', () => webSocket.terminate())
}
