import { Revisions } from './revisions.ts'
import type { Store } from './store.ts'

/** A store without a disk, for tests: the same revisions over a log that forgets. */
export function createMemoryStore({ historySize }: { historySize?: number } = {}): Store {
  return new Revisions({
    journal: { append: () => Promise.resolve(), close: () => Promise.resolve() },
    ...(historySize === undefined ? {} : { historySize }),
  })
}
