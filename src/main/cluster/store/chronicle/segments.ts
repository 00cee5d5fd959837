import { mkdir, open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { parseExact } from '#shared/kube/exact-json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import type { createVault } from '../segment.ts'
import type { VersionRecord } from './record.ts'

/** A line of a segment, in the order of its fields; a Secret is its sealed JSON (until 2026-11 others were JSON texts too). */
interface RecordLine {
  r: number
  t: number
  k: string
  m: string[]
  a?: KubeObject | string
  /** Left out where an earlier line of the same segment has it. */
  b?: KubeObject | string
}

export interface SegmentsOptions {
  dir: string
  vault: ReturnType<typeof createVault>
  /** Bytes of one segment. */
  segmentBytes: number
  /** Bytes of all segments; the oldest ones go first. */
  totalBytes: number
}

/**
 * Files of records, oldest first. A segment stands alone: the first line of an object in it has the object before, so
 * that older segments can be removed, and lines that a crash lost leave no gap.
 */
export interface Segments {
  append(records: readonly VersionRecord[]): Promise<void>
  /** Records whose key `matches`, oldest first. Lines that cannot be read are passed over. */
  read(matches: (key: string) => boolean): Promise<VersionRecord[]>
  /** Bytes of all segments. */
  size(): Promise<number>
  close(): Promise<void>
}

/** Opens the folder, and begins a new segment with the first record. */
export async function openSegments({ dir, vault, segmentBytes, totalBytes }: SegmentsOptions): Promise<Segments> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  let number = Number(/\d+/.exec((await segmentNames(dir)).at(-1) ?? '')?.[0] ?? 0)
  let current: { file: FileHandle; bytes: number; keys: Set<string> } | undefined

  const begin = async () => {
    await current?.file.close()
    await removeOldest(dir, totalBytes - segmentBytes)
    current = { file: await open(join(dir, segmentName(++number)), 'a', 0o600), bytes: 0, keys: new Set() }
    return current
  }
  const lineOf = ({ revision, time, key, managers, after, before }: VersionRecord, known: boolean): string => {
    const value = (object: KubeObject): string => {
      const json = JSON.stringify(object)
      const locked = vault.lock(key, json)
      return locked === json ? json : JSON.stringify(locked)
    }
    // Joined from texts: JSON of the whole line would escape the JSON of its objects.
    let line = JSON.stringify({ r: revision, t: time, k: key, m: managers } satisfies RecordLine).slice(0, -1)
    if (after) line += `,"a":${value(after)}`
    if (before && !known) line += `,"b":${value(before)}`
    return `${line}}\n`
  }
  const write = async (records: readonly VersionRecord[]): Promise<void> => {
    let segment = current ?? (await begin())
    let lines: string[] = []
    for (const record of records) {
      const line = lineOf(record, segment.keys.has(record.key))
      segment.keys.add(record.key)
      segment.bytes += Buffer.byteLength(line)
      lines.push(line)
      if (segment.bytes < segmentBytes) continue
      await segment.file.appendFile(lines.join(''))
      lines = []
      segment = await begin()
    }
    if (lines.length > 0) await segment.file.appendFile(lines.join(''))
  }

  return {
    async append(records) {
      try {
        await write(records)
      } catch (error) {
        // What is known of this segment may not be in it: the next record begins another one.
        await current?.file.close().catch(() => undefined)
        current = undefined
        throw error
      }
    },
    async read(matches) {
      const records: VersionRecord[] = []
      const last = new Map<string, KubeObject | undefined>()
      for (const name of await segmentNames(dir))
        for await (const line of linesOf(join(dir, name))) {
          const record = recordOfLine(line, { matches, vault, last })
          if (record) records.push(record)
        }
      return records
    },
    async size() {
      const sizes = (await segmentNames(dir)).map(async (name) => (await stat(join(dir, name))).size)
      return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0)
    },
    async close() {
      await current?.file.close()
    },
  }
}

const segmentName = (number: number): string => `versions-${String(number).padStart(8, '0')}.jsonl`

const segmentNames = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter((name) => /^versions-\d{8,}\.jsonl$/.test(name)).sort()

async function removeOldest(dir: string, most: number): Promise<void> {
  const names = await segmentNames(dir)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size))
  let total = sizes.reduce((sum, bytes) => sum + bytes, 0)
  for (const [index, name] of names.entries()) {
    if (total <= most) return
    await unlink(join(dir, name))
    total -= sizes[index] ?? 0
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path)
  try {
    yield* file.readLines()
  } finally {
    await file.close()
  }
}

function recordOfLine(
  text: string,
  {
    matches,
    vault,
    last,
  }: {
    matches: (key: string) => boolean
    vault: SegmentsOptions['vault']
    /** The last version of each key so far. */
    last: Map<string, KubeObject | undefined>
  },
): VersionRecord | undefined {
  // The key stands before the objects: lines of others need no parsing.
  const named = /^\{"r":\d+,"t":\d+,"k":"([^"\\]+)"/.exec(text)?.[1]
  if (named === undefined || !matches(named)) return undefined
  try {
    const { r: revision, t: time, k: key, m: managers, a, b } = parseExact(text) as RecordLine
    const parse = (value: KubeObject | string): KubeObject =>
      typeof value === 'string' ? (parseExact(vault.open(key, value)) as KubeObject) : value
    const before = b === undefined ? last.get(key) : parse(b)
    const after = a === undefined ? undefined : parse(a)
    last.set(key, after)
    const record: VersionRecord = { revision, time, key, managers }
    if (after) record.after = after
    if (before) record.before = before
    return record
  } catch {
    // A line that a crash cut short: the next segment begins with what was before its own lines.
    return undefined
  }
}
