import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { extract, pack, type Extract, type Header, type Pack } from 'tar-stream'
import { messageOf } from '#shared/base/message-of.ts'

/** What an archive as `docker save` writes it holds. */
export interface ArchivedImage {
  /** `busybox:1.36` */
  names: string[]
  /** `sha256:…` of its configuration: the id that an engine gives it. */
  id: string
}

/** Files that are named by the digest of their content: those of an OCI layout, and the older configurations. */
const namedByDigest = /^(?:\.\/)?(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})\.json)$/
/** Most bytes of the archive's list of images. */
const mostManifestBytes = 2 ** 20
/** How long a receiver may take nothing while others wait for it, ms. */
const patienceMs = 10_000

/** Who gets an archive. */
export interface Receiver {
  stream: Writable
  /** Layers that it has, `sha256:…`: their files are left out. */
  has?: ReadonlySet<string>
}

/**
 * Copies an archive to all receivers at the pace of the slowest, and checks every file that is named by its digest on the
 * way. Receivers are ended only once everything was right; else they are destroyed, so that no engine takes what was cut
 * off.
 * @param options `mayLose`: one that closes its stream, or takes nothing for ten seconds, does not stop the others
 * @throws Error for the user
 */
export async function copyArchive(
  source: Readable,
  receivers: readonly Receiver[],
  { mayLose = false }: { mayLose?: boolean } = {},
): Promise<ArchivedImage[]> {
  const reader = extract()
  const copies = receivers.map((receiver) => new Copy(receiver, mayLose))
  feed(source, reader).catch((error: unknown) => reader.destroy(error as Error))
  try {
    const images = await readArchive(reader, copies)
    for (const copy of copies) copy.finish()
    return images
  } catch (error) {
    source.destroy()
    reader.destroy()
    for (const copy of copies) copy.destroy()
    throw error
  }
}

async function feed(source: Readable, reader: Extract): Promise<void> {
  for await (const chunk of unzipped(source)) await write(reader, chunk)
  reader.end(null)
}

/** Takes what is in one file of an archive. */
type Entry = ReturnType<Pack['entry']>

/** One receiver's archive: the entries that it does not have. */
class Copy {
  readonly #stream: Writable
  readonly #has: ReadonlySet<string>
  readonly #mayLose: boolean
  readonly #pack = pack()
  #entry: Entry | undefined

  constructor({ stream, has = new Set() }: Receiver, mayLose: boolean) {
    this.#stream = stream
    this.#has = has
    this.#mayLose = mayLose
    this.#pack.on('error', () => stream.destroy())
    stream.on('error', () => undefined)
    stream.once('close', () => this.#pack.destroy())
    this.#pack.pipe(stream)
  }

  get isLost(): boolean {
    return this.#stream.destroyed
  }

  begin(header: Header, digest: string | undefined): void {
    this.#entry = undefined
    if (this.isLost && !this.#mayLose) throw new StreamClosed()
    if (this.isLost || (digest !== undefined && this.#has.has(`sha256:${digest}`))) return
    this.#entry = this.#pack.entry({ ...header })
    this.#entry.on('error', () => undefined)
  }

  async write(chunk: Buffer): Promise<void> {
    if (!this.#entry) return
    try {
      await write(this.#entry, chunk, this.#mayLose ? patienceMs : undefined)
    } catch (error) {
      if (!this.#mayLose) throw error
      this.destroy()
    }
  }

  end(): void {
    this.#entry?.end(null)
  }

  finish(): void {
    if (!this.isLost) this.#pack.finalize()
  }

  destroy(): void {
    this.#entry = undefined
    this.#stream.destroy()
  }
}

async function* unzipped(source: Readable): AsyncGenerator<Buffer> {
  const first = await firstChunk(source)
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield first
    yield* source as AsyncIterable<Buffer>
    return
  }
  const gunzip = createGunzip()
  source.on('error', (error) => gunzip.destroy(error))
  gunzip.write(first)
  source.pipe(gunzip)
  yield* gunzip as AsyncIterable<Buffer>
}

async function firstChunk(source: Readable): Promise<Buffer> {
  for (;;) {
    const chunk = source.read() as Buffer | null
    if (chunk) return chunk
    if (source.readableEnded || source.destroyed) throw new Error('the archive is empty')
    await Promise.race([once(source, 'readable'), once(source, 'end')])
  }
}

/** @param patience how long it may take nothing, ms */
async function write(sink: Extract | Entry, chunk: Buffer, patience?: number): Promise<void> {
  if (sink.destroyed) throw new StreamClosed()
  if (sink.write(chunk)) return
  const ended = new AbortController()
  const end = (): void => ended.abort()
  const timer = patience === undefined ? undefined : setTimeout(end, patience)
  sink.once('close', end)
  await once(sink, 'drain', { signal: ended.signal })
    .catch(() => {
      throw new StreamClosed()
    })
    .finally(() => {
      clearTimeout(timer)
      sink.off('close', end)
    })
}

async function readArchive(reader: Extract, copies: readonly Copy[]): Promise<ArchivedImage[]> {
  let list: Buffer | undefined
  const checked = new Set<string>()
  try {
    for await (const entry of reader as AsyncIterable<Readable & { header: Header }>) {
      const { name } = entry.header
      const [, blob, config] = namedByDigest.exec(name) ?? []
      const digest = blob ?? config
      const hash = createHash('sha256')
      const parts: Buffer[] = []
      for (const copy of copies) copy.begin(entry.header, blob)
      const isList = /^(?:\.\/)?manifest\.json$/.test(name) && (entry.header.size ?? 0) <= mostManifestBytes
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        if (digest !== undefined) hash.update(chunk)
        if (isList) parts.push(chunk)
        await Promise.all(copies.map((copy) => copy.write(chunk)))
        if (copies.length > 0 && copies.every(({ isLost }) => isLost)) throw new StreamClosed()
      }
      for (const copy of copies) copy.end()
      if (isList) list = Buffer.concat(parts)
      if (digest === undefined) continue
      const actual = hash.digest('hex')
      if (actual !== digest) throw new DigestMismatch(`${name} has the digest sha256:${actual}: the archive is damaged`)
      checked.add(digest)
    }
  } catch (error) {
    if (error instanceof DigestMismatch || error instanceof StreamClosed) throw error
    throw new Error(`this is no archive of images: ${messageOf(error)}`)
  }
  if (!list) throw new Error('this is no archive of images: it has no manifest.json')
  return imagesIn(list.toString(), checked)
}

class DigestMismatch extends Error {}
class StreamClosed extends Error {
  constructor() {
    super('the receiver has closed the stream')
  }
}

function imagesIn(text: string, checked: ReadonlySet<string>): ArchivedImage[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw new Error('manifest.json of the archive is not JSON')
  }
  if (!Array.isArray(list)) throw new Error('manifest.json of the archive is no list')
  return (list as { Config?: unknown; RepoTags?: unknown }[]).map(({ Config, RepoTags }) => {
    const [, blob, config] = namedByDigest.exec(typeof Config === 'string' ? Config : '') ?? []
    const digest = blob ?? config
    if (digest === undefined || !checked.has(digest))
      throw new Error('an image of the archive has no configuration with the digest that its name says')
    const names = Array.isArray(RepoTags) ? RepoTags.filter((name) => typeof name === 'string') : []
    return { names, id: `sha256:${digest}` }
  })
}
