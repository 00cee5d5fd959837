import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEngineSettings } from './engine-settings.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-engine-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** An engine that has read `given`, and takes the file a little after it was told to. */
async function setUp(given: object) {
  const file = join(folder, 'daemon.json')
  await writeFile(file, JSON.stringify(given))
  const read = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, string[]>
  const reloads: unknown[] = []
  let insecure: readonly string[] = []
  const settings = createEngineSettings({
    file,
    async reload() {
      const now = await read()
      reloads.push(now)
      setTimeout(() => (insecure = now['insecure-registries'] ?? []), 20)
    },
    insecure: async () => insecure,
  })
  return { settings, reloads, insecure: () => insecure }
}

test('servers without TLS are told to the engine once, and its other settings stay', async () => {
  const { settings, reloads, insecure } = await setUp({ bridge: 'none' })
  await settings.allowInsecure([])
  expect(reloads).toEqual([])
  await Promise.all([settings.allowInsecure(['m:5000']), settings.allowInsecure(['m:5000'])])
  expect(insecure()).toEqual(['m:5000'])
  expect(reloads).toEqual([{ bridge: 'none', 'registry-mirrors': [], 'insecure-registries': ['m:5000'] }])
  await settings.allowInsecure([])
  expect(reloads).toHaveLength(2)
})

test('a mirror that an earlier version gave to the engine itself is taken from it', async () => {
  const { settings, reloads } = await setUp({ 'registry-mirrors': ['https://old.example.com'] })
  await settings.allowInsecure([])
  expect(reloads).toEqual([{ 'registry-mirrors': [], 'insecure-registries': [] }])
})
