import { expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { Revisions, StoreFailed, type Journal } from './revisions.ts'
import { key, put } from './store.fixture.ts'

/** A log whose appends end when told to. */
function heldJournal(): { journal: Journal; settle: ((error?: Error) => void)[] } {
  const settle: ((error?: Error) => void)[] = []
  const journal: Journal = {
    append: () => new Promise((resolve, reject) => settle.push((error) => (error ? reject(error) : resolve()))),
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

test('after a failed append nothing is accepted any more, and nothing of it is seen', async () => {
  const { journal, settle } = heldJournal()
  const store = new Revisions({ journal, clock: systemClock })
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
  await store.close()
})
