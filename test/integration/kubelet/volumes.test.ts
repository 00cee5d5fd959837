import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/** Volumes of the default class on two real workers. */
let cluster: DockerCluster
const clusterName = `volumes-${process.pid}`
const volumesFolder = '/var/lib/slipway/volumes'

beforeAll(async () => {
  cluster = await startDockerCluster({ name: clusterName, count: 2 })
})
afterAll(async () => {
  await cluster?.remove()
  // Nothing of a removed cluster is left on the engine.
  const { stdout } = await promisify(execFile)('docker', [
    'volume',
    'ls',
    '-q',
    '--filter',
    `name=slipway-${clusterName}`,
  ])
  expect(stdout).toBe('')
})

const kubectl = (...args: string[]): Promise<string> => cluster.kubectl.ok(...args)
const apply = async (...items: unknown[]): Promise<void> => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stderr } = await cluster.kubectl.withInput(list, 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const inWorker = async (worker: string, ...command: string[]): Promise<string> =>
  (await promisify(execFile)('docker', ['exec', `slipway-${worker}`, ...command])).stdout.trim()
const volumeOf = (claim: string): Promise<string> => kubectl('get', 'pvc', claim, '-o', 'jsonpath={.spec.volumeName}')
const claimTemplate = (name: string) => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '100Mi' } } },
})
const claim = (name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  ...claimTemplate(name),
  spec: { ...claimTemplate(name).spec, ...spec },
})
const podWith = (name: string, claimName: string, script: string, spec: object = {}, mount: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    restartPolicy: 'Never',
    containers: [
      {
        name: 'main',
        image: 'busybox:1.36',
        command: ['sh', '-c', script],
        volumeMounts: [{ name: 'data', mountPath: '/data', ...mount }],
      },
    ],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    ...spec,
  },
})

test('a StatefulSet’s data follows its pod to another worker', async () => {
  const labels = { app: 'db' }
  await apply({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          securityContext: { runAsUser: 1000, fsGroup: 2000 },
          containers: [
            {
              name: 'main',
              image: 'busybox:1.36',
              command: ['sh', '-c', 'hostname >> /data/log; echo $NODE >> /data/nodes; exec sleep 1000'],
              env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
        },
      },
      volumeClaimTemplates: [claimTemplate('data')],
    },
  })
  await kubectl('rollout', 'status', 'statefulset/db', '--timeout=60s')
  const first = await kubectl('get', 'pod', 'db-0', '-o', 'jsonpath={.spec.nodeName}')
  await kubectl('cordon', first)
  await kubectl('delete', 'pod', 'db-0')
  await cluster.kubectl.waitForValue('statefulset/db', '{.status.readyReplicas}', '1')
  const second = await kubectl('get', 'pod', 'db-0', '-o', 'jsonpath={.spec.nodeName}')
  await kubectl('uncordon', first)
  expect(second).not.toBe(first)
  expect((await kubectl('exec', 'db-0', '--', 'cat', '/data/nodes')).trim().split('\n')).toEqual([first, second])
  expect((await kubectl('exec', 'db-0', '--', 'stat', '-c', '%g', '/data/log')).trim()).toBe('2000')
  expect(await kubectl('get', 'pvc', 'data-db-0', '-o', 'jsonpath={.status.phase}')).toBe('Bound')
  await kubectl('delete', 'statefulset', 'db')
})

test('a deleted claim takes its data with it, one of policy Retain leaves it', async () => {
  await apply(
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'kept' },
      provisioner: 'slipway.dev/cluster-volume',
      reclaimPolicy: 'Retain',
    },
    claim('gone'),
    claim('kept', { storageClassName: 'kept' }),
    podWith('gone', 'gone', 'echo data > /data/file'),
    podWith('kept', 'kept', 'mkdir /data/sub; echo data > /data/sub/file'),
  )
  for (const name of ['gone', 'kept']) await cluster.kubectl.waitForValue(`pod/${name}`, '{.status.phase}', 'Succeeded')
  const [gone, kept] = await Promise.all(['gone', 'kept'].map(volumeOf))
  const [worker = ''] = cluster.workers
  expect((await inWorker(worker, 'ls', volumesFolder)).split('\n')).toEqual(expect.arrayContaining([gone, kept]))
  await kubectl('delete', 'pod,pvc', 'gone', 'kept')
  await kubectl('wait', '--for=delete', `pv/${gone ?? ''}`, '--timeout=30s')
  await cluster.kubectl.waitForValue(`pv/${kept ?? ''}`, '{.status.phase}', 'Released')
  expect((await inWorker(worker, 'ls', volumesFolder)).split('\n')).not.toContain(gone)
  expect(await inWorker(worker, 'cat', `${volumesFolder}/${kept ?? ''}/sub/file`)).toBe('data')
})

test('a volume is expanded, cloned, mounted by subPath and read-only, and restored from a snapshot', async () => {
  await apply(claim('source'), podWith('source', 'source', 'mkdir /data/sub; echo one > /data/sub/file'))
  await cluster.kubectl.waitForValue('pod/source', '{.status.phase}', 'Succeeded')
  await kubectl('patch', 'pvc', 'source', '-p', '{"spec":{"resources":{"requests":{"storage":"200Mi"}}}}')
  await cluster.kubectl.waitForValue('pvc/source', '{.status.capacity.storage}', '200Mi')
  const script = 'cat /data/file; touch /data/new || exit 3'
  await apply(
    claim('copy', {
      resources: { requests: { storage: '200Mi' } },
      dataSource: { kind: 'PersistentVolumeClaim', name: 'source' },
    }),
    podWith('copy', 'copy', script, {}, { subPath: 'sub', readOnly: true }),
  )
  await cluster.kubectl.waitForValue('pod/copy', '{.status.containerStatuses[0].state.terminated.exitCode}', '3')
  expect(await kubectl('logs', 'copy')).toContain('one\n')

  await apply({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'taken' },
    spec: { source: { persistentVolumeClaimName: 'source' } },
  })
  await cluster.kubectl.waitForValue('volumesnapshot/taken', '{.status.readyToUse}', 'true')
  await apply(
    podWith('change', 'source', 'echo two > /data/sub/file'),
    claim('restored', {
      resources: { requests: { storage: '200Mi' } },
      dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'taken' },
    }),
    podWith('restored', 'restored', 'cat /data/sub/file'),
  )
  await cluster.kubectl.waitForValue('pod/restored', '{.status.phase}', 'Succeeded')
  expect(await kubectl('logs', 'restored')).toBe('one\n')
  await kubectl('delete', 'volumesnapshot', 'taken')
  expect(await kubectl('get', 'volumesnapshotcontents', '-o', 'name')).toBe('')
})

test('a local volume of the node is there before its pod; a missing one is told', async () => {
  const [worker = ''] = cluster.workers
  await inWorker(worker, 'sh', '-c', 'mkdir -p /mnt/disk && echo disk > /mnt/disk/file && ln -s /mnt/disk /tmp/disk')
  const local = (name: string, path: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: name,
      local: { path },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [worker] }] },
          ],
        },
      },
    },
  })
  await apply(
    local('disk', '/tmp/disk'),
    local('absent', '/mnt/absent'),
    claim('disk', { storageClassName: 'disk' }),
    claim('absent', { storageClassName: 'absent' }),
    podWith('disk', 'disk', 'cat /data/file'),
    podWith('absent', 'absent', 'true'),
  )
  await cluster.kubectl.waitForValue('pod/disk', '{.status.phase}', 'Succeeded')
  expect(await kubectl('logs', 'disk')).toBe('disk\n')
  const about = ['--field-selector', 'involvedObject.name=absent,reason=FailedMount']
  await expect
    .poll(() => kubectl('get', 'events', ...about, '-o', 'jsonpath={.items[*].message}'), { timeout: 30_000 })
    .toContain('path "/mnt/absent" does not exist')
})

test('block devices: refused where there is none to give, and the reason is told', async () => {
  const [worker = ''] = cluster.workers
  // Making the node is no right to use it: the control group of the worker has no devices of the machine.
  await inWorker(worker, 'mknod', '/mnt/device', 'b', '7', '250')
  await apply(
    claim('block', { volumeMode: 'Block' }),
    podWith('block', 'block', 'true', {}, {}),
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'raw' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Block',
        storageClassName: 'raw',
        local: { path: '/mnt/device' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [worker] }] },
            ],
          },
        },
      },
    },
    claim('raw', { volumeMode: 'Block', storageClassName: 'raw' }),
    {
      ...podWith('raw', 'raw', 'true'),
      spec: {
        ...podWith('raw', 'raw', 'true').spec,
        containers: [
          {
            name: 'main',
            image: 'busybox:1.36',
            command: ['sh', '-c', 'true'],
            volumeDevices: [{ name: 'data', devicePath: '/dev/raw' }],
          },
        ],
      },
    },
  )
  const told = (name: string, reason: string) =>
    expect.poll(
      () =>
        kubectl(
          'get',
          'events',
          '--field-selector',
          `involvedObject.name=${name},reason=${reason}`,
          '-o',
          'jsonpath={.items[*].message}',
        ),
      { timeout: 30_000 },
    )
  await told('block', 'ProvisioningFailed').toContain('does not support block volumes: workers have no block devices')
  await told('raw', 'FailedMapVolume').toBe(
    'MapVolume.SetUpDevice failed: this worker may not use /mnt/device: it has no devices of its machine',
  )
  await kubectl('delete', 'pod', 'block', 'raw')
})
