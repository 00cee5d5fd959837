import { expect, test } from 'vitest'
import type { ObservedContainer } from '../runtime/runtime.ts'
import { createUserNamespaces } from './user-namespaces.ts'

/** @param observed first users of the sandboxes that run, by pod @param draws what the lot gives, in turn */
function setUp(observed: Record<string, number>, draws: number[]) {
  const asked: number[] = []
  const namespaces = createUserNamespaces({
    runtime: {
      podUids: () => Object.keys(observed),
      containers: (uid) => [{ userNamespace: observed[uid] }, {}] as ObservedContainer[],
    },
    draw: (end) => {
      asked.push(end)
      return draws.shift() ?? 0
    },
  })
  return { namespaces, asked }
}

test('no two pods share users, whether known or only seen', () => {
  const { namespaces, asked } = setUp({ seen: 3 * 65_536 }, [3, 7, 7, 3, 1])
  expect(namespaces.take('a')).toBe(7 * 65_536)
  expect(namespaces.take('b')).toBe(65_536)
  // Neither the node's own users nor the number that means no user.
  expect(new Set(asked)).toEqual(new Set([65_535]))
})

test('a pod keeps its users, over an agent’s restart too, until they are released', () => {
  const { namespaces } = setUp({ seen: 3 * 65_536 }, [7, 9])
  expect([namespaces.take('seen'), namespaces.take('a'), namespaces.take('a')]).toEqual(
    [3, 7, 7].map((n) => n * 65_536),
  )
  namespaces.release('a')
  expect(namespaces.take('a')).toBe(9 * 65_536)
})
