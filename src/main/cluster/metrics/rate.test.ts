import { expect, it } from 'vitest'
import { rateOf, type Sample } from './rate.ts'

const sample = (at: number, cpuNanoseconds: number, startedAt = 0): Sample => ({
  at,
  cpuNanoseconds,
  startedAt,
  memoryBytes: at,
})
const long = 100_000

it('is the CPU time over the time between two samples, and the memory of the second', () => {
  expect(rateOf(sample(long + 10_000, 6e9), sample(long, 1e9), 'none')).toEqual({
    at: long + 10_000,
    windowMs: 10_000,
    cpuNanocores: 5e8,
    memoryBytes: long + 10_000,
  })
})

it.each([
  ['the first sample', sample(long, 1e9), undefined],
  ['a sample that is no newer', sample(long, 2e9), sample(long, 1e9)],
  ['a counter that fell', sample(long + 10_000, 1), sample(long, 1e9)],
  ['a restart', sample(long + 10_000, 2e9, long + 1), sample(long, 1e9)],
])('does not exist for %s', (_, last, previous) => expect(rateOf(last, previous, 'since-start')).toBeUndefined())

it('is the one since the start of a container of ten to fifteen seconds', () => {
  const rate = { windowMs: 12_000, cpuNanocores: 1e9 }
  expect(rateOf(sample(long + 12_000, 12e9, long), undefined, 'since-start')).toMatchObject(rate)
  expect(rateOf(sample(long + 12_000, 12e9, long), undefined, 'none')).toBeUndefined()
  expect(rateOf(sample(long + 9_999, 12e9, long), undefined, 'since-start')).toBeUndefined()
  expect(rateOf(sample(long + 15_000, 12e9, long), undefined, 'since-start')).toBeUndefined()
})
