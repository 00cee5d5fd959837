import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { watchFolder } from './folder-watch.ts'

let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-folder-'))))
afterEach(() => rm(folder, { recursive: true }))

test('a change is told once it is settled; without one the folder is looked at three times a minute', async () => {
  const clock = createFakeClock()
  let told = 0
  const stop = await watchFolder(folder, clock, () => told++)
  await clock.advance(60_000)
  expect(told).toBe(3)
  await writeFile(join(folder, 'a'), 'text')
  await expect
    .poll(async () => {
      await clock.advance(500)
      return told
    })
    .toBe(4)
  await stop()
  expect(clock.pending).toBe(0)
})
