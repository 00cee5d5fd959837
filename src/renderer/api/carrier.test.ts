// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectBack, type Connection } from './carrier.ts'

class StubSocket extends EventTarget {
  static opened: StubSocket[] = []
  constructor() {
    super()
    StubSocket.opened.push(this)
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', StubSocket)
  vi.stubGlobal('fetch', () => Promise.reject(new Error('refused')))
  StubSocket.opened = []
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function connect(): Promise<Connection[]> {
  const told: Connection[] = []
  const { onLink } = await connectBack()
  onLink(({ connection }) => told.push(connection))
  return told
}

test('a back that was frozen before the page has reached it is noticed within three seconds', async () => {
  const told = await connect()
  expect(told).toEqual(['connecting'])
  await vi.advanceTimersByTimeAsync(3_000)
  expect(told).toEqual(['connecting', 'down'])
  expect(StubSocket.opened).toHaveLength(1)
})

test('a back that refuses is tried again', async () => {
  const told = await connect()
  StubSocket.opened[0]?.dispatchEvent(new Event('close'))
  await vi.advanceTimersByTimeAsync(300)
  expect(told).toEqual(['connecting', 'down'])
  expect(StubSocket.opened).toHaveLength(2)
})
