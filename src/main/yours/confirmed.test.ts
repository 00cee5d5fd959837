import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { OwnAction } from '#shared/contract/yours.ts'
import { commandLine, confirmedActions } from './confirmed.ts'

let file: string
beforeEach(async () => void (file = join(await mkdtemp(join(tmpdir(), 'slipway-confirmed-')), 'confirmed.json')))
afterEach(() => rm(join(file, '..'), { recursive: true }))

const say: OwnAction = { name: 'Say', kinds: ['Pod'], command: ['echo', '${metadata.name}'] }

test('where somebody can be asked, the page confirms nothing; a command that is confirmed asks no more until it changes', async () => {
  const ask = vi.fn(() => Promise.resolve(true))
  const page = confirmedActions({ file })
  const mark = await page.check(say, undefined)
  expect(mark).toMatch(/^[0-9a-f]{64}$/)

  const refusing = confirmedActions({ file, ask: () => Promise.resolve(false) })
  await expect(refusing.check(say, mark)).rejects.toThrow('"Say" was not confirmed')

  const desktop = confirmedActions({ file, ask })
  expect(await desktop.check(say, mark)).toBeUndefined()
  expect(await desktop.check(say, undefined)).toBeUndefined()
  expect(ask.mock.calls).toEqual([[{ name: 'Say', line: 'echo ${metadata.name}' }]])
  expect((await stat(file)).mode & 0o777).toBe(0o600)

  await desktop.check({ ...say, command: ['rm', '-r', 'x y'] }, undefined)
  await desktop.check({ ...say, readOnly: true }, undefined)
  expect(ask).toHaveBeenCalledTimes(3)
  expect(ask).toHaveBeenNthCalledWith(2, { name: 'Say', line: 'rm -r "x y"' })
})

test('without anybody to ask, the page confirms the very command', async () => {
  const confirmed = confirmedActions({ file })
  const mark = await confirmed.check(say, undefined)
  const other = { ...say, command: ['reboot'] }
  expect(await confirmed.check(other, mark)).not.toBe(mark)
  expect(await confirmed.check(say, mark)).toBeUndefined()
  expect(await confirmed.check(say, undefined)).toBeUndefined()
  expect(await confirmed.check(other, undefined)).toBeDefined()
})

test('nothing of a command is hidden in its line', async () => {
  expect(commandLine(['sh', '-c', 'a\nb\u202e\u2028"'])).toBe('sh -c "a\\nb\\u{202e}\\u{2028}\\""')
  const long = confirmedActions({ file, ask: () => Promise.resolve(true) })
  await expect(long.check({ ...say, command: ['echo', ' '.repeat(3_000)] }, undefined)).rejects.toThrow('too long')
})
