import { expect, test } from 'vitest'
import { RetryDelay } from './retry-delay.ts'

test('the same failure waits longer each time, and is new once', () => {
  const retry = new RetryDelay({ initial: 1_000, max: 30_000 })
  const waits = Array.from({ length: 7 }, () => retry.failed(new Error('no network')))
  expect(waits.map(({ delayMs }) => delayMs)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  expect(waits.map(({ isNew }) => isNew)).toEqual([true, false, false, false, false, false, false])
})

test('another failure starts anew', () => {
  const retry = new RetryDelay({ initial: 1_000, max: 30_000 })
  retry.failed(new Error('a'))
  retry.failed(new Error('a'))
  expect(retry.failed('b')).toEqual({ message: 'b', delayMs: 1_000, isNew: true })
  expect(retry.failed(new Error('a'))).toEqual({ message: 'a', delayMs: 1_000, isNew: true })
})

test('a success is the end of a failure', () => {
  const retry = new RetryDelay({ initial: 1_000, max: 30_000 })
  retry.failed(new Error('a'))
  retry.failed(new Error('a'))
  retry.succeeded()
  expect(retry.failed(new Error('a'))).toMatchObject({ delayMs: 1_000, isNew: true })
})
