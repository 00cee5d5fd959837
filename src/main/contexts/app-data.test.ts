import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Draft } from '#shared/contract/app.ts'
import { defaultSettings } from '#shared/contract/default-settings.ts'
import type { SavedForward } from '#shared/contract/forwards.ts'
import { openAppData, SecretDraftError } from './app-data.ts'

let dir: string
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'slipway-app-data-')), 'data')
})
afterEach(() => rm(join(dir, '..'), { recursive: true, force: true }))

const settingsLine = (value: object): string => `${JSON.stringify({ _id: 'settings', value: JSON.stringify(value) })}\n`
const draft = (changes: Partial<Draft> = {}): Draft => ({
  key: 'local:dev/v1/ConfigMap/shop/flags',
  text: 'kind: ConfigMap\napiVersion: v1\n',
  savedAt: 1,
  ...changes,
})

test('at first the settings are the usual ones', async () => {
  expect(await (await openAppData({ dir })).settings()).toEqual(defaultSettings)
})

test('the folder and its files are the user’s alone', async () => {
  const data = await openAppData({ dir })
  await data.saveSettings({ theme: 'dark' })
  const modes = [dir, join(dir, 'settings.db'), join(dir, 'drafts.db')].map(
    async (path) => (await stat(path)).mode & 0o777,
  )
  expect(await Promise.all(modes)).toEqual([0o700, 0o600, 0o600])
})

test('of two changes at once neither is lost, and who reads sees what was saved before', async () => {
  const data = await openAppData({ dir })
  const saved = Array.from({ length: 20 }, (_, at) => data.saveSettings({ namespaces: { [`local:${at}`]: ['shop'] } }))
  const read = await data.settings()
  expect(Object.keys(read.namespaces)).toHaveLength(20)
  const last = (await Promise.all(saved)).at(-1)
  expect(last).toEqual(read)
})

test('settings are there after a restart, ids of contexts with dots among them', async () => {
  await (await openAppData({ dir })).saveSettings({ contextColours: { 'kubeconfig:a.b$c': 'red' }, density: 'roomy' })
  const again = await (await openAppData({ dir })).settings()
  expect(again).toEqual({ ...defaultSettings, contextColours: { 'kubeconfig:a.b$c': 'red' }, density: 'roomy' })
})

test('a setting of another version that is not valid here costs only itself', async () => {
  await openAppData({ dir })
  await appendFile(
    join(dir, 'settings.db'),
    settingsLine({ theme: 'sepia', language: 'de', logLines: -1, namespaces: 'all', ofTomorrow: true }),
  )
  expect(await (await openAppData({ dir })).settings()).toEqual({ ...defaultSettings, language: 'de' })
})

test('a setting that one version adds is the usual one until it is chosen', async () => {
  await openAppData({ dir })
  await appendFile(join(dir, 'settings.db'), settingsLine({ theme: 'dark' }))
  expect(await (await openAppData({ dir })).settings()).toEqual({ ...defaultSettings, theme: 'dark' })
})

test('drafts are kept by key, with the text that they began from, until they are removed', async () => {
  const data = await openAppData({ dir })
  await data.saveDraft(draft())
  await data.saveDraft(draft({ text: 'kind: ConfigMap\n', base: 'kind: ConfigMap\n', savedAt: 2 }))
  await data.saveDraft(draft({ key: 'new/1' }))
  const again = await openAppData({ dir })
  const [newest] = (await again.drafts()).filter(({ savedAt }) => savedAt === 2)
  expect(newest).toEqual(draft({ text: 'kind: ConfigMap\n', base: 'kind: ConfigMap\n', savedAt: 2 }))
  await again.removeDraft('new/1')
  expect((await again.drafts()).map(({ key }) => key)).toEqual([draft().key])
})

test.each([
  ['by its key', draft({ key: 'local:dev/v1/Secret/shop/token', text: 'a: 1' })],
  ['by its text', draft({ text: 'kind: Secret\nstringData: { token: seeded-value }' })],
  ['by the text it began from', draft({ base: 'kind: Secret\ndata: { token: c2VlZGVkLXZhbHVl }' })],
])('a draft that may hold a Secret, %s, never reaches the disk', async (_how, secret) => {
  const data = await openAppData({ dir })
  await expect(data.saveDraft(secret)).rejects.toBeInstanceOf(SecretDraftError)
  expect(await data.drafts()).toEqual([])
  expect(await readFile(join(dir, 'drafts.db'), 'utf8')).not.toMatch(/seeded-value|c2VlZGVkLXZhbHVl/)
})

test('a Secret that an earlier version kept leaves the disk at the start', async () => {
  await openAppData({ dir })
  const old = draft({ key: 'new/2', text: 'kind: Secret\nstringData: { token: seeded-value }' })
  await appendFile(join(dir, 'drafts.db'), `${JSON.stringify({ ...old, _id: 'x' })}\n`)
  const data = await openAppData({ dir })
  expect(await data.drafts()).toEqual([])
  expect(await readFile(join(dir, 'drafts.db'), 'utf8')).not.toContain('seeded-value')
})

test('port-forwards are kept, and a list that is not valid is none', async () => {
  const forward = { nonsense: true } as unknown as SavedForward
  const data = await openAppData({ dir })
  expect(await data.forwards()).toEqual([])
  await data.saveForwards([forward])
  expect(await (await openAppData({ dir })).forwards()).toEqual([])
})
