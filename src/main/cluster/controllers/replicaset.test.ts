import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Client } from '#shared/client/client.ts'
import { forbidden } from '#shared/kube/status.ts'
import { isPodActive } from '#shared/kube/pod.ts'
import type { ReplicaSet, ReplicaSetSpec } from '#shared/kube/generated/types.ts'
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
    before.slice(0, 7).map(({ metadata }) => plane.client.delete(pods, { namespace: 'default', name: metadata.name })),
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

/** A client that creates `most` pods, as under a quota. */
function withQuota(client: Client, most: number): Client {
  let used = 0
  return {
    ...client,
    async create(resource, object, options) {
      if (resource.kind === 'Pod' && used++ >= most)
        throw forbidden({ group: '', resource: 'pods' }, '', 'exceeded quota: few, requested: pods=1')
      return client.create(resource, object, options)
    },
  }
}

it.each([
  ['a ReplicaSet', startReplicaSets, replicaSets, { matchLabels: { app: 'web' } }],
  [
    'a ReplicationController',
    startReplicationControllers,
    replicationControllers as unknown as typeof replicaSets,
    { app: 'web' } as ReplicaSetSpec['selector'],
  ],
] as const)(
  'says in the status of %s that pods cannot be created, until they can',
  async (_, start, resource, selector) => {
    plane.startKubelets()
    plane.start((context) => start({ ...context, client: withQuota(context.client, 2) }))
    const set = webSet(3)
    await plane.client.create(resource, { ...set, spec: { ...set.spec, selector } })
    const failing = await plane.untilOne(
      resource,
      'web',
      ({ status }) => status?.conditions !== undefined && status.readyReplicas === 2,
    )
    expect(failing.status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
    ])
    expect(failing.status?.conditions?.[0]?.message).toContain('exceeded quota')
    const body = { spec: { replicas: 2 } }
    await plane.client.patch(resource, { namespace: 'default', name: 'web' }, { type: 'merge', body })
    await plane.untilOne(resource, 'web', ({ status }) => (status?.conditions ?? []).length === 0)
  },
)
