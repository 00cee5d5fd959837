import { expect, test } from 'vitest'
import { createReviewCache, TooManyReviews } from './review-cache.ts'

function setUp() {
  let now = 0
  let asked = 0
  const cache = createReviewCache<boolean>({
    clock: { now: () => now, after: () => () => undefined },
    ttl: (answer) => (answer ? 300 : 30),
  })
  return {
    cache,
    pass: (ms: number) => void (now += ms),
    asked: () => asked,
    ask: (answer: boolean) => async () => {
      asked++
      return answer
    },
  }
}

test('an answer holds for its time', async () => {
  const { cache, pass, asked, ask } = setUp()
  expect(await cache.get('a', ask(false))).toBe(false)
  pass(29)
  expect(await cache.get('a', ask(true))).toBe(false)
  pass(1)
  expect(await cache.get('a', ask(true))).toBe(true)
  pass(299)
  await cache.get('a', ask(false))
  expect(asked()).toBe(2)
})

test('an answer does not hold longer when the clock is set back', async () => {
  const { cache, pass, ask } = setUp()
  pass(1_000)
  await cache.get('a', ask(true))
  pass(-500)
  expect(await cache.get('a', ask(false))).toBe(false)
})

test('equal questions at the same time are asked once, and a failure is not kept', async () => {
  const { cache, asked, ask } = setUp()
  await Promise.all([cache.get('a', ask(true)), cache.get('a', ask(true))])
  expect(asked()).toBe(1)
  const fail = (): Promise<boolean> => Promise.reject(new Error('down'))
  await expect(cache.get('b', fail)).rejects.toThrow('down')
  expect(await cache.get('b', ask(true))).toBe(true)
})

test('a flood of different questions is refused, and answers afterwards', async () => {
  const { cache, ask } = setUp()
  let release: () => void = () => undefined
  const held = new Promise<boolean>((resolve) => (release = () => resolve(true)))
  const open = Array.from({ length: 32 }, (_, index) => cache.get(String(index), () => held))
  await expect(cache.get('more', ask(true))).rejects.toThrow(TooManyReviews)
  release()
  await Promise.all(open)
  expect(await cache.get('more', ask(true))).toBe(true)
})
