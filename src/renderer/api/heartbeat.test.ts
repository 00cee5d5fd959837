import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startHeartbeat } from './heartbeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('silence is noticed within three seconds, once, and its end at once', async () => {
  let frozen = false
  let thaw: () => void = () => undefined
  const told: string[] = []
  const stop = startHeartbeat({
    ping: () => (frozen ? new Promise<void>((resolve) => (thaw = resolve)) : Promise.resolve()),
    onBeat: () => told.push('beat'),
    onSilence: () => told.push('silence'),
  })
  await vi.advanceTimersByTimeAsync(2_500)
  expect(told).not.toContain('silence')
  frozen = true
  told.length = 0
  await vi.advanceTimersByTimeAsync(3_000)
  expect(told.filter((each) => each === 'silence')).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told.filter((each) => each === 'silence')).toHaveLength(1)
  frozen = false
  told.length = 0
  thaw()
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual(['beat'])
  await stop()
})

test('a question that fails is asked again', async () => {
  const ping = vi.fn(() => Promise.reject(new Error('gone')))
  const stop = startHeartbeat({ ping, onBeat: () => undefined, onSilence: () => undefined })
  await vi.advanceTimersByTimeAsync(3_500)
  expect(ping.mock.calls.length).toBeGreaterThan(2)
  await stop()
})
