import { Readable } from 'node:stream'
import { connect } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeList } from '#shared/kube/object.ts'
import type { Status } from '#shared/kube/status.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { badRequests, kept, plain, type Malformed } from '#test/support/malformed.ts'
import { kinds } from '../kinds/index.ts'

const seed = Number(process.env['BAD_INPUT_SEED'] ?? 20261123)
const groups = badRequests(kinds, seed)

let api: TestApiServer
let agent: Agent
let heapBefore = 0

beforeAll(async () => {
  api = await startApiServer({ kinds })
  agent = new Agent({ connect: { ca: api.ca }, connections: 4, bodyTimeout: 10_000, headersTimeout: 10_000 })
  const created = await send({ ...plain(), method: 'POST', body: JSON.stringify(kept) })
  expect(created.code).toBe(201)
  heapBefore = heapUsed()
})

afterAll(async () => {
  await agent.close()
  await api.stop()
})

async function send({ method, path, type, body, headers, chunked }: Malformed) {
  const response = await request(api.url + path, {
    method,
    dispatcher: agent,
    headers: { authorization: `Bearer ${api.token}`, 'content-type': type, ...headers },
    ...(body === undefined ? {} : { body: chunked ? Readable.from(inChunks(body)) : body }),
  })
  return { code: response.statusCode, text: await response.body.text() }
}

function* inChunks(body: string | Uint8Array): Generator<Uint8Array> {
  const bytes = Buffer.from(body)
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024)
}

/** What is wrong with the answer to a malformed request; undefined when nothing is. */
async function wrongAnswer(malformed: Malformed): Promise<string | undefined> {
  const told = `${malformed.what} ${malformed.method} ${malformed.path}`.slice(0, 160)
  try {
    const { code, text } = await send(malformed)
    const right = malformed.codes?.includes(code) ?? (code >= 400 && code < 500)
    return right && (isStatus(text, code) || isUnknownPath(text, code))
      ? undefined
      : `${told}: ${code} ${text.slice(0, 160)}`
  } catch (error) {
    return `${told}: ${String(error)}`
  }
}

function isStatus(text: string, code: number): boolean {
  try {
    const status = JSON.parse(text) as Status
    // Kubernetes gives no reason with some answers of 500.
    return status.kind === 'Status' && status.code === code && (typeof status.reason === 'string' || code === 500)
  } catch {
    return false
  }
}

/** What no part of the server knows is told in a line of text. */
const isUnknownPath = (text: string, code: number): boolean => code === 404 && text === '404 page not found\n'

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

describe('refuses', () => {
  it.each(Object.entries(groups))(
    '%s',
    async (_, requests) => {
      const wrong: string[] = []
      for (const malformed of requests) {
        const problem = await wrongAnswer(malformed)
        if (problem !== undefined) wrong.push(problem)
      }
      expect(wrong).toEqual([])
    },
    120_000,
  )
})

it.each([
  ['no HTTP', 'hello\r\n\r\n'],
  ['a header without a colon', 'GET / HTTP/1.1\r\nnothing\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a chunk of no size', 'POST /api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
  ['a header of 80 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(80 * 1024)}\r\n\r\n`, 431],
  ['a head of 1 MiB', `GET / HTTP/1.1\r\nHost: x\r\n${`X-Many: ${'x'.repeat(1000)}\r\n`.repeat(1024)}\r\n`, 431],
])('answers %s with 4xx and ends the connection', async (_, bytes, code = 400) => {
  expect(await rawAnswer(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${code} [^]*"code":${code}`))
})

/** Everything that the server says to these bytes until it ends the connection. */
function rawAnswer(bytes: string): Promise<string> {
  const { hostname, port } = new URL(api.url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: api.ca })
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    socket.write(bytes)
  })
}

it('is as well after all of it as before', async () => {
  const all = await send({ ...plain(), path: '/api/v1/configmaps' })
  expect(all.code).toBe(200)
  expect((JSON.parse(all.text) as KubeList).items).toMatchObject([kept])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  const grown = (heapUsed() - heapBefore) / 1024 / 1024
  const sent = Object.values(groups).flat().length
  console.info(`${sent} requests, seed ${seed}: heap +${grown.toFixed(0)} MB`)
  expect(sent).toBeGreaterThan(5_000)
  expect(grown).toBeLessThan(50)
})
