import { expect, test } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { createAnnouncements } from './announcements.ts'
import { pod } from './scheduler.fixture.ts'

function setUp() {
  const clock = createFakeClock()
  const recorded: string[] = []
  const recorder = {
    event: (...[about, type, reason, message]: unknown[]) =>
      void recorded.push([(about as { kind: string }).kind, type, reason, message].join(' ')),
    flush: () => Promise.resolve(),
  }
  return { clock, recorded, announcements: createAnnouncements({ clock, recorderOf: () => recorder }) }
}

test('records the events once no pod was bound for 100 ms', async () => {
  const { clock, recorded, announcements } = setUp()
  announcements.bound(pod('a'), 'n1')
  await clock.advance(60)
  announcements.bound(pod('b'), 'n2')
  await clock.advance(60)
  expect(recorded).toEqual([])
  await clock.advance(100)
  expect(recorded).toEqual([
    'Pod Normal Scheduled Successfully assigned default/a to n1',
    'Pod Normal Scheduled Successfully assigned default/b to n2',
  ])
})

test('records the events after two seconds even if scheduling does not pause', async () => {
  const { clock, recorded, announcements } = setUp()
  for (let passed = 0; passed < 1_950; passed += 50) {
    announcements.bound(pod(`p${passed}`), 'n1')
    await clock.advance(50)
  }
  expect(recorded).toEqual([])
  announcements.bound(pod('last'), 'n1')
  await clock.advance(50)
  expect(recorded).toHaveLength(40)
})

test('records what is due when it stops, and once', async () => {
  const { clock, recorded, announcements } = setUp()
  announcements.bound(pod('a'), 'n1')
  await announcements.stop()
  await clock.advance(10_000)
  expect(recorded).toEqual(['Pod Normal Scheduled Successfully assigned default/a to n1'])
  expect(clock.pending).toBe(0)
})

test('records many events in several turns, so that none takes long', async () => {
  const { clock, recorded, announcements } = setUp()
  for (let index = 0; index < 450; index++) announcements.bound(pod(`p${index}`), 'n1')
  await clock.advance(100)
  expect(recorded).toHaveLength(200)
  await clock.advance(20)
  expect(recorded).toHaveLength(450)
  expect(clock.pending).toBe(0)
})
