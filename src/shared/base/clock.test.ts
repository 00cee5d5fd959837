import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }))
afterEach(() => void vi.useRealTimers())

const minute = 60_000
const day = 1_440 * minute

test('a task runs at its time, not before', () => {
  const task = vi.fn()
  void systemClock.after(5 * minute, task)
  vi.advanceTimersByTime(5 * minute - 1)
  expect(task).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(task).toHaveBeenCalledTimes(1)
})

test('a time beyond the longest timer of the engine is waited for', () => {
  const task = vi.fn()
  void systemClock.after(60 * day, task)
  vi.advanceTimersByTime(59 * day)
  expect(task).not.toHaveBeenCalled()
  vi.advanceTimersByTime(day)
  expect(task).toHaveBeenCalledTimes(1)
})

test('the time that a machine slept counts, though its timers stood still', () => {
  const task = vi.fn()
  void systemClock.after(60 * minute, task)
  vi.advanceTimersByTime(minute)
  vi.setSystemTime(Date.now() + 540 * minute)
  vi.advanceTimersByTime(minute)
  expect(task).toHaveBeenCalledTimes(1)
})

test('a clock that is set back delays nothing', () => {
  const task = vi.fn()
  void systemClock.after(60 * minute, task)
  vi.setSystemTime(Date.now() - 600 * minute)
  vi.advanceTimersByTime(60 * minute)
  expect(task).toHaveBeenCalledTimes(1)
})

test('a stopped task does not run', () => {
  const task = vi.fn()
  const stop = systemClock.after(3 * minute, task)
  vi.advanceTimersByTime(2 * minute)
  void stop()
  vi.advanceTimersByTime(10 * minute)
  expect(task).not.toHaveBeenCalled()
})
