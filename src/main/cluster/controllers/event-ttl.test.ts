import { afterEach, beforeEach, expect, it } from 'vitest'
import { silentLog } from '#shared/base/log.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { events } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startEventTtl } from './event-ttl.ts'

const minute = 60_000
let clock: FakeClock
let plane: TestControlPlane
let stop: Stop
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
  stop = startEventTtl({ client: plane.client, clock, log: silentLog })
  await pass(0)
})
afterEach(async () => {
  await stop()
  await plane.stop()
})

async function pass(minutes: number): Promise<void> {
  for (let step = 0; step < minutes; step++) {
    await clock.advance(minute)
    await settle()
  }
  for (let turn = 0; turn < 5; turn++) await settle()
}
const happen = (name: string) =>
  plane.client.create(events, {
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Test',
    message: 'of a test',
    type: 'Normal',
    count: 1,
  })
const names = async () => (await plane.client.list(events)).items.map(({ metadata }) => metadata.name)

it('deletes Events an hour after they happened', async () => {
  await happen('old')
  await pass(30)
  await happen('young')
  await pass(29)
  expect(await names()).toEqual(['old', 'young'])
  await pass(3)
  expect(await names()).toEqual(['young'])
  await pass(30)
  expect(await names()).toEqual([])
})

it('keeps what happens again', async () => {
  const event = await happen('again')
  await pass(50)
  await plane.client.update(events, { ...event, count: 2, lastTimestamp: timestamp(clock.now()) })
  await pass(50)
  expect(await names()).toEqual(['again'])
  await pass(12)
  expect(await names()).toEqual([])
})

it('looks again when there is nothing to wait for', async () => {
  await pass(600)
  await happen('late')
  await pass(121)
  expect(await names()).toEqual([])
})
