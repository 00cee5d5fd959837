import { mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { attachmentName } from '#shared/kube/csi.ts'
import type {
  CSIDriverSpec,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
  Pod,
} from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import {
  csiDrivers,
  csiNodes,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  volumeAttachments,
} from '#shared/kube/resources.ts'
import { createHash } from 'node:crypto'
import { startTestDriver, type TestDriverOptions } from '#test/support/csi/driver.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeMounts } from '#test/support/fake-mounts.ts'
import { stored } from '#test/support/stored.ts'
import { createCsiDrivers, type CsiDrivers } from './drivers.ts'
import { watchPlugins } from './plugin-watcher.ts'
import { createCsiVolumes, type CsiVolumes } from './volumes.ts'

/** The agent's side of CSI against a driver that listens on a socket; only mounts are not real. */
const name = 'csi.test'
let plane: TestControlPlane
let root: string
let driver: Awaited<ReturnType<typeof startTestDriver>>
let drivers: CsiDrivers
let volumes: CsiVolumes
let events: string[]
let condition = { abnormal: false, message: 'fine' }
let stopWatching: () => void | Promise<void>
const options = (): TestDriverOptions => ({
  name,
  nodeId: 'node-of-w',
  socket: join(root, 'plugins/csi.sock'),
  registration: join(root, 'plugins_registry/csi-reg.sock'),
  data: join(root, 'data'),
  bind: async (_source, target) => void (await mkdir(target, { recursive: true })),
  unbind: (target) => rm(target, { recursive: true, force: true }),
  condition: () => condition,
})

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'csi-'))
  plane = await startControlPlane()
  await plane.client.create(nodes, { metadata: { name: 'w' } })
  events = []
  condition = { abnormal: false, message: 'fine' }
  drivers = createCsiDrivers({ client: plane.client, nodeName: 'w' })
  await drivers.announce()
  stopWatching = await watchPlugins({
    folder: join(root, 'plugins_registry'),
    handlers: { CSIPlugin: drivers.handler },
    clock: systemClock,
    log: silentLog,
  })
  volumes = createCsiVolumes({
    client: plane.client,
    drivers,
    recorder: {
      event: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`),
      flush: async () => undefined,
    },
    mounts: createFakeMounts(),
    root,
    nodeName: 'w',
    clock: systemClock,
  })
  driver = await startTestDriver(options())
  await vi.waitFor(() => expect(drivers.get(name)).toBeDefined(), 5_000)
})
afterEach(async () => {
  await stopWatching()
  driver.stop()
  await plane.stop()
  await rm(root, { recursive: true, force: true })
})

test('a driver whose socket appears is registered with its CSINode, annotation and labels, and leaves with it', async () => {
  await vi.waitFor(() => expect(driver.registered).toEqual([{ plugin_registered: true, error: '' }]))
  const csiNode = await plane.client.get(csiNodes, { name: 'w' })
  expect(csiNode.spec.drivers).toEqual([
    { name, nodeID: 'node-of-w', topologyKeys: ['topology.csi.test/node'], allocatable: { count: 7 } },
  ])
  expect(csiNode.metadata.ownerReferences?.[0]?.kind).toBe('Node')
  const node = await plane.client.get(nodes, { name: 'w' })
  expect(node.metadata.annotations?.['csi.volume.kubernetes.io/nodeid']).toBe(`{"${name}":"node-of-w"}`)
  expect(node.metadata.labels?.['topology.csi.test/node']).toBe('node-of-w')
  await unlink(join(root, 'plugins_registry/csi-reg.sock'))
  await vi.waitFor(async () => {
    expect((await plane.client.get(csiNodes, { name: 'w' })).spec.drivers).toEqual([])
    expect(drivers.get(name)).toBeUndefined()
  })
})

test('a volume is attached, staged once, published for each pod, and unstaged after the last one', async () => {
  await declareDriver({ podInfoOnMount: true })
  const claimed = await claim()
  const attachment = attachmentName({ driver: name, handle: 'disk-1', node: 'w' }, sha256)
  await expect(mount('a', claimed)).rejects.toThrow('not attached to node w yet')
  expect((await plane.client.get(nodes, { name: 'w' })).status?.volumesInUse).toEqual([
    `kubernetes.io/csi/${name}^disk-1`,
  ])
  const made = await plane.client.create(volumeAttachments, {
    metadata: { name: attachment },
    spec: { attacher: name, nodeName: 'w', source: { persistentVolumeName: 'pv' } },
  })
  await plane.client.updateStatus(volumeAttachments, {
    ...made,
    status: { attached: true, attachmentMetadata: { device: 'vda' } },
  })
  const paths = [await mount('a', claimed), await mount('b', claimed)]
  expect(paths).toEqual(['a', 'b'].map((uid) => join(root, `pods/${uid}/volumes/kubernetes.io~csi/pv/mount`)))
  const staging = join(root, 'plugins/kubernetes.io/csi', name, sha256('disk-1'), 'globalmount')
  expect(callsOf('NodeStageVolume')).toMatchObject([
    {
      volume_id: 'disk-1',
      publish_context: { device: 'vda' },
      staging_target_path: staging,
      secrets: { key: 'wave' },
      volume_context: { tide: 'low' },
      volume_capability: {
        mount: { fs_type: 'ext4', mount_flags: ['noatime'] },
        access_mode: { mode: 'SINGLE_NODE_WRITER' },
      },
    },
  ])
  expect(callsOf('NodePublishVolume')[0]).toMatchObject({
    target_path: paths[0],
    staging_target_path: staging,
    volume_context: {
      tide: 'low',
      'csi.storage.k8s.io/pod.name': 'a',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/ephemeral': 'false',
    },
  })
  const data: unknown = JSON.parse(
    await readFile(join(root, 'pods/a/volumes/kubernetes.io~csi/pv/vol_data.json'), 'utf8'),
  )
  expect(data).toEqual({
    driverName: name,
    volumeHandle: 'disk-1',
    specVolID: 'pv',
    nodeName: 'w',
    attachmentID: attachment,
    volumeLifecycleMode: 'Persistent',
  })
  await volumes.unmountPod('a')
  expect(callsOf('NodeUnstageVolume')).toEqual([])
  await volumes.unmountPod('b')
  expect(callsOf('NodeUnstageVolume')).toEqual([{ volume_id: 'disk-1', staging_target_path: staging }])
  expect(callsOf('NodeUnpublishVolume')).toHaveLength(2)
  expect((await plane.client.get(nodes, { name: 'w' })).status?.volumesInUse ?? []).toEqual([])
  await expect(stat(join(root, 'pods/b/volumes/kubernetes.io~csi/pv'))).rejects.toThrow('ENOENT')
}, 15_000)

test('a volume that has grown is expanded on the node, and its claim says so; an abnormal one is told', async () => {
  await declareDriver({ attachRequired: false })
  const claimed = await claim()
  const { claim: before } = claimed
  const pending = await plane.client.updateStatus(persistentVolumeClaims, {
    ...before,
    status: {
      ...before.status,
      allocatedResources: { storage: '2Gi' },
      allocatedResourceStatuses: { storage: 'NodeResizePending' },
      conditions: [{ type: 'FileSystemResizePending', status: 'True' }],
    },
  })
  const grown = await plane.client.patch(
    persistentVolumes,
    { name: 'pv' },
    { type: 'merge', body: { spec: { capacity: { storage: '2Gi' } } } },
  )
  condition = { abnormal: true, message: 'the disk is on fire' }
  await mount('a', { ...claimed, claim: pending, volume: grown })
  expect(callsOf('NodeExpandVolume')).toMatchObject([
    {
      volume_id: 'disk-1',
      capacity_range: { required_bytes: 2 * 2 ** 30 },
      volume_path: expect.stringContaining('pods/a') as string,
    },
  ])
  const after = await plane.client.get(persistentVolumeClaims, { namespace: 'default', name: 'c' })
  expect(after.status).toEqual({ phase: 'Bound', capacity: { storage: '2Gi' }, allocatedResources: { storage: '2Gi' } })
  expect(events).toContain('FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume "pv"')
  expect(events).toContain('VolumeConditionAbnormal: Volume data: the disk is on fire')
})

test('an inline volume is published with what its driver asks to know, without staging; others are refused', async () => {
  await declareDriver({})
  const source = { inline: { driver: name, volumeAttributes: { size: '1' } }, name: 'scratch' }
  await expect(mount('a', source)).rejects.toThrow('volume mode "Ephemeral" not supported by driver csi.test')
  await plane.client.delete(csiDrivers, { name })
  await declareDriver({
    volumeLifecycleModes: ['Ephemeral'],
    podInfoOnMount: true,
    tokenRequests: [{ audience: 'vault' }],
  })
  await mount('a', source)
  await mount('a', source)
  const [published, ...others] = callsOf('NodePublishVolume')
  expect(published).toMatchObject({
    volume_id: `csi-${sha256('ascratch')}`,
    target_path: join(root, 'pods/a/volumes/kubernetes.io~csi/scratch/mount'),
    staging_target_path: '',
    volume_context: {
      size: '1',
      'csi.storage.k8s.io/ephemeral': 'true',
      'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify({
        vault: { token: 'token for vault', expirationTimestamp: 'later' },
      }),
    },
  })
  expect([others, callsOf('NodeStageVolume')]).toEqual([[], []])
  await volumes.unmountPod('a')
  expect(callsOf('NodeUnpublishVolume')).toHaveLength(1)
})

test('a driver that asks for it is published to again; an unknown one fails the mount', async () => {
  await declareDriver({ volumeLifecycleModes: ['Ephemeral'], requiresRepublish: true, podInfoOnMount: true })
  const source = { inline: { driver: name }, name: 'scratch' }
  await mount('a', source)
  await mount('a', source)
  expect(callsOf('NodePublishVolume')).toHaveLength(2)
  await expect(mount('a', { inline: { driver: 'other' }, name: 'x' })).rejects.toThrow(
    'driver name other not found in the list of registered CSI drivers',
  )
})

test('a block device is published as a file of the kubelet for each pod, at Kubernetes’ paths, and leaves none behind', async () => {
  await declareDriver({ attachRequired: false, fsGroupPolicy: 'File' })
  const claimed = await claim({ volumeMode: 'Block' })
  const devices = join(root, 'plugins/kubernetes.io/csi/volumeDevices')
  expect([await mount('a', claimed), await mount('b', claimed)]).toEqual([
    join(devices, 'publish/pv/a'),
    join(devices, 'publish/pv/b'),
  ])
  const [staged, ...others] = callsOf('NodeStageVolume')
  expect(others).toEqual([])
  expect(staged).toMatchObject({ staging_target_path: join(devices, 'staging/pv') })
  expect(staged?.volume_capability).toMatchObject({ block: {} })
  expect(staged?.volume_capability).not.toHaveProperty('mount')
  await volumes.unmountPod('a')
  expect(callsOf('NodeUnstageVolume')).toEqual([])
  expect(await readdir(join(devices, 'publish/pv'))).toEqual(['b'])
  await volumes.unmountPod('b')
  expect(callsOf('NodeUnstageVolume')).toMatchObject([{ staging_target_path: join(devices, 'staging/pv') }])
  expect(await readdir(join(devices, 'publish/pv'))).toEqual([])
  expect(await volumes.has('a')).toBe(false)
})

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const callsOf = (method: string): Record<string, unknown>[] =>
  driver.calls.filter((call) => call.method === method).map(({ request }) => request)

const declareDriver = (spec: CSIDriverSpec): Promise<unknown> =>
  plane.client.create(csiDrivers, { metadata: { name }, spec })

const pod = (uid: string): Stored<Pod> =>
  stored<Pod>({
    metadata: { name: uid, namespace: 'default', uid },
    spec: { containers: [{ name: 'c' }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] },
  })

const mount = (uid: string, source: Parameters<CsiVolumes['mount']>[1]): Promise<string> =>
  volumes.mount(pod(uid), source, {
    readOnly: false,
    issueToken: async (audience) => ({ token: `token for ${audience}`, expirationTimestamp: 'later' }),
  })

async function claim(
  more: PersistentVolumeSpec = {},
): Promise<Extract<Parameters<CsiVolumes['mount']>[1], { csi: unknown }>> {
  await mkdir(join(root, 'data/disk-1'), { recursive: true })
  await writeFile(join(root, 'data/disk-1/size'), '')
  const csi = {
    driver: name,
    volumeHandle: 'disk-1',
    fsType: 'ext4',
    volumeAttributes: { tide: 'low' },
    nodeStageSecretRef: { name: 'stage', namespace: 'default' },
  }
  await plane.client.create(secrets, {
    metadata: { name: 'stage', namespace: 'default' },
    data: { key: Buffer.from('wave').toString('base64') },
  })
  const volume: Stored<PersistentVolume> = await plane.client.create(persistentVolumes, {
    metadata: { name: 'pv' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, mountOptions: ['noatime'], csi, ...more },
  })
  const created = await plane.client.create(persistentVolumeClaims, {
    metadata: { name: 'c', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv' },
  })
  const bound: Stored<PersistentVolumeClaim> = await plane.client.updateStatus(persistentVolumeClaims, {
    ...created,
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  })
  return { claim: bound, volume, csi }
}
