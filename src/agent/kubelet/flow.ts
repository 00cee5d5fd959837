import type { Readable, Writable } from 'node:stream'

/**
 * Copies streams with backpressure, and limits how many copies may wait. A waiting copy holds little memory (the
 * buffers of its two streams); beyond the limit the one that has waited longest is cut.
 */
export interface Flows {
  /** Writes `chunk` and waits until `target` accepts more. @returns false once `target` is closed */
  write(target: Writable, chunk: Uint8Array): Promise<boolean>
  /** Copies until the source ends, `limit` bytes are copied, or the target is closed. The target is not ended. */
  copy(source: Readable, target: Writable, limit?: number): Promise<void>
}

/** Number of copies that may wait for their readers at once. */
const mostWaiting = 256

export function createFlows({ limit = mostWaiting, onCut }: { limit?: number; onCut?(): void } = {}): Flows {
  /** In the order in which they began to wait. */
  const waiting = new Set<Writable>()

  const drained = async (target: Writable): Promise<void> => {
    waiting.add(target)
    const [slowest] = waiting
    if (waiting.size > limit && slowest) {
      waiting.delete(slowest)
      slowest.destroy()
      onCut?.()
    }
    await untilWritable(target)
    waiting.delete(target)
  }
  const write: Flows['write'] = async (target, chunk) => {
    if (target.destroyed || target.writableEnded) return false
    if (!target.write(chunk)) await drained(target)
    return !target.destroyed
  }
  return {
    write,
    async copy(source, target, bytes = Infinity) {
      let left = bytes
      // The other direction of a duplex continues after this one has ended.
      for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        const part = chunk.length > left ? chunk.subarray(0, left) : chunk
        left -= part.length
        if (!(await write(target, part)) || left <= 0) return
      }
    },
  }
}

/** Resolves when a stream accepts more or is closed; removes its listeners. */
function untilWritable(target: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (target.destroyed || !target.writableNeedDrain) {
      resolve()
      return
    }
    const done = (): void => {
      target.off('drain', done)
      target.off('close', done)
      resolve()
    }
    target.on('drain', done)
    target.on('close', done)
  })
}

/**
 * Calls `take` with each chunk of `source`, one at a time. Unlike an async iterator it does not destroy the stream at
 * the end, so that its other direction continues.
 * @param failed called with the error of `take`; no further chunk follows
 */
export function eachChunk(
  source: Readable,
  take: (chunk: Buffer) => Promise<void>,
  failed: (error: unknown) => void,
): void {
  source.on('data', (chunk: Buffer) => {
    source.pause()
    take(chunk).then(() => source.resume(), failed)
  })
}
