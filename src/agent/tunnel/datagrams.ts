import { createSocket } from 'node:dgram'
import type { ServerHttp2Stream } from 'node:http2'
import { createDatagramReader, frameDatagram } from '#shared/base/datagrams.ts'
import { respond, type Authority } from '#shared/base/request-edge.ts'

/** Bytes that wait for a slow host before datagrams are dropped, as a full socket buffer drops them. */
const mostWaiting = 2 ** 20

/**
 * Carries the datagrams of one client of the host to an address of this worker's network, and the answers back. Ends
 * with the stream, or when the address answers that nothing listens there.
 */
export function joinDatagrams(stream: ServerHttp2Stream, { host, port }: Authority): void {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    socket.close()
    stream.close()
  }
  socket.on('error', close)
  stream.once('close', close)
  socket.on('message', (content) => {
    if (stream.writable && stream.writableLength < mostWaiting) stream.write(frameDatagram(content))
  })
  socket.connect(port, host, () => {
    if (!isOpen || !respond(stream, { ':status': 200 })) return
    const read = createDatagramReader((content) => {
      if (isOpen) socket.send(content)
    })
    stream.on('data', read)
    stream.once('end', close)
  })
}
