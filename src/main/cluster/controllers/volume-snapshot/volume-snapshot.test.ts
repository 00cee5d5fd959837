import { afterEach, beforeEach, expect, it, test, vi } from 'vitest'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import { namespaces, nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '#shared/kube/resources.ts'
import {
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
  type VolumeSnapshot,
} from '#shared/kube/snapshots.ts'
import { startSnapshotApi, type SnapshotApi } from '#test/support/snapshot-api.ts'
import { startVolumeProvisioner } from '../volume-provisioner/index.ts'
import type { VolumeData } from '#shared/kube/cluster-volumes.ts'
import { startVolumeSnapshots } from './index.ts'

let api: SnapshotApi
let calls: string[]
let failure: Error | undefined
const volumeData: VolumeData = {
  remove: async (_node, volume) => void calls.push(`remove ${volume}`),
  async copy(_node, from, to) {
    if (failure) throw failure
    calls.push(`copy ${from} to ${to}`)
  },
}

beforeEach(async () => {
  calls = []
  failure = undefined
  api = await startSnapshotApi()
  const { client, onCustomResource } = api
  api.start((context) => startVolumeSnapshots(context, { onCustomResource, volumeData }))
  api.start((context) => startVolumeProvisioner(context, { volumeData }))
  await client.create(namespaces, { metadata: { name: 'default' } })
  const node = await client.create(nodes, { metadata: { name: 'w' } })
  await client.updateStatus(nodes, { ...node, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  await client.create(persistentVolumes, {
    metadata: { name: 'pv', annotations: { 'pv.kubernetes.io/provisioned-by': 'slipway.dev/cluster-volume' } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      local: { path: '/var/lib/slipway/volumes/pv' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'slipway.dev/storage', operator: 'NotIn', values: ['node'] }] },
          ],
        },
      },
    },
  })
  const claim = await client.create(persistentVolumeClaims, {
    metadata: { name: 'data', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv' },
  })
  await client.updateStatus(persistentVolumeClaims, { ...claim, status: { phase: 'Bound' } })
  await vi.waitFor(() => client.get(volumeSnapshotClasses, { name: 'standard' }), 10_000)
})
afterEach(() => api.stop())

const ref = (name: string) => ({ namespace: 'default', name })
const take = (name: string, source: VolumeSnapshot['spec']['source'], more = {}): Promise<VolumeSnapshot> =>
  api.client.create(volumeSnapshots, { metadata: ref(name), spec: { source, ...more } })
const until = async (name: string, accepts: (snapshot: VolumeSnapshot) => boolean): Promise<VolumeSnapshot> =>
  vi.waitFor(async () => {
    const snapshot = await api.client.get(volumeSnapshots, ref(name))
    if (!accepts(snapshot)) throw new Error(JSON.stringify(snapshot.status))
    return snapshot
  }, 10_000)

it('copies a volume, tells its size, restores it to a claim, and removes the copy with the snapshot', async () => {
  await take('before', { persistentVolumeClaimName: 'data' })
  const snapshot = await until('before', ({ status }) => status?.readyToUse === true)
  const handle = `snapshot-${snapshot.metadata.uid ?? ''}`
  expect(snapshot.spec.volumeSnapshotClassName).toBe('standard')
  expect(snapshot.status).toMatchObject({
    boundVolumeSnapshotContentName: `snapcontent-${snapshot.metadata.uid ?? ''}`,
    restoreSize: String(2 ** 30),
  })
  expect(Math.abs(Date.parse(snapshot.status?.creationTime ?? '') - Date.now())).toBeLessThan(60_000)
  expect(calls).toEqual([`copy pv to ${handle}`])

  await api.client.create(storageClasses, { metadata: { name: 's' }, provisioner: 'slipway.dev/cluster-volume' })
  const restored = await api.client.create(persistentVolumeClaims, {
    metadata: {
      ...ref('restored'),
      annotations: { 'volume.kubernetes.io/storage-provisioner': 'slipway.dev/cluster-volume' },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 's',
      resources: { requests: { storage: '2Gi' } },
      dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'before' },
    },
  })
  const volume = `pvc-${restored.metadata.uid}`
  await vi.waitFor(() => api.client.get(persistentVolumes, { name: volume }), 10_000)
  expect(calls[1]).toBe(`copy ${handle} to ${volume}`)

  await api.client.delete(volumeSnapshots, ref('before'))
  await vi.waitFor(() => expect(api.client.get(volumeSnapshots, ref('before'))).rejects.toSatisfy(isNotFound), 10_000)
  expect((await api.client.list(volumeSnapshotContents)).items).toEqual([])
  expect(calls[2]).toBe(`remove ${handle}`)
}, 30_000)

it('keeps the data of policy Retain, for another snapshot to be bound to', async () => {
  await api.client.create(volumeSnapshotClasses, {
    metadata: { name: 'kept' },
    driver: 'slipway.dev/cluster-volume',
    deletionPolicy: 'Retain',
  })
  await take('first', { persistentVolumeClaimName: 'data' }, { volumeSnapshotClassName: 'kept' })
  const { status, metadata } = await until('first', (each) => each.status?.readyToUse === true)
  const handle = `snapshot-${metadata.uid ?? ''}`
  await api.client.delete(volumeSnapshots, ref('first'))
  await vi.waitFor(() => expect(api.client.get(volumeSnapshots, ref('first'))).rejects.toSatisfy(isNotFound), 10_000)
  const content = { name: status?.boundVolumeSnapshotContentName ?? '' }
  expect((await api.client.get(volumeSnapshotContents, content)).status?.snapshotHandle).toBe(handle)
  await api.client.create(volumeSnapshotContents, {
    metadata: { name: 'static' },
    spec: {
      driver: 'slipway.dev/cluster-volume',
      deletionPolicy: 'Retain',
      source: { snapshotHandle: handle },
      volumeSnapshotRef: { name: 'second', namespace: 'default' },
    },
  })
  await take('second', { volumeSnapshotContentName: 'static' })
  const second = await until('second', (each) => each.status?.readyToUse === true)
  const bound = await api.client.get(volumeSnapshotContents, { name: 'static' })
  expect(bound.spec.volumeSnapshotRef.uid).toBe(second.metadata.uid)
  expect(calls.some((call) => call.startsWith('remove'))).toBe(false)
}, 30_000)

test.each<[string, VolumeSnapshot['spec']['source'], object, string]>([
  ['no claim', { persistentVolumeClaimName: 'none' }, {}, 'persistentvolumeclaim "none" not found'],
  [
    'no class',
    { persistentVolumeClaimName: 'data' },
    { volumeSnapshotClassName: 'x' },
    'volumesnapshotclass "x" not found',
  ],
  ['no content', { volumeSnapshotContentName: 'x' }, {}, 'VolumeSnapshotContent is missing'],
])('a snapshot of %s says so in its status', async (_what, source, more, why) => {
  await take('bad', source, more)
  const { status } = await until('bad', (each) => each.status?.error !== undefined)
  expect(status?.error?.message).toContain(why)
  expect(status?.readyToUse).toBe(false)
})

it('tells why data cannot be copied', async () => {
  failure = new Error('the disk is full')
  await take('full', { persistentVolumeClaimName: 'data' })
  const { status } = await until('full', (each) => each.status?.error !== undefined)
  expect(status?.error?.message).toBe('the disk is full')
}, 20_000)
