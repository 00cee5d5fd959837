// @vitest-environment happy-dom
import { createPinia } from 'pinia'
import { createApp, shallowRef } from 'vue'
import { beforeEach, expect, test, vi } from 'vitest'
import { defaultSettings, withChange } from '#shared/contract/default-settings.ts'
import type { Settings, SettingsChange } from '#shared/contract/settings.ts'
import type { Connection, Link } from '../api/carrier.ts'
import { NoAnswer } from '../api/deadline.ts'
import { provideApi, type Api } from '../api/index.ts'
import { useSettings } from './settings.ts'

/** A back that answers when the test says so. */
function createBack(settings: Settings = defaultSettings) {
  const asked: { change: SettingsChange; answer(): void; fail(error: Error): void }[] = []
  const read = vi.fn(() => Promise.resolve(settings))
  let kept = settings
  const app = {
    settings: read,
    saveSettings(change: SettingsChange) {
      const { promise, resolve, reject } = Promise.withResolvers<Settings>()
      const answer = (): void => resolve((kept = withChange(kept, change)))
      asked.push({ change, answer, fail: reject })
      return promise
    },
  }
  return { app, read, asked, keep: (change: SettingsChange) => (kept = withChange(kept, change)) }
}

function open({ app }: ReturnType<typeof createBack>): ReturnType<typeof useSettings> {
  const face = createApp({})
  const pinia = createPinia()
  face.use(pinia)
  provideApi(face, {
    back: { app } as unknown as Api['back'],
    connection: shallowRef<Connection>('up'),
    link: shallowRef<Link>({ connection: 'up', answeredAt: 0 }),
    retry: () => undefined,
    cluster: () => {
      throw new Error('settings ask no cluster')
    },
    forget: () => undefined,
  })
  return useSettings(pinia)
}

/** Promises that are settled have led to what they lead to. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

beforeEach(() => {
  vi.useRealTimers()
  delete document.documentElement.dataset.theme
})

test('a change is shown at once, and is what the back has kept afterwards', async () => {
  const back = createBack()
  const store = open(back)
  await turn()
  const saved = store.save({ density: 'roomy' })
  expect(store.settings.density).toBe('roomy')
  await turn()
  back.asked[0]?.answer()
  await saved
  expect(store.settings.density).toBe('roomy')
  expect(store.rowHeight).toBe(32)
})

test('a change that the back refuses is taken back, and whoever made it is told', async () => {
  const back = createBack()
  const store = open(back)
  await turn()
  const saved = store.save({ density: 'compact' })
  await turn()
  back.asked[0]?.fail(new Error('the disk is full'))
  await expect(saved).rejects.toThrow('the disk is full')
  expect(store.settings.density).toBe('normal')
})

test('nothing is saved before the settings were read, and changes are sent at once in their order', async () => {
  const back = createBack()
  const { promise, resolve } = Promise.withResolvers<Settings>()
  back.read.mockReturnValueOnce(promise)
  const store = open(back)
  const saved = [store.save({ density: 'roomy' }), store.save({ language: 'de' })]
  await turn()
  expect(back.asked).toEqual([])
  expect(store.settings).toMatchObject({ density: 'roomy', language: 'de' })

  resolve({ ...defaultSettings, theme: 'dark' })
  await turn()
  expect(back.asked.map(({ change }) => change)).toEqual([{ density: 'roomy' }, { language: 'de' }])
  expect(document.documentElement.dataset).toHaveProperty('saving')
  back.asked[0]?.answer()
  await turn()
  expect(store.settings).toMatchObject({ density: 'roomy', language: 'de' })
  back.asked[1]?.answer()
  await Promise.all(saved)
  expect(store.settings).toMatchObject({ density: 'roomy', language: 'de' })
  expect(document.documentElement.dataset).not.toHaveProperty('saving')
})

test('a refused change keeps no later one from being saved', async () => {
  const back = createBack()
  const store = open(back)
  await turn()
  const [first, second] = [store.save({ logLines: 2_000 }), store.save({ theme: 'dark' })]
  await turn()
  back.asked[0]?.fail(new Error('no'))
  await expect(first).rejects.toThrow('no')
  await turn()
  back.asked[1]?.answer()
  await second
  expect(store.settings).toMatchObject({ logLines: defaultSettings.logLines, theme: 'dark' })
})

test('while the back does not answer, a change is tried again until it does', async () => {
  const back = createBack()
  const store = open(back)
  await turn()
  const saved = store.save({ theme: 'dark' })
  await turn()
  back.asked[0]?.fail(new NoAnswer('silent'))
  await turn()
  expect(store.settings.theme).toBe('dark')
  back.asked[1]?.answer()
  await saved
  expect(back.asked.map(({ change }) => change)).toEqual([{ theme: 'dark' }, { theme: 'dark' }])
})

test('what another window has saved is kept, also of the same setting', async () => {
  const back = createBack()
  const store = open(back)
  await turn()
  back.keep({ favourites: { 'local:prod': ['nodes'] } })
  const saved = store.save({ favourites: { 'local:dev': ['pods'] } })
  await turn()
  back.asked[0]?.answer()
  await saved
  expect(store.settings.favourites).toEqual({ 'local:dev': ['pods'], 'local:prod': ['nodes'] })
})

test('the theme, the density and the motion are on the page', async () => {
  const back = createBack({ ...defaultSettings, theme: 'dark', density: 'compact', motion: 'none' })
  open(back)
  await turn()
  const { theme, density, motion } = document.documentElement.dataset
  expect({ theme, density, motion }).toEqual({ theme: 'dark', density: 'compact', motion: 'none' })
})

test('settings that cannot be read are read again a second later', async () => {
  vi.useFakeTimers()
  const back = createBack({ ...defaultSettings, language: 'de' })
  back.read.mockRejectedValueOnce(new Error('not yet'))
  const store = open(back)
  await vi.advanceTimersByTimeAsync(999)
  expect(store.settings.language).toBe('system')
  await vi.advanceTimersByTimeAsync(1)
  expect(store.settings.language).toBe('de')
})

test('a context has the same colour each time, and the one that the user chose', async () => {
  const back = createBack({ ...defaultSettings, contextColours: { 'local:prod': 'red' } })
  const store = open(back)
  await turn()
  expect(store.colourOf('local:prod')).toBe('red')
  expect(store.colourOf('local:dev')).toBe(store.colourOf('local:dev'))
})
