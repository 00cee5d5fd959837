import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, nothingLost, rawApi, type RawApi } from '../support/raw-api.ts'
import { newDataFolder, slipwayUp, type Slipway } from '../support/slipway.ts'

/** Wall 4: a disk that was full and is not any more. The data folder lies on a file system of its own of a few MB. */

const name = 'disk-full'
const acknowledged = new Set<string>()
const refused = new Set<string>()
let data: string
let slipway: Slipway
let api: RawApi
let stderr = ''

const up = async (): Promise<void> => {
  slipway = await slipwayUp({ name, data, args: ['--simulated', '2'], rm: false })
  slipway.process.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  api = rawApi(slipway)
}

/** Takes all space that is left; in ever smaller pieces, so that not a block stays free. */
function fillDisk(): void {
  const file = openSync(join(data, 'filler'), 'a')
  try {
    for (let size = 1 << 20; size >= 1; size >>= 1) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size, 'x'))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  } finally {
    closeSync(file)
  }
}

const freeDisk = (): void => rmSync(join(data, 'filler'))

async function create(configMap: string): Promise<number> {
  const { code, body, headers } = await api.createConfigMap(configMap, 'v'.repeat(4_000))
  if (code === 201) acknowledged.add(configMap)
  else {
    refused.add(configMap)
    expect({ code, reason: (JSON.parse(body) as { reason: string }).reason }).toEqual({
      code: 503,
      reason: 'ServiceUnavailable',
    })
    expect(body).toContain('no space left')
    expect(headers['retry-after']).toBe('1')
  }
  return code
}

const createMany = (prefix: string, count: number): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => create(`${prefix}-${i}`)))

const canMount = process.platform === 'linux' && process.getuid?.() === 0
if (canMount) {
  beforeAll(async () => {
    data = await newDataFolder()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'slipway-disk-full', data])
    await up()
  })
  afterAll(async () => {
    api?.close()
    await slipway?.end()
    execFileSync('umount', ['-l', data])
    await rm(data, { recursive: true, force: true })
  })

  test('writes are refused with 503 while the disk is full, and go on when it is not', async () => {
    for (let round = 0; round < 3; round++) {
      expect(new Set(await createMany(`before-${round}`, 40))).toEqual(new Set([201]))
      fillDisk()
      const codes = await createMany(`full-${round}`, 200)
      expect(codes).toContain(503)
      await eventually('the store is known to fail', async () => (await api.send('GET', '/readyz')).code === 500)
      expect((await api.send('GET', '/readyz?verbose')).body).toContain('[-]etcd failed')
      // Reads are served meanwhile.
      await expect(api.configMaps()).resolves.toBeDefined()
      freeDisk()
      await eventually(
        'the store takes writes again',
        async () => (await api.send('GET', '/readyz')).code === 200,
        10_000,
      )
      expect(new Set(await createMany(`after-${round}`, 40))).toEqual(new Set([201]))
    }
    await nothingLost(api, { acknowledged, refused })
  })

  test('the log tells of the fault once, not once a request', () => {
    const lines = stderr.split('\n').filter((line) => line.includes('no space left'))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter((line) => line.includes('the log cannot be written')).length).toBeLessThanOrEqual(2)
    expect(lines.filter((line) => line.includes('request failed'))).toEqual([])
  })

  test('a kill and a restart show the same', async () => {
    api.close()
    await slipway.end('SIGKILL')
    await up()
    await nothingLost(api, { acknowledged, refused })
    expect(acknowledged.size).toBeGreaterThanOrEqual(240)
    expect(refused.size).toBeGreaterThan(100)
  })

  test('an app that is stopped while its disk is full opens again', async () => {
    fillDisk()
    await createMany('last', 40)
    api.close()
    await slipway.end('SIGKILL')
    freeDisk()
    await up()
    await nothingLost(api, { acknowledged, refused })
  })
}
