import { userErrorOf } from './user-error.ts'

/** What the client of a stream sends: how it opens, then credits and data in any order. */
export type Upward<Open, Up> = { open: Open } | { credit: number } | { data: Up }

export interface StreamPort<Up, Down> {
  /** Resolves once the reader has granted a credit for it: await it for back-pressure. */
  send(message: Down): Promise<void>
  onData(listener: (data: Up) => void): void
  /** Aborted when the reader disconnects. */
  signal: AbortSignal
}

/**
 * Serves one stream of the contract with back-pressure: nothing is yielded without a credit.
 * `serve` runs until it returns (the stream ends), throws (the stream fails, and the reader is told why) or the reader leaves.
 */
export async function* serveStream<Open, Up, Down>(
  input: AsyncIterable<Upward<Open, Up>>,
  signal: AbortSignal | undefined,
  serve: (open: Open, port: StreamPort<Up, Down>) => Promise<void>,
): AsyncGenerator<Down, void, undefined> {
  const messages = input[Symbol.asyncIterator]()
  const first = await messages.next().catch((error: unknown) => {
    throw userErrorOf(error)
  })
  if (first.done || !('open' in first.value)) throw new Error('a stream begins with its open message')

  const gone = new AbortController()
  const leave = (): void => gone.abort(new Error('the reader left'))
  signal?.addEventListener('abort', leave, { once: true })
  if (signal?.aborted) leave()

  const outbox = new Outbox<Down>()
  const listeners: ((data: Up) => void)[] = []
  const early: Up[] = []
  void readUpward(messages, outbox, (data) => {
    if (listeners.length === 0) early.push(data)
    for (const listener of listeners) listener(data)
  }).catch(leave)

  gone.signal.addEventListener('abort', () => outbox.abandon(), { once: true })
  serve(first.value.open, {
    signal: gone.signal,
    send: (message) => outbox.put(message),
    onData(listener) {
      listeners.push(listener)
      for (const data of early.splice(0)) listener(data)
    },
  }).then(
    () => outbox.end(),
    (error: unknown) => outbox.end(error),
  )
  try {
    for (let next = await outbox.take(); next !== undefined; next = await outbox.take()) yield next.message
    if (outbox.failure !== undefined && !gone.signal.aborted) throw userErrorOf(outbox.failure)
  } finally {
    leave()
    signal?.removeEventListener('abort', leave)
    void messages.return?.()
  }
}

async function readUpward<Open, Up>(
  messages: AsyncIterator<Upward<Open, Up>>,
  outbox: { grant(credit: number): void },
  onData: (data: Up) => void,
): Promise<void> {
  for (let next = await messages.next(); !next.done; next = await messages.next()) {
    if ('credit' in next.value) outbox.grant(next.value.credit)
    else if ('data' in next.value) onData(next.value.data)
  }
}

/** A queue whose writers wait for the reader's credits. */
class Outbox<T> {
  failure: unknown
  #queue: { message: T; sent: () => void }[] = []
  #credits = 0
  #ended = false
  #wake: () => void = () => undefined

  put(message: T): Promise<void> {
    if (this.#ended) return Promise.resolve()
    return new Promise((resolve) => {
      this.#queue.push({ message, sent: resolve })
      this.#wake()
    })
  }

  grant(credit: number): void {
    this.#credits += credit
    this.#wake()
  }

  end(failure?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.failure = failure
    this.#wake()
  }

  /** Ends, and resolves all waiting writers: there is no reader any more. */
  abandon(): void {
    this.end()
    for (const { sent } of this.#queue.splice(0)) sent()
    this.#wake()
  }

  /** The next message once there is a credit for it; undefined at the end, after the messages queued before it. */
  async take(): Promise<{ message: T } | undefined> {
    for (;;) {
      const head = this.#queue[0]
      if (head && this.#credits > 0) {
        this.#queue.shift()
        this.#credits--
        head.sent()
        return { message: head.message }
      }
      if (this.#ended && !head) return undefined
      if (this.#ended && this.failure !== undefined) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
