import { expect, test } from 'vitest'
import { parseUsage } from '#shared/kube/simulation.ts'
import { quantityMillis } from '#shared/kube/quantity.ts'
import { usageAt, usageCurve, usedUntil, type UsageCurve } from './usage.ts'

const curve = (text: string, limit = Infinity): UsageCurve => {
  const usage = parseUsage(text)
  if (!usage) throw new Error(text)
  return usageCurve(usage, { request: 2, limit, valueOf: (quantity) => quantityMillis(quantity) / 1_000 }, 0.3)
}

test.each([
  ['250m', Infinity, 0, 0.25],
  ['40%', Infinity, 60_000, 0.8],
  ['400%', 1, 60_000, 1],
  ['0..1/10m', Infinity, 0, 0],
  ['0..1/10m', Infinity, 150_000, 0.5],
  ['0..1/10m', Infinity, 300_000, 1],
])('%s with the limit %s is, after %i ms, %f cores', (text, limit, ms, cores) =>
  expect(usageAt(curve(text, limit), ms)).toBeCloseTo(cores, 6),
)

test('noise stays within its share and within the limit', () => {
  const values = Array.from({ length: 1_000 }, (_, second) => usageAt(curve('50%~20%', 1.1), second * 1_000))
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0.8)
  expect(Math.max(...values)).toBeLessThanOrEqual(1.1)
  expect(new Set(values.map((value) => value.toFixed(3))).size).toBeGreaterThan(50)
})

test.each(['250m', '50%~100%', '0..1/1m'])('the counter of %s is the integral of its usage and only grows', (text) => {
  const used = curve(text)
  let sum = 0
  let last = 0
  for (let ms = 0; ms < 600_000; ms += 100) {
    sum += usageAt(used, ms + 50) / 10
    const counter = usedUntil(used, ms + 100)
    expect(counter).toBeGreaterThanOrEqual(last)
    last = counter
  }
  expect(last).toBeCloseTo(sum, 1)
})
