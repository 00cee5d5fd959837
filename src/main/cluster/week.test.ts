import { afterEach, expect, test } from 'vitest'
import { startSimulatedDays, type SimulatedDays } from '#test/support/simulated-days.ts'
import type { CronJobSpec, Job, JobSpec, PodTemplateSpec } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isConditionTrue } from '#shared/kube/conditions.ts'
import { isNodeReady } from '#shared/kube/node.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { cronJobs, deployments, events, jobs, nodes, pods, secrets } from '#shared/kube/resources.ts'

/** Days of a cluster on a fake clock: every run, retry and expiry is counted. */

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

let days: SimulatedDays
afterEach(() => days.stop())

const template = (settings: Record<string, string> = {}): PodTemplateSpec => ({
  metadata: {
    labels: { app: 'work' },
    annotations: Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`simulated.slipway.dev/${name}`, value]),
    ),
  },
  // Away from the node that will be lost: what runs on it would be retried.
  spec: { restartPolicy: 'Never', nodeName: 'sim-2', containers: [{ name: 'c', image: 'work:1' }] },
})

async function cronJob(
  name: string,
  schedule: string,
  spec: Partial<CronJobSpec> = {},
  job: Partial<JobSpec> = {},
): Promise<void> {
  await days.client.create(cronJobs, {
    metadata: { name, namespace: 'default' },
    spec: { schedule, jobTemplate: { spec: { template: template(), ...job } }, ...spec },
  })
}

/** The CronJob of a Job, or the Job itself. */
const ownerOf = ({ metadata }: Job): string => metadata.ownerReferences?.[0]?.name ?? metadata.name ?? ''

/** Counts the Jobs of each CronJob, as they are created and as they end. */
function countRuns(): { started: Map<string, number>; starts: Map<string, string[]>; failed: Map<string, number> } {
  const counts = {
    started: new Map<string, number>(),
    starts: new Map<string, string[]>(),
    failed: new Map<string, number>(),
  }
  const ended = new Set<string>()
  const add = (map: Map<string, number>, name: string): void => void map.set(name, (map.get(name) ?? 0) + 1)
  const seen = (job: Stored<Job>): void => {
    if (ended.has(job.metadata.uid) || !isConditionTrue(job.status?.conditions, 'Failed')) return
    ended.add(job.metadata.uid)
    add(counts.failed, ownerOf(job))
  }
  days.watchJobs({
    added(job) {
      const owner = ownerOf(job)
      add(counts.started, owner)
      counts.starts.set(owner, [...(counts.starts.get(owner) ?? []), new Date(days.clock.now()).toISOString()])
      seen(job)
    },
    updated: (_, job) => seen(job),
  })
  return counts
}

test('nine days with two changes of clocks: every run, retry, expiry and eviction is counted', async () => {
  days = await startSimulatedDays('2026-10-24T00:30:00Z')
  const { client, clock, workers } = days
  const counts = countRuns()

  await cronJob('hourly', '0 * * * *')
  await cronJob('hourly-strict', '0 * * * *', { startingDeadlineSeconds: 600 })
  await cronJob('suspended', '0 * * * *', { suspend: true })
  await cronJob('berlin', '30 2 * * *', { timeZone: 'Europe/Berlin' })
  await cronJob('new-york', '30 1 * * *', { timeZone: 'America/New_York' })
  await cronJob('lord-howe', '15 2 * * *', { timeZone: 'Australia/Lord_Howe' })
  await cronJob(
    'forbid',
    '*/30 * * * *',
    { concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 60 },
    { template: template({ 'run-duration': '70m' }) },
  )
  await cronJob(
    'replace',
    '0 * * * *',
    { concurrencyPolicy: 'Replace' },
    { template: template({ 'run-duration': '140m' }) },
  )
  await cronJob('overlap', '0 * * * *', {}, { template: template({ 'run-duration': '140m' }) })
  await cronJob('failing', '15 */6 * * *', {}, { backoffLimit: 2, template: template({ 'exit-code': '1' }) })
  await cronJob(
    'endless',
    '20 */12 * * *',
    { failedJobsHistoryLimit: 0 },
    { activeDeadlineSeconds: 3_600, template: template({ 'run-duration': '9d' }) },
  )
  const once = (name: string, spec: Partial<JobSpec>): Promise<unknown> =>
    client.create(jobs, { metadata: { name, namespace: 'default' }, spec: { template: template(), ...spec } })
  await once('kept-two-days', { ttlSecondsAfterFinished: 172_800 })
  await once('kept-a-month', { ttlSecondsAfterFinished: 30 * 86_400 })
  await once('kept', {})
  await client.create(deployments, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
    },
  })
  const token = (name: string, at: string): Promise<unknown> =>
    client.create(secrets, {
      metadata: { name, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      data: { expiration: Buffer.from(at).toString('base64') },
    })
  await token('bootstrap-token-aaaaaa', '2026-10-28T12:00:00Z')
  await token('bootstrap-token-bbbbbb', '2026-12-31T12:00:00Z')

  // Sunday, 25 October: Berlin's 02:30 comes twice.
  await clock.advance(2 * day)
  expect(counts.starts.get('berlin')).toEqual(['2026-10-25T00:30:00.100Z', '2026-10-25T01:30:00.100Z'])

  // Monday: a node is silent for two hours; its pods move away.
  const before = (await client.list(pods, { namespace: 'default', labelSelector: 'app=web' })).items
  workers.silence('sim-1')
  await clock.advance(2 * hour)
  const after = (await client.list(pods, { namespace: 'default', labelSelector: 'app=web' })).items
  const stayed = after.filter(({ metadata }) => before.some((pod) => pod.metadata.uid === metadata.uid))
  const lost = before.filter(({ spec }) => spec?.nodeName === 'sim-1')
  expect(lost.length).toBeGreaterThan(0)
  expect(after.filter(isPodReady).map(({ spec }) => spec?.nodeName)).toEqual(['sim-2', 'sim-2', 'sim-2', 'sim-2'])
  expect(stayed.filter(isPodReady)).toHaveLength(4 - lost.length)
  await workers.wake('sim-1')
  await clock.advance(minute)
  expect((await client.list(nodes)).items.every(isNodeReady)).toBe(true)
  expect((await client.list(pods, { namespace: 'default', labelSelector: 'app=web' })).items).toHaveLength(4)

  // Until Tuesday, 14:31; then the laptop sleeps for nine hours.
  await clock.advance(Date.parse('2026-10-27T14:31:00Z') - clock.now())
  await clock.sleep(9 * hour)
  await clock.advance(Date.parse('2026-11-02T00:30:00Z') - clock.now())

  // Of 216 full hours nine pass asleep; the run of the last starts late, at 23:31, unless that is too late for it.
  expect(Object.fromEntries(counts.started)).toEqual({
    hourly: 216 - 9 + 1,
    'hourly-strict': 216 - 9,
    berlin: 9,
    'new-york': 10,
    'lord-howe': 9,
    // One that starts every 90 minutes, as the one before runs for 70: 58 before the sleep, 81 after it.
    forbid: 58 + 81,
    replace: 216 - 9 + 1,
    overlap: 216 - 9 + 1,
    failing: 36,
    endless: 18,
    'kept-two-days': 1,
    'kept-a-month': 1,
    kept: 1,
  })
  // The last of `endless` still runs.
  expect(Object.fromEntries(counts.failed)).toEqual({ failing: 36, endless: 17 })
  expect(
    counts.starts
      .get('hourly')
      ?.filter((time) => time.startsWith('2026-10-27T'))
      .slice(-2),
  ).toEqual(['2026-10-27T14:00:00.100Z', '2026-10-27T23:31:00.000Z'])
  // Sunday, 1 November: New York's 01:30 comes twice.
  expect(counts.starts.get('new-york')?.slice(-2)).toEqual(['2026-11-01T05:30:00.100Z', '2026-11-01T06:30:00.100Z'])

  const left = (await client.list(jobs, { namespace: 'default' })).items
  expect(countBy(left, ownerOf)).toEqual({
    hourly: 3,
    'hourly-strict': 3,
    berlin: 3,
    'new-york': 3,
    'lord-howe': 3,
    forbid: 3 + 1,
    replace: 1,
    overlap: 3 + 2,
    failing: 1,
    endless: 1,
    'kept-a-month': 1,
    kept: 1,
  })
  const leftPods = (await client.list(pods, { namespace: 'default' })).items
  expect(countBy(leftPods, ({ metadata }) => metadata.labels?.['app'] ?? '')).toEqual({
    web: 4,
    // One of each Job, three of the one whose retries are used up.
    work: left.length - 1 + 3,
  })

  const ages = (await client.list(events)).items.map((event) => clock.now() - Date.parse(event.lastTimestamp ?? ''))
  expect(ages.length).toBeGreaterThan(0)
  expect(Math.max(...ages)).toBeLessThanOrEqual(hour + minute)
  const tokens = (await client.list(secrets, { namespace: 'kube-system' })).items
  expect(tokens.map(({ metadata }) => metadata.name)).toEqual(['bootstrap-token-bbbbbb'])
}, 240_000)

test.each([
  // In spring a time that the change skips is not made up for; in autumn one that comes twice runs twice.
  ['Europe/Berlin', '30 2 * * *', '2026-03-27T12:00:00Z', ['03-28T01:30', '03-30T00:30']],
  ['America/New_York', '30 2 * * *', '2026-03-06T12:00:00Z', ['03-07T07:30', '03-09T06:30']],
  ['America/New_York', '0 * * * *', '2026-03-08T05:30:00Z', ['03-08T06:00', '03-08T07:00', '03-08T08:00']],
  ['Australia/Lord_Howe', '15 2 * * *', '2026-10-02T12:00:00Z', ['10-02T15:45', '10-04T15:15']],
  [
    'Australia/Lord_Howe',
    '45 1 * * *',
    '2026-04-03T12:00:00Z',
    ['04-03T14:45', '04-04T14:45', '04-04T15:15', '04-05T15:15'],
  ],
])(
  'in %s, %s from %s on runs at %j',
  async (timeZone, schedule, from, expected) => {
    days = await startSimulatedDays(from)
    const counts = countRuns()
    await cronJob('zoned', schedule, { timeZone })
    const last = expected.at(-1) ?? ''
    await days.clock.advance(Date.parse(`2026-${last}:30Z`) - days.clock.now())
    expect(counts.starts.get('zoned')).toEqual(expected.map((time) => `2026-${time}:00.100Z`))
  },
  60_000,
)

function countBy<T>(objects: readonly T[], keyOf: (object: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const object of objects) counts[keyOf(object)] = (counts[keyOf(object)] ?? 0) + 1
  return counts
}
