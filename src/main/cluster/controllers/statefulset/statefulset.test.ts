import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Resource } from '#shared/client/client.ts'
import type { Pod, StatefulSet } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { controllerRevisions, events, persistentVolumeClaims, pods, statefulSets } from '#shared/kube/resources.ts'
import { failure } from '#shared/kube/status.ts'
import { startControlPlane, type KubeletBehaviour, type TestControlPlane } from '#test/support/control-plane.ts'
import { createFakeClock, type FakeClock } from '#test/support/fake-clock.ts'
import { startStatefulSets } from './index.ts'

let plane: TestControlPlane
let clock: FakeClock
beforeEach(async () => {
  clock = createFakeClock()
  plane = await startControlPlane({ clock })
})
afterEach(() => plane.stop())

it('makes pods in order, each when those before it are ready, with names, labels and claims of their own', async () => {
  let broken = true
  const order = recordOrder()
  startAll({ run: ({ metadata }) => (broken && metadata.name === 'web-1' ? 'running' : 'ready') })
  await plane.client.create(statefulSets, web({ volumeClaimTemplates: [data], replicas: 3 }))
  await plane.until(pods, (all) => all.length === 2 && all.every(({ status }) => status?.phase === 'Running'))
  await plane.untilOne(statefulSets, 'web', ({ status }) => status?.replicas === 2 && status.readyReplicas === 1)
  expect(await names()).toEqual(['web-0', 'web-1'])
  broken = false
  await plane.client.delete(pods, ref('web-1'))
  await available(3)
  expect(order()).toEqual(['web-0', 'web-1', 'web-1', 'web-2'])
  const all = (await plane.client.list(pods)).items
  const third = all.find(({ metadata }) => metadata.name === 'web-2')
  expect(third).toMatchObject({
    metadata: {
      labels: { 'statefulset.kubernetes.io/pod-name': 'web-2', 'apps.kubernetes.io/pod-index': '2' },
      generateName: 'web-',
    },
    spec: {
      hostname: 'web-2',
      subdomain: 'nginx',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-2' } }],
    },
  })
  const claims = (await plane.client.list(persistentVolumeClaims)).items
  expect(claims.map(({ metadata }) => metadata.name).sort()).toEqual(['data-web-0', 'data-web-1', 'data-web-2'])
})

it('makes and removes all at once under Parallel, from the first ordinal', async () => {
  startAll({ run: () => 'running' })
  await plane.client.create(statefulSets, web({ podManagementPolicy: 'Parallel', replicas: 3, ordinals: { start: 5 } }))
  await plane.until(pods, (all) => all.length === 3)
  expect(await names()).toEqual(['web-5', 'web-6', 'web-7'])
  await scale(0)
  await plane.until(pods, (all) => all.length === 0)
})

it('removes from the highest, one at a time', async () => {
  startAll()
  await plane.client.create(statefulSets, web({ replicas: 3 }))
  await available(3)
  const gone = recordOrder('deleted')
  await scale(0)
  await plane.until(pods, (all) => all.length === 0)
  expect(gone()).toEqual(['web-2', 'web-1', 'web-0'])
})

it('rolls over from the highest down to the partition, and back to an old revision', async () => {
  startAll()
  await plane.client.create(
    statefulSets,
    web({ replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }),
  )
  const first = (await available(3)).status?.updateRevision
  await setImage('new')
  const partial = await plane.untilOne(
    statefulSets,
    'web',
    ({ status }) => status?.updatedReplicas === 1 && status.availableReplicas === 3,
  )
  expect(partial.status).toMatchObject({ currentRevision: first, currentReplicas: 2 })
  expect(await imagesByName()).toEqual({ 'web-0': 'nginx', 'web-1': 'nginx', 'web-2': 'new' })
  // What is deleted meanwhile comes back in the revision of its side of the partition.
  await plane.client.delete(pods, ref('web-0'))
  await plane.untilOne(statefulSets, 'web', ({ status }) => status?.availableReplicas === 2)
  await available(3)
  expect(await imagesByName()).toEqual({ 'web-0': 'nginx', 'web-1': 'nginx', 'web-2': 'new' })
  await plane.client.patch(statefulSets, ref('web'), {
    type: 'merge',
    body: { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } },
  })
  const rolled = await plane.untilOne(
    statefulSets,
    'web',
    ({ status }) => status?.updatedReplicas === 3 && status.currentRevision === status.updateRevision,
  )
  expect(rolled.status?.currentRevision).not.toBe(first)
  await setImage('nginx')
  await plane.untilOne(
    statefulSets,
    'web',
    ({ status }) => status?.currentRevision === first && status?.updateRevision === first,
  )
  const history = (await plane.client.list(controllerRevisions)).items
  expect(history.map(({ revision }) => revision).sort()).toEqual([2, 3])
})

it('keeps no more old revisions than the limit', async () => {
  startAll()
  await plane.client.create(statefulSets, web({ replicas: 1, revisionHistoryLimit: 1 }))
  await available(1)
  for (const image of ['a', 'b', 'c']) {
    await setImage(image)
    await plane.until(pods, (all) => all.length === 1 && all.every((pod) => imageOf(pod) === image && isPodReady(pod)))
  }
  const left = await plane.until(controllerRevisions, (all) => all.length === 2)
  expect(left.map(({ revision }) => revision).sort()).toEqual([3, 4])
})

it('replaces failed and succeeded pods under the same name', async () => {
  const ends: ('failed' | 'succeeded')[] = ['failed', 'succeeded']
  startAll({ run: () => ends.shift() ?? 'ready' })
  await plane.client.create(statefulSets, web({ replicas: 1 }))
  await available(1)
  expect(await reasons()).toEqual([
    'SuccessfulCreate: Create Pod web-0 in StatefulSet web successful',
    'SuccessfulDelete: Delete Pod web-0 in StatefulSet web successful',
  ])
})

it('waits for minReadySeconds before the next', async () => {
  startAll()
  await plane.client.create(statefulSets, web({ replicas: 2, minReadySeconds: 10 }))
  await plane.untilOne(statefulSets, 'web', ({ status }) => status?.readyReplicas === 1)
  expect(await names()).toEqual(['web-0'])
  await clock.advance(10_000)
  await plane.until(pods, (all) => all.length === 2)
})

it('adopts pods and revisions of a set of its name, and lets go of pods that it no longer selects', async () => {
  startAll()
  await plane.client.create(statefulSets, web({ replicas: 2 }))
  const before = await available(2)
  await plane.client.delete(statefulSets, ref('web'), { propagationPolicy: 'Orphan' })
  await orphanAll()
  const uids = (await plane.client.list(pods)).items.map(({ metadata }) => metadata.uid).sort()
  await plane.client.patch(statefulSets, ref('web'), { type: 'merge', body: { metadata: { finalizers: null } } })
  await plane.client.create(statefulSets, web({ replicas: 2 }))
  const after = await available(2)
  expect(after.metadata.uid).not.toBe(before.metadata.uid)
  expect(after.status?.updateRevision).toBe(before.status?.updateRevision)
  expect((await plane.client.list(pods)).items.map(({ metadata }) => metadata.uid).sort()).toEqual(uids)

  await plane.client.patch(pods, ref('web-1'), { type: 'merge', body: { metadata: { labels: { app: 'other' } } } })
  const [released] = await plane.until(pods, (all) =>
    all.some(({ metadata }) => metadata.name === 'web-1' && !metadata.ownerReferences?.length),
  )
  expect(released).toBeDefined()
})

it('gives claims to the set and to pods that are scaled away, as the retention policy says', async () => {
  startAll()
  await plane.client.create(
    statefulSets,
    web({
      replicas: 2,
      volumeClaimTemplates: [data],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
    }),
  )
  const set = await available(2)
  const owners = async (name: string): Promise<(string | undefined)[]> =>
    ((await plane.client.get(persistentVolumeClaims, ref(name))).metadata.ownerReferences ?? []).map(({ uid }) => uid)
  expect(await owners('data-web-1')).toEqual([set.metadata.uid])
  const last = await plane.client.get(pods, ref('web-1'))
  await scale(1)
  await plane.until(pods, (all) => all.length === 1)
  expect(await owners('data-web-0')).toEqual([set.metadata.uid])
  expect(await owners('data-web-1')).toEqual([last.metadata.uid])
  // The claim still goes with the pod that is gone: the next pod of the name waits for another one.
  await scale(2)
  await plane.untilOne(
    statefulSets,
    'web',
    ({ status, metadata }) => status?.observedGeneration === metadata.generation,
  )
  expect(await names()).toEqual(['web-0'])
  await plane.client.patch(persistentVolumeClaims, ref('data-web-1'), {
    type: 'merge',
    body: { metadata: { finalizers: null } },
  })
  await plane.client.delete(persistentVolumeClaims, ref('data-web-1'))
  await available(2)
  expect(await owners('data-web-1')).toEqual([set.metadata.uid])
})

it('counts the collision where another template has the name of its revision', async () => {
  startAll()
  await plane.client.create(statefulSets, web({ replicas: 0 }))
  const [revision] = await plane.until(controllerRevisions, (all) => all.length === 1)
  await plane.client.delete(statefulSets, ref('web'))
  await plane.client.delete(controllerRevisions, ref(revision?.metadata.name ?? ''))
  const name = revision?.metadata.name ?? ''
  await plane.client.create(controllerRevisions, { metadata: ref(name), data: { other: true }, revision: 1 })
  await plane.client.create(statefulSets, web({ replicas: 1 }))
  const { status } = await available(1)
  expect(status?.collisionCount).toBe(1)
  expect(status?.updateRevision).not.toBe(name)
})

for (const [kind, first, event] of [
  ['PersistentVolumeClaim', 'web-0', 'Create Claim data-web-0 for Pod web-0 in StatefulSet web failed error: full'],
  ['Pod', 'web-1', 'Create Pod web-1 in StatefulSet web failed error: full'],
] as const)
  it(`says why a ${kind} cannot be created, keeps what is there, and goes on when it can`, async () => {
    let isFull = true
    let tries = 0
    plane.startKubelets()
    plane.start((context) =>
      startStatefulSets({
        ...context,
        client: {
          ...context.client,
          create(resource, object, options) {
            const isNext = resource.kind === 'Pod' ? object.metadata.name === first : true
            if (resource.kind === kind && isFull && isNext) {
              tries++
              throw failure(403, 'Forbidden', 'full')
            }
            return context.client.create(resource, object, options)
          },
        },
      }),
    )
    await plane.client.create(statefulSets, web({ replicas: 2, volumeClaimTemplates: [data] }))
    const ready = first === 'web-0' ? 0 : 1
    await plane.untilOne(
      statefulSets,
      'web',
      ({ status }) => status?.observedGeneration === 1 && status.replicas === ready,
    )
    await plane.until(events, (all) => all.some(({ message, type }) => type === 'Warning' && message === event))
    expect(await names()).toHaveLength(ready)
    isFull = false
    expect(tries).toBeGreaterThan(0)
    await clock.advance(60_000)
    await available(2)
  })

it('waits for the pod of an earlier set of its name to be gone', async () => {
  let ends = false
  startAll({ ends: () => ends })
  await plane.client.create(statefulSets, web({ replicas: 1 }))
  const { metadata } = await available(1)
  await plane.client.delete(statefulSets, ref('web'))
  await plane.client.create(statefulSets, web({ replicas: 1 }))
  await plane.client.delete(pods, ref('web-0'))
  await plane.untilOne(statefulSets, 'web', ({ status }) => status?.observedGeneration === 1 && status.replicas === 0)
  ends = true
  await plane.client.patch(pods, ref('web-0'), { type: 'merge', body: { metadata: { annotations: { again: 'yes' } } } })
  const set = await available(1)
  expect(set.metadata.uid).not.toBe(metadata.uid)
})

function startAll(behaviour: KubeletBehaviour = {}): void {
  plane.startKubelets(behaviour)
  plane.start(startStatefulSets)
}

const ref = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name })

const available = (count: number): Promise<StatefulSet> =>
  plane.untilOne(
    statefulSets,
    'web',
    ({ status, metadata }) =>
      status?.availableReplicas === count &&
      status.replicas === count &&
      status.observedGeneration === metadata.generation,
  )

const names = async (): Promise<(string | undefined)[]> =>
  (await plane.client.list(pods)).items.map(({ metadata }) => metadata.name).sort()

const imageOf = ({ spec }: Pod): string | undefined => spec?.containers[0]?.image

const imagesByName = async (): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await plane.client.list(pods)).items.map((pod) => [pod.metadata.name, imageOf(pod)]))

const reasons = async (): Promise<string[]> =>
  (await plane.client.list(events)).items.map(({ reason, message }) => `${reason}: ${message}`).sort()

/** The names of pods in the order in which they came or went, from now on. */
function recordOrder(which: 'added' | 'deleted' = 'added'): () => string[] {
  const order: string[] = []
  plane.start(({ informers }) => {
    const share = informers.share(pods)
    const stop = share.onChange({ [which]: ({ metadata }: Stored<Pod>) => order.push(metadata.name) })
    return () => {
      void stop()
      share.stop()
    }
  })
  return () => order
}

/** What the garbage collector does for a set that is deleted as an orphaning one. */
async function orphanAll(): Promise<void> {
  const orphan = async <T extends KubeObject>(resource: Resource<T>): Promise<void> => {
    for (const { metadata } of (await plane.client.list(resource)).items)
      await plane.client.patch(resource, ref(metadata.name), {
        type: 'merge',
        body: { metadata: { ownerReferences: null } },
      })
  }
  await orphan(pods)
  await orphan(controllerRevisions)
}

const scale = (replicas: number): Promise<StatefulSet> =>
  plane.client.patch(statefulSets, ref('web'), { type: 'merge', body: { spec: { replicas } } })

const setImage = (image: string): Promise<StatefulSet> =>
  plane.client.patch(statefulSets, ref('web'), {
    type: 'merge',
    body: { spec: { template: { spec: { containers: [{ name: 'web', image }] } } } },
  })

const data = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}

const web = (spec: Partial<StatefulSet['spec']>): StatefulSet => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    serviceName: 'nginx',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx' }] },
    },
    ...spec,
  },
})
