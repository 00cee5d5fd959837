import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Duplex } from 'node:stream'
import { createDatagramReader, frameDatagram } from '#shared/base/datagrams.ts'
import { refusalOf, type LoopbackListener, type PortRefused } from './loopback-port.ts'

export interface UdpPortOptions {
  /** A stream of framed datagrams to the back end of a new client. @throws Error when there is none */
  connect(client: string): Promise<Duplex>
  /** How long a client's back end is kept while nothing is sent, ms; that of the kernel's tracking when unset. */
  idleMs?: number
}

/** Clients of one port that are served at once; the one that was silent for the longest makes room. */
const mostClients = 512
/** Datagrams of a client that wait for its back end. */
const mostPending = 32
/** `nf_conntrack_udp_timeout_stream` of Linux. */
const defaultIdleMs = 120_000
const mostWaiting = 2 ** 20

interface Client {
  send(content: Uint8Array): void
  close(): void
}

/** Listens for datagrams on `port` of 127.0.0.1 alone. Each client has a back end of its own until it is silent. */
export function listenForDatagrams(
  port: number,
  { connect, idleMs = defaultIdleMs }: UdpPortOptions,
): Promise<LoopbackListener | PortRefused> {
  const socket = createSocket('udp4')
  const clients = new Map<string, Client>()
  socket.on('message', (content, from) => {
    const key = `${from.address}:${from.port}`
    const known = clients.get(key) ?? openClient({ socket, from, connect, idleMs, closed: () => clients.delete(key) })
    // The map's order is that of the last datagrams.
    clients.delete(key)
    clients.set(key, known)
    known.send(content)
    if (clients.size > mostClients) clients.values().next().value?.close()
  })
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(refusalOf(error)))
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.on('error', () => undefined)
      resolve({
        port: socket.address().port,
        async stop() {
          for (const client of [...clients.values()]) client.close()
          await new Promise<void>((done) => socket.close(done))
        },
      })
    })
  })
}

function openClient({
  socket,
  from,
  connect,
  idleMs,
  closed,
}: {
  socket: Socket
  from: RemoteInfo
  connect: UdpPortOptions['connect']
  idleMs: number
  closed: () => void
}): Client {
  const pending: Uint8Array[] = []
  let stream: Duplex | undefined
  let isOpen = true
  const timer = setTimeout(close, idleMs)
  function close(): void {
    if (!isOpen) return
    isOpen = false
    clearTimeout(timer)
    stream?.destroy()
    closed()
  }
  const write = (content: Uint8Array): void => {
    // As a full socket buffer, a slow tunnel drops datagrams.
    if (stream?.writable && stream.writableLength < mostWaiting) stream.write(frameDatagram(content))
  }
  connect(from.address).then((connection) => {
    connection.on('error', close)
    connection.once('close', close)
    if (!isOpen) {
      connection.destroy()
      return
    }
    stream = connection
    connection.on(
      'data',
      createDatagramReader((content) => {
        timer.refresh()
        if (isOpen) socket.send(content, from.port, from.address)
      }),
    )
    for (const content of pending.splice(0)) write(content)
  }, close)
  return {
    send(content) {
      timer.refresh()
      if (stream) write(content)
      else if (pending.length < mostPending) pending.push(content)
    },
    close,
  }
}
