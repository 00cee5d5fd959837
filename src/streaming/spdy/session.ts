import type { Duplex } from 'node:stream'
import { HeaderCodec, type SpdyHeaders } from './headers.ts'
import { SpdyStream, type StreamOwner } from './stream.ts'

/**
 * The server's side of a SPDY/3.1 connection as Kubernetes' clients use it: only the client opens streams, and there is
 * no flow control (the Go implementation of the clients neither sends nor respects WINDOW_UPDATE): a slow reader of one
 * stream blocks the whole connection.
 */
export interface SpdySession {
  /** Ends the connection once everything written is flushed. */
  end: () => void
  destroy: () => void
  /** Resolves when the connection is closed, with all its streams. */
  closed: Promise<void>
}

export interface SpdySessionOptions {
  /** Carries the frames: a socket after its 101, or a WebSocket tunnel. */
  carrier: Duplex
  /** A stream that the client opened: `accept` or `refuse` it. */
  onStream: (stream: SpdyStream) => void
}

const type = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8 } as const
const fin = 1
const maxData = 64 * 1024

export function createSpdySession({ carrier, onStream }: SpdySessionOptions): SpdySession {
  const codec = new HeaderCodec()
  const streams = new Map<number, SpdyStream>()
  // Replies are sent in the order in which their header blocks were compressed.
  let replies: Promise<void> = Promise.resolve()

  const owner: StreamOwner = {
    reply(id) {
      replies = replies.then(async () => {
        if (carrier.destroyed) return
        const block = await codec.encode({})
        write(carrier, controlFrame(type.synReply, 0, u32(id), block))
      })
    },
    reset(id, status) {
      void replies.then(() => write(carrier, controlFrame(type.rstStream, 0, u32(id), u32(status))))
    },
    data(id, chunk, isLast, done) {
      void replies.then(() => sendData(carrier, id, chunk, isLast, done))
    },
    forget: (id) => void streams.delete(id),
  }

  async function open(flags: number, body: Buffer): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff
    const headers: SpdyHeaders = await codec.decode(body.subarray(10))
    const stream = new SpdyStream(id, headers, owner)
    streams.set(id, stream)
    if (flags & fin) stream.endInput()
    onStream(stream)
  }

  async function handle({ control, flags, body, id, kind }: SpdyFrame): Promise<void> {
    if (!control) {
      const stream = streams.get(id)
      if (body.length > 0) await stream?.deliver(body)
      if (flags & fin) stream?.endInput()
    } else if (kind === type.synStream) await open(flags, body)
    else if (kind === type.headers || kind === type.synReply) await codec.decode(body.subarray(4))
    else if (kind === type.ping) write(carrier, controlFrame(type.ping, 0, body))
    else if (kind === type.rstStream) streams.get(body.readUInt32BE(0) & 0x7fffffff)?.wasReset()
    else if (kind === type.goAway) carrier.end()
  }

  async function run(): Promise<void> {
    const reader = new FrameReader()
    for await (const chunk of carrier) for (const frame of reader.push(chunk as Buffer)) await handle(frame)
  }

  const gone = new Promise<void>((resolve) => carrier.once('close', resolve))
  carrier.on('error', () => carrier.destroy())
  void gone.then(() => {
    for (const stream of [...streams.values()]) stream.wasReset()
    codec.close()
  })
  void run().then(
    () => carrier.end(),
    () => carrier.destroy(),
  )
  return {
    end: () => void replies.then(() => carrier.end()),
    destroy: () => void carrier.destroy(),
    closed: gone,
  }
}

interface SpdyFrame {
  control: boolean
  /** Flags and type of a control frame. */
  kind: number
  /** Stream ID of a data frame. */
  id: number
  flags: number
  body: Buffer
}

const headLength = 8

/** Splits bytes into frames. */
class FrameReader {
  #pending: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): SpdyFrame[] {
    const frames: SpdyFrame[] = []
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk
    while (this.#pending.length >= headLength) {
      const end = headLength + this.#pending.readUIntBE(5, 3)
      if (this.#pending.length < end) break
      frames.push(parseFrame(this.#pending.subarray(0, end)))
      this.#pending = this.#pending.subarray(end)
    }
    return frames
  }
}

function parseFrame(bytes: Buffer): SpdyFrame {
  const control = ((bytes[0] ?? 0) & 0x80) !== 0
  return {
    control,
    kind: control ? bytes.readUInt16BE(2) : 0,
    id: control ? 0 : bytes.readUInt32BE(0),
    flags: bytes[4] ?? 0,
    body: bytes.subarray(headLength),
  }
}

function sendData(
  carrier: Duplex,
  id: number,
  chunk: Buffer,
  isLast: boolean,
  done: (error?: Error | null) => void,
): void {
  if (carrier.destroyed || carrier.writableEnded) {
    done(new Error('the connection is closed'))
    return
  }
  for (let at = 0; at < chunk.length; at += maxData) {
    const piece = chunk.subarray(at, at + maxData)
    const isEnd = at + maxData >= chunk.length
    carrier.write(Buffer.concat([dataHead(id, isLast && isEnd, piece.length), piece]), isEnd ? done : undefined)
  }
  if (chunk.length === 0) carrier.write(dataHead(id, isLast, 0), done)
}

function dataHead(id: number, isLast: boolean, length: number): Buffer {
  const head = Buffer.alloc(headLength)
  head.writeUInt32BE(id)
  head[4] = isLast ? fin : 0
  head.writeUIntBE(length, 5, 3)
  return head
}

function controlFrame(kind: number, flags: number, ...body: Buffer[]): Buffer {
  const head = Buffer.alloc(headLength)
  head.writeUInt16BE(0x8003)
  head.writeUInt16BE(kind, 2)
  head[4] = flags
  head.writeUIntBE(
    body.reduce((sum, { length }) => sum + length, 0),
    5,
    3,
  )
  return Buffer.concat([head, ...body])
}

function write(carrier: Duplex, frame: Buffer): void {
  if (!carrier.destroyed && !carrier.writableEnded) carrier.write(frame)
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
