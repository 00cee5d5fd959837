import type { Duplex } from 'node:stream'

/** The connection of an `Upgrade:` request, and what the client has sent behind its head. */
export interface Upgrade {
  socket: Duplex
  head: Buffer
}

/** Answers an `Upgrade:` request with 101; data that the client has already sent is read first. */
export function switchProtocols(
  { socket, head }: Upgrade,
  protocol: string,
  headers: Readonly<Record<string, string>> = {},
): Duplex {
  const lines = Object.entries({ Connection: 'Upgrade', Upgrade: protocol, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`)
  if (head.length > 0) socket.unshift(head)
  return socket
}
