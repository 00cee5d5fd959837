import { Duplex, PassThrough } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { mirrorCall, mirrorTo } from './mirror.ts'

afterEach(() => void vi.useRealTimers())

/** A back end that takes all and never answers. */
const silent = (): Duplex => new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
const requestWith = (headers: Record<string, string>): IncomingMessage =>
  Object.assign(new PassThrough(), { method: 'POST', url: '/', headers }) as unknown as IncomingMessage
/** The connection to a mirror that a request was copied to. */
async function copied(message: IncomingMessage, isHttp2: boolean): Promise<Duplex> {
  const connection = silent()
  mirrorTo(message, { connect: () => Promise.resolve(connection), isHttp2 })
  await new Promise((resolve) => setImmediate(resolve))
  return connection
}

describe.each([false, true])('a mirror that speaks HTTP/2 alone: %s', (isHttp2) => {
  test('gets nothing where a filter has set what no request can have, and nothing else breaks', async () => {
    const connection = await copied(requestWith({ 'no name': 'x' }), isHttp2)
    await expect.poll(() => connection.destroyed).toBe(true)
  })

  test('is let go of where it does not answer in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const message = requestWith({})
    const connection = await copied(message, isHttp2)
    ;(message as unknown as PassThrough).end('body')
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(59_000)
    expect(connection.destroyed).toBe(false)
    vi.advanceTimersByTime(2_000)
    expect(connection.destroyed).toBe(true)
  })

  test('is let go of where the client breaks its request off', async () => {
    const message = requestWith({})
    const connection = await copied(message, isHttp2)
    expect(connection.destroyed).toBe(false)
    message.destroy()
    await expect.poll(() => connection.destroyed).toBe(true)
  })
})

test('headers of one hop are not sent by HTTP/2', async () => {
  const connection = await copied(requestWith({ te: 'gzip', 'proxy-connection': 'keep-alive', host: 'a' }), true)
  expect(connection.destroyed).toBe(false)
  connection.destroy()
})

test('a gRPC call with such headers breaks nothing', async () => {
  const connection = silent()
  const stream = new PassThrough() as unknown as ServerHttp2Stream
  mirrorCall(
    { stream, headers: { ':path': '/', te: 'gzip' } },
    { connect: () => Promise.resolve(connection), isHttp2: true },
  )
  await expect.poll(() => connection.destroyed).toBe(true)
})
