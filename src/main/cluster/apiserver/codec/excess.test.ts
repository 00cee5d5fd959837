import { expect, it } from 'vitest'
import { maxDepth, deeperThan, exceededDepth, exceededLimit, maxParts } from './excess.ts'

const nested = (depth: number): string => '{"a":['.repeat(depth / 2) + ']}'.repeat(depth / 2)
const excess = (text: string): string | undefined => exceededLimit(Buffer.from(text))

it('reports nesting beyond the limit', () => {
  expect(excess(nested(maxDepth))).toBeUndefined()
  expect(excess(nested(maxDepth + 2))).toBe(exceededDepth)
  expect(excess('['.repeat(maxDepth + 1))).toBe(exceededDepth)
  expect(
    excess(
      `[${Array(2 * maxDepth)
        .fill('[]')
        .join(',')}]`,
    ),
  ).toBeUndefined()
})

it('reports more parts than the limit', () => {
  const list = (count: number, part: string): string => `[${Array(count).fill(part).join(',')}]`
  expect(excess(list(maxParts - 1, '{}'))).toBeUndefined()
  expect(excess(list(maxParts, '{}'))).toContain('more than')
  expect(excess(list(maxParts / 2, '{"a":1}'))).toContain('more than')
  expect(excess(list(2 * maxParts, '1'))).toBeUndefined()
})

it('ignores brackets in strings', () => {
  const brackets = '["{:'.repeat(2 * maxParts)
  expect(excess(JSON.stringify({ a: brackets, '"\\': brackets }))).toBeUndefined()
})

it('measures values', () => {
  const value = JSON.parse(nested(10)) as unknown
  expect(deeperThan(value, 10)).toBe(false)
  expect(deeperThan(value, 9)).toBe(true)
  expect(deeperThan('x', 0)).toBe(false)
})
