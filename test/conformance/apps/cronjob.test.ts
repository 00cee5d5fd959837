import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { expectDiscovered, expectOperations, expectStatusOperations, type ResourceCase } from '../support/operations.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'
import { podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

/** The second run comes with the next full minute. */
const slow = 150_000
const nextMinute = 75_000

const forever = { 'slipway.dev/simulated-run-seconds': '3600' }

const cronJobSpec = (spec: object, annotations: object = forever): Wire => {
  const { metadata, spec: podSpec } = podWith({ app: 'tick' })
  const template = { metadata: { ...metadata, annotations }, spec: { ...podSpec, restartPolicy: 'OnFailure' } }
  return { schedule: '*/1 * * * *', jobTemplate: { spec: { template } }, ...spec }
}

interface Place {
  /** The CronJob. */
  at: string
  /** The job that was due. */
  first: string
  jobs: () => Promise<Wire[]>
  active: () => Promise<string[]>
}

/** Makes a CronJob that was due a minute ago, so that its first run starts now. */
async function startDue(concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace'): Promise<Place> {
  const name = uniqueName('conformance')
  await api.create('/api/v1/namespaces', { metadata: { name } })
  afterAll(async () => void (await api.delete(`/api/v1/namespaces/${name}`)))
  const batch = `/apis/batch/v1/namespaces/${name}`
  const at = `${batch}/cronjobs/tick`
  await api.create(`${batch}/cronjobs`, {
    metadata: { name: 'tick' },
    spec: cronJobSpec({ concurrencyPolicy, suspend: true }),
  })
  const lastScheduleTime = new Date(Date.now() - 120_000).toISOString().replace(/\.\d+/, '')
  await api.patch(`${at}/status`, { status: { lastScheduleTime } })
  await api.patch(at, { spec: { suspend: false } })
  const active = async (): Promise<string[]> => ((await api.get(at)).status.active ?? []).map(({ name }: Wire) => name)
  const first = await eventually('an active job', async () => (await active())[0])
  return { at, first, active, jobs: async () => (await api.get(`${batch}/jobs`)).items }
}

/** One of each policy: they wait for the same minute. */
const allowing = await startDue('Allow')
const forbidding = await startDue('Forbid')
const replacing = await startDue('Replace')

test(
  '[sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]',
  async () => {
    const { jobs, active } = allowing
    await eventually('a second active job', async () => (await active()).length >= 2, nextMinute)
    const running = await eventually('both have a pod', async () => {
      const all = (await jobs()).filter(({ status }) => status?.active === 1)
      return all.length >= 2 && all
    })
    for (const { metadata } of running) {
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'CronJob', name: 'tick', controller: true }])
      expect(metadata.name).toMatch(/^tick-\d{8}$/)
    }
  },
  slow,
)

test('[sig-apps] CronJob should not schedule jobs when suspended [Slow] [Conformance]', async () => {
  const batch = `/apis/batch/v1/namespaces/${await namespace()}`
  const spec = cronJobSpec({ schedule: '@every 1s', suspend: true })
  await api.create(`${batch}/cronjobs`, { metadata: { name: 'tick' }, spec })
  await pause(5_000)
  expect((await api.get(`${batch}/jobs`)).items).toEqual([])
  expect((await api.get(`${batch}/cronjobs/tick`)).status.lastScheduleTime).toBeUndefined()
})

test(
  '[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]',
  async () => {
    const { at, first, jobs, active } = forbidding
    const events = `/api/v1/namespaces/${at.split('/')[5] ?? ''}/events`
    await eventually(
      'a run that is not started',
      async () => (await api.get(events)).items.some(({ reason }: Wire) => reason === 'JobAlreadyActive'),
      nextMinute,
    )
    expect(await active()).toEqual([first])
    expect((await jobs()).map(({ metadata }) => metadata.name)).toEqual([first])
  },
  slow,
)

test(
  '[sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]',
  async () => {
    const { first, jobs, active } = replacing
    await eventually(
      'another active job',
      async () => {
        const [name, ...others] = await active()
        return name !== undefined && name !== first && others.length === 0
      },
      nextMinute,
    )
    await eventually('the first is gone', async () => (await jobs()).every(({ metadata }) => metadata.name !== first))
  },
  slow,
)

test('[sig-apps] CronJob should support CronJob API operations [Conformance]', async () => {
  const one: ResourceCase = {
    group: 'batch',
    version: 'v1',
    resource: 'cronjobs',
    kind: 'CronJob',
    namespace: await namespace(),
    subresources: ['status'],
    object: () => ({ spec: cronJobSpec({ schedule: '0 0 1 1 *' }) }),
    change: ({ spec }) => (spec.suspend = true),
  }
  await expectDiscovered(api, one)
  await expectOperations(api, one)
  const time = new Date(Date.now() - 5_000).toISOString().replace(/\.\d+/, '')
  await expectStatusOperations(api, one, {
    patch: { status: { lastScheduleTime: time } },
    update: ({ status }) => (status.lastSuccessfulTime = time),
    shown: ({ status }) => expect(status).toMatchObject({ lastScheduleTime: time, lastSuccessfulTime: time }),
  })
})
