import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { finishSwap, swapIn } from './swap.ts'

let dir: string
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'slipway-swap-'))))
afterEach(() => rm(dir, { recursive: true }))

const put = async (folder: string, content: string): Promise<void> => {
  await mkdir(join(dir, folder))
  await writeFile(join(dir, folder, 'objects'), content)
}
const inStore = (): Promise<string> => readFile(join(dir, 'store/objects'), 'utf8')
const volume = (isUndone: boolean) => ({ discard: vi.fn(() => Promise.resolve(isUndone)) })

test('the prepared store takes its place, and goes back where the volumes cannot', async () => {
  await put('store', 'old')
  await put('store.restored', 'new')
  await expect(swapIn(dir, { commit: () => Promise.reject(new Error('no space')) })).rejects.toThrow('no space')
  expect(await inStore()).toBe('old')
  await swapIn(dir, { commit: () => Promise.resolve() })
  expect(await inStore()).toBe('new')
  expect(await readdir(dir)).toEqual(['store'])
})

test('a crash between the two renames leaves no cluster without its objects', async () => {
  await put('store.replaced', 'old')
  await put('store.restored', 'new')
  const { discard } = volume(true)
  await finishSwap(dir, () => ({ discard }))
  expect(await inStore()).toBe('old')
  expect(discard).toHaveBeenCalledOnce()
  expect(await readdir(dir)).toEqual(['store'])
})

test.each([
  ['before the volumes were changed', true, 'old'],
  ['after they were', false, 'new'],
])('a crash %s leaves store and volumes of one time', async (_when, isUndone, expected) => {
  await put('store.replaced', 'old')
  await put('store', 'new')
  await finishSwap(dir, () => volume(isUndone))
  expect(await inStore()).toBe(expected)
  expect(await readdir(dir)).toEqual(['store'])
})

test('without such a crash nothing is asked', async () => {
  await put('store', 'old')
  await finishSwap(dir, () => {
    throw new Error('asked')
  })
  expect(await inStore()).toBe('old')
})
