import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { actionPatience, NoAnswer, withDeadline } from './deadline.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function line() {
  let up = true
  const listeners = new Set<() => void>()
  return {
    isUp: () => up,
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    set(next: boolean) {
      up = next
      for (const listener of listeners) listener()
    },
    listeners,
  }
}
const message = (): string => 'no answer'

test('an action takes as long as it takes while the back answers', async () => {
  const act = withDeadline(line(), { act: () => new Promise((done) => setTimeout(() => done(1), 60_000)), message })
  await vi.advanceTimersByTimeAsync(60_000)
  await expect(act).resolves.toBe(1)
})

test('an action ends with a word when the back has fallen silent, and is not sent later', async () => {
  const connection = line()
  let signal: AbortSignal | undefined
  const act = withDeadline(connection, {
    act: (given) => {
      signal = given
      return new Promise(() => undefined)
    },
    message,
  })
  const outcome = expect(act).rejects.toBeInstanceOf(NoAnswer)
  connection.set(false)
  await vi.advanceTimersByTimeAsync(actionPatience)
  await outcome
  expect(signal?.aborted).toBe(true)
  expect(connection.listeners.size).toBe(0)
})

test('a short silence is waited out', async () => {
  const connection = line()
  const act = withDeadline(connection, { act: () => new Promise((done) => setTimeout(() => done(1), 9_000)), message })
  connection.set(false)
  await vi.advanceTimersByTimeAsync(5_000)
  connection.set(true)
  await vi.advanceTimersByTimeAsync(5_000)
  await expect(act).resolves.toBe(1)
})
