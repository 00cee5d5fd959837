import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CronJob, Job } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { cronJobs, jobs } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startGarbageCollector } from '../garbage-collector.ts'
import { startCronJobs } from './index.ts'

const minute = 60_000
const hour = 60 * minute

let plane: TestControlPlane
let clock: FakeClock
beforeEach(() => startAt('2026-01-01T00:00:00Z'))
afterEach(() => plane.stop())

async function startAt(time: string): Promise<void> {
  clock = createFakeClock(Date.parse(time))
  plane = await startControlPlane({ clock })
}

it('starts a Job for each run, named for its time, and keeps a short history', async () => {
  plane.start(startCronJobs)
  await create({ schedule: '*/10 * * * *' })
  for (let run = 1; run <= 6; run++) {
    await pass(10 * minute)
    const job = await untilActive()
    expect(job.metadata.name).toBe(`tick-${Math.floor(clock.now() / minute)}`)
    await end(job, 'Complete')
    await untilIdle()
  }
  const kept = await plane.until(jobs, (all) => all.length === 3)
  expect(kept.map(scheduledAt).sort()).toEqual(['2026-01-01T00:40:00Z', '2026-01-01T00:50:00Z', '2026-01-01T01:00:00Z'])
  const { status } = await plane.untilOne(cronJobs, 'tick', () => true)
  expect(status).toEqual({ lastScheduleTime: '2026-01-01T01:00:00Z', lastSuccessfulTime: expect.any(String) })
})

it('forbids a second Job while one is active, and catches up once it has ended', async () => {
  plane.start(startCronJobs)
  await create({ schedule: '0 * * * *', concurrencyPolicy: 'Forbid' })
  await pass(hour)
  const first = await untilActive()
  await pass(2 * hour)
  expect(await runs()).toEqual(['2026-01-01T01:00:00Z'])
  await end(first, 'Failed')
  await plane.until(jobs, (all) => all.length === 2)
  // Of the two runs that were missed, the most recent one.
  expect(await runs()).toEqual(['2026-01-01T01:00:00Z', '2026-01-01T03:00:00Z'])
})

it('replaces the active Job', async () => {
  plane.start(startCronJobs)
  plane.start((context) => startGarbageCollector(context, { resources: [jobs, cronJobs] }))
  await create({ schedule: '0 * * * *', concurrencyPolicy: 'Replace' })
  for (const expected of ['2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z']) {
    await pass(hour)
    await plane.until(jobs, (all) => all.length === 1 && all.every((job) => scheduledAt(job) === expected))
  }
})

it('starts nothing while suspended, and the last missed run afterwards', async () => {
  plane.start(startCronJobs)
  await create({ schedule: '0 * * * *', suspend: true })
  await pass(150 * minute)
  expect(await runs()).toEqual([])
  await patch({ suspend: false })
  await plane.until(jobs, (all) => all.length === 1)
  expect(await runs()).toEqual(['2026-01-01T02:00:00Z'])
})

it('makes up for no run that is older than its starting deadline', async () => {
  plane.start(startCronJobs)
  await create({ schedule: '0 * * * *', suspend: true, startingDeadlineSeconds: 600 })
  await pass(150 * minute)
  await patch({ suspend: false })
  await pass(29 * minute)
  expect(await runs()).toEqual([])
  await pass(minute)
  await plane.until(jobs, (all) => all.length === 1)
  expect(await runs()).toEqual(['2026-01-01T03:00:00Z'])
})

it('follows a change of its schedule at once', async () => {
  plane.start(startCronJobs)
  await create({ schedule: '0 0 1 7 *' })
  await settle()
  await patch({ schedule: '*/5 * * * *' })
  await plane.untilOne(cronJobs, 'tick', ({ spec }) => spec?.schedule === '*/5 * * * *')
  await pass(5 * minute)
  await plane.until(jobs, (all) => all.length === 1)
})

/** Each day around the changes of clocks, hour by hour: exactly which runs there are. */
describe('where clocks change', () => {
  it.each([
    {
      zone: 'America/New_York',
      start: '2026-03-07T12:00:00Z',
      schedule: '30 2 * * *',
      expected: ['2026-03-09T02:30:00-04:00', '2026-03-10T02:30:00-04:00'],
    },
    {
      zone: 'America/New_York',
      start: '2026-10-31T12:00:00Z',
      schedule: '30 1 * * *',
      expected: [
        '2026-11-01T01:30:00-04:00',
        '2026-11-01T01:30:00-05:00',
        '2026-11-02T01:30:00-05:00',
        '2026-11-03T01:30:00-05:00',
      ],
    },
    {
      zone: 'Europe/London',
      start: '2026-03-28T12:00:00Z',
      schedule: '15 0-3 * * *',
      expected: [
        '2026-03-29T00:15:00Z',
        ...['02', '03'].map((at) => `2026-03-29T${at}:15:00+01:00`),
        ...['30', '31'].flatMap((day) => ['00', '01', '02', '03'].map((at) => `2026-03-${day}T${at}:15:00+01:00`)),
      ],
    },
    {
      zone: 'Australia/Lord_Howe',
      start: '2026-04-04T06:00:00Z',
      schedule: '45 1 * * *',
      expected: [
        '2026-04-05T01:45:00+11:00',
        '2026-04-05T01:45:00+10:30',
        '2026-04-06T01:45:00+10:30',
        '2026-04-07T01:45:00+10:30',
      ],
    },
  ])('$zone at $start', async ({ zone, start, schedule, expected }) => {
    await plane.stop()
    await startAt(start)
    plane.start(startCronJobs)
    await create({ schedule, timeZone: zone })
    for (let hours = 0; hours < 72; hours++) {
      await pass(hour)
      const due = expected.map((time) => Date.parse(time)).filter((time) => time <= clock.now())
      if (due.length > 0) await untilScheduled(Math.max(...due))
    }
    expect(await runs()).toEqual([...expected].sort())
  })
})

/** Lets `ms` pass, to a moment after the full minute: the controller wakes 100 ms late. */
async function pass(ms: number): Promise<void> {
  await settle()
  await clock.advance(ms + (clock.now() % 1000 === 0 ? 200 : 0))
  await settle()
}

const runs = async (): Promise<(string | undefined)[]> => (await plane.client.list(jobs)).items.map(scheduledAt).sort()

const scheduledAt = ({ metadata }: Job): string | undefined =>
  metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']

async function untilActive(): Promise<Stored<Job>> {
  const { status } = await plane.untilOne(cronJobs, 'tick', (seen) => seen.status?.active?.length === 1)
  return plane.client.get(jobs, { namespace: 'default', name: status?.active?.[0]?.name ?? '' })
}

const untilScheduled = (time: number): Promise<CronJob> =>
  plane.untilOne(cronJobs, 'tick', ({ status }) => Date.parse(status?.lastScheduleTime ?? '') === time)

const untilIdle = (): Promise<CronJob> => plane.untilOne(cronJobs, 'tick', ({ status }) => !status?.active)

/** Ends a Job as its controller would. */
async function end(job: Stored<Job>, type: 'Complete' | 'Failed'): Promise<void> {
  const now = new Date(clock.now()).toISOString().replace(/\.\d+/, '')
  const interim = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget'
  await plane.client.updateStatus(jobs, {
    ...job,
    status: {
      startTime: now,
      ...(type === 'Complete' ? { completionTime: now } : {}),
      conditions: [interim, type].map((each) => ({ type: each, status: 'True' })),
    },
  })
}

const patch = (spec: Partial<CronJob['spec']>): Promise<CronJob> =>
  plane.client.patch(cronJobs, { namespace: 'default', name: 'tick' }, { type: 'merge', body: { spec } })

const create = (spec: Partial<NonNullable<CronJob['spec']>>): Promise<CronJob> =>
  plane.client.create(cronJobs, {
    metadata: { name: 'tick', namespace: 'default' },
    spec: {
      schedule: '* * * * *',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } },
      },
      ...spec,
    },
  })
