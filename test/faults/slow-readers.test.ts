import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { eventually, nothingLost, rawApi, type RawApi } from '../support/raw-api.ts'
import { slipwayUp, type Slipway } from '../support/slipway.ts'

/** Wall 4: clients that ask for much and read nothing, or announce much and send nothing, cost a bounded amount of memory. */

const objects = 1_000
const objectBytes = 24_000
const listPath = '/api/v1/namespaces/default/configmaps'
let slipway: Slipway
let api: RawApi
let token: string
const acknowledged = new Set<string>()
const sockets: TLSSocket[] = []

beforeAll(async () => {
  slipway = await slipwayUp({ name: 'slow-readers', args: ['--simulated', '2'] })
  token = readFileSync(join(slipway.data, 'clusters/slow-readers/pki/admin.token'), 'utf8')
  api = rawApi(slipway)
  await Promise.all(
    Array.from({ length: objects }, async (_, i) => {
      const { code } = await api.createConfigMap(`big-${i}`, 'v'.repeat(objectBytes))
      if (code === 201) acknowledged.add(`big-${i}`)
    }),
  )
  expect(acknowledged.size).toBe(objects)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await nothingLost(api, { acknowledged })
})
afterAll(async () => {
  api?.close()
  await slipway?.end()
})

/** Sends a request on a connection of its own and reads nothing of the answer. */
function ask(head: string, rest = ''): TLSSocket {
  const { port } = new URL(slipway.ready.server)
  const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false })
  sockets.push(socket)
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(`${head}\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${rest}\r\n`)
  return socket
}

const residentMb = (): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${slipway.process.pid ?? 0}/status`, 'utf8'))?.[1]) / 1024

/** Runs `attack`, and meanwhile a client that reads what it asks for: none of its requests may fail. */
async function whileReading(
  attack: () => Promise<void>,
): Promise<{ peakMb: number; slowestMs: number; reads: number }> {
  let over = false
  let peakMb = 0
  let slowestMs = 0
  let reads = 0
  const memory = setInterval(() => (peakMb = Math.max(peakMb, residentMb())), 50)
  const reader = async (): Promise<void> => {
    while (!over) {
      const begun = performance.now()
      expect((await api.send('GET', '/healthz')).code).toBe(200)
      slowestMs = Math.max(slowestMs, performance.now() - begun)
      expect((await api.send('GET', `${listPath}?limit=20`)).code).toBe(200)
      reads++
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const reading = reader()
  await attack().finally(() => (over = true))
  await reading
  clearInterval(memory)
  return { peakMb, slowestMs, reads }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('60 unread lists of 24 MB', async () => {
  const before = residentMb()
  const { peakMb, slowestMs, reads } = await whileReading(async () => {
    for (let i = 0; i < 60; i++) {
      ask(`GET ${listPath} HTTP/1.1`)
      await pause(20)
    }
    await pause(8_000)
  })
  console.log(
    `unread lists: ${Math.round(before)} -> ${Math.round(peakMb)} MB, slowest healthz ${Math.round(slowestMs)} ms, ${reads} reads`,
  )
  expect(peakMb - before).toBeLessThan(1_000)
  expect(slowestMs).toBeLessThan(3_000)
})

test('60 watches that begin with all objects and read nothing', async () => {
  const before = residentMb()
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const { peakMb, slowestMs } = await whileReading(async () => {
    for (let i = 0; i < 60; i++) {
      ask(`GET ${listPath}?${query} HTTP/1.1`)
      await pause(20)
    }
    await pause(8_000)
  })
  console.log(
    `unread watches: ${Math.round(before)} -> ${Math.round(peakMb)} MB, slowest healthz ${Math.round(slowestMs)} ms`,
  )
  expect(peakMb - before).toBeLessThan(1_200)
  expect(slowestMs).toBeLessThan(3_000)
})

test('60 bodies that are announced and never come', async () => {
  const before = residentMb()
  const { peakMb } = await whileReading(async () => {
    for (let i = 0; i < 60; i++) {
      const socket = ask(`POST ${listPath} HTTP/1.1`, 'Content-Type: application/json\r\nContent-Length: 3000000\r\n')
      socket.write(Buffer.alloc(2_900_000, ' '))
    }
    // A body of somebody who sends it finds room.
    await pause(1_500)
    expect((await api.createConfigMap('in-between', 'v'.repeat(900_000))).code).toBe(201)
    acknowledged.add('in-between')
  })
  expect(peakMb - before).toBeLessThan(500)
})

test('a client that reads slowly, but reads, gets the whole list', async () => {
  const socket = ask(`GET ${listPath} HTTP/1.1`, 'Connection: close\r\n')
  let received = 0
  let ended = false
  socket.on('close', () => (ended = true))
  for (let i = 0; i < 12; i++) ask(`GET ${listPath} HTTP/1.1`)
  await eventually(
    'the list has been read',
    async () => {
      for (let chunk: Buffer | null; received < 40e6 && (chunk = socket.read() as Buffer | null) !== null;) {
        received += chunk.length
        await pause(1)
      }
      socket.read(0)
      return ended || socket.readableEnded
    },
    60_000,
  )
  expect(received).toBeGreaterThan(objects * objectBytes)
})
