import { createHash } from 'node:crypto'
import { PassThrough, Readable, type Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { copyArchive } from './image-archive.ts'

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const config = '{"os":"linux"}'
const layer = 'x'.repeat(300_000)

async function archive(files: Record<string, string>): Promise<Buffer> {
  const packed = pack()
  for (const [name, content] of Object.entries(files)) packed.entry({ name, mtime: new Date(0) }, content)
  packed.finalize()
  return buffer(packed)
}
const files = {
  [`blobs/sha256/${digestOf(config)}`]: config,
  [`blobs/sha256/${digestOf(layer)}`]: layer,
  'manifest.json': JSON.stringify([{ Config: `blobs/sha256/${digestOf(config)}`, RepoTags: ['app:1'] }]),
}
const good = (): Promise<Buffer> => archive(files)
const sink = (): { stream: Writable; bytes: Promise<Buffer> } => {
  const stream = new PassThrough()
  const bytes = buffer(stream)
  bytes.catch(() => undefined)
  return { stream, bytes }
}
const pieces = (bytes: Buffer, size = 10_000): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size)),
  )

describe('an archive of images', () => {
  it('comes to all workers as it is, with its names and ids told', async () => {
    const bytes = await good()
    const [one, two] = [sink(), sink()]
    expect(await copyArchive(pieces(bytes), [{ stream: one.stream }, { stream: two.stream }])).toEqual([
      { names: ['app:1'], id: `sha256:${digestOf(config)}` },
    ])
    expect((await one.bytes).equals(bytes)).toBe(true)
    expect((await two.bytes).equals(bytes)).toBe(true)
  })

  it('comes without the layers that a worker has', async () => {
    const [all, rest] = [sink(), sink()]
    const has = new Set([`sha256:${digestOf(layer)}`])
    await copyArchive(pieces(await good()), [{ stream: all.stream }, { stream: rest.stream, has }])
    expect((await all.bytes).equals(await good())).toBe(true)
    const { [`blobs/sha256/${digestOf(layer)}`]: left, ...others } = files
    expect(left).toBe(layer)
    expect((await rest.bytes).equals(await archive(others))).toBe(true)
  })

  it('goes on for the others when one closes, if it may', async () => {
    const [one, two] = [sink(), sink()]
    one.stream.destroy()
    const receivers = [{ stream: one.stream }, { stream: two.stream }]
    expect(await copyArchive(pieces(await good()), receivers, { mayLose: true })).toHaveLength(1)
    expect((await two.bytes).equals(await good())).toBe(true)
    await expect(copyArchive(pieces(await good()), receivers)).rejects.toThrow('closed the stream')
  })

  it('may be compressed', async () => {
    const bytes = await good()
    const { stream, bytes: got } = sink()
    expect(await copyArchive(pieces(gzipSync(bytes), 100), [{ stream }])).toHaveLength(1)
    expect((await got).equals(bytes)).toBe(true)
  })

  it.each([
    ['damaged', { [`blobs/sha256/${digestOf(layer)}`]: 'other', 'manifest.json': '[]' }, /the archive is damaged/],
    ['without a list', { x: 'y' }, /it has no manifest.json/],
    ['with a list that is no JSON', { 'manifest.json': '{' }, /not JSON/],
    ['without a configuration', { 'manifest.json': '[{"Config":"x"}]' }, /no configuration/],
  ])('that is %s is refused, and no worker takes it', async (_name, files, reason) => {
    const { stream, bytes } = sink()
    await expect(copyArchive(pieces(await archive(files)), [{ stream }])).rejects.toThrow(reason)
    await expect(bytes).rejects.toThrow()
  })

  it.each([
    ['garbage', Buffer.alloc(2_000, 'no tar')],
    ['cut off', 'cut'],
  ])('is refused when it is %s', async (_name, given) => {
    const bytes = given === 'cut' ? (await good()).subarray(0, 100_000) : Buffer.from(given)
    await expect(copyArchive(pieces(bytes), [{ stream: sink().stream }])).rejects.toThrow(/no archive of images/)
  })

  it('ends with an error when a worker closes', async () => {
    const { stream } = sink()
    stream.destroy()
    await expect(copyArchive(pieces(await good()), [{ stream }])).rejects.toThrow('closed the stream')
  })
})
