import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { contextHash, follow } from './build-image.ts'

function told(...lines: object[]): { log: string[]; bytes: [number, number | undefined][]; run: Promise<void> } {
  const log: string[] = []
  const bytes: [number, number | undefined][] = []
  const answer = Readable.from(lines.map((line) => `${JSON.stringify(line)}\r\n`))
  const run = follow(answer, { log: (line) => log.push(line), bytes: (done, total) => bytes.push([done, total]) })
  return { log, bytes, run }
}

test('bytes of all layers are summed up, and unpacking does not count them again', async () => {
  const { bytes, log, run } = told(
    { status: 'Pulling fs layer', id: 'a', progressDetail: {} },
    { status: 'Downloading', id: 'a', progressDetail: { current: 10, total: 100 } },
    { status: 'Downloading', id: 'b', progressDetail: { current: 5, total: 50 } },
    { status: 'Downloading', id: 'a', progressDetail: { current: 100, total: 100 } },
    { status: 'Extracting', id: 'a', progressDetail: { current: 1, total: 100 } },
  )
  await run
  expect(bytes).toEqual([
    [10, 100],
    [15, 150],
    [105, 150],
  ])
  expect(log).toEqual(['a: Pulling fs layer'])
})

test('steps of a build are told, and its failure is the engine’s own', async () => {
  const { log, run } = told({ stream: 'Step 1/2 : FROM debian\n' }, { stream: '\n' }, { error: 'no such package\n' })
  await expect(run).rejects.toThrow('no such package')
  expect(log).toEqual(['Step 1/2 : FROM debian'])
})

test('an image’s tag changes with each file that it is built from, and with nothing else', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-context-'))
  try {
    await writeFile(join(dir, 'Dockerfile'), 'FROM debian')
    const first = await contextHash(dir)
    expect(await contextHash(dir)).toBe(first)
    await writeFile(join(dir, 'start.sh'), 'true')
    const second = await contextHash(dir)
    expect(second).not.toBe(first)
    await writeFile(join(dir, 'start.sh'), 'false')
    expect(await contextHash(dir)).not.toBe(second)
  } finally {
    await rm(dir, { recursive: true })
  }
})
