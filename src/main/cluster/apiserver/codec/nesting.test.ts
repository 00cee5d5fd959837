import { expect, it } from 'vitest'
import { deepest, deeperThan, nestsTooDeep } from './nesting.ts'

const nested = (depth: number): string => '{"a":['.repeat(depth / 2) + ']}'.repeat(depth / 2)

it('tells what opens too many brackets at once', () => {
  expect(nestsTooDeep(Buffer.from(nested(deepest)))).toBe(false)
  expect(nestsTooDeep(Buffer.from(nested(deepest + 2)))).toBe(true)
  expect(nestsTooDeep(Buffer.from('['.repeat(deepest + 1)))).toBe(true)
  expect(
    nestsTooDeep(
      Buffer.from(
        `[${Array(2 * deepest)
          .fill('[]')
          .join(',')}]`,
      ),
    ),
  ).toBe(false)
})

it('takes brackets in strings for text', () => {
  const brackets = '["'.repeat(2 * deepest)
  expect(nestsTooDeep(Buffer.from(JSON.stringify({ a: brackets, '"\\': brackets })))).toBe(false)
})

it('measures values', () => {
  const value = JSON.parse(nested(10)) as unknown
  expect(deeperThan(value, 10)).toBe(false)
  expect(deeperThan(value, 9)).toBe(true)
  expect(deeperThan('x', 0)).toBe(false)
})
