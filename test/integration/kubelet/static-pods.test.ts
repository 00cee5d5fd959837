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
