import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDockerCluster, type DockerCluster } from '../../support/docker-cluster.ts'

/**
 * A CSI driver in pods of two real workers, deployed as the CSI hostpath driver's manifests deploy theirs: its sockets,
 * folders and mount propagation are real, its sidecars stand-ins of the same protocols.
 */
const run = promisify(execFile)
const driver = 'csi.slipway.test'
const data = '/var/lib/slipway/volumes/csi-test'
let cluster: DockerCluster
let first: string
let second: string

beforeAll(async () => {
  cluster = await startDockerCluster({ name: `csi-${process.pid}`, count: 2 })
  ;[first = '', second = ''] = cluster.workers
  const outfile = join(cluster.dir, 'driver.cjs')
  const entry = join(import.meta.dirname, '../../support/csi/main.ts')
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node20', format: 'cjs' })
  for (const worker of cluster.workers) {
    await run('docker', ['exec', `slipway-${worker}`, 'mkdir', '-p', '/opt/csi-test'])
    await run('docker', ['cp', outfile, `slipway-${worker}:/opt/csi-test/driver.cjs`])
  }
  await apply(
    { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: driver }, spec: csiDriverSpec },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'csi' },
      provisioner: driver,
      allowVolumeExpansion: true,
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'csi' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
    },
    driverPod(first, true),
    driverPod(second, false),
  )
  for (const worker of cluster.workers)
    await cluster.kubectl.waitForValue(`csinode/${worker}`, '{.spec.drivers[0].nodeID}', `id-of-${worker}`)
})
afterAll(() => cluster?.remove())

const csiDriverSpec = { podInfoOnMount: true, volumeLifecycleModes: ['Persistent', 'Ephemeral'], fsGroupPolicy: 'File' }

const driverPod = (worker: string, withSidecars: boolean) => {
  const hostPaths: [string, string, string, string?][] = [
    ['socket', `/var/lib/kubelet/plugins/${driver}`, '/csi'],
    ['registration', '/var/lib/kubelet/plugins_registry', '/registration'],
    ['pods', '/var/lib/kubelet/pods', '/var/lib/kubelet/pods', 'Bidirectional'],
    ['plugins', '/var/lib/kubelet/plugins', '/var/lib/kubelet/plugins', 'Bidirectional'],
    ['data', data, data],
    ['program', '/opt/csi-test', '/program'],
  ]
  const env = { DRIVER: driver, NODE: worker, DATA: data, ...(withSidecars ? { SIDECARS: 'yes' } : {}) }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `driver-${worker}` },
    spec: {
      nodeName: worker,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'driver',
          image: 'slipway/test-server:1',
          command: ['node', '/program/driver.cjs'],
          env: Object.entries(env).map(([name, value]) => ({ name, value })),
          securityContext: { privileged: true },
          volumeMounts: hostPaths.map(([name, , mountPath, mountPropagation]) => ({
            name,
            mountPath,
            mountPropagation,
          })),
        },
      ],
      volumes: hostPaths.map(([name, path]) => ({ name, hostPath: { path, type: 'DirectoryOrCreate' } })),
    },
  }
}

const kubectl = (...args: string[]): Promise<string> => cluster.kubectl.ok(...args)
const apply = async (...items: unknown[]): Promise<void> => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stderr } = await cluster.kubectl.withInput(list, 'apply', '-f', '-')
  if (code !== 0) throw new Error(stderr)
}
const pod = (name: string, nodeName: string, command: string, volume: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    nodeSelector: { 'kubernetes.io/hostname': nodeName },
    terminationGracePeriodSeconds: 0,
    securityContext: { fsGroup: 2000 },
    containers: [
      {
        name: 'main',
        image: 'busybox:1.36',
        command: ['sh', '-c', `${command}; exec sleep 1000`],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', ...volume }],
  },
})
const claimed = { persistentVolumeClaim: { claimName: 'disk' } }
const inWorker = async (worker: string, ...command: string[]): Promise<string> =>
  (await run('docker', ['exec', `slipway-${worker}`, ...command])).stdout.trim()

test('a volume is provisioned, attached and mounted, follows its pod, is expanded, and goes with its claim', async () => {
  await apply(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'disk' },
      spec: { storageClassName: 'csi', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    pod('writer', first, 'echo kept > /data/file', claimed),
  )
  await cluster.kubectl.waitForValue('pod/writer', '{.status.phase}', 'Running')
  expect((await kubectl('exec', 'writer', '--', 'stat', '-c', '%g', '/data')).trim()).toBe('2000')
  const attached = ['get', 'volumeattachments', '-o', 'jsonpath={.items[*].spec.nodeName} {.items[*].status.attached}']
  expect(await kubectl(...attached)).toBe(`${first} true`)
  const inUse = await kubectl(
    'get',
    'node',
    first,
    '-o',
    'jsonpath={.status.volumesInUse[0]} {.status.volumesAttached[0].name}',
  )
  expect(inUse).toMatch(/^(kubernetes\.io\/csi\/csi\.slipway\.test\^pvc-\S+) \1$/)

  await apply(pod('reader', second, 'cat /data/file', claimed))
  const about = ['--field-selector', 'involvedObject.name=reader,reason=FailedAttachVolume']
  await expect
    .poll(() => kubectl('get', 'events', ...about, '-o', 'jsonpath={.items[*].message}'), { timeout: 20_000 })
    .toContain('Volume is already used by pod(s) writer')
  await kubectl('delete', 'pod', 'writer')
  await cluster.kubectl.waitForValue('pod/reader', '{.status.phase}', 'Running')
  expect(await kubectl('logs', 'reader')).toBe('kept\n')
  expect(await kubectl(...attached)).toBe(`${second} true`)
  expect(await inWorker(first, 'sh', '-c', 'grep -c /kubernetes.io/csi /proc/mounts || true')).toBe('0')

  await kubectl('patch', 'pvc', 'disk', '-p', '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}')
  await cluster.kubectl.waitForValue('pvc/disk', '{.status.capacity.storage}', '2Gi')
  expect(await kubectl('get', 'pvc', 'disk', '-o', 'jsonpath={.status.conditions}')).toBe('')
  expect(await kubectl('exec', 'reader', '--', 'cat', '/data/size')).toBe(String(2 * 2 ** 30))

  await kubectl('delete', 'pod/reader', 'pvc/disk')
  await expect.poll(() => inWorker(first, 'ls', data), { timeout: 30_000 }).toBe('')
  expect(await kubectl('get', 'pv,volumeattachments', '-o', 'name')).toBe('')
})

test('an inline volume lives with its pod, and the driver knows whose it is', async () => {
  await apply(pod('inline', second, 'echo scratch > /data/file', { csi: { driver } }))
  await cluster.kubectl.waitForValue('pod/inline', '{.status.phase}', 'Running')
  const context = JSON.parse(await kubectl('exec', 'inline', '--', 'cat', '/data/context.json')) as Record<
    string,
    string
  >
  expect(context).toMatchObject({
    'csi.storage.k8s.io/pod.name': 'inline',
    'csi.storage.k8s.io/pod.namespace': 'default',
    'csi.storage.k8s.io/ephemeral': 'true',
  })
  await kubectl('delete', 'pod', 'inline')
  await expect.poll(() => inWorker(first, 'ls', data), { timeout: 20_000 }).toBe('')
})

test('a driver that goes is no longer the node’s', async () => {
  await kubectl('delete', 'pod', `driver-${second}`)
  await cluster.kubectl.waitForValue(`csinode/${second}`, '{.spec.drivers}', '[]')
})
