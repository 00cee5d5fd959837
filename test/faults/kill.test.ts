import { afterAll, beforeAll, expect, test } from 'vitest'
import { nothingLost, rawApi, type RawApi } from '../support/raw-api.ts'
import { newDataFolder, slipwayUp, type Slipway } from '../support/slipway.ts'

/** SIGKILL under load: what was acknowledged is there after the restart. */

const acknowledged = new Set<string>()
let data: string
let slipway: Slipway
let api: RawApi

const up = async (rm: boolean): Promise<void> => {
  slipway = await slipwayUp({ name: 'kill', data, args: ['--simulated', '2'], rm })
  api = rawApi(slipway)
}

beforeAll(async () => {
  data = await newDataFolder()
  await up(false)
})
afterAll(async () => {
  api?.close()
  await slipway?.end()
})

test('five times: no acknowledged write is lost', async () => {
  for (let round = 0; round < 5; round++) {
    let killed = false
    const writer = async (writerNumber: number): Promise<void> => {
      for (let i = 0; !killed; i++) {
        const name = `round-${round}-${writerNumber}-${i}`
        const answer = await api.createConfigMap(name, 'v'.repeat(1_000)).catch(() => undefined)
        if (answer?.code === 201) acknowledged.add(name)
      }
    }
    const writers = Array.from({ length: 16 }, (_, i) => writer(i))
    await new Promise((resolve) => setTimeout(resolve, 1_000 + 300 * round))
    await slipway.end('SIGKILL')
    killed = true
    await Promise.all(writers)
    api.close()
    await up(round < 4 ? false : true)
    await nothingLost(api, { acknowledged })
  }
  expect(acknowledged.size).toBeGreaterThan(500)
})
