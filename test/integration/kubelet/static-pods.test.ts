import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/** Manifests in the folder of a real worker. */
let cluster: DockerCluster
const clusterName = `static-${process.pid}`
const worker = `${clusterName}-worker-1`
const name = `web-${worker}`
const folder = '/etc/kubernetes/manifests'
const inWorker = async (script: string): Promise<string> =>
  (await promisify(execFile)('docker', ['exec', `slipway-${worker}`, 'sh', '-c', script])).stdout

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName })
})
afterAll(() => cluster?.remove())

const write = (file: string, text: string): Promise<string> => inWorker(`cat > ${folder}/${file} <<'END'\n${text}\nEND`)
const manifest = (script: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', script] }],
    },
  })
const get = async (): Promise<Pod | undefined> => {
  const { code, stdout } = await cluster.kubectl('get', 'pod', name, '-o', 'json')
  return code === 0 ? (JSON.parse(stdout) as Pod) : undefined
}
const running = (path: (pod: Pod) => unknown): Promise<void> =>
  expect
    .poll(
      async () => {
        const pod = await get()
        return pod?.status?.phase === 'Running' && path(pod)
      },
      { timeout: 30_000 },
    )
    .toBeTruthy()
const containerOf = (pod: Pod | undefined): string | undefined => pod?.status?.containerStatuses?.[0]?.containerID

test('a manifest in the folder is run, shown by a mirror pod, and followed when it changes or goes', async () => {
  await write('web.yaml', manifest('echo first; sleep 1d'))
  await running(containerOf)
  const first = await get()
  expect(first?.metadata.annotations).toMatchObject({ 'kubernetes.io/config.source': 'file' })
  expect(first?.metadata.annotations?.['kubernetes.io/config.mirror']).toBe(
    first?.metadata.annotations?.['kubernetes.io/config.hash'],
  )
  expect(await cluster.kubectl.ok('logs', name)).toBe('first\n')

  // The mirror is only a view: the container goes on, and another mirror follows.
  await cluster.kubectl.ok('delete', 'pod', name, '--wait=false')
  await running((pod) => pod.metadata.uid !== first?.metadata.uid && containerOf(pod) === containerOf(first))

  await write('web.yaml', manifest('echo second; sleep 1d'))
  await running((pod) => containerOf(pod) !== containerOf(first))
  await expect.poll(() => cluster.kubectl.ok('logs', name), { timeout: 20_000 }).toBe('second\n')

  await inWorker(`rm ${folder}/web.yaml`)
  await expect.poll(get, { timeout: 30_000 }).toBeUndefined()

  await write('bad.yaml', 'kind: Service')
  await expect
    .poll(() => cluster.kubectl.ok('get', 'events', '-o', 'jsonpath={.items[*].message}'), { timeout: 20_000 })
    .toContain(`Static pod ${folder}/bad.yaml: not a manifest of kind Pod, apiVersion v1`)
})

test('the node admits a manifest as any pod: it makes room for one, and refuses what it cannot run', async () => {
  const allocatable = await cluster.kubectl.ok('get', 'node', worker, '-o', 'jsonpath={.status.allocatable.cpu}')
  const cores = allocatable.endsWith('m') ? Number(allocatable.slice(0, -1)) : Number(allocatable) * 1_000
  const pod = (podName: string, millis: number, spec: object = {}): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: podName },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'c',
            image: 'busybox:1.36',
            command: ['sleep', '1d'],
            resources: { requests: { cpu: `${millis}m` } },
          },
        ],
        ...spec,
      },
    })
  for (const [podName, share] of [
    ['small', 0.1],
    ['large', 0.7],
  ] as const)
    expect((await cluster.kubectl.withInput(pod(podName, cores * share), 'create', '-f', '-')).code).toBe(0)
  await cluster.kubectl.ok('wait', 'pod/small', 'pod/large', '--for=condition=Ready', '--timeout=60s')
  await write('critical.yaml', pod('critical', cores * 0.8))
  await cluster.kubectl.waitForValue(`pod/critical-${worker}`, '{.status.phase}', 'Running')
  const of = (podName: string) =>
    cluster.kubectl.ok('get', 'pod', podName, '-o', 'jsonpath={.status.phase} {.status.reason}: {.status.message}')
  expect(await of('large')).toBe('Failed Preempting: Preempted in order to admit critical pod')
  // Who need not go stays.
  expect(await of('small')).toBe('Running : ')

  await write('other.yaml', pod('other', 1, { os: { name: 'windows' } }))
  await cluster.kubectl.waitForValue(`pod/other-${worker}`, '{.status.reason}', 'PodOSNotSupported')
  await write('huge.yaml', pod('huge', cores * 2))
  await cluster.kubectl.waitForValue(`pod/huge-${worker}`, '{.status.reason}', 'OutOfcpu')
})
