/** How many messages the back may send ahead of what the page has read. */
const window = 64

export interface OpenStream<Up> {
  send(data: Up): void
  close(): void
  /** Resolves when the stream has ended. @throws what it failed with */
  done: Promise<void>
}

type Upward<Open, Up> = { open: Open } | { credit: number } | { data: Up }

/** A streaming procedure of the contract, as the client has it. */
export type StreamProcedure<Open, Up, Down> = (
  input: AsyncIteratorObject<Upward<Open, Up>, unknown, void>,
  options: { signal: AbortSignal },
) => Promise<AsyncIteratorObject<Down, unknown, void>>

/**
 * Opens a stream of the contract: sends `open`, grants credits as messages are read, and hands each message on. A
 * reader that returns a promise holds the back off until it is done.
 */
export function openStream<Open, Up, Down>(
  procedure: StreamProcedure<Open, Up, Down>,
  open: Open,
  onMessage: (message: Down) => void | Promise<void>,
): OpenStream<Up> {
  const stop = new AbortController()
  const input = new Outgoing<Upward<Open, Up>>()
  input.push({ open })
  input.push({ credit: window })
  const read = async (): Promise<void> => {
    // oRPC recognises a stream by its `next`: it takes an iterator, not any iterable.
    const messages = await procedure(input[Symbol.asyncIterator](), { signal: stop.signal })
    let unread = 0
    for await (const message of messages) {
      if (stop.signal.aborted) return
      await onMessage(message)
      if (++unread >= window / 2) {
        input.push({ credit: unread })
        unread = 0
      }
    }
  }
  const done = read()
    .catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
    .finally(() => input.end())
  return {
    send: (data) => input.push({ data }),
    close() {
      stop.abort()
      input.end()
    },
    done,
  }
}

/** A queue that is read as an async iterable, until it is ended. */
class Outgoing<T> implements AsyncIterable<T> {
  readonly #queue: T[] = []
  #wake: () => void = () => undefined
  #ended = false

  push(value: T): void {
    this.#queue.push(value)
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const value = this.#queue.shift()
      if (value !== undefined) yield value
      else if (this.#ended) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
