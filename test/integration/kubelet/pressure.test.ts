import { execFile } from 'node:child_process'
import { readFile, statfs } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/**
 * One worker of 1.5 GiB, which is short of memory below 700 MiB, of disk when 4 GiB more than now are used, and of
 * processes with 1,500 more: other programs of this machine use some meanwhile, but not so many.
 */
let cluster: DockerCluster
const clusterName = `pressure-${process.pid}`
const worker = `${clusterName}-worker-1`

const gib = 2 ** 30
const run = promisify(execFile)

beforeAll(async () => {
  // Workers' disk is the engine's.
  const { stdout: engineRoot } = await run('docker', ['info', '--format', '{{.DockerRootDir}}'])
  const { bavail, bsize } = await statfs(engineRoot.trim())
  // What a worker sees, whose pid_max may be its own.
  const limits = ['run', '--rm', 'busybox:1.36', 'cat', '/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max']
  const most = Math.min(...(await run('docker', limits)).stdout.trim().split('\n').map(Number))
  const processes = most - Number(/\/(\d+)/.exec(await readFile('/proc/loadavg', 'utf8'))?.[1])
  cluster = await startDockerCluster({
    name: clusterName,
    memoryBytes: 1_536 * 2 ** 20,
    kubelet: {
      evictionHard: {
        'memory.available': '700Mi',
        'imagefs.available': String(bavail * bsize - 4 * gib),
        'pid.available': String(processes - 1_500),
      },
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

const eventsOf = (reason: string): Promise<string> =>
  cluster.kubectl.ok(
    'get',
    'events',
    '--field-selector',
    `reason=${reason}`,
    '-o',
    'jsonpath={range .items[*]}{.message}{"\\n"}{end}',
  )

test('when the disk is short, images that no pod uses go, then the pod that uses most', async () => {
  const images = async (): Promise<string> =>
    cluster.kubectl.ok('get', 'node', worker, '-o', 'jsonpath={.status.images[*].names}')
  await create('used', sleeping('used'))
  await create('past', { ...sleeping('past', { image: 'redis:7', command: ['true'] }), restartPolicy: 'Never' })
  await waitFor('pod/past', '.status.phase', 'Succeeded')
  await expect.poll(images, { timeout: 20_000 }).toContain('redis:7')
  await cluster.kubectl.ok('delete', 'pod', 'past')
  await create('filler', {
    ...sleeping('filler', {
      command: ['sh', '-c', 'fallocate -l 8G /d/x && exec sleep 1d'],
      volumeMounts: [{ name: 'd', mountPath: '/d' }],
    }),
    volumes: [{ name: 'd', emptyDir: {} }],
  })
  await waitFor('pod/filler', '.status.reason', 'Evicted')
  expect((await get('filler')).status?.message).toMatch(
    /^The node was low on resource: ephemeral-storage\. Threshold quantity: \S+, available: \S+\. /,
  )
  await expect.poll(images, { timeout: 20_000 }).not.toContain('redis:7')
  expect(await images()).toContain('busybox:1.36')
  expect(await eventsOf('EvictionThresholdMet')).toContain('Attempting to reclaim ephemeral-storage')
  expect((await get('used')).status?.phase).toBe('Running')
  await waitFor(`node/${worker}`, `${condition('DiskPressure')}.status`, 'False')
})

test('when process ids are short, who has most of them is evicted', async () => {
  await create('forks', sleeping('forks', { command: ['sh', '-c', 'for i in $(seq 2500); do sleep 1d & done; wait'] }))
  await waitFor('pod/forks', '.status.reason', 'Evicted')
  expect((await get('forks')).status?.message).toMatch(
    /^The node was low on resource: pids\. Threshold quantity: \d+, available: \d+\. /,
  )
  expect(await eventsOf('EvictionThresholdMet')).toContain('Attempting to reclaim pids')
  expect((await get('used')).status?.phase).toBe('Running')
  const node = JSON.parse(await cluster.kubectl.ok('get', 'node', worker, '-o', 'json')) as Node
  const pressure = node.status?.conditions?.find(({ type }) => type === 'PIDPressure')
  expect(pressure).toMatchObject({ status: 'True', reason: 'KubeletHasInsufficientPID' })
  await waitFor(`node/${worker}`, `${condition('PIDPressure')}.status`, 'False')
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
