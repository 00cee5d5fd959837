import { expect, test } from 'vitest'
import type { Api, Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { serverWithWorkers, simulatedServer, uniqueName, type Server } from '../support/server.ts'
import { busybox, podWith } from '../support/workloads.ts'

const simulated = await simulatedServer()
const { api } = simulated

const forever = { 'slipway.dev/simulated-run-seconds': '3600' }
const indexName = 'batch.kubernetes.io/job-completion-index'
const trackingFinalizer = 'batch.kubernetes.io/job-tracking'

/** A Job named `work`; its pods run until the test ends them. */
const jobWith = (spec: object): Wire => {
  const { metadata, spec: podSpec } = podWith({ app: 'work' })
  const template = { metadata: { ...metadata, annotations: forever }, spec: { ...podSpec, restartPolicy: 'Never' } }
  return { metadata: { name: 'work', labels: { app: 'work' } }, spec: { template, ...spec } }
}

interface Place {
  api: Api
  batch: string
  core: string
}

const placeOn = async ({ api, namespace }: Server): Promise<Place> => {
  const name = await namespace()
  return { api, batch: `/apis/batch/v1/namespaces/${name}`, core: `/api/v1/namespaces/${name}` }
}

async function start(spec: object): Promise<Place> {
  const place = await placeOn(simulated)
  await place.api.create(`${place.batch}/jobs`, jobWith(spec))
  return place
}

/** Starts a Job on real workers whose pods run a shell's program to its end, with a folder /data where they have it. */
async function startProgram(spec: object, program: string, pod: Wire = {}): Promise<Place> {
  const place = await placeOn(await serverWithWorkers())
  const job = jobWith(spec)
  const volumeMounts = (pod.volumes ?? []).map(({ name }: Wire) => ({ name, mountPath: `/${name}` }))
  const containers = [{ name: 'program', image: busybox, command: ['sh', '-c', program], volumeMounts }]
  Object.assign(job.spec.template.spec, pod, { containers })
  await place.api.create(`${place.batch}/jobs`, job)
  return place
}

const podsOf = async ({ api, core }: Place): Promise<Wire[]> => (await api.get(`${core}/pods`)).items
const jobOf = ({ api, batch }: Place): Promise<Wire> => api.get(`${batch}/jobs/work`)
const indexOf = (pod: Wire): string => pod.metadata.annotations[indexName]

const untilRunning = (place: Place, count: number): Promise<Wire[]> =>
  eventually(`${count} running pods`, async () => {
    const running = (await podsOf(place)).filter(
      ({ status, metadata }) => status.phase === 'Running' && metadata.deletionTimestamp === undefined,
    )
    return running.length === count ? running : undefined
  })

/** Ends a pod's containers, as its kubelet would. */
async function end({ core }: Place, pod: Wire, exitCode: number): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+/, '')
  const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: now, finishedAt: now }
  const containerStatuses = pod.status.containerStatuses.map((status: Wire) => ({
    ...status,
    ready: false,
    started: false,
    state: { terminated },
  }))
  const status = { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses }
  await api.patch(`${core}/pods/${pod.metadata.name}/status`, { status })
}

async function untilEnded(place: Place, type: 'Complete' | 'Failed'): Promise<Wire> {
  const job = await eventually(`the Job is ${type}`, async () => {
    const seen = await jobOf(place)
    return (seen.status.conditions ?? []).some((each: Wire) => each.type === type) ? seen : undefined
  })
  for (const { metadata } of await podsOf(place)) expect(metadata.finalizers ?? []).not.toContain(trackingFinalizer)
  return job
}

const reasonsOf = ({ status }: Wire): Record<string, string> =>
  Object.fromEntries(status.conditions.map(({ type, reason }: Wire) => [type, reason]))

const indexed = (completions: number, more: object = {}): object => ({
  completionMode: 'Indexed',
  completions,
  parallelism: completions,
  ...more,
})

test('[sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]', async () => {
  const place = await start({ parallelism: 2, completions: 2 })
  const [first] = await untilRunning(place, 2)
  const at = `${place.core}/pods/${first.metadata.name}`
  const job = await jobOf(place)
  await api.change(at, ({ metadata }) => (metadata.ownerReferences = []))
  await eventually('the orphan is adopted', async () => {
    const { metadata } = await api.get(at)
    return metadata.ownerReferences?.[0]?.uid === job.metadata.uid
  })
  await api.change(at, ({ metadata }) => (metadata.labels = {}))
  await eventually('the stranger is released', async () => !(await api.get(at)).metadata.ownerReferences?.length)
  await untilRunning(place, 3)
})

test('[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]', async () => {
  const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }]
  const place = await start(indexed(2, { backoffLimit: 0, podFailurePolicy: { rules } }))
  const evicted = await untilRunning(place, 2)
  for (const { metadata } of evicted)
    await api.create(`${place.core}/pods/${metadata.name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: metadata.name },
    })
  const again = await eventually('new pods in the place of those evicted', async () => {
    const uids = evicted.map(({ metadata }) => metadata.uid)
    const fresh = (await podsOf(place)).filter(
      ({ status, metadata }) => status.phase === 'Running' && !uids.includes(metadata.uid),
    )
    return fresh.length === 2 ? fresh : undefined
  })
  for (const pod of again) await end(place, pod, 0)
  const { status } = await untilEnded(place, 'Complete')
  expect(status).toMatchObject({ succeeded: 2, completedIndexes: '0,1' })
  expect(status.failed).toBeUndefined()
})

test('[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]', async () => {
  const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }]
  const place = await start({ parallelism: 2, completions: 4, backoffLimit: 999, podFailurePolicy: { rules } })
  const [first] = await untilRunning(place, 2)
  await end(place, first, 1)
  const job = await untilEnded(place, 'Failed')
  expect(reasonsOf(job)).toEqual({ FailureTarget: 'PodFailurePolicy', Failed: 'PodFailurePolicy' })
  expect(job.status.active).toBeUndefined()
})

test('[sig-apps] Job should apply changes to a job status [Conformance]', async () => {
  const place = await start({ parallelism: 2, completions: 2 })
  await untilRunning(place, 2)
  const at = `${place.batch}/jobs/work/status`
  const patched = await api.patch(at, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { terminating: 0 },
  })
  expect(patched.metadata.annotations).toMatchObject({ patchedstatus: 'true' })
  expect((await api.get(at)).metadata.annotations).toMatchObject({ patchedstatus: 'true' })
  const updated = await api.change(at, ({ status }) =>
    (status.conditions ??= []).push({ type: 'CustomCondition', status: 'True' }),
  )
  expect(reasonsOf(updated)).toHaveProperty('CustomCondition')
  expect(reasonsOf(await api.get(at))).toHaveProperty('CustomCondition')
})

test('[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]', async () => {
  const place = await startProgram(indexed(4, { parallelism: 2 }), '[ "$(hostname)" = "work-$JOB_COMPLETION_INDEX" ]')
  const { status } = await untilEnded(place, 'Complete')
  expect(status).toMatchObject({ succeeded: 4, completedIndexes: '0-3' })
  expect(status.failed).toBeUndefined()
  const pods = await podsOf(place)
  expect(pods.map(indexOf).sort()).toEqual(['0', '1', '2', '3'])
  for (const pod of pods) {
    expect(pod.metadata.labels[indexName]).toBe(indexOf(pod))
    expect(pod.spec.hostname).toBe(`work-${indexOf(pod)}`)
    expect(pod.metadata.name.startsWith(`work-${indexOf(pod)}-`)).toBe(true)
    expect(pod.spec.containers[0].env).toContainEqual({
      name: 'JOB_COMPLETION_INDEX',
      valueFrom: { fieldRef: expect.objectContaining({ fieldPath: `metadata.labels['${indexName}']` }) },
    })
  }
})

test('[sig-apps] Job should delete a job [Conformance]', async () => {
  const place = await start({ parallelism: 2, completions: 4 })
  await untilRunning(place, 2)
  await api.delete(`${place.batch}/jobs/work`, { propagationPolicy: 'Foreground' })
  await eventually('the Job is gone', async () => (await api.ask('GET', `${place.batch}/jobs/work`)).status === 404)
  expect(await podsOf(place)).toEqual([])
})

test('[sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex [Conformance]', async () => {
  const place = await start(indexed(4, { parallelism: 2, backoffLimitPerIndex: 1 }))
  const ended = new Set<string>()
  const job = await eventually('the Job has failed', async () => {
    for (const pod of await podsOf(place)) {
      if (pod.status.phase !== 'Running' || ended.has(pod.metadata.uid)) continue
      ended.add(pod.metadata.uid)
      await end(place, pod, Number(indexOf(pod)) % 2)
    }
    const seen = await jobOf(place)
    return (seen.status.conditions ?? []).some(({ type }: Wire) => type === 'Failed') ? seen : undefined
  })
  expect(job.status).toMatchObject({ completedIndexes: '0,2', failedIndexes: '1,3', succeeded: 2, failed: 4 })
  expect(reasonsOf(job)).toEqual({ FailureTarget: 'FailedIndexes', Failed: 'FailedIndexes' })
})

test('[sig-apps] Job should manage the lifecycle of a job [Conformance]', async () => {
  const place = await start({ parallelism: 2, completions: 2, suspend: true })
  const at = `${place.batch}/jobs/work`
  const label = uniqueName('lifecycle')
  await eventually(
    'it is suspended',
    async () => reasonsOf({ status: { conditions: [], ...(await jobOf(place)).status } }).Suspended,
  )
  await api.patch(at, { metadata: { labels: { lifecycle: label } }, spec: { suspend: false } })
  await untilRunning(place, 2)
  const updated = await api.change(
    at,
    ({ metadata }) => (metadata.annotations = { ...metadata.annotations, updated: 'true' }),
  )
  expect(updated.metadata.annotations).toMatchObject({ updated: 'true' })
  const mine = { labelSelector: `lifecycle=${label}` }
  expect((await api.get('/apis/batch/v1/jobs', mine)).items).toHaveLength(1)
  await api.delete(`${place.batch}/jobs`, { propagationPolicy: 'Background' }, mine)
  await eventually('no such Job', async () => (await api.get('/apis/batch/v1/jobs', mine)).items.length === 0)
})

test('[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy [Conformance]', async () => {
  const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [0] } }]
  const place = await start(indexed(2, { backoffLimitPerIndex: 1, podFailurePolicy: { rules } }))
  for (const pod of await untilRunning(place, 2)) await end(place, pod, Number(indexOf(pod)))
  const job = await untilEnded(place, 'Failed')
  expect(job.status).toMatchObject({ completedIndexes: '0', failedIndexes: '1', succeeded: 1, failed: 1 })
  expect(await podsOf(place)).toHaveLength(2)
})

test('[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]', async () => {
  // Fails once; its volume lives on in the restarted container.
  const program = '[ -e /data/seen ] || { touch /data/seen; exit 1; }'
  const place = await startProgram({ parallelism: 2, completions: 4 }, program, {
    restartPolicy: 'OnFailure',
    volumes: [{ name: 'data', emptyDir: {} }],
  })
  const { status } = await untilEnded(place, 'Complete')
  expect(status.succeeded).toBe(4)
  expect(status.failed).toBeUndefined()
  const pods = await podsOf(place)
  expect(pods.map((pod) => pod.status.containerStatuses[0].restartCount)).toEqual([1, 1, 1, 1])
})

test('[sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes [Conformance]', async () => {
  const place = await start(indexed(10, { parallelism: 3, backoffLimitPerIndex: 0, maxFailedIndexes: 1 }))
  const [first, second] = await untilRunning(place, 3)
  await end(place, first, 1)
  await end(place, second, 1)
  const job = await untilEnded(place, 'Failed')
  expect(reasonsOf(job)).toEqual({ FailureTarget: 'MaxFailedIndexesExceeded', Failed: 'MaxFailedIndexesExceeded' })
  expect(job.status.active).toBeUndefined()
  expect(job.status.completedIndexes).toBeUndefined()
})

test('[sig-apps] Job with successPolicy should succeeded when all indexes succeeded [Conformance]', async () => {
  const place = await start(indexed(2, { successPolicy: { rules: [{ succeededCount: 2 }] } }))
  for (const pod of await untilRunning(place, 2)) await end(place, pod, 0)
  const job = await untilEnded(place, 'Complete')
  expect(reasonsOf(job)).toEqual({ SuccessCriteriaMet: 'SuccessPolicy', Complete: 'SuccessPolicy' })
  expect(job.status.completedIndexes).toBe('0,1')
})

test.each([
  ['succeededCount', { succeededCount: 1 }],
  ['succeededIndexes', { succeededIndexes: '0' }],
])(
  '[sig-apps] Job with successPolicy %s rule should succeeded even when some indexes remain pending [Conformance]',
  async (_, rule) => {
    const place = await start(indexed(5, { parallelism: 2, successPolicy: { rules: [rule] } }))
    const running = await untilRunning(place, 2)
    const first = running.find((pod) => indexOf(pod) === '0')
    expect(first).toBeDefined()
    await end(place, first, 0)
    const job = await untilEnded(place, 'Complete')
    expect(reasonsOf(job)).toEqual({ SuccessCriteriaMet: 'SuccessPolicy', Complete: 'SuccessPolicy' })
    expect(job.status).toMatchObject({ completedIndexes: '0', succeeded: 1, terminating: 0 })
    expect(job.status.failed).toBeUndefined()
  },
)
