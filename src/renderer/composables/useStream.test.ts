import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import type { StreamProcedure } from '../api/stream.ts'
import { useStream } from './useStream.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A procedure whose streams send what they were opened with, and then end or fail. */
function procedure(fails = false) {
  const opened: AbortSignal[] = []
  const call: StreamProcedure<number, never, number> = (input, { signal }) => {
    opened.push(signal)
    return Promise.resolve(
      (async function* () {
        const first = await input.next()
        if (!first.done && 'open' in first.value) yield first.value.open
        if (fails) throw new Error('lost')
      })(),
    )
  }
  return { call, opened }
}

test.each([false, true])(
  'opens again after the stream has ended (failing: %s), and stops with its scope',
  async (fails) => {
    const { call, opened } = procedure(fails)
    const messages: number[] = []
    const scope = effectScope()
    scope.run(() => useStream(call, 7, (message) => messages.push(message), { again: 100 }))
    await vi.advanceTimersByTimeAsync(50)
    expect(messages).toEqual([7])
    await vi.advanceTimersByTimeAsync(100)
    expect(messages).toEqual([7, 7])
    scope.stop()
    expect(opened.at(-1)?.aborted).toBe(true)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(opened).toHaveLength(2)
  },
)
