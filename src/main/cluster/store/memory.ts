import { systemClock, type Clock } from '#shared/base/clock.ts'
import { Revisions, type RevisionsOptions } from './revisions.ts'
import type { Store } from './store.ts'

export interface MemoryStoreOptions extends Pick<
  RevisionsOptions,
  'historySize' | 'historyFreshMs' | 'compactEveryMs'
> {
  clock?: Clock
}

/** A store without a disk, for tests: the same revisions over a log that discards everything. */
export function createMemoryStore({ clock = systemClock, ...options }: MemoryStoreOptions = {}): Store {
  return new Revisions({
    ...options,
    clock,
    journal: { append: () => Promise.resolve(), recover: () => Promise.resolve(), close: () => Promise.resolve() },
  })
}
