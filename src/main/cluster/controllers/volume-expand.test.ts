import { afterEach, beforeEach, expect, it } from 'vitest'
import { events, persistentVolumeClaims, persistentVolumes, storageClasses } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startPersistentVolumes } from './persistent-volume/index.ts'
import { startVolumeExpand } from './volume-expand.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startPersistentVolumes)
  plane.start(startVolumeExpand)
})
afterEach(() => plane.stop())

it('says once per size that a claim waits for the controller of its driver', async () => {
  const { client } = plane
  await client.create(storageClasses, {
    metadata: { name: 'disk' },
    provisioner: 'disk.example.com',
    allowVolumeExpansion: true,
  })
  await client.create(persistentVolumes, {
    metadata: { name: 'pv' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      storageClassName: 'disk',
      csi: { driver: 'disk.example.com', volumeHandle: '1' },
    },
  })
  const ref = { namespace: 'default', name: 'data' }
  await client.create(persistentVolumeClaims, {
    metadata: ref,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'disk' },
  })
  await plane.untilOne(persistentVolumeClaims, 'data', ({ status }) => status?.phase === 'Bound')
  const grow = async (storage: string): Promise<void> => {
    await client.patch(persistentVolumeClaims, ref, {
      type: 'merge',
      body: { metadata: { labels: { size: storage } }, spec: { resources: { requests: { storage } } } },
    })
    await client.patch(persistentVolumeClaims, ref, { type: 'merge', body: { metadata: { labels: { size: 'told' } } } })
  }
  const said = async (count: number): Promise<void> => {
    const all = await plane.until(
      events,
      (found) =>
        found
          .filter(({ reason }) => reason === 'ExternalExpanding')
          .reduce((sum, event) => sum + (event.count ?? 1), 0) >= count,
    )
    const [event] = all.filter(({ reason }) => reason === 'ExternalExpanding')
    expect(event).toMatchObject({
      type: 'Normal',
      count,
      message: 'waiting for an external controller to expand this PVC',
      source: { component: 'volume_expand' },
    })
  }
  await grow('2Gi')
  await said(1)
  await grow('3Gi')
  await said(2)
})
