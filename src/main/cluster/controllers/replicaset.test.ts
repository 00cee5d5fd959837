import { afterEach, beforeEach, expect, it } from 'vitest'
import { isPodActive } from '#shared/kube/pod.ts'
import type { ReplicaSet } from '#shared/kube/generated/types.ts'
import { events, pods, replicaSets, replicationControllers } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startReplicaSets, startReplicationControllers } from './replicaset.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(() => plane.stop())

it('creates its pods, reports them as they become ready, and says so in events', async () => {
  plane.startKubelets()
  plane.start(startReplicaSets)
  await plane.client.create(replicaSets, webSet(5))
  const { status } = await plane.untilOne(replicaSets, 'web', (set) => set.status?.availableReplicas === 5)
  expect(status).toMatchObject({ replicas: 5, readyReplicas: 5, fullyLabeledReplicas: 5, observedGeneration: 1 })
  const said = await plane.until(events, (all) => all.length === 5)
  expect(new Set(said.map(({ reason }) => reason))).toEqual(new Set(['SuccessfulCreate']))
})

it('replaces deleted pods and never has more than it should', async () => {
  plane.startKubelets()
  plane.start(startReplicaSets)
  await plane.client.create(replicaSets, webSet(20))
  const before = await plane.until(pods, (all) => all.filter(isPodActive).length === 20)
  let most = 0
  const counting = plane.until(pods, (all) => {
    most = Math.max(most, all.filter(isPodActive).length)
    return (
      before.slice(0, 7).every(({ metadata }) => !all.some((pod) => pod.metadata.uid === metadata.uid)) &&
      all.length === 20
    )
  })
  await Promise.all(
    before
      .slice(0, 7)
      .map(({ metadata }) => plane.client.delete(pods, { namespace: 'default', name: metadata.name ?? '' })),
  )
  await counting
  expect(most).toBe(20)
})

it('makes hundreds of pods exactly, though its cache lags behind its own writes', async () => {
  plane.start(startReplicaSets)
  await plane.client.create(replicaSets, webSet(700))
  await plane.untilOne(replicaSets, 'web', (set) => set.status?.replicas === 700)
  expect((await plane.client.list(pods)).items).toHaveLength(700)
})

it('shrinks to zero and grows again', async () => {
  plane.startKubelets()
  plane.start(startReplicaSets)
  await plane.client.create(replicaSets, webSet(4))
  await plane.untilOne(replicaSets, 'web', (set) => set.status?.readyReplicas === 4)
  await scaleTo(0)
  await plane.until(pods, (all) => all.length === 0)
  await scaleTo(2)
  await plane.untilOne(replicaSets, 'web', (set) => set.status?.readyReplicas === 2)
})

it('reaches the same end when stopped halfway and started again', async () => {
  const stop = plane.start(startReplicaSets)
  await plane.client.create(replicaSets, webSet(120))
  await plane.until(pods, (all) => all.length > 10)
  await stop()
  await scaleTo(60)
  const half = (await plane.client.list(pods)).items.length
  expect(half).toBeGreaterThan(10)
  plane.start(startReplicaSets)
  await plane.untilOne(replicaSets, 'web', (set) => set.status?.replicas === 60 && set.status.observedGeneration === 2)
  expect((await plane.client.list(pods)).items.filter(isPodActive)).toHaveLength(60)
})

const scaleTo = (replicas: number): Promise<ReplicaSet> =>
  plane.client.patch(
    replicaSets,
    { namespace: 'default', name: 'web' },
    { type: 'merge', body: { spec: { replicas } } },
  )

const webSet = (replicas: number): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
  },
})

it('does the same for a ReplicationController, and leaves ReplicaSets alone', async () => {
  plane.startKubelets()
  plane.start(startReplicationControllers)
  await plane.client.create(replicaSets, webSet(1))
  await plane.client.create(replicationControllers, {
    metadata: { name: 'old', namespace: 'default' },
    spec: {
      replicas: 2,
      template: { metadata: { labels: { run: 'old' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } },
    },
  })
  await plane.untilOne(replicationControllers, 'old', ({ status }) => status?.readyReplicas === 2)
  const { items } = await plane.client.list(pods)
  expect(items.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind)).toEqual([
    'ReplicationController',
    'ReplicationController',
  ])
})
