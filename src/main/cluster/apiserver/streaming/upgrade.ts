import type { Duplex } from 'node:stream'

/** Answers an `Upgrade:` request with 101; data that the client has already sent is read first. */
export function switchProtocols(
  { socket, head }: { socket: Duplex; head: Buffer },
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
