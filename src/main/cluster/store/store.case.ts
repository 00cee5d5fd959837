import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '#shared/base/clock.ts'
import { key, object, put } from './store.fixture.ts'
import { Compacted, RevisionMismatch, type Change, type Operation, type Store } from './store.ts'

export { key, object, put } from './store.fixture.ts'

export interface CaseOptions {
  clock?: Clock
  historySize?: number
  historyFreshMs?: number
  compactEveryMs?: number
}

/** A clock that tests advance. */
export interface SteppedClock extends Clock {
  advance(ms: number): Promise<void>
  readonly pending: number
}

/** The behaviour of every store, whatever its log. */
export function describeStore(
  what: string,
  open: (options: CaseOptions) => Promise<Store>,
  newClock: () => SteppedClock,
): void {
  describe(what, () => {
    let store: Store
    beforeEach(async () => {
      store = await open({})
    })
    afterEach(async () => {
      await store.close()
    })
    const names = (prefix = '/registry/core/pods/'): string[] =>
      store.list(prefix).entries.map((entry) => entry.object.metadata.name)

    test('gives each write the next revision, and sets it in the object', async () => {
      const [a] = await store.commit([put('a', 0)])
      const [b] = await store.commit([put('b', 0)])
      expect(b!.revision).toBe(a!.revision + 1)
      expect(store.get(key('a'))?.object.metadata.resourceVersion).toBe(String(a!.revision))
      expect(JSON.parse(Buffer.from(a!.json).toString())).toEqual(a!.object)
      expect(store.revision).toBe(b!.revision)
    })

    test('refuses a write whose expected revision is not the head, with its whole batch', async () => {
      const [a] = await store.commit([put('a', 0)])
      await expect(store.commit([put('b', 0), put('a', 0)])).rejects.toBeInstanceOf(RevisionMismatch)
      await expect(store.commit([put('a', a!.revision - 1)])).rejects.toBeInstanceOf(RevisionMismatch)
      expect(names()).toEqual(['a'])
      await expect(store.commit([put('a', a!.revision, 2)])).resolves.toHaveLength(1)
    })

    test('two writers of one head: one wins, even before the first is durable', async () => {
      const results = await Promise.allSettled([store.commit([put('a', 0, 1)]), store.commit([put('a', 0, 2)])])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    })

    test('readers see a write once it is durable, writers immediately', async () => {
      const written = store.commit([put('a', 0)])
      expect(store.get(key('a'))).toBeUndefined()
      expect(store.head(key('a'))).toBeDefined()
      await written
      expect(store.get(key('a'))).toBeDefined()
    })

    test('successive writes to a key that is still being flushed keep their order', async () => {
      const writes = Array.from({ length: 20 }, (_, index) =>
        store.commit([put('a', store.head(key('a'))?.revision ?? 0, index)]),
      )
      await Promise.all(writes)
      expect((store.get(key('a'))?.object as unknown as { data: number }).data).toBe(19)
      expect(store.head(key('a'))).toBe(store.get(key('a')))
    })

    test('lists a folder in key order, in pages', async () => {
      for (const name of ['c', 'a', 'e', 'b', 'd']) await store.commit([put(name, 0)])
      await store.commit([put('x', 0, 1, 'other')])
      expect(names('/registry/core/pods/default/')).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(names()).toEqual(['a', 'b', 'c', 'd', 'e', 'x'])
      const page = store.list('/registry/core/pods/', { limit: 2, after: key('b') })
      expect(page.entries.map(({ key: at }) => at)).toEqual([key('c'), key('d')])
      expect(page.remaining).toBe(2)
      expect(store.count('/registry/core/pods/default/')).toBe(5)
      expect(store.list('/registry/core/nothing/').entries).toEqual([])
    })

    test('lists old revisions until they are compacted', async () => {
      const [a] = await store.commit([put('a', 0, 'old')])
      const then = a!.revision
      await store.commit([put('a', then, 'new')])
      await store.commit([put('b', 0)])
      await store.commit([{ type: 'delete', key: key('a'), expected: store.get(key('a'))!.revision }])
      const past = store.list('/registry/core/pods/', { revision: then })
      expect(past.revision).toBe(then)
      expect(past.entries.map((entry) => (entry.object as unknown as { data: string }).data)).toEqual(['old'])
      expect(names()).toEqual(['b'])
    })

    test('watches from any revision in the history, in order, without gaps or duplicates', async () => {
      const [a] = await store.commit([put('a', 0)])
      await store.commit([put('b', 0)])
      const seen: Change[] = []
      const stop = store.watch('/registry/core/pods/', a!.revision, {
        changes: (batch) => seen.push(...batch),
        close: () => undefined,
      })
      await store.commit([put('c', 0), put('other', 0, 1, 'elsewhere')])
      await store.commit([{ type: 'delete', key: key('c'), expected: store.get(key('c'))!.revision }])
      await store.commit([{ type: 'put', key: '/registry/core/secrets/default/s', expected: 0, build: object('s') }])
      await stop()
      await store.commit([put('late', 0)])
      expect(seen.map(({ type, entry }) => `${type} ${entry.object.metadata.name}`)).toEqual([
        'put b',
        'put c',
        'put other',
        'delete c',
      ])
      const [, , , deletion] = seen
      expect(deletion!.previous?.object.metadata.name).toBe('c')
      expect(deletion!.entry.object.metadata.resourceVersion).toBe(String(deletion!.entry.revision))
    })

    test('a watcher of one namespace gets no changes of others', async () => {
      const seen: string[] = []
      const stop = store.watch('/registry/core/pods/default/', store.revision, {
        changes: (batch) => seen.push(...batch.map(({ entry }) => entry.key)),
        close: () => undefined,
      })
      await store.commit([put('x', 0, 1, 'default-2'), put('y', 0, 1, 'other'), put('z', 0)])
      await stop()
      expect(seen).toEqual([key('z')])
    })

    test('a whole group can be listed and watched', async () => {
      const seen: string[] = []
      const stop = store.watch('/registry/core/', store.revision, {
        changes: (batch) => seen.push(...batch.map(({ entry }) => entry.key)),
        close: () => undefined,
      })
      const elsewhere = '/registry/apps/replicasets/default/r'
      await store.commit([put('a', 0), { type: 'put', key: elsewhere, expected: 0, build: object('r') }])
      await stop()
      expect(seen).toEqual([key('a')])
      expect(store.list('/registry/core/').entries.map((entry) => entry.key)).toEqual([key('a')])
    })

    test('list and watch together reproduce the state, under many random writes', async () => {
      const start = store.list('/registry/core/pods/')
      const state = new Map(start.entries.map((entry) => [entry.key, entry.revision]))
      const stop = store.watch('/registry/core/pods/', start.revision, {
        changes(batch) {
          for (const { type, entry } of batch) {
            if (type === 'put') state.set(entry.key, entry.revision)
            else state.delete(entry.key)
          }
        },
        close: () => undefined,
      })
      let seed = 7
      const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
      await Promise.all(
        Array.from({ length: 400 }, async () => {
          const name = `n${random(40)}`
          const head = store.head(key(name))
          const operation: Operation =
            head && random(3) === 0
              ? { type: 'delete', key: key(name), expected: head.revision }
              : put(name, head?.revision ?? 0)
          await store.commit([operation])
        }),
      )
      await stop()
      const end = store.list('/registry/core/pods/').entries
      expect([...state].sort()).toEqual(end.map((entry) => [entry.key, entry.revision]))
    })

    test('refuses revisions that have left the history', async () => {
      const small = await open({ historySize: 5, historyFreshMs: 0 })
      try {
        const [first] = await small.commit([put('k0', 0)])
        for (let i = 1; i < 12; i++) await small.commit([put(`k${i}`, 0)])
        const sink = { changes: () => undefined, close: () => undefined }
        expect(() => small.watch('/registry/core/pods/', first!.revision, sink)).toThrow(Compacted)
        expect(() => small.list('/registry/core/pods/', { revision: first!.revision })).toThrow(Compacted)
        await small.watch('/registry/core/pods/', small.compactedRevision, sink)()
      } finally {
        await small.close()
      }
    })

    test('keeps recent changes beyond the minimum, and drops them with time', async () => {
      const clock = newClock()
      const small = await open({ clock, historySize: 5, historyFreshMs: 75_000 })
      const sink = { changes: () => undefined, close: () => undefined }
      try {
        const [first] = await small.commit([put('k0', 0)])
        for (let i = 1; i < 12; i++) await small.commit([put(`k${i}`, 0)])
        await small.watch('/registry/core/pods/', first!.revision, sink)()
        await clock.advance(75_000)
        await small.commit([put('later', 0)])
        expect(() => small.watch('/registry/core/pods/', first!.revision, sink)).toThrow(Compacted)
      } finally {
        await small.close()
      }
    })

    test('compacts periodically, with or without writes', async () => {
      const clock = newClock()
      const aging = await open({ clock, compactEveryMs: 300_000 })
      try {
        const [first] = await aging.commit([put('a', 0)])
        await aging.commit([put('b', 0)])
        const now = aging.revision
        await clock.advance(300_000)
        expect(aging.list('/registry/core/pods/', { revision: first!.revision }).entries).toHaveLength(1)
        await clock.advance(300_000)
        expect(() => aging.list('/registry/core/pods/', { revision: first!.revision })).toThrow(Compacted)
        expect(aging.list('/registry/core/pods/', { revision: now }).entries).toHaveLength(2)
      } finally {
        await aging.close()
      }
      expect(clock.pending).toBe(0)
    })

    test('pages through an old revision during writes', async () => {
      for (let i = 0; i < 9; i++) await store.commit([put(`k${i}`, 0, 'old')])
      const revision = store.revision
      const pages: string[] = []
      let after: string | undefined
      for (let page = 0; page < 5; page++) {
        const { entries, remaining } = store.list('/registry/core/pods/', { revision, limit: 2, after })
        expect(remaining).toBe(9 - pages.length - entries.length)
        for (const entry of entries)
          pages.push(`${entry.object.metadata.name}=${(entry.object as unknown as { data: string }).data}`)
        after = entries.at(-1)?.key
        // Concurrent creates, deletes and updates are not visible.
        await store.commit([put(`k${page}x`, 0, 'new')])
        await store.commit([put('k8', store.head(key('k8'))!.revision, 'new')])
        await store.commit([
          { type: 'delete', key: key(`k${page + 3}`), expected: store.head(key(`k${page + 3}`))!.revision },
        ])
      }
      expect(pages).toEqual(Array.from({ length: 9 }, (_, index) => `k${index}=old`))
    })

    test('old revisions have complete objects, whatever their age', async () => {
      const writes: Promise<unknown>[] = []
      for (let i = 0; i < 3_000; i++) {
        const expected = store.head(key('a'))?.revision ?? 0
        writes.push(store.commit([i % 50 === 49 ? { type: 'delete', key: key('a'), expected } : put('a', expected, i)]))
      }
      await Promise.all(writes)
      const seen: Change[] = []
      await store.watch('/registry/core/pods/', 1, {
        changes: (batch) => seen.push(...batch),
        close: () => undefined,
      })()
      expect(seen).toHaveLength(3_000)
      for (const { entry, previous } of seen) {
        expect(entry.object.metadata.resourceVersion).toBe(String(entry.revision))
        expect(previous?.object.metadata.resourceVersion ?? String(previous?.revision)).toBe(String(previous?.revision))
      }
    })

    test('a watcher that throws does not affect others', async () => {
      const seen: string[] = []
      const broken = store.watch('/registry/core/pods/', store.revision, {
        changes: () => {
          throw new Error('broken watcher')
        },
        close: () => undefined,
      })
      const stop = store.watch('/registry/core/pods/', store.revision, {
        changes: (batch) => seen.push(...batch.map(({ entry }) => entry.key)),
        close: () => undefined,
      })
      await store.commit([put('a', 0)])
      await store.commit([put('b', 0)])
      await broken()
      await stop()
      expect(seen).toEqual([key('a'), key('b')])
    })
  })
}
