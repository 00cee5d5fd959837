import { beforeEach, expect, test } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { createFakeEngine, type FakeEngine } from '#test/support/fake-engine.ts'
import { createStarts, type Starts } from '../starts.ts'
import { createWarmSandboxes, type WarmSandboxes } from './warm-sandboxes.ts'

let clock: FakeClock
let engine: FakeEngine
/** Ids with an address. */
let addressed: Set<string>
let warm: WarmSandboxes
let starts: Starts
beforeEach(() => {
  clock = createFakeClock()
  engine = createFakeEngine(clock)
  addressed = new Set()
  starts = createStarts(clock)
  warm = createWarmSandboxes({
    runtime: {
      ...engine.runtime,
      containers: (uid) => engine.all().filter(({ podUid }) => podUid === uid),
    },
    network: {
      prepare: async ({ id }) => void addressed.add(id),
      detach: async (id) => void addressed.delete(id),
    },
    starts,
    clock,
    log: silentLog,
  })
})
const there = (): [sandboxes: number, addresses: number] => [engine.all().length, addressed.size]

test('two are made once the agent’s start is over, and nothing more is done', async () => {
  await clock.advance(1_400)
  expect(there()).toEqual([0, 0])
  await clock.advance(10_000)
  expect([there(), clock.pending]).toEqual([[2, 2], 0])
})

test('one that is taken is replaced when no further pod comes', async () => {
  await clock.advance(2_000)
  const first = warm.take()
  await clock.advance(100)
  const second = warm.take()
  expect([first?.state, second?.state, first?.id === second?.id]).toEqual(['running', 'running', false])
  await clock.advance(149)
  expect(there()[0]).toBe(2)
  await clock.advance(1)
  expect(there()[0]).toBe(4)
})

test('none is made while a pod is being started', async () => {
  await clock.advance(2_000)
  warm.take()
  void starts.during(() => new Promise<void>((done) => clock.after(1_000, () => done())))
  await clock.advance(990)
  expect(there()[0]).toBe(2)
  await clock.advance(200)
  expect(there()[0]).toBe(3)
})

test('a burst is met by more the next time, for a minute', async () => {
  await clock.advance(2_000)
  for (let pod = 0; pod < 12; pod++) warm.take()
  await clock.advance(1_000)
  expect(there()).toEqual([10, 10])
  await clock.advance(60_000)
  expect(there()).toEqual([4, 4])
})

test('those that ended with the engine are replaced, and nothing of them stays', async () => {
  await clock.advance(2_000)
  engine.reboot()
  for (const { podUid } of engine.all()) warm.changed(podUid)
  await clock.advance(1_000)
  expect(engine.all().map(({ state }) => state)).toEqual(['running', 'running'])
  expect(addressed.size).toBe(2)
})

test('one that ended unnoticed is not given away', async () => {
  await clock.advance(2_000)
  engine.reboot()
  expect(warm.take()).toBeUndefined()
})

test('a failure leaves nothing, and is tried again later', async () => {
  engine.failing.sandbox = 'no such image'
  await clock.advance(4_000)
  expect(there()).toEqual([0, 0])
  engine.failing = {}
  await clock.advance(5_000)
  expect(there()).toEqual([2, 2])
})

test('its end ends those that wait, and not those that were taken', async () => {
  await clock.advance(2_000)
  const taken = warm.take()
  await warm.stop()
  expect(engine.all().map(({ id }) => id)).toEqual([taken?.id])
  expect(clock.pending).toBe(0)
})
