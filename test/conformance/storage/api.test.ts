import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { expectDiscovered, expectOperations, type ResourceCase } from '../support/operations.ts'
import { removeAfterwards, simulatedServer, uniqueName } from '../support/server.ts'
import { pause } from '../support/workloads.ts'

/** The life of the objects of storage.k8s.io, of PersistentVolumes and of claims, as objects. */

const { api, namespace } = await simulatedServer()
const storage = '/apis/storage.k8s.io/v1'

interface Life {
  path: string
  /** Without metadata. */
  object: () => object
}

/** Create, read, patch, list, delete; then a replacement that is updated, and goes with its collection. */
async function live({ path, object }: Life): Promise<void> {
  const label = uniqueName('life')
  const mine = { labelSelector: `life=${label}` }
  const make = (): Promise<Wire> =>
    api.create(path, { metadata: { name: uniqueName('one'), labels: { life: label } }, ...object() })
  const first = await make()
  const at = (made: Wire): string => `${path}/${made.metadata.name as string}`
  removeAfterwards(api, path, { query: mine })
  expect((await api.get(at(first))).metadata.uid).toBe(first.metadata.uid)
  const patched = await api.patch(at(first), { metadata: { labels: { patched: 'true' } } })
  expect(patched.metadata.labels).toMatchObject({ patched: 'true' })
  expect((await api.get(path, { labelSelector: `life=${label},patched=true` })).items).toHaveLength(1)
  await api.delete(at(first))
  await gone(at(first))

  const second = await make()
  const updated = await api.change(at(second), ({ metadata }) => void (metadata.labels.updated = 'true'))
  expect(updated.metadata.labels).toMatchObject({ updated: 'true' })
  const third = await make()
  expect((await api.get(path, mine)).items).toHaveLength(2)
  await api.delete(path, undefined, mine)
  await Promise.all([gone(at(second)), gone(at(third))])
}

/** What protects claims and volumes takes a moment to let go. */
const gone = (path: string): Promise<unknown> =>
  eventually(`${path} is gone`, async () => (await api.ask('GET', path)).status === 404)

const driver = { attachRequired: true, podInfoOnMount: true, volumeLifecycleModes: ['Ephemeral'] }

test('[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver [Conformance]', () =>
  live({ path: `${storage}/csidrivers`, object: () => ({ spec: driver }) }))

test('[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode [Conformance]', () =>
  live({ path: `${storage}/csinodes`, object: () => ({ spec: { drivers: [] } }) }))

test('[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]', () =>
  live({ path: `${storage}/storageclasses`, object: () => ({ provisioner: 'conformance.example.com' }) }))

test('[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass [Conformance]', () =>
  live({
    path: `${storage}/volumeattributesclasses`,
    object: () => ({ driverName: 'conformance.example.com', parameters: { iops: '100' } }),
  }))

const attachment = () => ({
  spec: { attacher: 'conformance.example.com', nodeName: 'no-such-node', source: { persistentVolumeName: 'none' } },
})

test('[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment [Conformance]', () =>
  live({ path: `${storage}/volumeattachments`, object: attachment }))

test('[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status [Conformance]', async () => {
  const made = await api.create(`${storage}/volumeattachments`, {
    metadata: { name: uniqueName('attachment') },
    ...attachment(),
  })
  const path = `${storage}/volumeattachments/${made.metadata.name as string}`
  removeAfterwards(api, path)
  const patched = await api.patch(path, { metadata: { labels: { patched: 'true' } } })
  expect(patched.metadata.labels).toMatchObject({ patched: 'true' })
  expect((await api.get(`${path}/status`)).status.attached).toBe(false)
  expect((await api.patch(`${path}/status`, { status: { attached: true } })).status.attached).toBe(true)
  const updated = await api.change(`${path}/status`, ({ status }) => void (status.attached = false))
  expect(updated.status.attached).toBe(false)
  await api.delete(path)
  await gone(path)
})

test('[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations [Conformance]', async () => {
  const capacities: ResourceCase = {
    group: 'storage.k8s.io',
    version: 'v1',
    resource: 'csistoragecapacities',
    kind: 'CSIStorageCapacity',
    namespace: await namespace(),
    object: () => ({ storageClassName: 'conformance', capacity: '1Gi' }),
    change: (object) => void (object.capacity = '2Gi'),
  }
  await expectDiscovered(api, capacities)
  await expectOperations(api, capacities)
})

test('[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API [Conformance]', async () => {
  const name = uniqueName('csi')
  await api.create(`${storage}/csidrivers`, { metadata: { name }, spec: driver })
  removeAfterwards(api, `${storage}/csidrivers/${name}`)
  await live({
    path: `/api/v1/namespaces/${await namespace()}/pods`,
    object: () => ({
      spec: {
        terminationGracePeriodSeconds: 0,
        // No node has the driver.
        schedulingGates: [{ name: 'conformance.example.com/never' }],
        containers: [{ name: 'main', image: pause, volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
        volumes: [{ name: 'v', csi: { driver: name, volumeAttributes: { size: '1' } } }],
      },
    }),
  })
})

/** Of a class that nobody provisions. */
const claim = (storageClassName: string) => ({
  spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
})
const volume = (storageClassName: string, claimRef?: object) => ({
  spec: {
    storageClassName,
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    csi: { driver: 'conformance.example.com', volumeHandle: 'handle' },
    ...(claimRef ? { claimRef } : {}),
  },
})

test('[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC [Conformance]', async () => {
  const name = uniqueName('class')
  await live({ path: '/api/v1/persistentvolumes', object: () => volume(`${name}-volumes`) })
  await live({ path: `/api/v1/namespaces/${await namespace()}/persistentvolumeclaims`, object: () => claim(name) })
})

test('[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]', async () => {
  const name = uniqueName('status')
  const there = await namespace()
  const claimPath = `/api/v1/namespaces/${there}/persistentvolumeclaims/${name}`
  const volumePath = `/api/v1/persistentvolumes/${name}`
  await api.create(`/api/v1/namespaces/${there}/persistentvolumeclaims`, { metadata: { name }, ...claim(name) })
  await api.create('/api/v1/persistentvolumes', {
    metadata: { name, labels: { status: name } },
    ...volume(name, { namespace: there, name }),
  })
  removeAfterwards(api, volumePath)
  expect((await api.get('/api/v1/persistentvolumes', { labelSelector: `status=${name}` })).items).toHaveLength(1)
  expect((await api.get(`/api/v1/namespaces/${there}/persistentvolumeclaims`)).items).toHaveLength(1)
  for (const path of [claimPath, volumePath])
    await eventually(`${path} is bound`, async () => (await api.get(`${path}/status`)).status.phase === 'Bound')

  const condition = (status: string) => ({
    type: 'StatusPatched',
    status,
    reason: 'E2E patchedStatus',
    message: 'Set by the test',
  })
  const conditions = [condition('True')]
  const patched = await api.patch(`${claimPath}/status`, { status: { conditions } }, 'strategic')
  expect(patched.status.conditions).toMatchObject(conditions)
  const message = 'Set by the test'
  const volumeStatus = await api.patch(`${volumePath}/status`, { status: { message, reason: 'E2E' } })
  expect(volumeStatus.status).toMatchObject({ message, reason: 'E2E' })
  const updated = await api.change(`${claimPath}/status`, ({ status }) => {
    status.conditions.push({ ...condition('True'), type: 'StatusUpdated' })
  })
  expect(updated.status.conditions.map(({ type }: Wire) => type)).toEqual(['StatusPatched', 'StatusUpdated'])
  const last = await api.change(`${volumePath}/status`, ({ status }) => void (status.message = 'Updated'))
  expect(last.status.message).toBe('Updated')
})
