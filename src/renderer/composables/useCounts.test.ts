import { expect, test } from 'vitest'
import type { Client, ListOptions } from '#shared/client/client.ts'
import { nodes, pods } from '#shared/kube/resources.ts'
import { countOf } from './useCounts.ts'

const held: Record<string, number> = { a: 3, b: 1, empty: 0 }
const client = {
  list: (_resource: unknown, { namespace, limit = Infinity }: ListOptions = {}) => {
    const total = namespace === undefined ? 9 : (held[namespace] ?? 0)
    const items = Array.from({ length: Math.min(limit, total) }, () => ({ metadata: {} }))
    const rest = total - items.length
    return Promise.resolve({ metadata: rest > 0 ? { remainingItemCount: rest } : {}, items })
  },
} as unknown as Client

test.each([
  [[], 9],
  [['a'], 3],
  [['a', 'b', 'empty'], 4],
])('counts the pods of the namespaces %j as %i', async (namespaces, count) =>
  expect(await countOf(client, pods, namespaces)).toBe(count),
)

test('counts what has no namespace whatever namespaces are chosen', async () =>
  expect(await countOf(client, nodes, ['a'])).toBe(9))
