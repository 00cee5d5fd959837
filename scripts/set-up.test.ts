import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { alone } from './set-up.mjs'

let dir: string
let lock: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'slipway-set-up-'))
  lock = join(dir, '.cache/lock')
})
afterEach(() => rm(dir, { recursive: true }))

test('commands that build at once do it one after the other, also after one that failed', async () => {
  const told: string[] = []
  const build = (name: string, fails = false): Promise<void> =>
    alone(async () => {
      told.push(`${name} begins`)
      for (let at = 0; at < 50; at++) await turn()
      told.push(`${name} ends`)
      if (fails) throw new Error('no build')
    }, lock)
  const [first, second] = await Promise.allSettled([build('a', true), build('b')])
  expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled'])
  expect(told).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  expect(existsSync(lock)).toBe(false)
})

test.each([
  ['that has ended', spawnSync('true').pid, new Date()],
  ['that has held it for an hour', process.pid, new Date(Date.now() - 3_600_000)],
])('the lock of a command %s is taken over', async (_, pid, since) => {
  await alone(() => Promise.resolve(), lock)
  await writeFile(lock, String(pid))
  await utimes(lock, since, since)
  let done = false
  await alone(() => Promise.resolve(void (done = true)), lock)
  expect(done).toBe(true)
})
