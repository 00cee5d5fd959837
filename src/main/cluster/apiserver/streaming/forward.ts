import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '#shared/base/message-of.ts'
import { serviceUnavailable } from '#shared/kube/status.ts'
import { cookiePrefix } from '../api/access.ts'

export interface Forwarding {
  message: IncomingMessage
  /** The response; undefined for an upgrade. */
  response?: ServerResponse
  upgrade?: { socket: Duplex; head: Buffer }
  /** Connection to the target; owned and closed by the callee. */
  connection: Duplex
  /** Path with the query string. */
  path: string
  headers: Record<string, string | string[]>
  /** Rewrites the response. When unset, its headers except hop-by-hop ones and its body are passed on unchanged. */
  rewrite?: Rewrite
}

/** @returns the headers to send to the client, and a body if it replaces the original */
export type Rewrite = (answer: IncomingMessage) => { headers: Record<string, string | string[]>; body?: Readable }

const unchanged: Rewrite = ({ headers }) => ({ headers: forwardedHeaders(headers, false) })

/** Forwards a request over `connection` and streams the response back. @throws ApiError 503 */
export async function forward(forwarding: Forwarding): Promise<void> {
  const { message, response, upgrade, connection, path, headers, rewrite = unchanged } = forwarding
  const outgoing = httpRequest({
    createConnection: () => connection,
    method: message.method ?? 'GET',
    path,
    headers,
    setHost: false,
  })
  if (upgrade) {
    outgoing.once('upgrade', (answer, socket, head) => joinUpgrade(upgrade.socket, answer, socket, head))
    outgoing.once('response', (answer) => refuseUpgrade(upgrade.socket, answer))
    outgoing.once('error', () => upgrade.socket.destroy())
    outgoing.end()
    return
  }
  if (!response) return
  response.once('close', () => connection.destroy())
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
  message.pipe(outgoing)
  try {
    const answer = await answered
    const back = rewrite(answer)
    response.writeHead(answer.statusCode ?? 502, back.headers)
    // A watch may send nothing for a long time, and its client waits for the headers.
    response.flushHeaders()
    await pipeline(back.body ?? answer, response)
  } catch (error) {
    if (response.headersSent) response.destroy()
    else throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`)
  }
}

function joinUpgrade(client: Duplex, answer: IncomingMessage, socket: Duplex, head: Buffer): void {
  client.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(answer)}\r\n`)
  if (head.length > 0) client.write(head)
  client.on('error', () => socket.destroy())
  socket.on('error', () => client.destroy())
  client.pipe(socket).pipe(client)
}

/** Passes on the response of a target that refuses the upgrade. */
function refuseUpgrade(client: Duplex, answer: IncomingMessage): void {
  delete answer.headers['transfer-encoding']
  answer.headers.connection = 'close'
  client.write(`HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}\r\n${headerLines(answer)}\r\n`)
  answer.pipe(client)
}

const headerLines = ({ headers }: IncomingMessage): string =>
  Object.entries(headers)
    .flatMap(([name, value = []]) =>
      (name === 'set-cookie' ? othersCookies(value) : [value].flat()).map((one) => `${name}: ${one}\r\n`),
    )
    .join('')

const perHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * The headers of a message that go on to the next hop. Requests have lost their credentials already
 * (`auth/strip-credentials.ts`); cookies of this app's name are removed from responses, since browsers share cookies
 * between ports.
 */
export function forwardedHeaders(headers: IncomingHttpHeaders, isUpgrade: boolean): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue
    if (perHop.has(name) && !(isUpgrade && (name === 'connection' || name === 'upgrade'))) continue
    kept[name] = name === 'set-cookie' ? othersCookies(value) : value
  }
  return kept
}

const othersCookies = (cookies: string | string[]): string[] =>
  [cookies].flat().filter((cookie) => !cookie.trimStart().startsWith(cookiePrefix))
