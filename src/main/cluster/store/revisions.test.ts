import { expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { Revisions, type Journal } from './revisions.ts'
import { StoreFailed } from './store.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { key, put } from './store.fixture.ts'

/** A log whose appends end when the test says so. */
function heldJournal(): { journal: Journal; settle: ((error?: Error) => void)[] } {
  const settle: ((error?: Error) => void)[] = []
  const journal: Journal = {
    append: () => new Promise((resolve, reject) => settle.push((error) => (error ? reject(error) : resolve()))),
    recover: () => Promise.reject(new Error('still full')),
    close: () => Promise.resolve(),
  }
  return { journal, settle }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('writes that wait together share one append', async () => {
  const { journal, settle } = heldJournal()
  const store = new Revisions({ journal, clock: systemClock })
  const first = store.commit([put('a', 0)])
  await nextTurn()
  const others = ['b', 'c', 'd'].map((name) => store.commit([put(name, 0)]))
  settle[0]?.()
  await first
  await nextTurn()
  expect(settle).toHaveLength(2)
  settle[1]?.()
  await Promise.all(others)
  expect(store.count('/registry/core/pods/')).toBe(4)
  await store.close()
})

test('a large batch is published in several turns, and a snapshot waits for all of it', async () => {
  const { journal, settle } = heldJournal()
  const store = new Revisions({ journal, clock: systemClock })
  const seen: number[] = []
  journal.published = () => void seen.push(store.count('/registry/core/pods/'))
  const all = Array.from({ length: 100 }, (_, i) => store.commit([put(`p${i}`, 0)]))
  await nextTurn()
  settle[0]?.()
  await all[0]
  expect(store.count('/registry/core/pods/')).toBe(32)
  await store.published()
  expect(store.count('/registry/core/pods/')).toBe(100)
  expect(seen).toEqual([32, 64, 96, 100])
  await Promise.all(all)
  await store.close()
})

test('after a failed append writes are refused until the log has recovered, and the failed ones are never visible', async () => {
  const { journal, settle } = heldJournal()
  const clock = createFakeClock()
  const store = new Revisions({ journal, clock })
  const kept = store.commit([put('kept', 0)])
  await nextTurn()
  settle[0]?.()
  await kept
  const failing = store.commit([put('lost', 0)])
  await nextTurn()
  const queued = store.commit([put('queued', 0)])
  settle[1]?.(new Error('ENOSPC: no space left on device'))
  await expect(failing).rejects.toThrow(StoreFailed)
  await expect(failing).rejects.toThrow('no space left')
  await expect(queued).rejects.toThrow(StoreFailed)
  await expect(store.commit([put('later', 0)])).rejects.toThrow(StoreFailed)
  expect(store.list('/registry/core/pods/').entries.map((entry) => entry.key)).toEqual([key('kept')])
  expect(store.head(key('lost'))).toBeUndefined()
  await clock.advance(5_000)
  expect(store.failure?.message).toContain('still full')
  await expect(store.commit([put('later', 0)])).rejects.toThrow(StoreFailed)

  journal.recover = () => Promise.resolve()
  await clock.advance(1_000)
  expect(store.failure).toBeUndefined()
  const again = store.commit([put('lost', 0)])
  await nextTurn()
  settle[2]?.()
  const [entry] = await again
  // Revisions of refused writes are not reused.
  expect(entry?.revision).toBeGreaterThan((store.get(key('kept'))?.revision ?? 0) + 1)
  await store.close()
})
