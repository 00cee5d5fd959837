import { closeSync, fdatasync, fsyncSync, openSync } from 'node:fs'
import { copyFile, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { promisify } from 'node:util'
import Datastore from 'nedb-promises'
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
 * The log's thread: appends batches to the newest segment (NeDB writes them, this syncs them), rotates segments, and
 * turns old ones into a snapshot that the main thread feeds it. Off the main thread, so that no write stalls a request.
 */
export interface LogWorkerData {
  dir: string
  secretKey?: Uint8Array
  /** A segment beyond this many bytes is closed and a new one begun. */
  segmentBytes: number
}

export type ToLog =
  | { type: 'append'; id: number; revisions: number[]; keys: string[]; values: (string | null)[] }
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

const sync = promisify(fdatasync)
const { dir, secretKey, segmentBytes } = workerData as LogWorkerData
const vault = createVault(secretKey)

const segmentName = (number: number): string => `segment-${String(number).padStart(8, '0')}.db`
const snapshotName = (number: number): string => `snapshot-${String(number).padStart(8, '0')}.db`

let current: Segment | undefined
let snapshot: { segment: Segment; until: number } | undefined
let bytes = 0

async function start(to: MessagePort): Promise<void> {
  try {
    to.postMessage(await load())
  } catch (error) {
    to.postMessage({ type: 'refused', message: (error as Error).message } satisfies FromLog)
  }
  let chain = Promise.resolve()
  to.on('message', (message: ToLog) => {
    chain = chain.then(async () => {
      try {
        await serve(message)
        to.postMessage({ type: 'done', id: message.id, bytes } satisfies FromLog)
      } catch (error) {
        to.postMessage({ type: 'failed', id: message.id, message: (error as Error).message } satisfies FromLog)
      }
    })
  })
}

async function serve(message: ToLog): Promise<void> {
  if (message.type === 'append') await append(message)
  else if (message.type === 'snapshot-begin') await beginSnapshot()
  else if (message.type === 'snapshot-part') await snapshot?.segment.write(documents(message))
  else if (message.type === 'snapshot-end') await endSnapshot(message.revision)
  else await current?.close()
}

async function append(batch: Extract<ToLog, { type: 'append' }>): Promise<void> {
  if (!current) throw new Error('the log is closed')
  if (current.bytes > segmentBytes) await rotate()
  const last = batch.revisions.at(-1) ?? 0
  await current.write([...documents(batch), commitDocument(last, batch.revisions.length)])
  await current.sync()
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

async function rotate(): Promise<void> {
  const number = (current?.number ?? 0) + 1
  await current?.close()
  current = await Segment.open(segmentName(number), number)
  syncFolder()
}

/** From here on new writes go to a new segment; the snapshot will stand for all the older ones. */
async function beginSnapshot(): Promise<void> {
  await rotate()
  const until = (current?.number ?? 1) - 1
  await rm(join(dir, 'snapshot.tmp'), { force: true })
  snapshot = { segment: await Segment.open('snapshot.tmp', 0), until }
}

async function endSnapshot(revision: number): Promise<void> {
  if (!snapshot) throw new Error('no snapshot was begun')
  const { segment, until } = snapshot
  await segment.write([commitDocument(revision, segment.records)])
  await segment.sync()
  await segment.close()
  await rename(join(dir, 'snapshot.tmp'), join(dir, snapshotName(until)))
  syncFolder()
  for (const file of await readdir(dir)) {
    const number = numberOf(file)
    if (number === undefined || number > until || file === snapshotName(until)) continue
    await rm(join(dir, file))
  }
  bytes = segment.bytes + (current?.bytes ?? 0)
  snapshot = undefined
}

/** Reads the newest snapshot and the segments behind it, cuts a torn tail, and opens a new segment. @throws DamagedLog */
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
      throw new DamagedLog(join(dir, file), 1, `what lies before it, up to ${segmentName(expected)}, is missing`)
    expected++
    written = await readInto(file, { live, after: written, warnings, isLast: index === segments.length - 1 })
  }
  revision = Math.max(revision, written)
  await rm(join(dir, 'snapshot.tmp'), { force: true })
  const number = Math.max(newest + 1, expected)
  current = await Segment.open(segmentName(number), number)
  syncFolder()
  return { type: 'loaded', entries: [...live.values()], revision, warnings, bytes }
}

/** A snapshot's records are in the order of its writing: only its checksums and its marker matter. */
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

/** @param after revision of the segment before; those of this one are greater. @returns its last revision */
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
      `${path}: the last ${torn} bytes were cut short by a crash and never acknowledged; kept in ${path}.torn`,
    )
  }
  bytes += length
  return lastRevision
}

/** Takes the end off a file, for good: what was dropped must not come back behind what is written next. */
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

/** A new or renamed file is on disk only when its folder is. */
function syncFolder(): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The part of NeDB that writes lines, behind its promises. */
interface Persistence {
  persistNewStateAsync(documents: LogDocument[]): Promise<void>
}

/**
 * One file of the log: NeDB appends to it, our own descriptor syncs it (NeDB never does on append). Only NeDB's
 * persistence is asked: its insert would also keep a copy of every document in memory, which nobody reads here.
 */
class Segment {
  readonly number: number
  records = 0
  bytes = 0
  readonly #persistence: Persistence
  readonly #fd: number

  private constructor(number: number, persistence: Persistence, fd: number) {
    this.number = number
    this.#persistence = persistence
    this.#fd = fd
  }

  static async open(name: string, number: number): Promise<Segment> {
    const path = join(dir, name)
    await writeFile(path, '', { mode: 0o600, flag: 'a' })
    const datastore = Datastore.create({
      filename: path,
      autoload: false,
      corruptAlertThreshold: 0,
      afterSerialization: seal,
      beforeDeserialization: (line: string) => unseal(line) ?? '',
    })
    const { persistence } = (datastore as unknown as { __original: { persistence: Persistence } }).__original
    return new Segment(number, persistence, openSync(path, 'r'))
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

  sync(): Promise<void> {
    return sync(this.#fd)
  }

  async close(): Promise<void> {
    await sync(this.#fd)
    closeSync(this.#fd)
  }
}

if (!parentPort) throw new Error('log-worker runs as a worker thread')
void start(parentPort)
