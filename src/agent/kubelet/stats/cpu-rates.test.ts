import { expect, test } from 'vitest'
import { createCpuRates } from './cpu-rates.ts'

const seconds = (count: number): number => count * 1_000
const nanos = (count: number): number => count * 1e9

test('the first sample has no rate; the second has the average since the first', () => {
  const rates = createCpuRates()
  expect(rates.add('c', { at: seconds(100), cpuNanos: nanos(7) })).toBeUndefined()
  expect(rates.add('c', { at: seconds(110), cpuNanos: nanos(12) })).toBe(500_000_000)
})

test('samples that follow closely are averaged over the window, not over the gap', () => {
  const rates = createCpuRates()
  rates.add('c', { at: seconds(0), cpuNanos: 0 })
  rates.add('c', { at: seconds(10), cpuNanos: nanos(10) })
  expect(rates.add('c', { at: seconds(10) + 100, cpuNanos: nanos(10) + 1 })).toBe(990_099_010)
  expect(rates.add('c', { at: seconds(20), cpuNanos: nanos(10) + 1 })).toBe(0)
})

test('a second sample at the same moment has no rate yet', () => {
  const rates = createCpuRates()
  rates.add('c', { at: seconds(1), cpuNanos: 5 })
  expect(rates.add('c', { at: seconds(1), cpuNanos: 5 })).toBeUndefined()
})

test('a counter that falls, or a clock that was set back, starts anew with the last rate', () => {
  const rates = createCpuRates()
  rates.add('c', { at: seconds(0), cpuNanos: nanos(100) })
  rates.add('c', { at: seconds(10), cpuNanos: nanos(110) })
  expect(rates.add('c', { at: seconds(20), cpuNanos: nanos(1) })).toBe(1e9)
  expect(rates.add('c', { at: seconds(30), cpuNanos: nanos(3) })).toBe(200_000_000)
  expect(rates.add('c', { at: seconds(5), cpuNanos: nanos(4) })).toBe(200_000_000)
  expect(rates.add('c', { at: seconds(15), cpuNanos: nanos(5) })).toBe(100_000_000)
})

test('what is gone is forgotten', () => {
  const rates = createCpuRates()
  rates.add('c', { at: 0, cpuNanos: 0 })
  rates.keep(new Set())
  expect(rates.add('c', { at: seconds(10), cpuNanos: 5 })).toBeUndefined()
})
