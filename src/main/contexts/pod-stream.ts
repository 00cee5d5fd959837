import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

const [data, failure] = [0, 1]
/** How long a connection may be silent after its client has ended its side, which WebSockets cannot tell the pod, ms. */
const lingerMs = 15_000
/** Bytes of a message that may wait for the reader before the sender is paused. */
const highWaterMark = 2 ** 18

/**
 * One connection to a port of a pod, over a WebSocket of `v4.channel.k8s.io`: channel 0 is data, channel 1 the server's
 * failure as text. The first message of each is the port's number.
 */
export function podStream(socket: WebSocket): Duplex {
  const begun = new Set<number>()
  let linger: NodeJS.Timeout | undefined
  const stream = new Duplex({
    highWaterMark,
    allowHalfOpen: true,
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.send(Buffer.concat([Buffer.from([data]), chunk]), done),
    final(done) {
      linger = setTimeout(() => socket.close(), lingerMs).unref()
      done()
    },
    destroy(error, done) {
      clearTimeout(linger)
      socket.terminate()
      done(error)
    },
  })
  // It may fail before anybody reads it; readers get the error all the same.
  stream.on('error', () => undefined)
  socket.on('message', (message: Buffer) => {
    const channel = message[0] ?? data
    if (!begun.has(channel)) {
      begun.add(channel)
      return
    }
    linger?.refresh()
    if (channel === failure) stream.destroy(new Error(message.subarray(1).toString('utf8').slice(0, 500)))
    else if (message.length > 1 && !stream.push(message.subarray(1))) socket.pause()
  })
  socket.once('close', () => stream.push(null))
  socket.on('error', (error) => stream.destroy(error))
  return stream
}
