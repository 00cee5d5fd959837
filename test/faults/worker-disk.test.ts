import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../support/docker-cluster.ts'
import { containersIn } from '../support/worker-containers.ts'

/** A worker whose disk is filled, by a pod or by somebody else. Its two volumes are file systems of their own of a few MB. */
const run = promisify(execFile)
const clusterName = `disk-${process.pid}`
const worker = `${clusterName}-worker-1`
let cluster: DockerCluster

beforeAll(async () => {
  for (const [volume, size] of [
    ['docker', '256m'],
    ['kubelet', '48m'],
  ])
    await run('docker', [
      ...['volume', 'create', '--label', 'slipway.dev/test=ci'],
      ...['-o', 'type=tmpfs', '-o', 'device=tmpfs', '-o', `o=size=${size}`, `slipway-${worker}-${volume}`],
    ])
  cluster = await startDockerCluster({
    name: clusterName,
    kubelet: {
      evictionHard: { 'nodefs.available': '8Mi', 'imagefs.available': '16Mi' },
      evictionPressureTransitionPeriod: '5s',
    },
  })
  const web = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '1d'] }],
        },
      },
    },
  }
  expect((await cluster.kubectl.withInput(JSON.stringify(web), 'apply', '-f', '-')).stderr).toBe('')
  await cluster.kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=90s')
})
afterAll(() => cluster?.remove())

const inWorker = async (script: string): Promise<string> =>
  (await run('docker', ['exec', `slipway-${worker}`, 'sh', '-c', script])).stdout.trim()
const agentPid = (): Promise<string> => inWorker('pgrep -P 1 -x node')
const allPods = async (): Promise<Pod[]> =>
  (JSON.parse(await cluster.kubectl.ok('get', 'pods', '-o', 'json')) as { items: Pod[] }).items
const events = (): Promise<string> =>
  cluster.kubectl.ok('get', 'events', '-A', '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}')
const hasPressure = async (): Promise<boolean> => {
  const node = JSON.parse(await cluster.kubectl.ok('get', 'node', worker, '-o', 'json')) as Node
  return node.status?.conditions?.find(({ type }) => type === 'DiskPressure')?.status === 'True'
}
const recovered = async (): Promise<void> => {
  await expect.poll(hasPressure, { timeout: 60_000, interval: 500 }).toBe(false)
  await cluster.kubectl.ok('wait', 'node', worker, '--for=condition=Ready', '--timeout=30s')
  await cluster.kubectl.ok('rollout', 'status', 'deployment/web', '--timeout=90s')
}
/** By the uid in its name; sandboxes that wait for a pod have one of their own. */
const isOfPod = /(?<!warm-)\b[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}/
/** Containers and folders of pods that are not there any more. */
const strays = async (): Promise<string[]> => {
  const uids = (await allPods()).map(({ metadata }) => metadata.uid ?? '')
  const folders = await inWorker('ls /var/lib/kubelet/pods /var/lib/kubelet/memory')
  return [...(await containersIn(worker)), ...folders.split('\n')].filter(
    (line) => isOfPod.test(line) && !uids.some((uid) => line.includes(uid)),
  )
}

test('a pod that fills the disk is evicted, its status says for what, and its room is free again', async () => {
  const hog = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'hog' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'c',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'dd if=/dev/zero of=/data/file bs=64k; sleep 1d'],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  }
  expect((await cluster.kubectl.withInput(JSON.stringify(hog), 'create', '-f', '-')).stderr).toBe('')
  await cluster.kubectl.waitForValue('pod/hog', '{.status.reason}', 'Evicted')
  const [pod] = (await allPods()).filter(({ metadata }) => metadata.name === 'hog')
  expect(pod?.status?.phase).toBe('Failed')
  expect(pod?.status?.message).toMatch(/^The node was low on resource: ephemeral-storage\. Threshold quantity: 8Mi/)
  await recovered()
  await cluster.kubectl.ok('delete', 'pod', 'hog')
  await expect.poll(strays, { timeout: 30_000 }).toEqual([])
})

test('a disk that somebody else fills: the node says so, pods wait and run again by themselves', async () => {
  const pid = await agentPid()
  await inWorker('for d in docker kubelet; do dd if=/dev/zero of=/var/lib/$d/filler bs=64k 2>/dev/null; done; true')
  await expect.poll(hasPressure, { timeout: 40_000, interval: 500 }).toBe(true)
  expect(await events()).toContain('EvictionThresholdMet: Attempting to reclaim ephemeral-storage')
  // A pod that may go there all the same starts when there is room; until then its status says why not.
  const patient = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'patient', namespace: 'kube-system' },
    spec: {
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '1d'] }],
    },
  }
  expect((await cluster.kubectl.withInput(JSON.stringify(patient), 'create', '-f', '-')).stderr).toBe('')
  await expect.poll(events, { timeout: 40_000, interval: 500 }).toMatch(/no space left on device/i)
  expect(await agentPid()).toBe(pid)
  await inWorker('rm /var/lib/docker/filler /var/lib/kubelet/filler')
  await recovered()
  await cluster.kubectl.ok('wait', 'pod/patient', '-n', 'kube-system', '--for=condition=Ready', '--timeout=60s')
  await cluster.kubectl.ok('delete', 'pod', 'patient', '-n', 'kube-system')
  // Those that were evicted are kept as failed; deleted, nothing of them is left.
  await cluster.kubectl.ok('delete', 'pods', '--field-selector=status.phase=Failed')
  await expect.poll(strays, { timeout: 30_000 }).toEqual([])
  expect(await agentPid()).toBe(pid)
})
