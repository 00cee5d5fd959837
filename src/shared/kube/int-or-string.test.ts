import { expect, it } from 'vitest'
import { resolveCount } from './int-or-string.ts'

it.each<[number | string | undefined, number, 'up' | 'down', number]>([
  [3, 10, 'up', 3],
  ['25%', 10, 'up', 3],
  ['25%', 10, 'down', 2],
  ['0%', 10, 'up', 0],
  ['100%', 7, 'down', 7],
  [undefined, 10, 'up', 0],
])('resolves %o of %i rounded %s to %i', (value, total, rounding, expected) => {
  expect(resolveCount(value, total, rounding)).toBe(expected)
})
