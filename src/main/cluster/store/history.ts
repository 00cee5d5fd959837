import { prefixesOf } from './collections.ts'
import { Compacted, type Change, type Entry, type WatchSink } from './store.ts'

/**
 * The last changes, in order: what watchers replay, and what takes a list back to an older revision. A change that
 * leaves the window moves the compaction revision, so that whoever still needs it is told `410 Gone`, as by etcd.
 */
export class History {
  readonly #size: number
  /** A window that slides over an array; the front is cut off in slabs, so that each push stays cheap. */
  #changes: Change[] = []
  #first = 0
  #compacted: number
  readonly #watchers = new Map<string, Set<WatchSink>>()

  constructor({ size, start }: { size: number; start: number }) {
    this.#size = size
    this.#compacted = start
  }

  get compacted(): number {
    return this.#compacted
  }

  publish(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change)
    this.#slide()
    if (this.#watchers.size > 0) this.#deliver(changes)
  }

  /** @throws Compacted when changes after `fromRevision` have left the window. */
  watch(prefix: string, fromRevision: number, sink: WatchSink): () => void {
    if (fromRevision < this.#compacted) throw new Compacted(this.#compacted)
    const missed = this.#since(fromRevision).filter(({ entry }) => entry.key.startsWith(prefix))
    if (missed.length > 0) sink.changes(missed)
    let watchers = this.#watchers.get(prefix)
    if (!watchers) this.#watchers.set(prefix, (watchers = new Set()))
    watchers.add(sink)
    return () => {
      watchers.delete(sink)
      if (watchers.size === 0 && this.#watchers.get(prefix) === watchers) this.#watchers.delete(prefix)
    }
  }

  /** Undoes, on the present entries under `prefix`, every change after `revision`. @throws Compacted */
  rewind(prefix: string, revision: number, present: readonly Entry[]): Entry[] {
    if (revision < this.#compacted) throw new Compacted(this.#compacted)
    const state = new Map(present.map((entry) => [entry.key, entry]))
    const later = this.#since(revision)
    for (let i = later.length - 1; i >= 0; i--) {
      const change = later[i]
      if (!change?.entry.key.startsWith(prefix)) continue
      if (change.previous) state.set(change.entry.key, change.previous)
      else state.delete(change.entry.key)
    }
    return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Changes after `revision`, oldest first. */
  #since(revision: number): Change[] {
    let low = this.#first
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#changes[middle]?.entry.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return this.#changes.slice(low)
  }

  #slide(): void {
    const surplus = this.#changes.length - this.#first - this.#size
    if (surplus <= 0) return
    this.#first += surplus
    this.#compacted = this.#changes[this.#first - 1]?.entry.revision ?? this.#compacted
    if (this.#first < this.#size) return
    this.#changes = this.#changes.slice(this.#first)
    this.#first = 0
  }

  #deliver(changes: readonly Change[]): void {
    const batches = new Map<WatchSink, Change[]>()
    for (const change of changes) {
      for (const prefix of prefixesOf(change.entry.key)) {
        for (const sink of this.#watchers.get(prefix) ?? []) {
          const batch = batches.get(sink)
          if (batch) batch.push(change)
          else batches.set(sink, [change])
        }
      }
    }
    for (const [sink, batch] of batches) sink.changes(batch)
  }
}
