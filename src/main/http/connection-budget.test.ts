import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { BudgetExhausted, ConnectionBudget } from './connection-budget.ts'

/** As much of a socket as the budget looks at: what was written, and what of it is still in the queue. */
class FakeSocket extends EventEmitter {
  bytesWritten = 0
  writableLength = 0
  destroyed = false

  write(bytes: number): void {
    this.bytesWritten += bytes
    this.writableLength += bytes
  }

  read(bytes: number): void {
    this.writableLength = Math.max(0, this.writableLength - bytes)
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }

  get asSocket(): Socket {
    return this as unknown as Socket
  }
}

const limit = 1_000
let clock: FakeClock
let budget: ConnectionBudget
beforeEach(() => {
  clock = createFakeClock()
  budget = new ConnectionBudget({
    clock,
    limit,
    perConnection: 400,
    stalledMs: 1_000,
    idleMs: 60_000,
    patienceMs: 5_000,
  })
})

const connect = (waiting = 0): FakeSocket => {
  const socket = new FakeSocket()
  budget.track(socket.asSocket)
  socket.write(waiting)
  return socket
}

describe('bytes in the queues of sockets', () => {
  test('beyond the limit, readers that take nothing are cut, the longest stalled first', async () => {
    const first = connect(300)
    await clock.advance(600)
    const others = [connect(300), connect(300)]
    const reading = connect(300)
    for (let i = 0; i < 6; i++) {
      await clock.advance(250)
      reading.read(10)
      reading.write(10)
    }
    expect(first.destroyed).toBe(true)
    expect([...others, reading].map(({ destroyed }) => destroyed)).toEqual([false, false, false])
    expect(budget.held).toBe(900)
  })

  test('a reader that makes progress is never cut, however much there is', async () => {
    const readers = Array.from({ length: 10 }, () => connect(390))
    for (let i = 0; i < 400; i++) {
      for (const reader of readers) reader.read(1)
      await clock.advance(500)
    }
    expect(readers.filter(({ destroyed }) => destroyed)).toEqual([])
  })

  test('within the limit, a reader that takes nothing is cut after a minute', async () => {
    const socket = connect(10)
    await clock.advance(55_000)
    expect(socket.destroyed).toBe(false)
    await clock.advance(6_000)
    expect(socket.destroyed).toBe(true)
  })

  test('a reader is not held to account for time in which this process did nothing', async () => {
    const reader = connect(390)
    const others = [connect(390), connect(390)]
    for (let i = 0; i < 3; i++) {
      await clock.sleep(30_000)
      reader.read(1)
      for (const other of others) other.read(1)
    }
    expect([reader, ...others].filter(({ destroyed }) => destroyed)).toEqual([])
  })

  test('one connection has a limit of its own', async () => {
    const socket = connect(401)
    await clock.advance(2_000)
    expect(socket.destroyed).toBe(true)
  })

  test('a connection on which nothing waits may be silent for ever', async () => {
    const socket = connect()
    await clock.advance(3_600_000)
    expect(socket.destroyed).toBe(false)
  })
})

describe('reservations', () => {
  test('make room by cutting the stalled', async () => {
    const stalled = connect(300)
    await clock.advance(1_500)
    const socket = connect()
    const reservation = await budget.reserve(socket.asSocket, 900)
    expect(stalled.destroyed).toBe(true)
    expect(budget.held).toBe(900)
    reservation.release()
    reservation.release()
    expect(budget.held).toBe(0)
  })

  test('wait while the others make progress', async () => {
    const reading = connect(390)
    const waiting = budget.reserve(connect().asSocket, 900)
    let isIn = false
    void waiting.then(() => (isIn = true))
    for (let i = 0; i < 10; i++) {
      reading.read(20)
      await clock.advance(200)
    }
    expect(isIn).toBe(false)
    reading.read(400)
    await clock.advance(200)
    expect(isIn).toBe(true)
    expect(reading.destroyed).toBe(false)
  })

  test('are refused when there is no room in time', async () => {
    const reading = connect(390)
    const refused = expect(budget.reserve(connect().asSocket, 900)).rejects.toThrow(BudgetExhausted)
    for (let i = 0; i < 60; i++) {
      reading.read(1)
      await clock.advance(100)
    }
    await refused
  })

  test('one is let in however large it is', async () => {
    await expect(budget.reserve(connect().asSocket, 50 * limit)).resolves.toBeDefined()
  })

  test('let those in first who came first, however little the others want', async () => {
    const reading = connect(390)
    const order: string[] = []
    const large = budget.reserve(connect().asSocket, 900).then(() => order.push('large'))
    const small = budget.reserve(connect().asSocket, 10).then(() => order.push('small'))
    for (let i = 0; i < 5; i++) {
      reading.read(10)
      await clock.advance(200)
    }
    expect(order).toEqual([])
    reading.read(400)
    await clock.advance(200)
    await Promise.all([large, small])
    expect(order).toEqual(['large', 'small'])
  })

  test('of bytes that are there already wait for nobody', () => {
    connect(390)
    expect(budget.take(connect().asSocket, 5 * limit)).toBeDefined()
    expect(budget.isFull).toBe(true)
  })

  test('of a connection that closes are given back', async () => {
    const socket = connect()
    const reservation = await budget.reserve(socket.asSocket, 900)
    socket.destroy()
    expect(budget.held).toBe(0)
    reservation.hold(100)
    expect(budget.held).toBe(0)
  })
})
