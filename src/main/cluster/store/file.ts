import { mkdir } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { systemClock, type Clock } from '#shared/base/clock.ts'
import { createFaultLog } from '#shared/base/fault-log.ts'
import type { Log } from '#shared/base/log.ts'
import { StoredEntry } from './entry.ts'
import { lockFolder } from './lock.ts'
import type { FromLog, LoadedEntry, LogWorkerData, ToLog } from './log-worker.ts'
import { Revisions, type Journal } from './revisions.ts'
import type { Entry, Store } from './store.ts'

export interface FileStoreOptions {
  /** Folder of the log; created when missing, mode 0700. Used by one process at a time. */
  dir: string
  log: Log
  /** Entry file of the log's thread: `log-worker.ts` itself, or its bundle. */
  workerUrl: URL
  /** 32 bytes that encrypt Secrets at rest. */
  secretKey?: Uint8Array
  clock?: Clock
  /** See RevisionsOptions; 10,000 when unset. */
  historySize?: number
  historyFreshMs?: number
  /** See RevisionsOptions; five minutes when unset, as etcd under Kubernetes. */
  compactEveryMs?: number
  /**
   * Bytes of a segment, 4 MiB when unset. A snapshot is written when the log is eight segments larger than the last
   * one.
   */
  segmentBytes?: number
}

/** Opens the durable store. @throws Error naming the damage when the log is damaged other than by a torn tail */
export async function createFileStore(options: FileStoreOptions): Promise<Store> {
  const {
    dir,
    log,
    historySize,
    historyFreshMs,
    clock = systemClock,
    compactEveryMs = 300_000,
    segmentBytes = 4 * 2 ** 20,
  } = options
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const unlock = lockFolder(dir)
  try {
    const thread = await startThread({ ...options, segmentBytes })
    for (const warning of thread.warnings) log.warn(warning)
    const journal = createJournal({ thread, log, clock, compactBytes: 8 * segmentBytes, unlock })
    const store = new Revisions({
      journal,
      clock,
      compactEveryMs,
      onWatcherError: (error) =>
        log.error('a watcher failed', { error: error instanceof Error ? error.stack : String(error) }),
      initial: { entries: restored(thread.entries), revision: thread.revision },
      ...(historySize === undefined ? {} : { historySize }),
      ...(historyFreshMs === undefined ? {} : { historyFreshMs }),
    })
    journal.snapshotFrom(store)
    thread.entries.length = 0
    return store
  } catch (error) {
    await unlock()
    throw error
  }
}

/**
 * Writes the log of a new store into an empty folder, complete and closed. Its revisions go on after `revision`.
 * @param options `secretKey`: encrypts Secrets at rest, as that of the store that will be opened there
 */
export async function writeStore(
  options: Pick<FileStoreOptions, 'dir' | 'workerUrl' | 'secretKey' | 'log'> & {
    entries: AsyncIterable<LoadedEntry>
    revision: number
  },
): Promise<void> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const thread = await startThread({ ...options, segmentBytes: 4 * 2 ** 20 })
  try {
    await thread.ask({ type: 'snapshot-begin' })
    let part: LoadedEntry[] = []
    const flush = async (): Promise<void> => {
      const taken = part
      part = []
      await thread.ask({
        type: 'snapshot-part',
        revisions: taken.map(({ revision }) => revision),
        keys: taken.map(({ key }) => key),
        values: taken.map(({ json }) => json),
      })
    }
    for await (const entry of options.entries) {
      part.push(entry)
      if (part.length === snapshotPart) await flush()
    }
    await flush()
    await thread.ask({ type: 'snapshot-end', revision: options.revision })
    await thread.ask({ type: 'close' })
  } finally {
    await thread.end()
  }
}

function* restored(entries: LoadedEntry[]): Iterable<Entry> {
  for (const { key, revision, json } of entries) yield StoredEntry.restored(key, revision, json)
}

interface LogThread {
  entries: LoadedEntry[]
  revision: number
  warnings: string[]
  bytes: number
  /** @returns the log's size in bytes after `message` has been handled. @throws the disk's error */
  ask(message: Unnumbered): Promise<number>
  end(): Promise<void>
}

type Unnumbered = ToLog extends infer Message ? (Message extends ToLog ? Omit<Message, 'id'> : never) : never

function startThread({
  dir,
  workerUrl,
  secretKey,
  segmentBytes,
}: FileStoreOptions & { segmentBytes: number }): Promise<LogThread> {
  const workerData: LogWorkerData = { dir, segmentBytes, ...(secretKey ? { secretKey } : {}) }
  const worker = new Worker(workerUrl, {
    workerData,
    name: 'slipway-log',
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  })
  const waiting = new Map<number, { resolve(bytes: number): void; reject(error: Error): void }>()
  let nextId = 1
  let ended: Error | undefined
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      ended ??= error
      reject(error)
      for (const { reject: refuse } of waiting.values()) refuse(error)
      waiting.clear()
    }
    worker.on('error', fail)
    worker.on('exit', () => fail(new Error('the log thread has ended')))
    worker.on('message', (message: FromLog) => {
      if (message.type === 'loaded')
        resolve({
          ...message,
          ask: (question) =>
            new Promise((done, refuse) => {
              if (ended) {
                refuse(ended)
                return
              }
              const id = nextId++
              waiting.set(id, { resolve: done, reject: refuse })
              worker.postMessage({ ...question, id })
            }),
          end: async () => {
            await worker.terminate()
          },
        })
      else if (message.type === 'refused') {
        void worker.terminate()
        reject(new Error(message.message))
      } else {
        const waiter = waiting.get(message.id)
        waiting.delete(message.id)
        if (message.type === 'done') waiter?.resolve(message.bytes)
        else waiter?.reject(new Error(message.message))
      }
    })
  })
}

/** Pause after a failed compaction, ms. */
const compactionRetryMs = 10_000

/** Entries per message of a snapshot: few enough that serializing them does not block the event loop for long. */
const snapshotPart = 200

function createJournal({
  thread,
  log,
  clock,
  compactBytes,
  unlock,
}: {
  thread: LogThread
  log: Log
  clock: Clock
  compactBytes: number
  unlock: () => void | Promise<void>
}): Journal & { snapshotFrom(store: Revisions): void } {
  let store: Revisions | undefined
  let bytes = thread.bytes
  let bytesAfterSnapshot = 0
  let compacting: Promise<void> | undefined
  let closing = false
  let failing = false
  let compactAfter = 0
  const reportFailure = createFaultLog({
    log,
    clock,
    message: 'the log cannot be written; writes are refused meanwhile',
  })
  const reportCompaction = createFaultLog({ log, clock, message: 'compaction of the log failed' })

  const compact = async (source: Revisions): Promise<void> => {
    const begun = performance.now()
    await thread.ask({ type: 'snapshot-begin' })
    // Writes in the older segments have to be published before they are read here; later writes go to the new one.
    await source.published()
    const revision = source.revision
    let part: Entry[] = []
    const flush = async (): Promise<void> => {
      const message = {
        type: 'snapshot-part' as const,
        revisions: part.map((entry) => entry.revision),
        keys: part.map((entry) => entry.key),
        values: part.map((entry) => Buffer.from(entry.json).toString()),
      }
      part = []
      await thread.ask(message)
    }
    for (const entry of [...source.entries()]) {
      part.push(entry)
      if (part.length === snapshotPart) await flush()
      if (closing) return
    }
    if (part.length > 0) await flush()
    bytes = bytesAfterSnapshot = await thread.ask({ type: 'snapshot-end', revision })
    log.debug('compacted the log', { bytes, ms: Math.round(performance.now() - begun) })
  }

  return {
    snapshotFrom(source) {
      store = source
      if (bytes > compactBytes) this.published?.()
    },
    async append(changes) {
      try {
        bytes = await thread.ask({
          type: 'append',
          revisions: changes.map(({ entry }) => entry.revision),
          keys: changes.map(({ entry }) => entry.key),
          values: changes.map(({ type, entry }) => (type === 'delete' ? null : entry.text())),
        })
      } catch (error) {
        failing = true
        reportFailure(error)
        throw error
      }
    },
    async recover() {
      await thread.ask({ type: 'recover' })
      if (failing) log.info('the log can be written again')
      failing = false
    },
    published() {
      if (!store || compacting || closing || bytes - bytesAfterSnapshot < Math.max(compactBytes, bytesAfterSnapshot))
        return
      if (clock.now() < compactAfter) return
      compacting = compact(store)
        .catch((error: unknown) => {
          compactAfter = clock.now() + compactionRetryMs
          reportCompaction(error)
        })
        .finally(() => (compacting = undefined))
    },
    async close() {
      closing = true
      await compacting
      try {
        await thread.ask({ type: 'close' })
      } finally {
        await thread.end()
        await unlock()
      }
    },
  }
}
