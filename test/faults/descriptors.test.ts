import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nothingLost, rawApi, type RawApi } from '../support/raw-api.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** Wall 4: a process that may open 128 files only, and strangers who take every connection there is. */

const acknowledged = new Set<string>()
let slipway: Slipway
let api: RawApi

beforeAll(async () => {
  slipway = await slipwayUp({ name: 'descriptors', args: ['--simulated', '2'], openFiles: 128 })
  api = rawApi(slipway, { sockets: 4 })
})
afterAll(async () => {
  api?.close()
  await slipway?.end()
})

/** Writes on connections that are there already. */
async function write(prefix: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { code } = await api.createConfigMap(`${prefix}-${i}`, 'v'.repeat(60_000))
    expect(code).toBe(201)
    acknowledged.add(`${prefix}-${i}`)
  }
}

/** Connections that say nothing. */
async function strangers(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    return socket
  })
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  return sockets
}

test('the store goes on while 800 strangers hold all connections, rotating its files', async () => {
  await write('before', 5)
  const ports = [slipway.ready.server, slipway.ready.ui].map((url) => Number(new URL(url).port))
  for (let round = 0; round < 3; round++) {
    const sockets = (await Promise.all(ports.map((port) => strangers(port, 400)))).flat()
    expect(sockets.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(600)
    // More than the 4 MiB of a segment: going on takes new files.
    await write(`during-${round}`, 100)
    for (const socket of sockets) socket.destroy()
    await write(`after-${round}`, 5)
  }
  await nothingLost(api, { acknowledged })
})

test('new clients get in when the strangers have gone, or have been silent for too long', async () => {
  const sockets = await strangers(Number(new URL(slipway.ready.server).port), 400)
  const late = rawApi(slipway, { sockets: 1 })
  const deadline = Date.now() + 60_000
  let code = 0
  while (code !== 200 && Date.now() < deadline) {
    code = await late.send('GET', '/readyz').then(
      (answer) => answer.code,
      () => 0,
    )
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  expect(code).toBe(200)
  late.close()
  for (const socket of sockets) socket.destroy()
  await nothingLost(api, { acknowledged })
})
