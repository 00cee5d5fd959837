import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
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

/**
 * Copies an archive to all `sinks` at the pace of the slowest, and checks every file that is named by its digest on the
 * way. Sinks are ended only once everything was right; else they are destroyed, so that no engine takes what was cut off.
 * @throws Error for the user
 */
export async function copyArchive(source: Readable, sinks: readonly Writable[]): Promise<ArchivedImage[]> {
  const reader = extract()
  const feed = new PassThrough()
  feed.pipe(reader)
  const images = readArchive(reader)
  const failure = images.then(() => new Promise<never>(() => undefined))
  failure.catch(() => undefined)
  try {
    for await (const chunk of unzipped(source))
      await Promise.race([Promise.all([feed, ...sinks].map((sink) => write(sink, chunk))), failure])
    feed.end()
    const found = await images
    for (const sink of sinks) sink.end()
    return found
  } catch (error) {
    for (const stream of [source, feed, ...sinks]) stream.destroy()
    throw error
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

async function write(sink: Writable, chunk: Buffer): Promise<void> {
  if (sink.destroyed) throw new Error('the receiver has closed the stream')
  if (sink.write(chunk)) return
  const closed = new AbortController()
  const close = (): void => closed.abort()
  sink.once('close', close)
  await once(sink, 'drain', { signal: closed.signal })
    .catch(() => {
      throw new Error('the receiver has closed the stream')
    })
    .finally(() => sink.off('close', close))
}

async function readArchive(reader: ReturnType<typeof extract>): Promise<ArchivedImage[]> {
  let list: Buffer | undefined
  const checked = new Set<string>()
  try {
    for await (const entry of reader as AsyncIterable<Readable & { header: Header }>) {
      const { name } = entry.header
      const [, blob, config] = namedByDigest.exec(name) ?? []
      const digest = blob ?? config
      const hash = createHash('sha256')
      const parts: Buffer[] = []
      const isList = /^(?:\.\/)?manifest\.json$/.test(name) && (entry.header.size ?? 0) <= mostManifestBytes
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        if (digest !== undefined) hash.update(chunk)
        if (isList) parts.push(chunk)
      }
      if (isList) list = Buffer.concat(parts)
      if (digest === undefined) continue
      const actual = hash.digest('hex')
      if (actual !== digest) throw new DigestMismatch(`${name} has the digest sha256:${actual}: the archive is damaged`)
      checked.add(digest)
    }
  } catch (error) {
    if (error instanceof DigestMismatch) throw error
    throw new Error(`this is no archive of images: ${messageOf(error)}`)
  }
  if (!list) throw new Error('this is no archive of images: it has no manifest.json')
  return imagesIn(list.toString(), checked)
}

class DigestMismatch extends Error {}

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
