import { duplexPair, type Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { HeaderCodec } from './headers.ts'
import { createSpdySession } from './session.ts'
import type { SpdyStream } from './stream.ts'

const control = (kind: number, flags: number, ...body: Uint8Array[]): Buffer => {
  const bytes = Buffer.concat(body)
  const head = Buffer.from([0x80, 3, 0, kind, flags, 0, 0, 0])
  head.writeUIntBE(bytes.length, 5, 3)
  return Buffer.concat([head, bytes])
}
const data = (id: number, payload: string, isLast = false): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(id)
  head[4] = isLast ? 1 : 0
  head.writeUIntBE(Buffer.byteLength(payload), 5, 3)
  return Buffer.concat([head, Buffer.from(payload)])
}
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** The client's end: opens streams, and reads frames. */
class Client {
  readonly #carrier: Duplex
  readonly #codec = new HeaderCodec()
  #pending = Buffer.alloc(0)

  constructor(carrier: Duplex) {
    this.#carrier = carrier
  }

  async open(id: number, headers: Record<string, string>): Promise<void> {
    this.#carrier.write(control(1, 0, u32(id), u32(0), Buffer.alloc(2), await this.#codec.encode(headers)))
  }

  write(frame: Buffer): void {
    this.#carrier.write(frame)
  }

  async frame(): Promise<Buffer> {
    for (;;) {
      const length = this.#pending.length >= 8 ? 8 + this.#pending.readUIntBE(5, 3) : Infinity
      if (this.#pending.length >= length) {
        const frame = this.#pending.subarray(0, length)
        this.#pending = this.#pending.subarray(length)
        return frame
      }
      const chunk = this.#carrier.read() as Buffer | null
      if (chunk) this.#pending = Buffer.concat([this.#pending, chunk])
      else await new Promise((resolve) => this.#carrier.once('readable', resolve))
    }
  }

  close(): void {
    this.#carrier.end()
  }
}

function setUp() {
  const [server, other] = duplexPair()
  const opened: SpdyStream[] = []
  const waiting: ((stream: SpdyStream) => void)[] = []
  const session = createSpdySession({
    carrier: server,
    onStream(stream) {
      const wake = waiting.shift()
      if (wake) wake(stream)
      else opened.push(stream)
    },
  })
  const next = (): Promise<SpdyStream> => {
    const stream = opened.shift()
    return stream ? Promise.resolve(stream) : new Promise((resolve) => waiting.push(resolve))
  }
  return { client: new Client(other), session, next }
}

describe('a SPDY session', () => {
  it('opens streams with headers in one compression context', async () => {
    const { client, next } = setUp()
    await client.open(1, { StreamType: 'error', requestid: '0' })
    expect((await next()).headers).toEqual({ streamtype: 'error', requestid: '0' })
    await client.open(3, { StreamType: 'data', requestid: '0' })
    expect((await next()).headers).toEqual({ streamtype: 'data', requestid: '0' })
  })

  it('carries data both ways, and ends each direction independently', async () => {
    const { client, next } = setUp()
    await client.open(1, {})
    const stream = await next()
    stream.accept()
    expect((await client.frame()).readUInt16BE(2)).toBe(2)
    client.write(data(1, 'ping '))
    client.write(data(1, 'pong', true))
    expect(await text(stream)).toBe('ping pong')
    stream.end('answer')
    expect(await client.frame()).toEqual(data(1, 'answer'))
    expect(await client.frame()).toEqual(data(1, '', true))
  })

  it('reads frames split at any point', async () => {
    const { client, next } = setUp()
    await client.open(1, {})
    const stream = await next()
    const bytes = Buffer.concat([data(1, 'one'), data(1, 'two', true)])
    for (const byte of bytes) client.write(Buffer.of(byte))
    expect(await text(stream)).toBe('onetwo')
  })

  it('sends a reset only after the reply', async () => {
    const { client, next } = setUp()
    await client.open(1, {})
    const stream = await next()
    stream.accept()
    stream.destroy()
    expect((await client.frame()).readUInt16BE(2)).toBe(2)
    expect((await client.frame()).readUInt16BE(2)).toBe(3)
  })

  it('answers pings', async () => {
    const { client } = setUp()
    client.write(control(6, 0, u32(7)))
    expect(await client.frame()).toEqual(control(6, 0, u32(7)))
  })

  it('ends its streams with the connection', async () => {
    const { client, session, next } = setUp()
    await client.open(1, {})
    const stream = await next()
    session.destroy()
    await session.closed
    expect(stream.destroyed).toBe(true)
  })

  it('refuses unrequested streams', async () => {
    const { client, next } = setUp()
    await client.open(1, {})
    ;(await next()).refuse()
    const frame = await client.frame()
    expect([frame.readUInt16BE(2), frame.readUInt32BE(12)]).toEqual([3, 3])
  })
})
