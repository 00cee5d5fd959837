import { fdatasyncSync, fstatSync } from 'node:fs'
import { copyFile, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import Datastore from 'nedb-promises'
import { messageOf } from '#shared/base/message-of.ts'
import {
  commitDocument,
  createVault,
  DamagedLog,
  readSegment,
  recordDocument,
  seal,
  unseal,
  type LogDocument,
} from './segment.ts'

/**
 * The log's thread: appends batches to the newest segment (NeDB writes, this syncs), rotates segments, and replaces old
 * ones by a snapshot that the main thread sends. Separate from the main thread, so that no write stalls a request.
 *
 * Appends and rotations need no new file descriptor: the segment, its successor and the folder are open in advance.
 * After a failed append nothing is written until `recover` has dropped the incomplete batch and begun a new segment.
 */
export interface LogWorkerData {
  dir: string
  secretKey?: Uint8Array
  /** A segment larger than this many bytes is closed and a new one begun. */
  segmentBytes: number
}

export type ToLog =
  | { type: 'append'; id: number; revisions: number[]; keys: string[]; values: (string | null)[] }
  | { type: 'recover'; id: number }
  | { type: 'snapshot-begin'; id: number }
  | { type: 'snapshot-part'; id: number; revisions: number[]; keys: string[]; values: string[] }
  | { type: 'snapshot-end'; id: number; revision: number }
  | { type: 'close'; id: number }

export type FromLog =
  | { type: 'loaded'; entries: LoadedEntry[]; revision: number; warnings: string[]; bytes: number }
  | { type: 'refused'; message: string }
  | { type: 'done'; id: number; bytes: number }
  | { type: 'failed'; id: number; message: string }

export interface LoadedEntry {
  key: string
  revision: number
  json: string
}

const { dir, secretKey, segmentBytes } = workerData as LogWorkerData
const vault = createVault(secretKey)

const segmentName = (number: number): string => `segment-${String(number).padStart(8, '0')}.db`
const snapshotName = (number: number): string => `snapshot-${String(number).padStart(8, '0')}.db`

const spareName = 'segment.next'
const snapshotDraft = 'snapshot.tmp'

let current: Segment | undefined
/** The next segment, opened in advance under a temporary name; undefined while it cannot be created. */
let spare: Segment | undefined
let snapshot: { segment: Segment; until: number } | undefined
let bytes = 0
/** Error of the last append, until `recover` has succeeded. */
let failure: Error | undefined

async function start(to: MessagePort): Promise<void> {
  try {
    to.postMessage(await load())
  } catch (error) {
    to.postMessage({ type: 'refused', message: messageOf(error) } satisfies FromLog)
  }
  let chain = Promise.resolve()
  to.on('message', (message: ToLog) => {
    chain = chain.then(async () => {
      try {
        await serve(message)
        to.postMessage({ type: 'done', id: message.id, bytes } satisfies FromLog)
      } catch (error) {
        to.postMessage({ type: 'failed', id: message.id, message: messageOf(error) } satisfies FromLog)
      }
    })
  })
}

async function serve(message: ToLog): Promise<void> {
  if (message.type === 'append') await append(message)
  else if (message.type === 'recover') await recover()
  else if (message.type === 'close') await close()
  else await compact(message)
}

async function append(batch: Extract<ToLog, { type: 'append' }>): Promise<void> {
  if (!current) throw new Error('the log is closed')
  if (failure) throw failure
  if (!spare) await prepareSpare()
  if (current.bytes > segmentBytes && spare) await rotate()
  const last = batch.revisions.at(-1) ?? 0
  try {
    await current.write([...documents(batch), commitDocument(last, batch.revisions.length)])
    current.sync()
  } catch (error) {
    failure = error as Error
    throw error
  }
}

/**
 * Makes the log writable again after a failed append: drops the incomplete batch, checks that the disk accepts more,
 * and begins a new segment. @throws the disk's error, with nothing changed for readers of the log
 */
async function recover(): Promise<void> {
  if (!failure || !current) return
  await current.rewind()
  if (!spare) await prepareSpare()
  if (!spare) throw failure
  await spare.probe()
  await rotate()
  failure = undefined
}

async function close(): Promise<void> {
  if (failure) await current?.rewind().catch(() => undefined)
  await current?.close()
  current = undefined
  await spare?.discard()
  await rm(join(dir, spareName), { force: true })
}

function documents({
  revisions,
  keys,
  values,
}: {
  revisions: number[]
  keys: string[]
  values: (string | null)[]
}): LogDocument[] {
  return revisions.map((revision, index) => {
    const key = keys[index] ?? ''
    const value = values[index] ?? null
    return recordDocument(revision, key, value === null ? null : vault.lock(key, value))
  })
}

/** Begins the next segment. @throws the disk's error; the current segment stays in use */
async function rotate(): Promise<void> {
  if (!spare) await prepareSpare()
  if (!spare) throw new Error('the next segment cannot be made')
  const number = (current?.number ?? 0) + 1
  await rename(join(dir, spareName), join(dir, segmentName(number)))
  const before = current
  current = spare
  current.number = number
  spare = undefined
  await syncFolder()
  await before?.close()
  await prepareSpare()
}

/** Opens the next segment in advance, so that rotation needs no descriptor; retried later when it fails. */
async function prepareSpare(): Promise<void> {
  try {
    await rm(join(dir, spareName), { force: true })
    spare = await Segment.open(spareName, 0)
  } catch {
    spare = undefined
  }
}

/** Runs a step of the snapshot; a failed step removes the snapshot. */
async function compact(message: Extract<ToLog, { type: `snapshot-${string}` }>): Promise<void> {
  try {
    if (message.type === 'snapshot-begin') await beginSnapshot()
    else if (message.type === 'snapshot-part') await snapshot?.segment.write(documents(message))
    else await endSnapshot(message.revision)
  } catch (error) {
    await snapshot?.segment.discard()
    snapshot = undefined
    await rm(join(dir, snapshotDraft), { force: true })
    throw error
  }
}

/** Starts a snapshot: new writes go to a new segment, and the snapshot will replace all older ones. */
async function beginSnapshot(): Promise<void> {
  if (failure) throw failure
  await rotate()
  const until = (current?.number ?? 1) - 1
  await rm(join(dir, snapshotDraft), { force: true })
  snapshot = { segment: await Segment.open(snapshotDraft, 0), until }
}

async function endSnapshot(revision: number): Promise<void> {
  if (!snapshot) throw new Error('no snapshot was started')
  const { segment, until } = snapshot
  await segment.write([commitDocument(revision, segment.records)])
  segment.sync()
  await segment.close()
  await rename(join(dir, snapshotDraft), join(dir, snapshotName(until)))
  await syncFolder()
  for (const file of await readdir(dir)) {
    const number = numberOf(file)
    if (number === undefined || number > until || file === snapshotName(until)) continue
    await rm(join(dir, file))
  }
  bytes = segment.bytes + (current?.bytes ?? 0)
  snapshot = undefined
}

/**
 * Reads the newest snapshot and the segments after it, cuts a torn tail, and opens a new segment. @throws DamagedLog
 */
async function load(): Promise<FromLog> {
  const files = (await readdir(dir)).filter((file) => numberOf(file) !== undefined)
  const newest = Math.max(
    -1,
    ...files.filter((file) => file.startsWith('snapshot-')).map((file) => numberOf(file) ?? -1),
  )
  const segments = files.filter((file) => file.startsWith('segment-') && (numberOf(file) ?? 0) > newest).sort()
  const live = new Map<string, LoadedEntry>()
  const warnings: string[] = []
  let revision = 1
  if (newest >= 0) revision = await readSnapshot(snapshotName(newest), live)
  let expected = newest + 1
  let written = 0
  for (const [index, file] of segments.entries()) {
    if (numberOf(file) !== expected)
      throw new DamagedLog(join(dir, file), 1, `the log before it, from ${segmentName(expected)}, is missing`)
    expected++
    written = await readInto(file, { live, after: written, warnings, isLast: index === segments.length - 1 })
  }
  revision = Math.max(revision, written)
  await rm(join(dir, snapshotDraft), { force: true })
  const number = Math.max(newest + 1, expected)
  current = await Segment.open(segmentName(number), number)
  await prepareSpare()
  await syncFolder()
  return { type: 'loaded', entries: [...live.values()], revision, warnings, bytes }
}

/** A snapshot's records have no order of revisions: only their checksums and the marker are checked. */
async function readSnapshot(file: string, live: Map<string, LoadedEntry>): Promise<number> {
  const content = await readFile(join(dir, file))
  bytes += content.length
  const lines = content.toString('utf8').split('\n')
  let marker: LogDocument | undefined
  let count = 0
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    const json = unseal(line)
    if (json === undefined) throw new DamagedLog(join(dir, file), index + 1, 'the checksum does not match')
    const document = JSON.parse(json) as LogDocument
    if (document.n !== undefined) marker = document
    else if (document.k !== undefined && typeof document.v === 'string') {
      count++
      live.set(document.k, { key: document.k, revision: document.r, json: vault.open(document.k, document.v) })
    }
  }
  if (marker?.n !== count) throw new DamagedLog(join(dir, file), lines.length, 'the snapshot is not complete')
  return marker.r
}

/** @param after last revision of the segment before. @returns the last revision of this one */
async function readInto(
  file: string,
  {
    live,
    after,
    warnings,
    isLast,
  }: { live: Map<string, LoadedEntry>; after: number; warnings: string[]; isLast: boolean },
): Promise<number> {
  const path = join(dir, file)
  const content = await readFile(path)
  const { records, length, torn, lastRevision } = readSegment(path, content, after)
  if (torn > 0 && !isLast) throw new DamagedLog(path, records.length, 'a batch is cut short, and segments follow')
  for (const { key, revision, value } of records) {
    if (value === null) live.delete(key)
    else if ((live.get(key)?.revision ?? 0) <= revision) live.set(key, { key, revision, json: vault.open(key, value) })
  }
  if (torn > 0) {
    await copyFile(path, `${path}.torn`)
    await cut(path, length)
    warnings.push(
      `${path}: its last ${torn} bytes are not a complete batch and were cut off; they are kept in ${path}.torn. A crash in the middle ` +
        'of a write leaves such a tail, and that write was never acknowledged; if the file was cut in another way, ' +
        'acknowledged writes are missing',
    )
  }
  bytes += length
  return lastRevision
}

/** Truncates a file durably: the dropped bytes must not reappear before later writes. */
async function cut(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.truncate(length)
    await file.sync()
  } finally {
    await file.close()
  }
}

const numberOf = (file: string): number | undefined => {
  const match = /^(?:segment|snapshot)-(\d{8})\.db$/.exec(file)
  return match ? Number(match[1]) : undefined
}

let folder: FileHandle | undefined

/** Syncs a folder: a new or renamed file is durable only when its folder is. */
async function syncFolder(): Promise<void> {
  folder ??= await open(dir, 'r')
  await folder.sync()
}

/** The part of NeDB that writes lines. It appends to `filename` with `appendFile` of `fs/promises`. */
interface Persistence {
  filename: string | FileHandle
  persistNewStateAsync(documents: LogDocument[]): Promise<void>
}

/** Bytes that must fit on the disk before writes are accepted again after a failure. */
const probeBytes = Buffer.alloc(64 * 1024, ' ')

/**
 * One file of the log: NeDB appends to it, this syncs it (NeDB never does on append). Only NeDB's persistence is used:
 * its insert would also keep a copy of every document in memory. It gets our file handle instead of a path, which
 * `appendFile` accepts: no append opens the file again.
 */
class Segment {
  number: number
  records = 0
  bytes = 0
  readonly #persistence: Persistence
  readonly #file: FileHandle
  /** Length up to which the file is synced. */
  #synced: number

  private constructor(number: number, persistence: Persistence, file: FileHandle, size: number) {
    this.number = number
    this.#persistence = persistence
    this.#file = file
    this.#synced = size
  }

  static async open(name: string, number: number): Promise<Segment> {
    const path = join(dir, name)
    const datastore = Datastore.create({
      filename: path,
      autoload: false,
      corruptAlertThreshold: 0,
      afterSerialization: seal,
      beforeDeserialization: (line: string) => unseal(line) ?? '',
    })
    const { persistence } = (datastore as unknown as { __original: { persistence: Persistence } }).__original
    const file = await open(path, 'a', 0o600)
    persistence.filename = file
    return new Segment(number, persistence, file, (await file.stat()).size)
  }

  async write(lines: LogDocument[]): Promise<void> {
    await this.#persistence.persistNewStateAsync(lines)
    for (const { k, v } of lines) {
      if (k !== undefined) this.records++
      const size = 60 + (k?.length ?? 0) + (v?.length ?? 0)
      this.bytes += size
      bytes += size
    }
  }

  /** Waits for the disk here: this thread has nothing else to do, and a turn through libuv's pool costs more than the call. */
  sync(): void {
    fdatasyncSync(this.#file.fd)
    this.#synced = fstatSync(this.#file.fd).size
  }

  /** Truncates what was written since the last sync. */
  async rewind(): Promise<void> {
    await this.#file.truncate(this.#synced)
    await this.#file.datasync()
  }

  /** Writes and removes a probe. @throws the disk's error when it accepts no more */
  async probe(): Promise<void> {
    try {
      await this.#file.appendFile(probeBytes)
      await this.#file.datasync()
    } finally {
      await this.rewind()
    }
  }

  async close(): Promise<void> {
    await this.#file.datasync()
    await this.#file.close()
  }

  /** Closes without reporting errors. */
  discard(): Promise<void> {
    return this.#file.close()
  }
}

if (!parentPort) throw new Error('log-worker runs as a worker thread')
void start(parentPort)
