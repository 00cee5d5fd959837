import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { threadEntries } from '#test/support/thread-entries.ts'
import { silentLog } from '#shared/base/log.ts'
import { createFileStore, writeStore } from './file.ts'
import type { LoadedEntry } from './log-worker.ts'

test('a store that is written as a whole has its entries, and goes on after its revision', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-written-'))
  const options = { dir, log: silentLog, workerUrl: threadEntries.store, secretKey: new Uint8Array(32) }
  const entry = (kind: string, number: number): LoadedEntry => ({
    key: `/registry/core/${kind}/shop/n${String(number).padStart(3, '0')}`,
    revision: number,
    json: `{"metadata":{"name":"n${number}","uid":"u","resourceVersion":"${number}"}}`,
  })
  const entries = async function* (): AsyncGenerator<LoadedEntry> {
    for (let number = 2; number < 500; number++)
      yield await Promise.resolve(entry(number % 2 ? 'secrets' : 'configmaps', number))
  }
  await writeStore({ ...options, entries: entries(), revision: 1_000 })
  const store = await createFileStore(options)
  expect(store.revision).toBe(1_000)
  expect([...store.entries()]).toHaveLength(498)
  expect(store.get('/registry/core/secrets/shop/n003')).toMatchObject({
    revision: 3,
    object: { metadata: { name: 'n3' } },
  })
  await store.close()
  await rm(dir, { recursive: true })
})
