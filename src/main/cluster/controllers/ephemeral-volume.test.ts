import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Pod } from '#shared/kube/generated/types.ts'
import { events, persistentVolumeClaims, pods } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startEphemeralVolumes } from './ephemeral-volume.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(() => plane.stop())

const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const user: Pod = {
  metadata: { name: 'user', namespace: 'default' },
  spec: {
    containers: [{ name: 'c', image: 'x' }],
    volumes: [
      { name: 'none', emptyDir: {} },
      { name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec } } },
    ],
  },
}

it('creates the claim of a volume, owned by the pod, and anew when it is deleted', async () => {
  const { client } = plane
  plane.start(startEphemeralVolumes)
  const pod = await client.create(pods, user)
  const claim = await plane.untilOne(persistentVolumeClaims, 'user-scratch', () => true)
  expect(claim.metadata).toMatchObject({
    labels: { a: 'b' },
    ownerReferences: [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        name: 'user',
        uid: pod.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  })
  expect(claim.spec).toMatchObject(spec)
  await client.delete(persistentVolumeClaims, { namespace: 'default', name: 'user-scratch' })
  await plane.untilOne(persistentVolumeClaims, 'user-scratch', ({ metadata }) => metadata.uid !== claim.metadata.uid)
})

it('says that a claim of the name is not the pod’s, and takes the name once it is free', async () => {
  const { client } = plane
  const name = 'user-scratch'
  const other = await client.create(persistentVolumeClaims, { metadata: { name, namespace: 'default' }, spec })
  plane.start(startEphemeralVolumes)
  await client.create(pods, user)
  const [event] = await plane.until(events, (all) => all.length > 0)
  expect(event).toMatchObject({
    type: 'Warning',
    reason: 'FailedBinding',
    message:
      'ephemeral volume scratch: PVC default/user-scratch was not created for pod default/user (pod is not owner)',
    source: { component: 'ephemeral_volume' },
  })
  await client.delete(persistentVolumeClaims, { namespace: 'default', name })
  await plane.untilOne(persistentVolumeClaims, name, ({ metadata }) => metadata.uid !== other.metadata.uid)
})
