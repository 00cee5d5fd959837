import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openYours, type YoursStore } from './index.ts'

let dir: string
let store: YoursStore
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-yours-'))
  store = await openYours({ dir })
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})
const file = (name = 'yours.yaml'): string => join(dir, name)

test('of two windows that save at once the second is told, and the first loses nothing', async () => {
  const base = await store.text()
  const texts = ['# one', '# another']
  const saved = await Promise.allSettled(texts.map((text) => store.save(text, base)))
  expect(saved.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(await readFile(file(), 'utf8')).toBe('# one')
  await expect(store.save('# another', base)).rejects.toThrow('nothing was saved')
  await store.save('# another', await store.text())
  expect(await readFile(file(), 'utf8')).toBe('# another')
})

test('what an editor has written meanwhile is not overwritten', async () => {
  const base = await store.text()
  await writeFile(file(), '# by hand')
  await expect(store.save('# mine', base)).rejects.toThrow('has been changed meanwhile')
  expect(await readFile(file(), 'utf8')).toBe('# by hand')
})

test('a link stays one: the file that it leads to is written, as a whole and for its owner alone', async () => {
  await writeFile(file('dotfiles.yaml'), '# shared')
  await symlink('dotfiles.yaml', file())
  await store.save('# changed', await store.text())
  expect((await lstat(file())).isSymbolicLink()).toBe(true)
  expect(await readFile(file('dotfiles.yaml'), 'utf8')).toBe('# changed')
  expect((await lstat(file('dotfiles.yaml'))).mode & 0o777).toBe(0o600)
  expect((await readdir(dir)).sort()).toEqual(['dotfiles.yaml', 'yours.schema.json', 'yours.yaml'])
})
