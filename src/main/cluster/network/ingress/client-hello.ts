/** Record type of a TLS handshake. */
const handshakeRecord = 0x16
const clientHello = 1
const serverNameExtension = 0
const recordHeader = 5

export const isTlsHandshake = (bytes: Buffer): boolean => bytes[0] === handshakeRecord

/**
 * The host that a client asks for in its first TLS message (RFC 8446, section 4.1.2; RFC 6066, section 3), in lower case.
 * What is no ClientHello has no name: whoever takes the connection refuses it.
 */
export function serverNameOf(bytes: Buffer): 'incomplete' | { serverName: string | undefined } {
  const message = handshakeOf(bytes)
  if (message === 'incomplete') return message
  if (message === undefined) return { serverName: undefined }
  try {
    return { serverName: nameIn(createReader(message)) }
  } catch {
    return { serverName: undefined }
  }
}

/** The first handshake message, which may be spread over records. */
function handshakeOf(bytes: Buffer): Buffer | 'incomplete' | undefined {
  const parts: Buffer[] = []
  let have = 0
  for (let at = 0; ;) {
    if (bytes.length < at + recordHeader) return 'incomplete'
    if (bytes[at] !== handshakeRecord) return undefined
    const length = bytes.readUInt16BE(at + 3)
    const part = bytes.subarray(at + recordHeader, at + recordHeader + length)
    parts.push(part)
    have += part.length
    const message = Buffer.concat(parts, have)
    if (message.length > 0 && message[0] !== clientHello) return undefined
    if (message.length >= 4 && message.length >= 4 + message.readUIntBE(1, 3)) return message.subarray(4)
    if (part.length < length) return 'incomplete'
    at += recordHeader + length
  }
}

interface Reader {
  readonly left: number
  number(bytes: number): number
  /** The bytes behind a length of so many bytes. */
  vector(bytes: number): Buffer
  skip(bytes: number): void
}

/** @throws RangeError beyond the end */
function createReader(bytes: Buffer): Reader {
  let at = 0
  const number = (size: number): number => {
    const value = bytes.readUIntBE(at, size)
    at += size
    return value
  }
  return {
    get left() {
      return bytes.length - at
    },
    number,
    vector(size) {
      const length = number(size)
      if (at + length > bytes.length) throw new RangeError('truncated')
      at += length
      return bytes.subarray(at - length, at)
    },
    skip(size) {
      at += size
    },
  }
}

function nameIn(hello: Reader): string | undefined {
  // Version and random; session ID; cipher suites; compression methods.
  hello.skip(34)
  hello.vector(1)
  hello.vector(2)
  hello.vector(1)
  if (hello.left === 0) return undefined
  const extensions = createReader(hello.vector(2))
  while (extensions.left > 0) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type !== serverNameExtension) continue
    const names = createReader(createReader(content).vector(2))
    // The one type of name is a host.
    return names.number(1) === 0 ? names.vector(2).toString('latin1').toLowerCase() : undefined
  }
  return undefined
}
