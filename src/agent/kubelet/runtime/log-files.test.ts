import { appendFileSync, existsSync, fstatSync, readdirSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { followLog, type FollowedLog } from './log-files.ts'

let folder: string
let path: string
let end: () => void
let ended: Promise<void>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-log-'))
  path = join(folder, 'c-json.log')
  ended = new Promise((resolve) => (end = resolve))
  writeFileSync(path, '')
})
afterEach(() => rm(folder, { recursive: true }))

const follow = (options: Partial<FollowedLog> = {}): Promise<Readable> =>
  followLog({ path, timestamps: false, ended, ...options })
const entry = (log: string, time = '2026-11-30T10:00:00.5Z'): string =>
  `${JSON.stringify({ log, stream: 'stdout', time })}\n`
const add = (...logs: string[]): void => appendFileSync(path, logs.map((log) => entry(log)).join(''))
/** As the engine does it with `max-file: 3`. */
function rotate(): void {
  if (existsSync(`${path}.1`)) renameSync(`${path}.1`, `${path}.2`)
  renameSync(path, `${path}.1`)
  writeFileSync(path, '')
}
/** How many of the log's files this process holds, by whatever names. */
function openFiles(): number {
  const inodes = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path) ? fstatSync(Number(fd)).ino : 0
    } catch {
      return 0
    }
  })
  return new Set(inodes.filter(Boolean)).size
}
const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index} ${'x'.repeat(100)}\n`)

test('follows what is written until the log has ended', async () => {
  add('one\n')
  const log = await follow()
  expect(await once(log)).toBe('one\n')
  add('two\n', 'thr')
  expect(await once(log)).toBe('two\nthr')
  const whole = entry('ee\n')
  appendFileSync(path, whole.slice(0, 20))
  end()
  appendFileSync(path, whole.slice(20))
  expect(await text(log)).toBe('ee\n')
})

test('a reader that is two deleted files behind loses no line', async () => {
  add(...lines(0, 1_000))
  const log = await follow()
  for (let file = 1; file < 6; file++) {
    rotate()
    add(...lines(file * 1_000, (file + 1) * 1_000))
    // The engine takes seconds to the next one, in which this process opens the new file.
    await expect.poll(openFiles, { interval: 1 }).toBe(file + 1)
  }
  end()
  expect(await text(log)).toBe(lines(0, 6_000).join(''))
})

test('what stands in files when it begins comes first, or the last lines of it', async () => {
  for (let file = 0; file < 3; file++) {
    if (file > 0) rotate()
    add(...lines(file * 10, (file + 1) * 10))
  }
  end()
  expect(await text(await follow())).toBe(lines(0, 30).join(''))
  for (const tail of [0, 1, 9, 10, 11, 25, 30, 99])
    expect(await text(await follow({ tail }))).toBe(lines(Math.max(0, 30 - tail), 30).join(''))
})

test('times are those of the engine, and what is older than asked for is left out', async () => {
  appendFileSync(path, entry('old\n', '2026-11-30T09:59:59.999999999Z') + entry('whole\n', '2026-11-30T10:00:00Z'))
  add('new\n')
  end()
  const log = await follow({ timestamps: true, since: Date.parse('2026-11-30T10:00:00Z') / 1_000 })
  expect(await text(log)).toBe('2026-11-30T10:00:00.000000000Z whole\n2026-11-30T10:00:00.500000000Z new\n')
})

test('a log without a file is refused, and a closed reader leaves nothing open', async () => {
  await expect(follow({ path: join(folder, 'none') })).rejects.toThrow('no log')
  const log = await follow()
  log.destroy()
  await expect.poll(() => process.getActiveResourcesInfo().includes('FSEventWrap')).toBe(false)
})

const once = (log: Readable): Promise<string> =>
  new Promise((resolve) =>
    log.once('readable', () => {
      resolve(String(log.read()))
    }),
  )
