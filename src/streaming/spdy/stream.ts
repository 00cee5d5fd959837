import { Duplex } from 'node:stream'
import type { SpdyHeaders } from './headers.ts'

/** What a stream uses of its connection. */
export interface StreamOwner {
  reply(id: number): void
  reset(id: number, status: number): void
  data(id: number, chunk: Buffer, isLast: boolean, done: (error?: Error | null) => void): void
  forget(id: number): void
}

const refused = 3
const cancel = 5

/** One stream of a SPDY connection; its sides end independently. */
export class SpdyStream extends Duplex {
  readonly headers: SpdyHeaders
  readonly #id: number
  readonly #owner: StreamOwner
  #resume: (() => void) | undefined
  #wasReset = false

  constructor(id: number, headers: SpdyHeaders, owner: StreamOwner) {
    super({ allowHalfOpen: true, readableHighWaterMark: 256 * 1024 })
    this.#id = id
    this.headers = headers
    this.#owner = owner
    // Readers see a reset by the stream's end; without a reader it must not become an uncaught error.
    this.on('error', () => undefined)
  }

  accept(): void {
    this.#owner.reply(this.#id)
  }

  refuse(): void {
    this.#wasReset = true
    this.#owner.reset(this.#id, refused)
    this.destroy()
  }

  /** Pushes data from the client; resolves when there is room for more. */
  async deliver(chunk: Buffer): Promise<void> {
    if (this.destroyed || this.push(chunk)) return
    await new Promise<void>((resolve) => (this.#resume = resolve))
  }

  endInput(): void {
    if (!this.destroyed) this.push(null)
  }

  /** Called when the client resets the stream or the connection ends. */
  wasReset(): void {
    this.#wasReset = true
    this.destroy()
  }

  override _read(): void {
    this.#resume?.()
    this.#resume = undefined
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#owner.data(this.#id, chunk, false, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#owner.data(this.#id, Buffer.alloc(0), true, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read()
    const isOver = this.writableFinished && this.readableEnded
    if (!isOver && !this.#wasReset) this.#owner.reset(this.#id, cancel)
    this.#owner.forget(this.#id)
    done(error)
  }
}
