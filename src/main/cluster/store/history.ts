import type { Clock } from '#shared/base/clock.ts'
import { prefixesOf } from './collections.ts'
import { StoredEntry } from './entry.ts'
import { Compacted, type Change, type Entry, type WatchSink } from './store.ts'

export interface HistoryOptions {
  /** Revision before the first change. */
  start: number
  /** Minimum number of changes kept, whatever their age, unless `compact` drops them. */
  size: number
  /** Changes younger than this, ms, are kept beyond that; Kubernetes' watch cache keeps 75 s. */
  freshMs: number
  /** Bytes that all kept changes may take, though a thousand are always kept; 32 MiB when unset. */
  bytes?: number
  clock: Clock
  /** Called when a watcher throws, so that the other watchers still get the change. */
  onError(error: unknown): void
}

/** Newest changes that are also kept as objects; older ones are kept as bytes only. */
const warmChanges = 1_024
/** Number of changes that are kept whatever their size. */
const fewest = 1_000
/** Number of dropped changes after which the array is cut. */
const slab = 1_000

/**
 * The last changes, in order: watchers replay them, and lists at an older revision undo them. A change that leaves the
 * window advances the compaction revision: requests for older revisions get `410 Gone`, as from etcd.
 */
export class History {
  readonly #size: number
  readonly #freshMs: number
  readonly #maxBytes: number
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  /** A sliding window over arrays; the front is cut in slabs, so that each push stays cheap. */
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

  /** Drops every change up to `revision`. */
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
   * The keys under `prefix` that have changed after `revision`, with their entries then; undefined when a key did not
   * exist.
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

  /** Frees the dropped front in slabs, so that no push has to move the whole window. */
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
      // The entry that a put has written may still be current; the one that it has replaced is not.
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
      for (const prefix of [root, ...prefixesOf(change.entry.key)]) {
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

/** The prefix of all keys. */
const root = '/registry/'

/** The bytes that a change retains: the entry that it has replaced. */
const sizeOf = ({ previous }: Change): number => (previous instanceof StoredEntry ? previous.size : 0)
