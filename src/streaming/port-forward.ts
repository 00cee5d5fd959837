import type { IncomingMessage } from 'node:http'
import { createWebSocketStream } from 'ws'
import type { Duplex } from 'node:stream'
import { messageOf } from '#shared/base/message-of.ts'
import { badRequest } from '#shared/kube/status.ts'
import { webSocketChannels } from './channels.ts'
import { offeredVersions } from './command-spdy.ts'
import { createSpdySession } from './spdy/session.ts'
import type { SpdyStream } from './spdy/stream.ts'
import { switchProtocols, type Upgrade } from './upgrade.ts'
import { acceptWebSocket, chooseProtocol, isWebSocket } from './web-socket.ts'

const spdyProtocol = 'portforward.k8s.io'
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io'
const channelProtocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io']

/**
 * Joins the client's connections, by SPDY, SPDY in a WebSocket or channels of a WebSocket, to ports of a pod.
 * @param ports texts of the ports for clients that name them in advance @throws ApiError 400
 */
export async function servePortForward({
  message,
  upgrade,
  ports,
  dial,
}: {
  message: IncomingMessage
  upgrade: Upgrade
  ports: readonly string[]
  dial: Dial
}): Promise<void> {
  if (!isWebSocket(message)) {
    const offered = offeredVersions(message)
    if (!offered.includes(spdyProtocol))
      throw badRequest(
        `unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${spdyProtocol}]`,
      )
    serveStreams(switchProtocols(upgrade, 'SPDY/3.1', { 'X-Stream-Protocol-Version': spdyProtocol }), dial)
    return
  }
  const protocol = chooseProtocol(message, [tunnelProtocol, ...channelProtocols], true)
  const numbers = protocol === tunnelProtocol ? [] : readPorts(ports)
  const { socket } = await acceptWebSocket(message, upgrade, protocol)
  if (protocol === tunnelProtocol) serveStreams(createWebSocketStream(socket), dial)
  else servePorts(webSocketChannels(socket, protocol), numbers, dial)
}

/** Opens a connection to a port of the pod. @throws ApiError */
export type Dial = (port: number) => Promise<Duplex>

/**
 * SPDY: for each connection the client opens two streams with the same `requestID`, one for data and one for the error
 * message.
 */
function serveStreams(carrier: Duplex, dial: Dial): void {
  const waiting = new Map<string, SpdyStream>()
  createSpdySession({
    carrier,
    onStream(stream) {
      const { streamtype, requestid = '', port } = stream.headers
      if ((streamtype !== 'data' && streamtype !== 'error') || port === undefined) {
        stream.refuse()
        return
      }
      stream.accept()
      const other = waiting.get(requestid)
      if (!other) {
        waiting.set(requestid, stream)
        stream.once('close', () => {
          if (waiting.get(requestid) === stream) waiting.delete(requestid)
        })
        return
      }
      waiting.delete(requestid)
      const [data, error] = streamtype === 'data' ? [stream, other] : [other, stream]
      void serveConnection(data, error, Number(port), dial)
    },
  })
}

async function serveConnection(data: SpdyStream, error: SpdyStream, port: number, dial: Dial): Promise<void> {
  error.resume()
  try {
    const pod = await dial(port)
    await join(data, pod)
    error.end()
  } catch (failure) {
    error.end(`an error occurred forwarding ${port}: ${messageOf(failure)}`)
    // Ended, not reset: a client whose stream is reset does not read the reason.
    data.resume()
    data.end()
  }
}

/** Joins two connections. Each side's end is passed on, so that half-closed connections work. */
async function join(client: Duplex, pod: Duplex): Promise<void> {
  const closed = (stream: Duplex): Promise<void> =>
    new Promise((resolve) => {
      stream.on('error', () => undefined)
      stream.once('close', resolve)
    })
  const gone = [closed(client), closed(pod)]
  client.pipe(pod)
  pod.pipe(client)
  await Promise.race(gone)
  // The pod's last output still has to reach the client.
  if (pod.destroyed && !client.destroyed) client.end()
  else pod.destroy()
  await Promise.all(gone)
}

/** WebSocket without SPDY: two channels per port, data and error; each begins with the port number. */
export function servePorts(
  connection: ReturnType<typeof webSocketChannels>,
  ports: readonly number[],
  dial: Dial,
): void {
  ports.forEach((port, index) => {
    const number = Buffer.alloc(2)
    number.writeUInt16LE(port)
    connection.send(2 * index, number)
    connection.send(2 * index + 1, number)
  })
  const left = new Set(ports.keys())
  ports.forEach((port, index) => {
    const input = connection.input(2 * index)
    dial(port)
      .then(async (pod) => {
        connection.onClose(() => pod.destroy())
        pod.on('error', () => undefined)
        input.pipe(pod)
        const output = connection.output(2 * index)
        for await (const chunk of pod)
          if (!output.write(chunk)) await new Promise((resolve) => output.once('drain', resolve))
        // The last output waits for what was sent before it: closing now would cut it off.
        await new Promise((resolve) => output.end(resolve))
      })
      .catch((failure: unknown) => {
        connection.send(2 * index + 1, Buffer.from(`an error occurred forwarding ${port}: ${messageOf(failure)}`))
      })
      .finally(() => {
        left.delete(index)
        if (left.size === 0) connection.close()
      })
  })
}

/** @throws ApiError 400 */
function readPorts(texts: readonly string[]): number[] {
  const ports = texts.flatMap((text) => text.split(',')).map(Number)
  if (ports.length === 0) throw badRequest('query parameter "ports" is required')
  const bad = ports.find((port) => !Number.isInteger(port) || port < 1 || port > 65535)
  if (bad !== undefined) throw badRequest(`query parameter "ports" must be a port number: ${bad}`)
  return ports
}
