import { expect, it } from 'vitest'
import { resolveCount } from './int-or-string.ts'
import { templateHash } from './pod-template.ts'

it('hashes by content, independent of key order', () => {
  const hash = templateHash({ a: 1, b: { c: [1, 2], d: 'x' } })
  expect(templateHash({ b: { d: 'x', c: [1, 2], e: undefined }, a: 1 })).toBe(hash)
  expect(templateHash({ a: 1, b: { c: [2, 1], d: 'x' } })).not.toBe(hash)
  expect(templateHash({ a: 1, b: { c: [1, 2], d: 'x' } }, 1)).not.toBe(hash)
  expect(hash).toMatch(/^[bcdf456789]+$/)
})

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
