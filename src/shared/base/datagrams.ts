/**
 * Datagrams over a stream of bytes: each behind its length in two bytes, big endian. So UDP goes through the tunnels.
 */

/** Most bytes of a datagram's content: those of UDP over IPv4. */
export const mostDatagramBytes = 65_507

/** One datagram as it is written to the stream. @throws RangeError when it is too long */
export function frameDatagram(content: Uint8Array): Uint8Array {
  if (content.length > mostDatagramBytes) throw new RangeError('the datagram is too long')
  const framed = new Uint8Array(2 + content.length)
  framed[0] = content.length >> 8
  framed[1] = content.length & 255
  framed.set(content, 2)
  return framed
}

/** @returns what is to be called with the stream's bytes as they come; `onDatagram` gets each whole datagram */
export function createDatagramReader(onDatagram: (content: Uint8Array) => void): (bytes: Uint8Array) => void {
  let rest: Uint8Array = new Uint8Array(0)
  return (bytes) => {
    let all = bytes
    if (rest.length > 0) {
      all = new Uint8Array(rest.length + bytes.length)
      all.set(rest)
      all.set(bytes, rest.length)
    }
    let at = 0
    for (;;) {
      const [high, low] = [all[at], all[at + 1]]
      if (high === undefined || low === undefined) break
      const end = at + 2 + ((high << 8) | low)
      if (end > all.length) break
      onDatagram(all.subarray(at + 2, end))
      at = end
    }
    rest = all.slice(at)
  }
}
