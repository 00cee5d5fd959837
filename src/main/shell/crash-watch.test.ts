import { expect, test } from 'vitest'
import { createCrashWatch } from './crash-watch.ts'
import { en } from './texts/en.ts'

const second = 1_000
const crashing = (...pods: string[]): Map<string, string[]> => new Map([['dev', pods]])

test('a pod that crashes is told once it has for a while, and not again soon', () => {
  const { look } = createCrashWatch(() => en)
  expect(look(crashing('shop/web'), 0)).toEqual([])
  expect(look(crashing('shop/web'), 15 * second)).toEqual([])
  expect(look(crashing('shop/web'), 30 * second)).toEqual([
    { cluster: 'dev', title: 'dev: pod shop/web crashes', text: 'shop/web' },
  ])
  expect(look(crashing('shop/web'), 60 * second)).toEqual([])
  // It recovers, and crashes again: that is known already.
  look(crashing(), 70 * second)
  look(crashing('shop/web'), 80 * second)
  expect(look(crashing('shop/web'), 200 * second)).toEqual([])
  expect(look(crashing('shop/web'), 3_600 * second)).toHaveLength(1)
})

test('one that recovers in time is not told; many are told in one', () => {
  const { look } = createCrashWatch(() => en)
  look(crashing('a/a', 'a/b', 'a/c', 'a/d', 'a/e'), 0)
  expect(look(crashing('a/a', 'a/b', 'a/c', 'a/d'), 40 * second)).toEqual([
    { cluster: 'dev', title: 'dev: 4 pods crash', text: 'a/a, a/b, a/c and 1 more' },
  ])
})
