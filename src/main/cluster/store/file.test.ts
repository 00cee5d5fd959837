import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { silentLog, type Log } from '#shared/base/log.ts'
import { createFileStore, type FileStoreOptions } from './file.ts'
import { expectKept, killAgainAndAgain } from './kills.case.ts'
import type { Store } from './store.ts'
import { describeStore, key, object, put } from './store.case.ts'

const workerUrl = new URL('./log-worker.ts', import.meta.url)
let root: string
let folders = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-store-'))
})
afterAll(async () => {
  await rm(root, { recursive: true })
})

const newFolder = (): string => join(root, `store-${folders++}`)
const open = (dir: string, options: Partial<FileStoreOptions> = {}): Promise<Store> =>
  createFileStore({ dir, log: silentLog, workerUrl, ...options })

describeStore('file store', (options) => open(newFolder(), options), createFakeClock)

const podsOf = (store: Store): string[] =>
  store.list('/registry/core/pods/').entries.map((entry) => `${entry.object.metadata.name}@${entry.revision}`)

async function lastSegment(dir: string): Promise<string> {
  const sizes = (await readdir(dir)).filter((file) => /^segment.*db$/.test(file)).sort()
  for (const file of sizes.reverse()) if ((await readFile(join(dir, file))).length > 0) return join(dir, file)
  throw new Error('no segment')
}

describe('after a restart', () => {
  test('the state is the same, and revisions continue', async () => {
    const dir = newFolder()
    const first = await open(dir)
    await first.commit([put('a', 0), put('b', 0)])
    await first.commit([put('a', first.get(key('a'))!.revision, { 'app.kubernetes.io/name': 'dots.are.fine' })])
    await first.commit([{ type: 'delete', key: key('b'), expected: first.get(key('b'))!.revision }])
    const before = { pods: podsOf(first), revision: first.revision }
    await first.close()
    const second = await open(dir)
    expect({ pods: podsOf(second), revision: second.revision }).toEqual(before)
    const [next] = await second.commit([put('c', 0)])
    expect(next!.revision).toBe(before.revision + 1)
    await second.close()
  })

  test('a watch from before the restart is refused, so that the client lists again', async () => {
    const dir = newFolder()
    const first = await open(dir)
    await first.commit([put('a', 0)])
    await first.commit([put('b', 0)])
    await first.close()
    const second = await open(dir)
    expect(() =>
      second.watch('/registry/core/pods/', 2, { changes: () => undefined, close: () => undefined }),
    ).toThrow()
    await second.close()
  })

  test('compaction loses nothing and shrinks the log during writes', async () => {
    const dir = newFolder()
    const store = await open(dir, { segmentBytes: 20_000 })
    for (let round = 0; round < 60; round++)
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          store.commit([put(`k${i}`, store.head(key(`k${i}`))?.revision ?? 0, 'x'.repeat(300))]),
        ),
      )
    const before = podsOf(store)
    await store.close()
    const files = await readdir(dir)
    const total = (await Promise.all(files.map((file) => readFile(join(dir, file))))).reduce(
      (sum, file) => sum + file.length,
      0,
    )
    expect(files.some((file) => file.startsWith('snapshot-'))).toBe(true)
    expect(total).toBeLessThan(600 * 400)
    const again = await open(dir)
    expect(podsOf(again)).toEqual(before)
    await again.close()
  })
})

describe('a damaged log', () => {
  let whole: string
  const warned: string[] = []
  const log: Log = { ...silentLog, warn: (message) => warned.push(message) }
  beforeAll(async () => {
    whole = newFolder()
    const store = await open(whole)
    for (let i = 0; i < 12; i++) await store.commit([put(`a${i}`, 0), put(`b${i}`, 0)])
    await store.close()
  })

  test('truncated at any length opens with complete batches only, and reports what it dropped', async () => {
    const content = await readFile(await lastSegment(whole))
    const ends = [...content.toString().matchAll(/"n":2}\n/g)].map((match) => match.index + match[0].length)
    for (let length = content.length - 1; length > content.length - 900; length -= 37) {
      const dir = newFolder()
      await cp(whole, dir, { recursive: true })
      await truncate(await lastSegment(dir), length)
      warned.length = 0
      const store = await open(dir, { log })
      expect(store.list('/registry/core/pods/').entries).toHaveLength(2 * ends.filter((end) => end <= length).length)
      expect(warned.length).toBe(ends.includes(length) ? 0 : 1)
      if (warned[0]) expect(warned[0]).toContain('.torn')
      await store.close()
    }
  })

  test('a flipped bit before a later batch is refused with the file’s name, and the file is not changed', async () => {
    const content = await readFile(await lastSegment(whole))
    for (const at of [20, 400, Math.floor(content.length / 2)]) {
      const dir = newFolder()
      await cp(whole, dir, { recursive: true })
      const file = await lastSegment(dir)
      const damaged = Buffer.from(content)
      damaged[at] = damaged[at]! ^ 1
      await writeFile(file, damaged)
      await expect(open(dir)).rejects.toThrow(/segment-\d+\.db, line \d+/)
      expect(await readFile(file)).toEqual(damaged)
      // The lock is free again: the refusal repeats instead of turning into "in use".
      await expect(open(dir)).rejects.toThrow(/line \d+/)
    }
  })

  test('a segment with revisions older than its predecessor’s is refused', async () => {
    const dir = newFolder()
    for (const name of ['a', 'b', 'c']) {
      const store = await open(dir)
      await store.commit([put(name, 0)])
      await store.close()
    }
    const segments = (await readdir(dir)).filter((file) => file.startsWith('segment-')).sort()
    await cp(join(dir, segments[0]!), join(dir, segments[2]!))
    await expect(open(dir)).rejects.toThrow(/line 1: revision \d+ is out of order/)
  })

  test('a missing first segment is refused', async () => {
    const dir = newFolder()
    for (const name of ['a', 'b']) {
      const store = await open(dir)
      await store.commit([put(name, 0)])
      await store.close()
    }
    const segments = (await readdir(dir)).filter((file) => file.startsWith('segment-')).sort()
    await rm(join(dir, segments[0]!))
    await expect(open(dir)).rejects.toThrow('is missing')
  })

  test('a missing segment is refused', async () => {
    const dir = newFolder()
    for (const name of ['a', 'b', 'c']) {
      const store = await open(dir)
      await store.commit([put(name, 0)])
      await store.close()
    }
    const segments = (await readdir(dir)).filter((file) => file.startsWith('segment-')).sort()
    await rm(join(dir, segments[1]!))
    await expect(open(dir)).rejects.toThrow('is missing')
  })
})

describe('the folder', () => {
  test('is used by one store at a time', async () => {
    const dir = newFolder()
    const store = await open(dir)
    await expect(open(dir)).rejects.toThrow('in use by process')
    await store.close()
    await (await open(dir)).close()
  })

  test('the lock of a dead process is taken over', async () => {
    const dir = newFolder()
    await (await open(dir)).close()
    await writeFile(join(dir, 'lock'), '4194303 1')
    await (await open(dir)).close()
  })
})

describe('Secrets', () => {
  const secret = {
    type: 'put' as const,
    key: '/registry/core/secrets/default/s',
    expected: 0,
    build: object('s', 'hunter2-plain'),
  }

  test('are on disk only as ciphertext', async () => {
    const dir = newFolder()
    const secretKey = randomBytes(32)
    const store = await open(dir, { secretKey })
    await store.commit([secret])
    await store.close()
    const text = await readFile(await lastSegment(dir), 'utf8')
    expect(text).not.toContain('hunter2-plain')
    const again = await open(dir, { secretKey })
    expect(Buffer.from(again.get(secret.key)!.json).toString()).toContain('hunter2-plain')
    await again.close()
    await expect(open(dir, { secretKey: randomBytes(32) })).rejects.toThrow('not the one that encrypted')
    await expect(open(dir)).rejects.toThrow('no key was given')
  })
})

describe('a disk that is full', () => {
  test('stops writes without losing acknowledged ones', { timeout: 60_000 }, async () => {
    const dir = newFolder()
    // Files may grow to 300 blocks of 1 KiB: the log hits that limit as it would a full disk.
    const { acked, said } = await limitedWriter(dir, 300)
    expect(acked.size).toBeGreaterThan(20)
    expect(said).toMatch(/the store cannot write its log: EFBIG/)
    const store = await open(dir)
    expectKept(store, acked)
    await store.commit([put('after', 0)])
    await store.close()
  })
})

describe('kill -9 under load', () => {
  // `test/faults/store-killed.test.ts` does it fifty times.
  test('ten times: every acknowledged write is present, and no partial batch', { timeout: 120_000 }, async () => {
    expect(await killAgainAndAgain(newFolder(), 10)).toBeGreaterThan(200)
  })
})

/** Runs the writer under a file size limit, until it gives up. */
function limitedWriter(dir: string, blocks: number): Promise<{ acked: Map<string, number>; said: string }> {
  const script = new URL('./crash-writer.ts', import.meta.url).pathname
  return new Promise((resolve, reject) => {
    const command = `ulimit -f ${blocks}; exec "$0" "$1" "$2" 100000000`
    const child = spawn('bash', ['-c', command, process.execPath, script, dir], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, said] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('error', reject)
    child.on('close', () => {
      const lines = out.split('\n').slice(0, -1)
      resolve({
        acked: new Map(
          lines.map((line) => line.split(' ') as [string, string]).map(([name, revision]) => [name, Number(revision)]),
        ),
        said,
      })
    })
  })
}
