import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import type { LifecycleHandler } from '#shared/kube/generated/types.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { createFakeEngine, type FakeEngine } from '#test/support/fake-engine.ts'
import { runHook, type HookOptions } from './lifecycle-hook.ts'

let server: Server
let port: number
let status: number
let silent: boolean
let requests: { url: string; headers: IncomingHttpHeaders }[]
let engine: FakeEngine
beforeEach(async () => {
  status = 200
  silent = false
  requests = []
  engine = createFakeEngine(systemClock)
  server = createServer(({ url = '', headers }, response) => {
    requests.push({ url, headers })
    if (!silent) response.writeHead(status, { location: '/elsewhere' }).end('body')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const run = (hook: LifecycleHandler, more: Partial<HookOptions> = {}): Promise<void> =>
  runHook(hook, {
    runtime: engine.runtime,
    clock: systemClock,
    container: { name: 'c', ports: [{ name: 'web', containerPort: port }] },
    containerId: 'c-1',
    podIp: '127.0.0.1',
    hostNetwork: false,
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    ...more,
  })

describe('an HTTP hook', () => {
  test.each([200, 301, 404, 418, 500, 503])('that is answered with %i has succeeded', async (code) => {
    status = code
    await run({ httpGet: { port: 'web', path: '/stop', httpHeaders: [{ name: 'X-Tide', value: 'low' }] } })
    expect(requests.map(({ url }) => url)).toEqual(['/stop'])
    expect(requests[0]?.headers).toMatchObject({ 'x-tide': 'low', 'user-agent': 'kube-lifecycle/1.36' })
  })

  test('that nobody answers has failed', async () => {
    const closed = port
    server.close()
    await expect(run({ httpGet: { port: closed } })).rejects.toThrow(
      /Get "http:\/\/127\.0\.0\.1:\d+\/": .*ECONNREFUSED/,
    )
  })

  test('that is not answered in time has failed', async () => {
    silent = true
    await expect(run({ httpGet: { port } }, { timeoutMs: 50 })).rejects.toThrow('context deadline exceeded')
  })

  test('to a port that the container does not name has failed', async () => {
    await expect(run({ httpGet: { port: 'admin' } })).rejects.toThrow('port')
  })

  test('by HTTPS to a server that speaks HTTP is sent again by HTTP, without credentials', async () => {
    const httpHeaders = [
      { name: 'Authorization', value: 'Bearer secret' },
      { name: 'X-Tide', value: 'low' },
    ]
    await run({ httpGet: { port, scheme: 'HTTPS', httpHeaders } })
    expect(requests).toHaveLength(1)
    expect(requests[0]?.headers).toMatchObject({ 'x-tide': 'low' })
    expect(requests[0]?.headers.authorization).toBeUndefined()
  })
})

describe('a hook that runs a command', () => {
  test('succeeds with exit code 0', async () => {
    await run({ exec: { command: ['touch', '/x'] } })
    expect(engine.commands).toEqual(['touch /x'])
  })

  test('fails with another', async () => {
    engine.execCode = 3
    await expect(run({ exec: { command: ['false'] } })).rejects.toThrow('exit code 3')
  })
})

test.each<[number, number, number]>([
  [3, 10_000, 3_000],
  [30, 10_000, 10_000],
])('a hook that sleeps %i s with %i ms left ends after %i ms', async (seconds, timeoutMs, expected) => {
  const clock = createFakeClock()
  let ended = false
  void run({ sleep: { seconds } }, { clock, timeoutMs }).then(() => (ended = true))
  await clock.advance(expected - 1)
  expect(ended).toBe(false)
  await clock.advance(1)
  expect(ended).toBe(true)
})

test('a hook that is given up counts as done', async () => {
  silent = true
  const end = new AbortController()
  const hooks = [{ httpGet: { port } }, { sleep: { seconds: 1_000 } }].map((hook) => run(hook, { signal: end.signal }))
  await expect.poll(() => requests.length).toBe(1)
  end.abort()
  await Promise.all(hooks)
  await run({ exec: { command: ['late'] } }, { signal: end.signal })
  expect(engine.commands).toEqual([])
})
