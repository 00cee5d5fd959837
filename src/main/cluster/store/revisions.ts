import { Collections } from './collections.ts'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { StateLost } from '#shared/base/state-lost.ts'
import { StoredEntry } from './entry.ts'
import { History } from './history.ts'
import {
  RevisionMismatch,
  StoreFailed,
  type Change,
  type Entry,
  type ListOptions,
  type ListResult,
  type Operation,
  type Store,
  type WatchSink,
} from './store.ts'

/** The log beneath the revisions: appends one batch to disk, all or nothing, before the promise resolves. */
export interface Journal {
  append(changes: readonly StoredChange[]): Promise<void>
  /** Makes the log writable again after a failed append, without any of that batch. @throws while it cannot */
  recover(): Promise<void>
  /** Called after a batch has been published; the journal may compact from `entries`. */
  published?(): void
  close(): Promise<void>
}

export interface StoredChange extends Change {
  entry: StoredEntry
}

export interface RevisionsOptions {
  journal: Journal
  clock: Clock
  /** Entries read from the log, and its last revision. */
  initial?: { entries: Iterable<Entry>; revision: number }
  /** Minimum number of changes in the history; when unset 10,000, and more while they are recent. */
  historySize?: number
  /** Changes younger than this, ms, are kept beyond that within the byte limit. */
  historyFreshMs?: number
  /** Interval of compaction, ms; changes older than one interval are dropped. Never when unset. */
  compactEveryMs?: number
  /** Called when a watcher throws. */
  onWatcherError?(error: unknown): void
}

interface Pending {
  changes: StoredChange[]
  resolve(entries: Entry[]): void
  reject(error: unknown): void
}

/**
 * The MVCC core: head (writers compare with it), durable state (readers see it), history (watchers replay it). Writes
 * that arrive while a batch is being flushed form the next batch, so one sync serves them all.
 */
export class Revisions implements Store {
  readonly #journal: Journal
  readonly #durable = new Collections()
  /** The newest write of each key that is not durable yet; a delete has no entry. */
  readonly #unflushed = new Map<string, { revision: number; entry?: Entry }>()
  readonly #history: History
  #allocated: number
  #revision: number
  #queue: Pending[] = []
  #flushing: Promise<void> | undefined
  /** Of the newest batch that is on disk; kept when it is done. */
  #publishing: Promise<void> | undefined
  #failure: StoreFailed | undefined
  #closed = false
  #stopCompacting: Stop | undefined
  readonly #clock: Clock
  #stopRecovery: Stop | undefined

  constructor(options: RevisionsOptions) {
    const { journal, clock, initial, historySize, historyFreshMs, compactEveryMs, onWatcherError } = options
    this.#journal = journal
    this.#clock = clock
    this.#revision = this.#allocated = initial?.revision ?? 1
    for (const entry of initial?.entries ?? []) this.#durable.put(entry)
    this.#history = new History({
      size: historySize ?? 10_000,
      freshMs: historyFreshMs ?? (historySize === undefined ? 75_000 : 0),
      start: this.#revision,
      clock,
      onError: (error) => onWatcherError?.(error),
    })
    if (compactEveryMs !== undefined) this.#compactEvery(compactEveryMs, clock)
  }

  get revision(): number {
    return this.#revision
  }

  get compactedRevision(): number {
    return this.#history.compacted
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  get(key: string): Entry | undefined {
    return this.#durable.get(key)
  }

  head(key: string): Entry | undefined {
    const unflushed = this.#unflushed.get(key)
    return unflushed ? unflushed.entry : this.#durable.get(key)
  }

  count(prefix: string): number {
    return this.#durable.count(prefix)
  }

  /** Resolves when what the log had acknowledged before this turn of the event loop is published. */
  async published(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    await this.#publishing
  }

  entries(): Iterable<Entry> {
    return this.#durable.all()
  }

  list(prefix: string, { revision, limit, after }: ListOptions = {}): ListResult {
    if (revision === undefined || revision >= this.#revision)
      return { ...this.#durable.list(prefix, { limit, after }), revision: this.#revision }
    const overlay = this.#history.before(prefix, revision)
    return { ...this.#durable.list(prefix, { limit, after, overlay }), revision }
  }

  commit(operations: Operation[]): Promise<Entry[]> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#closed) return Promise.reject(new Error('the store is closed'))
    for (const { key, expected } of operations) {
      const head = this.head(key)
      if ((head?.revision ?? 0) !== expected) return Promise.reject(new RevisionMismatch(key, head))
    }
    const changes = operations.map((operation) => this.#prepare(operation))
    return new Promise((resolve, reject) => {
      this.#queue.push({ changes, resolve, reject })
      this.#flushing ??= this.#flush()
    })
  }

  watch(prefix: string, fromRevision: number, sink: WatchSink): () => void {
    return this.#history.watch(prefix, fromRevision, sink)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#stopCompacting?.()
    await this.#stopRecovery?.()
    while (this.#flushing) await this.#flushing
    await this.#journal.close()
  }

  /** Compacts to the revision of the previous interval, as Kubernetes does with etcd. */
  #compactEvery(ms: number, clock: Clock): void {
    const mark = this.#revision
    this.#stopCompacting = clock.after(ms, () => {
      this.#history.compact(mark)
      this.#compactEvery(ms, clock)
    })
  }

  #prepare(operation: Operation): StoredChange {
    const { key, type, build } = operation
    const revision = ++this.#allocated
    const previous = this.head(key)
    const entry = build ? StoredEntry.of(key, revision, build(revision)) : ended(previous, revision)
    this.#unflushed.set(key, type === 'put' ? { revision, entry } : { revision })
    return previous ? { type, entry, previous } : { type, entry }
  }

  async #flush(): Promise<void> {
    // Let every write of this turn of the event loop join the batch.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, mostCommitsPerBatch)
      const changes = batch.flatMap((pending) => pending.changes)
      try {
        await this.#journal.append(changes)
      } catch (error) {
        this.#fail(error, batch)
        break
      }
      this.#publishing = this.#publishAll(batch)
      await this.#publishing
    }
    this.#flushing = undefined
  }

  /** Some commits a turn of the event loop: each has readers and writers that go on with their work in the same turn. */
  async #publishAll(batch: readonly Pending[]): Promise<void> {
    for (let from = 0; from < batch.length; from += commitsPerTurn) {
      if (from > 0) await new Promise<void>((resolve) => setImmediate(resolve))
      const part = batch.slice(from, from + commitsPerTurn)
      try {
        this.#publish(part.flatMap(({ changes }) => changes))
      } catch (error) {
        throw new StateLost('a batch is on disk and could not be published', { cause: error })
      }
      for (const { changes, resolve } of part) resolve(changes.map(({ entry }) => entry))
    }
  }

  #publish(changes: Change[]): void {
    for (const { type, entry } of changes) {
      if (type === 'put') this.#durable.put(entry)
      else this.#durable.delete(entry.key)
      if (this.#unflushed.get(entry.key)?.revision === entry.revision) this.#unflushed.delete(entry.key)
      this.#revision = entry.revision
    }
    this.#history.publish(changes)
    this.#journal.published?.()
  }

  #fail(error: unknown, batch: Pending[]): void {
    this.#failure = new StoreFailed(error)
    for (const { reject } of [...batch, ...this.#queue.splice(0)]) reject(this.#failure)
    this.#unflushed.clear()
    this.#recoverLater()
  }

  /** Retries until the log can be written again; writes are refused meanwhile. */
  #recoverLater(): void {
    this.#stopRecovery = this.#clock.after(recoveryMs, () => {
      this.#journal.recover().then(
        () => (this.#failure = undefined),
        (error: unknown) => {
          if (this.#closed) return
          this.#failure = new StoreFailed(error)
          this.#recoverLater()
        },
      )
    })
  }
}

/** Most commits that share a sync: handing more of them to the log at once would hold up the event loop. */
const mostCommitsPerBatch = 256
/** Commits that are published in one turn of the event loop. */
const commitsPerTurn = 32

/** Time between attempts to recover the log, ms. */
const recoveryMs = 500

function ended(previous: Entry | undefined, revision: number): StoredEntry {
  if (!previous) throw new Error('a delete needs an existing entry')
  return StoredEntry.deleted(previous, revision)
}
