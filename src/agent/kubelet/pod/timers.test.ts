import { expect, test } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { Timers } from './timers.ts'

test('a timer wakes the loop once; another of its name takes its place', async () => {
  const clock = createFakeClock()
  const seen: string[] = []
  const timers = new Timers({ clock, wake: () => seen.push('wake') })
  timers.wakeAfter('a', 1_000)
  timers.wakeAfter('a', 2_000, () => seen.push('before'))
  timers.wakeAfter('b', 5_000)
  await clock.advance(1_500)
  expect(seen).toEqual([])
  await clock.advance(500)
  expect(seen).toEqual(['before', 'wake'])
  await clock.advance(10_000)
  expect(seen).toEqual(['before', 'wake', 'wake'])
})

test('after a stop none is left, and none starts', () => {
  const clock = createFakeClock()
  const timers = new Timers({ clock, wake: () => undefined })
  timers.wakeAfter('a', 1_000)
  timers.stop()
  timers.wakeAfter('b', 1_000)
  expect(clock.pending).toBe(0)
})
