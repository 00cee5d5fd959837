import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PersistentVolume, PersistentVolumeClaim } from '#shared/kube/generated/types.ts'
import { events, persistentVolumeClaims, persistentVolumes, storageClasses } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startPersistentVolumes } from './index.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startPersistentVolumes)
})
afterEach(() => plane.stop())

it('binds a claim to the smallest volume that will do, and both say so', async () => {
  await plane.client.create(persistentVolumes, volume('large', '10Gi'))
  await plane.client.create(persistentVolumes, volume('fitting', '2Gi'))
  await plane.client.create(persistentVolumes, volume('small', '500Mi'))
  await plane.client.create(persistentVolumeClaims, claim('data', '1Gi'))
  const bound = await plane.untilOne(persistentVolumeClaims, 'data', ({ status }) => status?.phase === 'Bound')
  expect(bound.spec?.volumeName).toBe('fitting')
  expect(bound.status).toMatchObject({ capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] })
  const taken = await plane.untilOne(persistentVolumes, 'fitting', ({ status }) => status?.phase === 'Bound')
  expect(taken.spec?.claimRef).toMatchObject({ namespace: 'default', name: 'data', uid: bound.metadata.uid })
  await plane.untilOne(persistentVolumes, 'small', ({ status }) => status?.phase === 'Available')
})

it('waits for a volume, and takes one that comes', async () => {
  await plane.client.create(persistentVolumeClaims, claim('data', '1Gi'))
  const said = await plane.until(events, (all) => all.length > 0)
  expect(said[0]?.message).toBe('no persistent volumes available for this claim and no storage class is set')
  await plane.client.create(persistentVolumes, volume('late', '1Gi'))
  await plane.untilOne(persistentVolumeClaims, 'data', ({ status }) => status?.phase === 'Bound')
})

it('completes what the scheduler reserves for a claim that waits for its first consumer', async () => {
  await plane.client.create(storageClasses, {
    metadata: { name: 'local' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await plane.client.create(persistentVolumes, volume('disk', '1Gi', 'local'))
  const waiting = await plane.client.create(persistentVolumeClaims, claim('data', '1Gi', 'local'))
  await plane.until(events, (all) => all.some(({ reason }) => reason === 'WaitForFirstConsumer'))
  const { uid, name, namespace } = waiting.metadata
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', uid, name, namespace }
  await plane.client.patch(persistentVolumes, { name: 'disk' }, { type: 'merge', body: { spec: { claimRef } } })
  const bound = await plane.untilOne(persistentVolumeClaims, 'data', ({ status }) => status?.phase === 'Bound')
  expect(bound.spec?.volumeName).toBe('disk')
})

it('releases the volume of a deleted claim for nobody else, and reports a claim whose volume is gone', async () => {
  await plane.client.create(persistentVolumes, volume('one', '1Gi'))
  await plane.client.create(persistentVolumeClaims, claim('data', '1Gi'))
  await plane.untilOne(persistentVolumes, 'one', ({ status }) => status?.phase === 'Bound')
  await plane.client.delete(persistentVolumeClaims, { namespace: 'default', name: 'data' })
  await plane.untilOne(persistentVolumes, 'one', ({ status }) => status?.phase === 'Released')
  await plane.client.create(persistentVolumeClaims, claim('next', '1Gi'))
  await plane.untilOne(persistentVolumeClaims, 'next', ({ status }) => status?.phase === 'Pending')

  await plane.client.create(persistentVolumes, volume('two', '1Gi'))
  await plane.untilOne(persistentVolumeClaims, 'next', ({ status }) => status?.phase === 'Bound')
  await plane.client.delete(persistentVolumes, { name: 'two' })
  await plane.untilOne(persistentVolumeClaims, 'next', ({ status }) => status?.phase === 'Lost')
})

const volume = (name: string, storage: string, storageClassName = ''): PersistentVolume => ({
  metadata: { name },
  spec: {
    capacity: { storage },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName,
    hostPath: { path: `/data/${name}` },
  },
})

const claim = (name: string, storage: string, storageClassName = ''): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'default' },
  spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
})
