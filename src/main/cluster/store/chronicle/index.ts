import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '#shared/base/clock.ts'
import { createFaultLog } from '#shared/base/fault-log.ts'
import type { Log } from '#shared/base/log.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { createVault } from '../segment.ts'
import type { Store } from '../store.ts'
import { recordOf, type VersionRecord } from './record.ts'
import { openSegments, type Segments } from './segments.ts'

export type { VersionRecord } from './record.ts'

/** What an object was at a time and what it is now; undefined where there is none. */
export interface Comparison {
  then?: KubeObject
  now?: KubeObject
}

export interface ChronicleOptions {
  /** Folder of its files, mode 0700. */
  dir: string
  store: Store
  /** 32 bytes that encrypt Secrets at rest. */
  secretKey?: Uint8Array
  clock: Clock
  log: Log
  /** Bytes of a file and of all files; 4 MiB and 40 MiB when unset. */
  segmentBytes?: number
  totalBytes?: number
}

/**
 * The versions of objects beyond the store's own history: what each object was, when, and which field managers wrote it.
 * It keeps no object in memory; questions read its files. Up to a second of it is lost in a crash.
 */
export interface Chronicle {
  /** All that is known of one object, oldest first. */
  versions(key: string): Promise<VersionRecord[]>
  /** The objects, of those whose key `matches`, that differ from what they were at `time` (ms since the epoch), by key. */
  changesSince(matches: (key: string) => boolean, time: number): Promise<Map<string, Comparison>>
  /** Bytes on disk. */
  size(): Promise<number>
  /** Writes what is pending and ends. */
  stop(): Promise<void>
}

/** Changes are written this often, ms. */
const flushMs = 1_000

/** Follows every write of `store` from now on. */
export async function openChronicle(options: ChronicleOptions): Promise<Chronicle> {
  const { dir, store, secretKey, clock, log, segmentBytes = 4 * 2 ** 20, totalBytes = 40 * 2 ** 20 } = options
  const segments = await openSegments({ dir, vault: createVault(secretKey), segmentBytes, totalBytes })
  const recorder = record({ segments, store, clock, log })
  return {
    async versions(key) {
      await recorder.flush()
      return segments.read((other) => other === key)
    },
    async changesSince(matches, time) {
      await recorder.flush()
      return changesSince(await segments.read(matches), time)
    },
    size: () => segments.size(),
    async stop() {
      await recorder.stop()
      await segments.close()
    },
  }
}

function record({ segments, store, clock, log }: { segments: Segments; store: Store; clock: Clock; log: Log }): {
  flush(): Promise<void>
  stop(): Promise<void>
} {
  const report = createFaultLog({ log, clock, message: 'versions of objects cannot be kept' })
  let pending: VersionRecord[] = []
  let writing = Promise.resolve()
  let stopTimer: (() => unknown) | undefined
  let stopped = false

  const flush = (): Promise<void> => {
    stopTimer?.()
    stopTimer = undefined
    const taken = pending
    pending = []
    if (taken.length > 0)
      writing = writing
        .then(() => append(segments, taken))
        .catch((error: unknown) => {
          report(error)
        })
    return writing
  }
  const follow = (): (() => unknown) =>
    store.watch('/registry/', store.revision, {
      changes(batch) {
        // At once: a second later the store may have kept only the bytes of the objects.
        const time = clock.now()
        for (const change of batch) {
          const known = recordOf(change, time)
          if (known) pending.push(known)
        }
        if (pending.length > 0) stopTimer ??= clock.after(flushMs, () => void flush())
      },
      close() {
        // What it has missed shows with the next change of each object.
        if (!stopped) stopWatch = follow()
      },
    })
  let stopWatch = follow()

  return {
    flush,
    async stop() {
      stopped = true
      stopWatch()
      await flush()
    },
  }
}

/** Records that are serialized between two turns of the event loop. */
const recordsPerTurn = 100

async function append(segments: Segments, records: readonly VersionRecord[]): Promise<void> {
  for (let from = 0; from < records.length; from += recordsPerTurn)
    await segments.append(records.slice(from, from + recordsPerTurn))
}

/** Undoes the records after `time`: an object was then what it was before the first of them. */
function changesSince(records: readonly VersionRecord[], time: number): Map<string, Comparison> {
  const changes = new Map<string, Comparison>()
  for (const { key, time: at, before, after } of records) {
    if (at <= time) continue
    const known = changes.get(key)
    const then = known ? known.then : before
    changes.set(key, { ...(then ? { then } : {}), ...(after ? { now: after } : {}) })
  }
  for (const [key, { then, now }] of changes) if (isDeepStrictEqual(then, now)) changes.delete(key)
  return changes
}
