import { expect, it } from 'vitest'
import { deepest, deeperThan, exceededDepth, excessOf, mostParts } from './excess.ts'

const nested = (depth: number): string => '{"a":['.repeat(depth / 2) + ']}'.repeat(depth / 2)
const excess = (text: string): string | undefined => excessOf(Buffer.from(text))

it('reports nesting beyond the limit', () => {
  expect(excess(nested(deepest))).toBeUndefined()
  expect(excess(nested(deepest + 2))).toBe(exceededDepth)
  expect(excess('['.repeat(deepest + 1))).toBe(exceededDepth)
  expect(
    excess(
      `[${Array(2 * deepest)
        .fill('[]')
        .join(',')}]`,
    ),
  ).toBeUndefined()
})

it('reports more parts than the limit', () => {
  const list = (count: number, part: string): string => `[${Array(count).fill(part).join(',')}]`
  expect(excess(list(mostParts - 1, '{}'))).toBeUndefined()
  expect(excess(list(mostParts, '{}'))).toContain('more than')
  expect(excess(list(mostParts / 2, '{"a":1}'))).toContain('more than')
  expect(excess(list(2 * mostParts, '1'))).toBeUndefined()
})

it('ignores brackets in strings', () => {
  const brackets = '["{:'.repeat(2 * mostParts)
  expect(excess(JSON.stringify({ a: brackets, '"\\': brackets }))).toBeUndefined()
})

it('measures values', () => {
  const value = JSON.parse(nested(10)) as unknown
  expect(deeperThan(value, 10)).toBe(false)
  expect(deeperThan(value, 9)).toBe(true)
  expect(deeperThan('x', 0)).toBe(false)
})
