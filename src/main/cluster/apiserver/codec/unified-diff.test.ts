import { expect, it } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1))
const replaced = (all: string[], ...changes: [number, ...string[]][]): string[] =>
  all.flatMap(
    (line, i) =>
      changes
        .find(([at]) => at === i + 1)
        ?.slice(1)
        .map(String) ?? [line],
  )

it('equal texts have no difference', () => {
  expect(unifiedDiff(lines(3), lines(3))).toBe('')
})

it('a change has three lines around it', () => {
  expect(unifiedDiff(lines(9), replaced(lines(9), [5, 'x', 'y']))).toBe(
    '@@ -2,7 +2,8 @@\n 2\n 3\n 4\n-5\n+x\n+y\n 6\n 7\n 8\n',
  )
})

it('changes near each other are one hunk, others are apart', () => {
  expect(unifiedDiff(lines(30), replaced(lines(30), [2, 'x'], [7, 'y'], [25]))).toBe(
    '@@ -1,10 +1,10 @@\n 1\n-2\n+x\n 3\n 4\n 5\n 6\n-7\n+y\n 8\n 9\n 10\n' +
      '@@ -22,7 +22,6 @@\n 22\n 23\n 24\n-25\n 26\n 27\n 28\n',
  )
})

it('a change at either end has the lines that are there', () => {
  expect(unifiedDiff(['a', 'b'], ['b'])).toBe('@@ -1,2 +1 @@\n-a\n b\n')
  expect(unifiedDiff(['a'], ['a', 'b'])).toBe('@@ -1 +1,2 @@\n a\n+b\n')
})
