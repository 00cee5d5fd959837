import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/** One worker of 1.5 GiB, which is short of memory below 700 MiB. */
let cluster: DockerCluster
const clusterName = `pressure-${process.pid}`
const worker = `${clusterName}-worker-1`

beforeAll(async () => {
  cluster = await startDockerCluster({
    name: clusterName,
    memoryBytes: 1_536 * 2 ** 20,
    kubelet: {
      evictionHard: { 'memory.available': '700Mi' },
      evictionPressureTransitionPeriod: '10s',
      shutdownGracePeriod: '6s',
      shutdownGracePeriodCriticalPods: '2s',
    },
  })
})
afterAll(() => cluster?.remove())

async function create(name: string, spec: PodSpec): Promise<void> {
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
  const { code, stderr } = await cluster.kubectl.withInput(JSON.stringify(pod), 'create', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const get = async (name: string): Promise<Pod> =>
  JSON.parse(await cluster.kubectl.ok('get', 'pod', name, '-o', 'json')) as Pod
const waitFor = (what: string, path: string, value: string): Promise<void> =>
  cluster.kubectl.waitForValue(what, `{${path}}`, value)
const condition = (type: string) => `.status.conditions[?(@.type=="${type}")]`
const sleeping = (name: string, more: Partial<PodSpec['containers'][number]> = {}): PodSpec => ({
  terminationGracePeriodSeconds: 0,
  containers: [{ name, image: 'busybox:1.36', command: ['sleep', '1d'], ...more }],
})

test('when memory is short, who uses most beyond the request is evicted, and the node says so until it is over', async () => {
  await create('calm', sleeping('calm', { resources: { requests: { memory: '64Mi' } } }))
  await create('hog', {
    ...sleeping('hog', {
      command: ['sh', '-c', 'dd if=/dev/zero of=/m/x bs=1M count=900 && sleep 1d'],
      volumeMounts: [{ name: 'm', mountPath: '/m' }],
    }),
    volumes: [{ name: 'm', emptyDir: { medium: 'Memory' } }],
  })
  await waitFor('pod/hog', '.status.reason', 'Evicted')
  const { status } = await get('hog')
  expect(status?.phase).toBe('Failed')
  expect(status?.message).toMatch(
    /^The node was low on resource: memory\. Threshold quantity: 700Mi, available: \S+\. Container hog was using \S+, request is 0, has larger consumption of memory\. $/,
  )
  expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'TerminationByKubelet',
    message: status?.message,
  })
  const events = await cluster.kubectl.ok(
    'get',
    'events',
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  )
  expect(events).toContain('EvictionThresholdMet: Attempting to reclaim memory')
  expect(events).toContain('Evicted: The node was low on resource: memory. ')
  const node = JSON.parse(await cluster.kubectl.ok('get', 'node', worker, '-o', 'json')) as Node
  const pressure = node.status?.conditions?.find(({ type }) => type === 'MemoryPressure')
  expect(pressure).toMatchObject({ status: 'True', reason: 'KubeletHasInsufficientMemory' })
  expect((await get('calm')).status?.phase).toBe('Running')
  // What the pod wrote to memory has gone with it, and a pod that asks for nothing is taken again.
  await waitFor(`node/${worker}`, `${condition('MemoryPressure')}.status`, 'False')
  await create('late', sleeping('late'))
  await waitFor('pod/late', '.status.phase', 'Running')
})

test('the pods of a worker that is stopped end in order, for good', async () => {
  await create('slow', {
    ...sleeping('slow', { command: ['sh', '-c', 'trap "sleep 1; exit 3" TERM; while :; do sleep 0.1; done'] }),
    terminationGracePeriodSeconds: 30,
  })
  await waitFor('pod/slow', '.status.phase', 'Running')
  const begun = performance.now()
  await cluster.cluster.stopWorker(worker)
  expect(performance.now() - begun).toBeLessThan(20_000)
  const { status } = await get('slow')
  expect(status).toMatchObject({
    phase: 'Failed',
    reason: 'Terminated',
    message: 'Pod was terminated in response to imminent node shutdown.',
  })
  expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(3)
  const ready = await cluster.kubectl.ok('get', 'node', worker, '-o', `jsonpath={${condition('Ready')}.message}`)
  expect(ready).toBe('node is shutting down')
})
