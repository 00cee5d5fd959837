import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readFiles, readHead, readPart, verifyArchive, writeArchive, type SnapshotHead } from './archive.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-archive-'))
})
afterEach(() => rm(dir, { recursive: true }))

const head: SnapshotHead = {
  format: 1,
  name: 'before',
  takenAt: 1_000,
  version: 'test',
  spec: { name: 'dev', workers: 1 },
  workers: ['dev-worker-1'],
  revision: 7,
  objects: 2,
  volumes: 1,
}
/** More than two pieces of an archive, of bytes that do not compress. */
const volumes = randomBytes(9 * 2 ** 20)

async function write(file = join(dir, 'a.slipway')): Promise<string> {
  await writeArchive(file, head, [
    ['key/ca.pem', [Buffer.from('PEM')]],
    ['setting/kubelet.yaml', []],
    ['objects', [Buffer.from('1\t/registry/a\t{}\n')]],
    ['volumes', chunks(volumes)],
  ])
  return file
}

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_003) yield await Promise.resolve(bytes.subarray(at, at + 100_003))
}

async function contentOf(parts: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}

test('every part comes back byte for byte, from a file that only its owner can read', async () => {
  const file = await write()
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readHead(file)).toEqual(head)
  expect(await verifyArchive(file)).toEqual(head)
  expect(await readFiles(file, 'key')).toEqual(new Map([['ca.pem', Buffer.from('PEM')]]))
  expect(await readFiles(file, 'setting')).toEqual(new Map([['kubelet.yaml', Buffer.alloc(0)]]))
  expect((await contentOf(readPart(file, 'volumes'))).equals(volumes)).toBe(true)
  expect(await contentOf(readPart(file, 'objects'))).toEqual(Buffer.from('1\t/registry/a\t{}\n'))
})

test('where a part cannot be read, there is no file and none that was there is lost', async () => {
  const file = await write()
  const before = await readFile(file)
  const failing = async function* (): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from('x'))
    throw new Error('the disk is gone')
  }
  await expect(writeArchive(file, head, [['volumes', failing()]])).rejects.toThrow('the disk is gone')
  expect(await readdir(dir)).toEqual(['a.slipway'])
  expect((await readFile(file)).equals(before)).toBe(true)
})

test('a file that is cut short is refused, wherever it is cut', async () => {
  const file = await write()
  const { size } = await stat(file)
  for (const length of [0, 10, Math.floor(size / 3), size - 200]) {
    await truncate(await write(), length)
    await expect(verifyArchive(file), String(length)).rejects.toThrow(/cannot be used.*Nothing was changed/)
  }
})

test('a changed byte is found', async () => {
  const file = await write()
  const bytes = await readFile(file)
  for (const at of [5, Math.floor(bytes.length / 2), bytes.length - 30]) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x55
    await writeFile(file, changed)
    await expect(verifyArchive(file), String(at)).rejects.toThrow(/cannot be used/)
  }
})

test('what is no snapshot is refused', async () => {
  const file = join(dir, 'b.slipway')
  await writeFile(file, 'hello')
  await expect(readHead(file)).rejects.toThrow(/cannot be used/)
  await expect(verifyArchive(file)).rejects.toThrow(/cannot be used/)
})
