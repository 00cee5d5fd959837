import type { Clock } from '#shared/base/clock.ts'
import { prefixesOf } from './collections.ts'
import { StoredEntry } from './entry.ts'
import { Compacted, type Change, type Entry, type WatchSink } from './store.ts'

export interface HistoryOptions {
  /** Revision before the first change. */
  start: number
  /** As many changes are kept however old they are, unless `compact` says otherwise. */
  size: number
  /** More are kept while they are younger than this, ms: Kubernetes' watch cache goes by 75 s. */
  freshMs: number
  /** What all of them may take together, though a thousand are always kept; 32 MiB when unset. */
  bytes?: number
  clock: Clock
  /** A watcher has thrown: its mistake is not to be the others' loss. */
  onError(error: unknown): void
}

/** Changes behind the newest that are kept as objects, too; older ones are bytes alone. */
const warmChanges = 1_024
/** Changes that are kept whatever they take. */
const fewest = 1_000
/** Dropped changes that may linger until they are cut off together. */
const slab = 1_000

/**
 * The last changes, in order: what watchers replay, and what takes a list back to an older revision. A change that
 * leaves the window moves the compaction revision, so that whoever still needs it is told `410 Gone`, as by etcd.
 */
export class History {
  readonly #size: number
  readonly #freshMs: number
  readonly #maxBytes: number
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  /** A window that slides over arrays; the front is cut off in slabs, so that each push stays cheap. */
  #changes: Change[] = []
  #times: number[] = []
  #sizes: number[] = []
  #first = 0
  #cooled = 0
  #bytes = 0
  #compacted: number
  readonly #watchers = new Map<string, Set<WatchSink>>()

  constructor({ size, start, clock, onError, freshMs, bytes = 32 * 2 ** 20 }: HistoryOptions) {
    this.#size = size
    this.#compacted = start
    this.#clock = clock
    this.#onError = onError
    this.#freshMs = freshMs
    this.#maxBytes = bytes
  }

  get compacted(): number {
    return this.#compacted
  }

  publish(changes: readonly Change[]): void {
    const now = this.#clock.now()
    for (const change of changes) {
      this.#changes.push(change)
      this.#times.push(now)
      const size = sizeOf(change)
      this.#sizes.push(size)
      this.#bytes += size
    }
    if (this.#watchers.size > 0) this.#deliver(changes)
    this.#slide(now)
    this.#cool()
  }

  /** Forgets every change up to `revision`. */
  compact(revision: number): void {
    if (revision <= this.#compacted) return
    while (this.#first < this.#changes.length && this.#revisionAt(this.#first) <= revision) this.#dropFirst()
    this.#compacted = Math.max(this.#compacted, revision)
    this.#cut()
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

  /**
   * What the keys under `prefix` that have changed after `revision` held then; undefined where that was nothing.
   * @throws Compacted
   */
  before(prefix: string, revision: number): Map<string, Entry | undefined> {
    if (revision < this.#compacted) throw new Compacted(this.#compacted)
    const then = new Map<string, Entry | undefined>()
    for (const { entry, previous } of this.#since(revision))
      if (entry.key.startsWith(prefix) && !then.has(entry.key)) then.set(entry.key, previous)
    return then
  }

  /** Changes after `revision`, oldest first. */
  #since(revision: number): Change[] {
    let low = this.#first
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#revisionAt(middle) <= revision) low = middle + 1
      else high = middle
    }
    return this.#changes.slice(low)
  }

  #slide(now: number): void {
    for (;;) {
      const count = this.#changes.length - this.#first
      const stale = count > this.#size && now - (this.#times[this.#first] ?? 0) >= this.#freshMs
      if (!stale && (this.#bytes <= this.#maxBytes || count <= fewest)) break
      this.#compacted = this.#revisionAt(this.#first)
      this.#dropFirst()
    }
    this.#cut()
  }

  #dropFirst(): void {
    this.#bytes -= this.#sizes[this.#first++] ?? 0
  }

  /** Gives the dropped front back in slabs, so that no push has to move the whole window. */
  #cut(): void {
    if (this.#first < slab) return
    this.#changes = this.#changes.slice(this.#first)
    this.#times = this.#times.slice(this.#first)
    this.#sizes = this.#sizes.slice(this.#first)
    this.#cooled = Math.max(0, this.#cooled - this.#first)
    this.#first = 0
  }

  #cool(): void {
    for (; this.#cooled < this.#changes.length - warmChanges; this.#cooled++) {
      const change = this.#changes[this.#cooled]
      if (!change) continue
      // What a put has written may still be current; what it has replaced never is.
      if (change.previous instanceof StoredEntry) change.previous.cool()
      if (change.type === 'delete' && change.entry instanceof StoredEntry) change.entry.cool()
    }
  }

  #revisionAt(index: number): number {
    return this.#changes[index]?.entry.revision ?? 0
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
    for (const [sink, batch] of batches) {
      try {
        sink.changes(batch)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}

/** What a change keeps alive: the state that it has replaced. */
const sizeOf = ({ previous }: Change): number => (previous instanceof StoredEntry ? previous.size : 0)
