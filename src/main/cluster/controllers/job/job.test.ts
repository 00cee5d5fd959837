import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isPodActive } from '#shared/kube/pod.ts'
import type { Job, Pod } from '#shared/kube/generated/types.ts'
import { jobs, pods } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, settle, type FakeClock } from '#test/support/fake-clock.ts'
import { startJobs } from './index.ts'
import { startTtlAfterFinished } from '../ttl-after-finished.ts'

let plane: TestControlPlane
let clock: FakeClock
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
})
afterEach(() => plane.stop())

it('runs to completion, a few pods at a time, and counts each once', async () => {
  plane.startKubelets({ run: () => 'succeeded' })
  plane.start(startJobs)
  let most = 0
  const counting = plane.until(pods, (all) => {
    most = Math.max(most, all.filter(isPodActive).length)
    return all.filter(({ status }) => status?.phase === 'Succeeded').length === 7
  })
  await plane.client.create(jobs, job({ completions: 7, parallelism: 3 }))
  await counting
  const done = await finished('Complete')
  expect(done.status).toMatchObject({ succeeded: 7, ready: 0, terminating: 0, uncountedTerminatedPods: {} })
  expect(done.status?.active).toBeUndefined()
  expect(done.status?.completionTime).toBeDefined()
  expect(conditions(done)).toMatchObject({ SuccessCriteriaMet: 'CompletionsReached', Complete: 'CompletionsReached' })
  expect(most).toBe(3)
  const all = (await plane.client.list(pods)).items
  expect(all).toHaveLength(7)
  expect(all.flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([])
})

it('fails when too many of its pods have failed, after growing pauses', async () => {
  plane.startKubelets({ run: () => 'failed' })
  plane.start(startJobs)
  await plane.client.create(jobs, job({ backoffLimit: 2 }))
  await plane.untilOne(jobs, 'work', ({ status }) => status?.failed === 1)
  await settle()
  expect((await plane.client.list(pods)).items).toHaveLength(1)
  await clock.advance(10_000)
  await plane.untilOne(jobs, 'work', ({ status }) => status?.failed === 2)
  await settle()
  await clock.advance(20_000)
  const failed = await finished('Failed')
  expect(conditions(failed)).toMatchObject({ FailureTarget: 'BackoffLimitExceeded', Failed: 'BackoffLimitExceeded' })
  expect(failed.status?.failed).toBe(3)
})

it('ends at its deadline and takes its pods with it', async () => {
  plane.startKubelets()
  plane.start(startJobs)
  await plane.client.create(jobs, job({ activeDeadlineSeconds: 60, parallelism: 2, completions: 2 }))
  await plane.untilOne(jobs, 'work', ({ status }) => status?.ready === 2)
  await settle()
  await clock.advance(60_000)
  const failed = await finished('Failed')
  expect(conditions(failed).Failed).toBe('DeadlineExceeded')
  await plane.until(pods, (all) => all.length === 0)
})

it('gives each pod of an Indexed Job an index, and retries the index that failed', async () => {
  const tries: Record<string, number> = {}
  plane.startKubelets({
    run(pod) {
      const index = indexOf(pod)
      tries[index] = (tries[index] ?? 0) + 1
      return index === '1' && tries[index] === 1 ? 'failed' : 'succeeded'
    },
  })
  plane.start(startJobs)
  await plane.client.create(jobs, job({ completionMode: 'Indexed', completions: 4, parallelism: 4 }))
  await plane.untilOne(jobs, 'work', ({ status }) => status?.completedIndexes === '0,2,3' && status.failed === 1)
  await settle()
  await clock.advance(10_000)
  const done = await finished('Complete')
  expect(done.status).toMatchObject({ succeeded: 4, failed: 1, completedIndexes: '0-3' })
  expect(tries).toEqual({ 0: 1, 1: 2, 2: 1, 3: 1 })
  const [pod] = (await plane.client.list(pods)).items
  expect(pod?.spec?.hostname).toBe(`work-${indexOf(pod!)}`)
  expect(pod?.spec?.containers[0]?.env).toContainEqual({
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: {
      fieldRef: expect.objectContaining({ fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" }),
    },
  })
})

it('suspends and resumes', async () => {
  plane.startKubelets()
  plane.start(startJobs)
  await plane.client.create(jobs, job({ suspend: true, parallelism: 2, completions: 2 }))
  const suspended = await plane.untilOne(jobs, 'work', (seen) => conditions(seen).Suspended === 'JobSuspended')
  expect(suspended.status?.startTime).toBeUndefined()
  await patch({ spec: { suspend: false } })
  await plane.untilOne(jobs, 'work', ({ status }) => status?.ready === 2 && status.startTime !== undefined)
  await patch({ spec: { suspend: true } })
  await plane.until(pods, (all) => all.length === 0)
})

it('fails at once or looks away where its podFailurePolicy says so', async () => {
  plane.startKubelets({ run: () => 'failed' })
  plane.start(startJobs)
  const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }]
  await plane.client.create(jobs, job({ podFailurePolicy: { rules } }))
  const failed = await finished('Failed')
  const condition = failed.status?.conditions?.find(({ type }) => type === 'Failed')
  expect(condition?.reason).toBe('PodFailurePolicy')
  expect(condition?.message).toMatch(
    /^Container work for pod default\/work-\w+ failed with exit code 1 matching FailJob rule at index 0$/,
  )
})

it('completes after a failure that its podFailurePolicy ignores, and does not count it', async () => {
  let turn = 0
  plane.startKubelets({ run: () => (turn++ === 0 ? 'failed' : 'succeeded') })
  plane.start(startJobs)
  const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } }]
  await plane.client.create(jobs, job({ backoffLimit: 0, podFailurePolicy: { rules } }))
  await plane.until(pods, (all) => all.some(({ status }) => status?.phase === 'Failed'))
  await settle()
  await clock.advance(10_000)
  const { status } = await finished('Complete')
  expect(status).toMatchObject({ succeeded: 1 })
  expect(status?.failed).toBeUndefined()
})

it('completes when an ignored pod is already gone', async () => {
  let turn = 0
  plane.startKubelets({ run: () => (turn++ === 0 ? 'failed' : 'succeeded') })
  plane.start(startJobs)
  const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'Ready', status: 'False' }] }]
  await plane.client.create(jobs, job({ backoffLimit: 0, podFailurePolicy: { rules } }))
  const [first] = await plane.until(pods, (all) => all.some(({ status }) => status?.phase === 'Failed'))
  await plane.client.delete(pods, { namespace: 'default', name: first?.metadata.name ?? '' })
  await settle()
  await clock.advance(10_000)
  const { status } = await finished('Complete')
  expect(status).toMatchObject({ succeeded: 1 })
})

it('counts no pod twice when it is stopped at any point', async () => {
  plane.startKubelets({ run: () => 'succeeded' })
  await plane.client.create(jobs, job({ completions: 12, parallelism: 4 }))
  for (let round = 0; round < 6; round++) {
    const stop = plane.start(startJobs)
    for (let turn = 0; turn < 1 + round; turn++) await settle()
    await stop()
  }
  plane.start(startJobs)
  const done = await finished('Complete')
  expect(done.status?.succeeded).toBe(12)
  expect((await plane.client.list(pods)).items).toHaveLength(12)
})

it('lets go of the pods of a Job that is deleted', async () => {
  plane.startKubelets()
  plane.start(startJobs)
  await plane.client.create(jobs, job({}))
  const [pod] = await plane.until(pods, (all) => all.length === 1 && all[0]?.spec?.nodeName !== undefined)
  await plane.client.delete(jobs, { namespace: 'default', name: 'work' })
  await plane.client.delete(pods, { namespace: 'default', name: pod?.metadata.name ?? '' })
  await plane.until(pods, (all) => all.length === 0)
})

it('is deleted some time after its end where it says so', async () => {
  plane.startKubelets({ run: () => 'succeeded' })
  plane.start(startJobs)
  plane.start(startTtlAfterFinished)
  await plane.client.create(jobs, job({ ttlSecondsAfterFinished: 30 }))
  await finished('Complete')
  await settle()
  await clock.advance(29_000)
  expect((await plane.client.list(jobs)).items[0]?.metadata.deletionTimestamp).toBeUndefined()
  await clock.advance(1_000)
  await plane.until(jobs, (all) => all.every(({ metadata }) => metadata.deletionTimestamp !== undefined))
})

describe('with a back-off limit per index', () => {
  const spec = { completionMode: 'Indexed', completions: 4, parallelism: 4, backoffLimitPerIndex: 1 }

  it('runs every index to its end, and fails for those that failed', async () => {
    plane.startKubelets({ run: (pod) => (Number(indexOf(pod)) % 2 === 1 ? 'failed' : 'succeeded') })
    plane.start(startJobs)
    await plane.client.create(jobs, job(spec))
    // The failed pods are counted when they are replaced, which they wait for.
    await plane.untilOne(jobs, 'work', ({ status }) => status?.completedIndexes === '0,2')
    await settle()
    await clock.advance(10_000)
    const { status } = await finished('Failed')
    expect(status).toMatchObject({ completedIndexes: '0,2', failedIndexes: '1,3', succeeded: 2, failed: 4 })
    expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
      ['FailureTarget', 'FailedIndexes'],
      ['Failed', 'FailedIndexes'],
    ])
    const all = (await plane.client.list(pods)).items
    expect(all.map((pod) => `${indexOf(pod)}/${failuresOf(pod)}`).sort()).toEqual([
      '0/0',
      '1/0',
      '1/1',
      '2/0',
      '3/0',
      '3/1',
    ])
    expect(all.flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([])
  })

  it('ends at once beyond maxFailedIndexes, and counts the pods that it stops', async () => {
    plane.startKubelets({ run: (pod) => (indexOf(pod) === '0' ? 'failed' : 'running') })
    plane.start(startJobs)
    await plane.client.create(jobs, job({ ...spec, backoffLimitPerIndex: 0, maxFailedIndexes: 0 }))
    const { status } = await finished('Failed')
    expect(status).toMatchObject({ failedIndexes: '0', failed: 4, terminating: 0 })
    expect(conditions({ status } as Job).Failed).toBe('MaxFailedIndexesExceeded')
  })

  it('fails an index at once where its podFailurePolicy says so', async () => {
    plane.startKubelets({ run: (pod) => (indexOf(pod) === '1' ? 'failed' : 'succeeded') })
    plane.start(startJobs)
    const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } }]
    await plane.client.create(jobs, job({ ...spec, backoffLimitPerIndex: 5, podFailurePolicy: { rules } }))
    const { status } = await finished('Failed')
    expect(status).toMatchObject({ completedIndexes: '0,2,3', failedIndexes: '1', failed: 1, succeeded: 3 })
  })
})

describe('with a successPolicy', () => {
  it.each([
    ['of one index', [{ succeededIndexes: '0' }], 'Matched rules at index 0'],
    ['of a number', [{ succeededCount: 1 }], 'Matched rules at index 0'],
    [
      'of which the second rule is met',
      [{ succeededIndexes: '1-2' }, { succeededIndexes: '0-1', succeededCount: 1 }],
      'Matched rules at index 1',
    ],
  ])('%s, succeeds and stops the others, which count as nothing', async (_, rules, message) => {
    plane.startKubelets({ run: (pod) => (indexOf(pod) === '0' ? 'succeeded' : 'running') })
    plane.start(startJobs)
    const spec = { completionMode: 'Indexed', completions: 3, parallelism: 3, successPolicy: { rules } }
    await plane.client.create(jobs, job(spec))
    const { status } = await finished('Complete')
    expect(status).toMatchObject({ completedIndexes: '0', succeeded: 1, terminating: 0 })
    expect(status?.failed).toBeUndefined()
    expect(status?.conditions?.map((each) => [each.type, each.reason, each.message])).toEqual([
      ['SuccessCriteriaMet', 'SuccessPolicy', message],
      ['Complete', 'SuccessPolicy', message],
    ])
    await plane.until(pods, (all) => all.length === 1)
  })
})

it('grows and shrinks by its indexes', async () => {
  plane.startKubelets()
  plane.start(startJobs)
  const resize = (count: number): Promise<Job> => patch({ spec: { completions: count, parallelism: count } })
  const untilIndexes = (expected: string): Promise<Pod[]> =>
    plane.until(pods, (all) => all.filter(isPodActive).map(indexOf).sort().join() === expected)
  await plane.client.create(jobs, job({ completionMode: 'Indexed', completions: 2, parallelism: 2 }))
  await untilIndexes('0,1')
  await resize(4)
  await untilIndexes('0,1,2,3')
  await resize(1)
  await untilIndexes('0')
  const { status } = await plane.untilOne(
    jobs,
    'work',
    (seen) => seen.status?.active === 1 && seen.status.terminating === 0,
  )
  expect(status?.failed).toBeUndefined()
})

it('does not count the pods that it stops when it is suspended', async () => {
  plane.startKubelets()
  plane.start(startJobs)
  await plane.client.create(jobs, job({ parallelism: 2, completions: 2 }))
  await plane.untilOne(jobs, 'work', ({ status }) => status?.ready === 2)
  await patch({ spec: { suspend: true } })
  await plane.until(pods, (all) => all.length === 0)
  const { status } = await plane.untilOne(
    jobs,
    'work',
    (seen) => !seen.status?.active && seen.status?.terminating === 0,
  )
  expect(status?.failed).toBeUndefined()
  expect(status?.startTime).toBeUndefined()
})

it('releases a pod that it no longer selects, and adopts one that it does', async () => {
  plane.startKubelets()
  plane.start(startJobs)
  const made = await plane.client.create(jobs, job({}))
  const [pod] = await plane.until(pods, (all) => all.some(({ status }) => status?.phase === 'Running'))
  const ref = { namespace: 'default', name: pod?.metadata.name ?? '' }
  const isOwn = (each: Pod): boolean => each.metadata.ownerReferences?.[0]?.uid === made.metadata.uid
  await plane.client.patch(pods, ref, { type: 'merge', body: { metadata: { ownerReferences: null } } })
  await plane.untilOne(pods, ref.name, isOwn)
  await plane.client.patch(pods, ref, { type: 'merge', body: { metadata: { labels: null } } })
  const released = await plane.untilOne(pods, ref.name, (each) => !isOwn(each))
  expect(released.metadata.finalizers ?? []).toEqual([])
  await plane.until(pods, (all) => all.filter(isOwn).length === 1)
})

it('lets go of pods that its deletion has orphaned', async () => {
  plane.startKubelets()
  const stop = plane.start(startJobs)
  await plane.client.create(jobs, job({}))
  const [pod] = await plane.until(pods, (all) => all.some(({ status }) => status?.phase === 'Running'))
  await stop()
  const ref = { namespace: 'default', name: pod?.metadata.name ?? '' }
  await plane.client.patch(pods, ref, { type: 'merge', body: { metadata: { ownerReferences: null } } })
  await plane.client.delete(jobs, { namespace: 'default', name: 'work' })
  plane.start(startJobs)
  await plane.untilOne(pods, ref.name, ({ metadata }) => (metadata.finalizers ?? []).length === 0)
})

it('leaves a Job alone that another controller manages', async () => {
  plane.startKubelets()
  plane.start(startJobs)
  await plane.client.create(jobs, {
    ...job({ managedBy: 'example.com/queue' }),
    metadata: { name: 'theirs', namespace: 'default' },
  })
  await plane.client.create(jobs, job({}))
  await plane.untilOne(jobs, 'work', ({ status }) => status?.ready === 1)
  expect((await plane.client.get(jobs, { namespace: 'default', name: 'theirs' })).status).toEqual({})
  expect((await plane.client.list(pods)).items).toHaveLength(1)
})

const failuresOf = ({ metadata }: Pod): string =>
  metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'] ?? ''

const finished = (type: string): Promise<Job> =>
  plane.untilOne(
    jobs,
    'work',
    ({ status }) => status?.conditions?.some((condition) => condition.type === type) ?? false,
  )

const conditions = ({ status }: Job): Record<string, string | undefined> =>
  Object.fromEntries(status?.conditions?.map(({ type, reason }) => [type, reason]) ?? [])

const indexOf = ({ metadata }: Pod): string => metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? ''

const patch = (body: unknown): Promise<Job> =>
  plane.client.patch(jobs, { namespace: 'default', name: 'work' }, { type: 'merge', body })

const job = (spec: Partial<Job['spec']>): Job => ({
  metadata: { name: 'work', namespace: 'default' },
  spec: {
    completions: 1,
    parallelism: 1,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'busybox' }] } },
    ...spec,
  },
})
