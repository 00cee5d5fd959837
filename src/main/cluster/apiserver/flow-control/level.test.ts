import { describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { dealQueues } from './deal.ts'
import { PriorityLevel, type Admitted, type Seat } from './level.ts'
import { divideSeats } from './shares.ts'

const limited = (limitResponse: object): object => ({ type: 'Limited', limited: { limitResponse } })
const queuing = { queues: 8, handSize: 2, queueLengthLimit: 2 }
const seats = { nominal: 2, lower: 2, upper: 2 }

function levelOf(spec: object = limited({ type: 'Queue', queuing })): { level: PriorityLevel; clock: FakeClock } {
  const clock = createFakeClock()
  const lending = { limitOf: () => seats.nominal, freed: () => undefined }
  return { clock, level: new PriorityLevel({ name: 'a', uid: 'u', spec: spec as never, seats, clock, lending }) }
}

const stays = () => () => undefined
const enter = (level: PriorityLevel, flow: string, wanted = 1): Admitted | Promise<Admitted> =>
  level.enter({ flow, seats: wanted }, stays)

function seat(admitted: Admitted | Promise<Admitted>): Seat {
  if (typeof admitted === 'string' || admitted instanceof Promise) throw new Error('has no seat')
  return admitted
}

describe('a level with free seats', () => {
  it('lets requests in at once, and has their seats again when they leave', () => {
    const { level } = levelOf()
    const first = seat(enter(level, 'x', 2))
    expect(level.executing).toBe(2)
    first.leave()
    first.leave()
    expect(level.executing).toBe(0)
  })

  it('gives a request at most the seats that it has', () => {
    const { level } = levelOf()
    seat(enter(level, 'x', 9))
    expect(level.executing).toBe(2)
  })
})

describe('a full level', () => {
  it('refuses where it has no queues', () => {
    const { level } = levelOf(limited({ type: 'Reject' }))
    void enter(level, 'x', 2)
    expect(enter(level, 'x')).toBe('concurrency-limit')
  })

  it('starts what waits when a seat is free', async () => {
    const { level } = levelOf()
    const first = seat(enter(level, 'x', 2))
    const second = enter(level, 'x')
    expect(level.waiting).toBe(1)
    first.leave()
    seat(await second)
    expect([level.waiting, level.executing]).toEqual([0, 1])
  })

  it('refuses a flow whose queues are full, and no other', () => {
    const { level } = levelOf(limited({ type: 'Queue', queuing: { ...queuing, queues: 512 } }))
    void enter(level, 'x', 2)
    const greedy = Array.from({ length: 5 }, () => enter(level, 'greedy'))
    expect(greedy.filter((admitted) => admitted === 'queue-full')).toHaveLength(1)
    expect(enter(level, 'modest')).toBeInstanceOf(Promise)
  })

  it('serves flows in turns, however much one of them asks', async () => {
    const { level } = levelOf(limited({ type: 'Queue', queuing: { queues: 512, handSize: 1, queueLengthLimit: 50 } }))
    const order: string[] = []
    const wait = async (flow: string): Promise<void> => {
      const admitted = seat(await enter(level, flow))
      order.push(flow)
      admitted.leave()
    }
    const running = seat(enter(level, 'x', 2))
    const all = [...Array.from({ length: 9 }, () => wait('greedy')), wait('modest')]
    running.leave()
    await Promise.all(all)
    expect(order.indexOf('modest')).toBeLessThan(3)
  })

  it('lets a request wait for a quarter of a minute', async () => {
    const { level, clock } = levelOf()
    void enter(level, 'x', 2)
    const waiting = enter(level, 'x')
    await clock.advance(15_000)
    expect(await waiting).toBe('time-out')
    expect(level.waiting).toBe(0)
  })

  it('forgets a request whose client has gone', async () => {
    const { level } = levelOf()
    void enter(level, 'x', 2)
    let leave: () => void = () => undefined
    const waiting = level.enter({ flow: 'x', seats: 1 }, (gone) => {
      leave = gone
      return () => undefined
    })
    leave()
    expect(await waiting).toBe('cancelled')
    expect(level.waiting).toBe(0)
  })

  it('keeps what waits when it has fewer queues than before', async () => {
    const { level } = levelOf()
    const running = seat(enter(level, 'x', 2))
    const waiting = ['a', 'b', 'c', 'd'].map((flow) => enter(level, flow))
    level.configure('u', limited({ type: 'Queue', queuing: { ...queuing, queues: 1, handSize: 1 } }) as never, seats)
    expect(level.waiting).toBe(4)
    running.leave()
    await Promise.all(waiting.map(async (admitted) => seat(await admitted).leave()))
    expect(level.demand).toBe(0)
  })
})

it('an exempt level lets everything in', () => {
  const { level } = levelOf({ type: 'Exempt' })
  for (let i = 0; i < 1000; i++) seat(enter(level, 'x'))
  expect(level.executing).toBe(1000)
})

it('deals every flow the same queues, each once', () => {
  const hand = dealQueues('schema/user', 64, 6)
  expect(dealQueues('schema/user', 64, 6)).toEqual(hand)
  expect(new Set(hand).size).toBe(6)
  expect(Math.max(...hand)).toBeLessThan(64)
  expect(dealQueues('x', 3, 3).sort()).toEqual([0, 1, 2])
})

it('divides the seats by shares, of which a part is lent', () => {
  const spec = (nominalConcurrencyShares: number, more: object = {}): never =>
    ({ type: 'Limited', limited: { nominalConcurrencyShares, ...more } }) as never
  const divided = divideSeats(
    new Map([
      ['a', spec(30, { lendablePercent: 50 })],
      ['b', spec(10, { borrowingLimitPercent: 50 })],
    ]),
    100,
  )
  expect(divided.get('a')).toEqual({ nominal: 75, lower: 37, upper: 100 })
  expect(divided.get('b')).toEqual({ nominal: 25, lower: 25, upper: 38 })
})
