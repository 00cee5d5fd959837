import { afterEach, beforeEach, expect, it } from 'vitest'
import type { PersistentVolumeClaim, Pod } from '#shared/kube/generated/types.ts'
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startAttributesClassProtection, startClaimProtection, startVolumeProtection } from './storage-protection.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startClaimProtection)
  plane.start(startVolumeProtection)
  plane.start(startAttributesClassProtection)
})
afterEach(() => plane.stop())

const claim = (name: string): PersistentVolumeClaim => ({
  metadata: { name, namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
})
const user = (name: string, claimName: string, nodeName?: string): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: {
    ...(nodeName === undefined ? {} : { nodeName }),
    containers: [{ name: 'c', image: 'x' }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
  },
})
const held = (name: string) =>
  plane.untilOne(persistentVolumeClaims, name, ({ metadata }) =>
    Boolean(metadata.finalizers?.includes('kubernetes.io/pvc-protection')),
  )
const goneClaim = (name: string) =>
  plane.until(persistentVolumeClaims, (all) => all.every(({ metadata }) => metadata.name !== name))
const remove = (name: string) => plane.client.delete(persistentVolumeClaims, { namespace: 'default', name })

it('lets a deleted claim go at once when nobody uses it', async () => {
  await plane.client.create(persistentVolumeClaims, claim('free'))
  await held('free')
  await plane.client.create(pods, user('unplaced', 'free'))
  await remove('free')
  await goneClaim('free')
})

it('keeps a deleted claim until the last pod that uses it is gone', async () => {
  await plane.client.create(persistentVolumeClaims, claim('used'))
  await held('used')
  for (const name of ['one', 'two']) await plane.client.create(pods, user(name, 'used', 'node'))
  await plane.until(pods, (all) => all.length === 2)
  await remove('used')
  await plane.client.delete(pods, { namespace: 'default', name: 'one' }, { gracePeriodSeconds: 0 })
  const still = await plane.untilOne(
    persistentVolumeClaims,
    'used',
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  )
  expect(still.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection'])
  await plane.client.delete(pods, { namespace: 'default', name: 'two' }, { gracePeriodSeconds: 0 })
  await goneClaim('used')
})

it('keeps a deleted volume while it is bound', async () => {
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } }
  await plane.client.create(persistentVolumes, { metadata: { name: 'disk' }, spec })
  const made = await plane.untilOne(persistentVolumes, 'disk', ({ metadata }) =>
    Boolean(metadata.finalizers?.includes('kubernetes.io/pv-protection')),
  )
  await plane.client.updateStatus(persistentVolumes, { ...made, status: { phase: 'Bound' } })
  await plane.client.delete(persistentVolumes, { name: 'disk' })
  const going = await plane.untilOne(
    persistentVolumes,
    'disk',
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  )
  expect(going.metadata.finalizers).toEqual(['kubernetes.io/pv-protection'])
  await plane.client.updateStatus(persistentVolumes, { ...going, status: { phase: 'Released' } })
  await plane.until(persistentVolumes, (all) => all.length === 0)
})

it('keeps a deleted class of attributes while a claim has it or a volume', async () => {
  const { client } = plane
  for (const name of ['fast', 'unused'])
    await client.create(volumeAttributesClasses, {
      metadata: { name },
      driverName: 'csi.example.com',
      parameters: { iops: '100' },
    })
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], volumeAttributesClassName: 'fast' }
  const source = { csi: { driver: 'csi.example.com', volumeHandle: 'x' } }
  await client.create(persistentVolumes, { metadata: { name: 'disk' }, spec: { ...spec, ...source } })
  await client.create(persistentVolumeClaims, claim('user'))
  const made = await held('user')
  const status = { currentVolumeAttributesClassName: 'fast' }
  await client.updateStatus(persistentVolumeClaims, { ...made, status })
  await plane.untilOne(volumeAttributesClasses, 'fast', ({ metadata }) =>
    Boolean(metadata.finalizers?.includes('kubernetes.io/vac-protection')),
  )
  for (const name of ['fast', 'unused']) await client.delete(volumeAttributesClasses, { name })
  await plane.until(volumeAttributesClasses, (all) => all.length === 1)
  await client.delete(persistentVolumes, { name: 'disk' })
  await plane.until(persistentVolumes, (all) => all.length === 0)
  const going = await client.get(volumeAttributesClasses, { name: 'fast' })
  expect(going.metadata.finalizers).toEqual(['kubernetes.io/vac-protection'])
  await remove('user')
  await plane.until(volumeAttributesClasses, (all) => all.length === 0)
})
