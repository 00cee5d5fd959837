import type { Stop } from '#shared/base/disposable.ts'
import { messageOf } from '#shared/base/message-of.ts'
import type { Stored } from '#shared/kube/object.ts'

/**
 * The revisioned map beneath the API server, with the contract of etcd that Kubernetes relies on.
 *
 * One revision counter for everything; a commit is atomic, gets one revision per operation, and is acknowledged only
 * after it is on disk. Readers and watchers see a revision only once it is durable; writers compare against the head
 * (durable or still being flushed), so two writers never both win. The log fails as a whole: after a failed flush the
 * store refuses every write with StoreFailed until its log can be written again, and then goes on.
 *
 * Keys are `/registry/<group or core>/<resource>/[<namespace>/]<name>`; prefixes end with a slash.
 */
export interface Store {
  /** Latest durable revision. */
  readonly revision: number
  /** Watches and reads from a revision at or before this one are refused with Compacted. */
  readonly compactedRevision: number

  /** The reason why writes are refused now; undefined when they are accepted. */
  readonly failure: Error | undefined

  /** The durable entry of `key`. */
  get(key: string): Entry | undefined
  /** The newest entry of `key`, durable or not: the next writer compares with it. */
  head(key: string): Entry | undefined
  /** Entries under `prefix` in key order, at `revision` when given. @throws Compacted */
  list(prefix: string, options?: ListOptions): ListResult
  /** Every durable entry, in no order. */
  entries(): Iterable<Entry>
  /** Number of entries under `prefix`. */
  count(prefix: string): number

  /**
   * Writes all operations or none. Checks are synchronous, in the order of the calls.
   * @returns the written entries, once durable. @throws RevisionMismatch when an expected revision is not the head's.
   */
  commit(operations: Operation[]): Promise<Entry[]>

  /**
   * Delivers every change under `prefix` (a folder, or `/registry/` for all) after `fromRevision`, oldest first, in batches of one flush. Changes already
   * in the history are delivered before this returns. `sink.close` is called when the watcher lags behind the history.
   * @throws Compacted when `fromRevision` has left the history.
   */
  watch(prefix: string, fromRevision: number, sink: WatchSink): Stop

  /** Flushes and closes; later calls throw. */
  close(): Promise<void>
}

/** One revision of one object. `object` is deeply shared: never mutate it. */
export interface Entry {
  readonly key: string
  /** resourceVersion; equals `object.metadata.resourceVersion`. */
  readonly revision: number
  /**
   * Has a name, a uid and a resourceVersion: the registry refuses objects without a name (`validateMetadata`), gives the uid
   * on create and restores it on update (`keepSystemFields`), and `build` sets the resourceVersion (`commit.ts`).
   */
  readonly object: Stored
  /** The object's JSON, serialised at most once per revision. */
  readonly json: Uint8Array
}

export type Operation =
  | {
      type: 'put'
      key: string
      /** Head revision that the caller read; 0 = must not exist. */
      expected: number
      /** Returns the object to store for the given revision (its resourceVersion). */
      build(revision: number): Stored
    }
  | { type: 'delete'; key: string; expected: number; build?(revision: number): Stored }

export interface ListOptions {
  revision?: number
  limit?: number
  /** Exclusive start key of a continued list. */
  after?: string | undefined
}

/** Everything at one revision. */
export interface Contents {
  entries: readonly Entry[]
  revision: number
}

export interface ListResult {
  entries: Entry[]
  revision: number
  /** Whether entries follow the last one returned, and how many. */
  remaining: number
}

export interface Change {
  type: 'put' | 'delete'
  /** The new entry; for a delete, the last state with the revision of the delete. */
  entry: Entry
  /** The previous entry, unless created. */
  previous?: Entry
}

export interface WatchSink {
  changes(batch: readonly Change[]): void
  close(reason: Compacted): void
}

/** The requested revision has been compacted: `410 Gone`. */
export class Compacted extends Error {
  readonly compactedRevision: number

  constructor(compactedRevision: number) {
    super(`revision has been compacted; oldest is ${compactedRevision}`)
    this.compactedRevision = compactedRevision
  }
}

/** The head is not the expected revision: a create of an existing key, or a lost race. */
export class RevisionMismatch extends Error {
  readonly key: string
  readonly head: Entry | undefined

  constructor(key: string, head: Entry | undefined) {
    super(`${key} is at revision ${head?.revision ?? 0}`)
    this.key = key
    this.head = head
  }
}

/**
 * The log cannot be written: nothing of the refused write is stored, and no write is accepted until the log recovers.
 */
export class StoreFailed extends Error {
  constructor(cause: unknown) {
    super(`the store cannot write its log: ${messageOf(cause)}`, { cause })
  }
}
