import { describe, expect, test } from 'vitest'
import { lastOf, merged, nowOf, thinned, timesOf } from './history.ts'
import { axisOf, shownMarks, type Rounding } from './marks.ts'
import { sparkline } from './sparkline.ts'

const step = 10_000
const start = 1_000_000
const points = (at: number, cpu: (number | null)[]) => ({
  start: start + at * step,
  stepMs: step,
  length: cpu.length,
  cpu,
})

describe('the history of usage', () => {
  test('grows by what is new, and replaces what is told again', () => {
    const first = merged(undefined, points(0, [1, 2, null]))
    const next = merged(first, points(2, [3, 4]))
    expect(next).toMatchObject({ start, length: 4, values: { cpu: [1, 2, 3, 4] } })
    expect(merged(next, points(4, []))).toBe(next)
  })

  test('keeps gaps, and no more than an hour', () => {
    const first = merged(undefined, points(0, [1]))
    expect(merged(first, points(3, [4])).values.cpu).toEqual([1, null, null, 4])
    const late = merged(first, points(500, [5]))
    expect(late.length).toBe(360)
    expect(nowOf(late.values.cpu)).toBe(5)
    expect(late.values.cpu?.[0]).toBeNull()
  })

  test('tells of now by its last values alone: what has ended uses nothing', () => {
    expect(nowOf([5, null, null])).toBe(5)
    expect(nowOf([5, null, null, null])).toBeUndefined()
    expect(nowOf(undefined)).toBeUndefined()
  })

  test('is cut to a range, and thinned for a table', () => {
    const all = merged(undefined, points(0, [1, 2, 3, 4, 5, 6]))
    const last = lastOf(all, 30_000)
    expect(last.values.cpu).toEqual([4, 5, 6])
    expect(timesOf(last)).toEqual([1_030, 1_040, 1_050])
    expect(thinned([1, 3, null, null, 5], 2)).toEqual([2, null, 5])
  })
})

test('a sparkline begins at 0, ends at the right edge, and leaves gaps', () => {
  const size = { width: 20, height: 10 }
  expect(sparkline([0, 5, 10], size)).toBe('M0.0 10.0L10.0 5.0L20.0 0.0')
  expect(sparkline([1, null, 1], size)).toBe('M0.0 0.0M20.0 0.0')
  expect(sparkline([], size)).toBe('')
})

test('a limit far above what is used is told beside the chart, and flattens no line', () => {
  const lines = [{ label: 'used', values: [1, 2, null], colour: 'data' as const }]
  const marks = (limit: number) => [
    { label: 'requested', kind: 'request' as const, value: 4 },
    { label: 'limit', kind: 'limit' as const, value: limit },
  ]
  expect(shownMarks({ lines, marks: marks(8) })).toHaveLength(2)
  expect(shownMarks({ lines, marks: marks(100) }).map(({ kind }) => kind)).toEqual(['request'])
})

const unit = 1024
test.each<[what: string, rounding: Rounding, most: number, end: number, steps: number]>([
  ['10 millicores', 'decimal', 0.0101, 0.015, 3],
  ['a core', 'decimal', 1, 1.5, 3],
  ['3.2 cores', 'decimal', 3.2, 4, 4],
  ['84 kB', 'decimal', 84_000, 100_000, 2],
  ['a limit of 256 MiB', 'binary', 256 * unit ** 2, 384 * unit ** 2, 3],
  ['90 MiB', 'binary', 90 * unit ** 2, 96 * unit ** 2, 3],
  ['1000 KiB', 'binary', 1_000 * unit, 1.5 * unit ** 2, 3],
  ['3 GiB', 'binary', 3 * unit ** 3, 4 * unit ** 3, 4],
  ['nothing', 'binary', 0, 1, 1],
])('an axis over %s ends at a round number, in round steps', (_what, rounding, most, end, steps) => {
  const lines = [{ label: 'used', values: [0, most, null], colour: 'data' as const }]
  const axis = axisOf({ lines, marks: [], rounding })
  expect(axis[0]).toBe(0)
  expect(axis.at(-1)).toBeCloseTo(end, 6)
  expect(axis).toHaveLength(steps + 1)
})
