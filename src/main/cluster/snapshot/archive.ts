import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { extract, pack, type Pack } from 'tar-stream'
import { z } from 'zod'
import { writePrivateFileBy } from '#main/keys/private-file.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { clusterSpec, workerName } from '#shared/contract/clusters.ts'

/**
 * The file of a snapshot: a tar, compressed with zstd, of mode 0600. Its first entry, `snapshot.json`, says what it is of;
 * each part follows in entries of at most 4 MiB, since a tar wants their sizes in advance; its last entry has the SHA-256 of
 * every part. A file without it, or with a part that differs from it, is not used.
 */
export const snapshotHead = z.object({
  format: z.literal(1),
  /** Of the snapshot. */
  name: z.string().min(1).max(63),
  /** ms since the epoch. */
  takenAt: z.number(),
  /** Of Slipway. */
  version: z.string().max(100),
  spec: clusterSpec,
  workers: z.array(workerName).max(5_000),
  /** Of the store, at which all objects were read. */
  revision: z.number().int().min(1),
  objects: z.number().int().min(0),
  volumes: z.number().int().min(0),
})
export type SnapshotHead = z.infer<typeof snapshotHead>

/** `objects` are lines of `objects.ts`; `volumes` is a tar of the cluster's volume; `key` and `setting` are files by name. */
export type PartName = 'objects' | 'volumes' | `key/${string}` | `setting/${string}`
export type Parts = Iterable<readonly [PartName, Iterable<Uint8Array> | AsyncIterable<Uint8Array>]>

/** The file is no snapshot, or a damaged one. The cluster it was meant for is as it was. */
export class BrokenArchive extends Error {
  constructor(file: string, what: string) {
    super(`${file} cannot be used: ${what}. Nothing was changed`)
  }
}

/**
 * Writes the file as a whole: until it is complete and on disk, there is none of that name.
 * @returns its size in bytes @throws what reading a part throws
 */
export async function writeArchive(file: string, head: SnapshotHead, parts: Parts): Promise<number> {
  const size = await writePrivateFileBy(file, async (handle) => {
    const tar = pack()
    const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
    const written = pipeline(tar as unknown as Readable, compress, (bytes) => handle.writeFile(bytes))
    const filled = fill(tar, head, parts).catch((error: unknown) => {
      tar.destroy(error as Error)
      throw error
    })
    // Whichever fails first ends the other; the part's own error says more than the pipe's.
    await Promise.allSettled([filled, written])
    await filled
    await written
  })
  await syncFolder(dirname(file))
  return size
}

const partBytes = 4 * 2 ** 20
const headName = 'snapshot.json'
const sumsName = 'checksums.json'

async function fill(tar: Pack, head: SnapshotHead, parts: Parts): Promise<void> {
  const sums: Record<string, string> = {}
  const text = JSON.stringify(head)
  sums[headName] = createHash('sha256').update(text).digest('hex')
  await entry(tar, headName, Buffer.from(text))
  for (const [name, content] of parts) {
    const hash = createHash('sha256')
    let number = 0
    for await (const piece of pieces(content)) {
      hash.update(piece)
      await entry(tar, `${name}.${String(number++).padStart(8, '0')}`, piece)
    }
    sums[name] = hash.digest('hex')
  }
  await entry(tar, sumsName, Buffer.from(JSON.stringify(sums)))
  tar.finalize()
}

/** Resolves when the entry has been taken, which is at the pace of the disk. */
const entry = (tar: Pack, name: string, content: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    tar.entry({ name, mode: 0o600 }, content, (error) => (error ? reject(error) : resolve()))
  })

/** The same bytes in pieces of `partBytes`, the last one smaller; one empty piece where there are none. */
async function* pieces(content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  let any = false
  for await (const chunk of content) {
    waiting.push(chunk)
    bytes += chunk.length
    if (bytes < partBytes) continue
    const all = Buffer.concat(waiting)
    let at = 0
    for (; all.length - at >= partBytes; at += partBytes) yield all.subarray(at, at + partBytes)
    any = true
    waiting = [all.subarray(at)]
    bytes = all.length - at
  }
  if (bytes > 0 || !any) yield Buffer.concat(waiting)
}

/** What a snapshot is of, from its first bytes. @throws BrokenArchive */
export async function readHead(file: string): Promise<SnapshotHead> {
  const stream = entriesOf(file)
  try {
    for await (const { name, content } of stream) {
      if (name !== headName) break
      return parseHead(file, content)
    }
  } catch (error) {
    throw error instanceof BrokenArchive ? error : new BrokenArchive(file, messageOf(error))
  }
  throw new BrokenArchive(file, 'it is no snapshot')
}

/**
 * Reads the whole file and compares every part with its checksum, before anything is done with it.
 * @throws BrokenArchive
 */
export async function verifyArchive(file: string): Promise<SnapshotHead> {
  try {
    const hashes = new Map<string, Hash>()
    let head: SnapshotHead | undefined
    let sums: Record<string, string> | undefined
    for await (const { name, content } of entriesOf(file)) {
      if (sums) throw new BrokenArchive(file, 'something follows its checksums')
      if (name === headName) head = parseHead(file, content)
      if (name === sumsName) sums = z.record(z.string(), z.string()).parse(JSON.parse(content.toString()))
      else hashOf(hashes, partOf(name)).update(content)
    }
    if (!head) throw new BrokenArchive(file, 'it is no snapshot')
    if (!sums) throw new BrokenArchive(file, 'its end is missing')
    const names = new Set([...Object.keys(sums), ...hashes.keys()])
    for (const name of names)
      if (hashes.get(name)?.digest('hex') !== sums[name])
        throw new BrokenArchive(file, `${name} differs from its checksum`)
    return head
  } catch (error) {
    throw error instanceof BrokenArchive ? error : new BrokenArchive(file, messageOf(error))
  }
}

/** The bytes of one part, in order; none where there is no such part. */
export async function* readPart(file: string, part: PartName): AsyncGenerator<Buffer> {
  for await (const { name, content } of entriesOf(file)) if (partOf(name) === part) yield content
}

/** Most bytes of all keys or settings of an archive, which may be somebody else's. */
const mostFileBytes = 16 * 2 ** 20

/** The files of a kind, whole, by name: `key` or `setting`. @throws BrokenArchive where they are too large */
export async function readFiles(file: string, kind: 'key' | 'setting'): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  let bytes = 0
  for await (const { name, content } of entriesOf(file)) {
    const part = partOf(name)
    if (!part.startsWith(`${kind}/`)) continue
    bytes += content.length
    if (bytes > mostFileBytes) throw new BrokenArchive(file, `its ${kind}s are too large`)
    const own = part.slice(kind.length + 1)
    files.set(own, Buffer.concat([files.get(own) ?? Buffer.alloc(0), content]))
  }
  return files
}

const entryNames = /^(snapshot\.json|checksums\.json|((objects|volumes|(key|setting)\/[a-z][-a-z.]{0,60})\.\d{8}))$/
const partOf = (name: string): string => name.replace(/\.\d{8}$/, '')

function hashOf(hashes: Map<string, Hash>, part: string): Hash {
  const known = hashes.get(part) ?? createHash('sha256')
  hashes.set(part, known)
  return known
}

function parseHead(file: string, content: Buffer): SnapshotHead {
  const parsed = snapshotHead.safeParse(JSON.parse(content.toString()))
  if (!parsed.success) throw new BrokenArchive(file, 'it is no snapshot, or of a newer Slipway')
  return parsed.data
}

async function* entriesOf(file: string): AsyncGenerator<{ name: string; content: Buffer }> {
  const tar = extract()
  const source = createReadStream(file)
  const fed = pipeline(source, createZstdDecompress(), tar as unknown as NodeJS.WritableStream)
  fed.catch((error: unknown) => tar.destroy(error as Error))
  try {
    for await (const stream of tar) {
      const { name, size } = stream.header
      if (!entryNames.test(name) || size > partBytes) throw new BrokenArchive(file, 'it is no snapshot')
      const chunks: Buffer[] = []
      for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
      yield { name, content: Buffer.concat(chunks) }
    }
    await fed
  } finally {
    source.destroy()
    tar.destroy()
  }
}

async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
