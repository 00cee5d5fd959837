import { expect, it } from 'vitest'
import { ageOf, goDuration, humanDuration } from './human-duration.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

it.each([
  [-2 * second, '<invalid>'],
  [-1 * second, '0s'],
  [999, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [9 * minute + 59 * second, '9m59s'],
  [10 * minute + 1 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 5 * minute, '3h5m'],
  [8 * hour + 5 * minute, '8h'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [2 * day + 3 * hour, '2d3h'],
  [8 * day + 3 * hour, '8d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [800 * day, '2y70d'],
  [8 * 365 * day + 100 * day, '8y'],
])('%d ms are %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text)
})

it('formats the age of a timestamp', () => {
  expect(ageOf('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:30Z'))).toBe('5m30s')
  expect(ageOf(undefined, 0)).toBe('<unknown>')
  expect(ageOf(null, 0)).toBe('<unknown>')
})

it.each([
  [0, '0s'],
  [500, '500ms'],
  [10_000, '10s'],
  [10_012, '10.012s'],
  [60_500, '1m0.5s'],
  [7_205_000, '2h0m5s'],
])('%d ms are %s in Go', (ms, text) => expect(goDuration(ms)).toBe(text))
