import { beforeEach, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { createStarts, type Starts } from './starts.ts'

let clock: FakeClock
let starts: Starts
beforeEach(() => {
  clock = createFakeClock()
  starts = createStarts(clock)
})

/** Starts something that takes `ms`. */
const start = (ms: number): void => void starts.during(() => new Promise<void>((done) => clock.after(ms, () => done())))

/** @returns whether the wait is over */
function wait(longestMs: number): () => boolean {
  let isOver = false
  void starts.quiet(longestMs).then(() => (isOver = true))
  return () => isOver
}

test('it is quiet when nothing has been started for a moment', async () => {
  const isQuiet = wait(10_000)
  await clock.advance(100)
  expect(isQuiet()).toBe(false)
  await clock.advance(50)
  expect(isQuiet()).toBe(true)
})

test('a start under way, and one that comes meanwhile, are waited for', async () => {
  start(400)
  expect(starts.busy).toBe(true)
  const isQuiet = wait(10_000)
  await clock.advance(440)
  start(100)
  await clock.advance(160)
  expect([isQuiet(), starts.busy]).toEqual([false, false])
  await clock.advance(150)
  expect(isQuiet()).toBe(true)
})

test('a wait ends after its longest time', async () => {
  start(5_000)
  const isOver = wait(1_000)
  await clock.advance(990)
  expect(isOver()).toBe(false)
  await clock.advance(10)
  expect(isOver()).toBe(true)
})

test('a start that fails is over', async () => {
  await expect(starts.during(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(starts.busy).toBe(false)
})
