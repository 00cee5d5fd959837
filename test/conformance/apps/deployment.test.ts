import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer, uniqueName } from '../support/server.ts'
import type { WatchEvent } from '../support/watching.ts'
import {
  expectListedAndDeleted,
  expectScale,
  expectStatusEndpoint,
  readyReplicas,
} from '../support/workload-endpoints.ts'
import { controllerUid, isReady, otherPause, pause, podWith } from '../support/workloads.ts'

/**
 * The cases of Deployments on nodes without machines. What the originals do with an image that does not exist is done
 * with a readiness gate that nobody opens.
 */

const { api, kubectl, namespace } = await simulatedServer()
const title = (words: string): string => `[sig-apps] Deployment ${words} [Conformance]`

const labels = { name: 'sample-pod' }
const stuck = { readinessGates: [{ conditionType: 'conformance/never' }] }
const revision = 'deployment.kubernetes.io/revision'

interface Place {
  apps: string
  core: string
  /** The Deployment. */
  at: string
}
const place = async (): Promise<Place> => {
  const name = await namespace()
  const apps = `/apis/apps/v1/namespaces/${name}`
  return { apps, core: `/api/v1/namespaces/${name}`, at: `${apps}/deployments/sample` }
}

const templateOf = (labels: Record<string, string>, image = pause, pod: object = {}): Wire => {
  const template: Wire = podWith(labels)
  Object.assign(template.spec, pod, { containers: [{ name: 'pause', image }] })
  return template
}

/** Makes a Deployment; the fields of the pods' spec may be changed, too. */
const create = ({ apps }: Place, spec: object = {}, pod: object = {}, own: object = labels): Promise<Wire> =>
  api.create(`${apps}/deployments`, {
    metadata: { name: 'sample', labels: own },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: templateOf(labels, otherPause, pod), ...spec },
  })

/** Makes a ReplicaSet whose pods a Deployment will find to be its own; waits until they are ready. */
async function createReplicaSet({ apps }: Place, annotations: object = {}): Promise<Wire> {
  const own = { ...labels, pod: 'of-replicaset' }
  const set = await api.create(`${apps}/replicasets`, {
    metadata: { name: 'adopted', labels: own, annotations },
    spec: { replicas: 1, selector: { matchLabels: own }, template: templateOf(own) },
  })
  return readyReplicas(api, `${apps}/replicasets/${set.metadata.name}`, 1)
}

/** Waits until the rollout is complete: every pod is of the present template, and available. */
const complete = (at: string): Promise<Wire> =>
  eventually('the rollout is complete', async () => {
    const deployment = await api.get(at)
    const { metadata, spec, status } = deployment
    const counts = [status.replicas, status.updatedReplicas, status.availableReplicas]
    const isObserved = status.observedGeneration >= metadata.generation
    return isObserved && counts.every((count) => count === spec.replicas) ? deployment : undefined
  })

const revisionOf = ({ metadata }: Wire): string | undefined => metadata.annotations?.[revision]

/** The Deployment's ReplicaSets by revision. */
async function setsOf({ apps, at }: Place): Promise<Record<string, Wire>> {
  const { metadata } = await api.get(at)
  const sets: Wire[] = (await api.get(`${apps}/replicasets`)).items
  const own = sets.filter((set) => controllerUid(set) === metadata.uid)
  return Object.fromEntries(own.map((set) => [revisionOf(set), set]))
}

const sizesOf = async (there: Place): Promise<Record<string, number>> =>
  Object.fromEntries(Object.entries(await setsOf(there)).map(([revision, { spec }]) => [revision, spec.replicas]))

const untilSizes = (there: Place, sizes: Record<string, number>): Promise<void> =>
  eventually(`ReplicaSets of the sizes ${JSON.stringify(sizes)}`, async () => {
    const now = Object.entries(await setsOf(there))
    for (const { spec, status } of now.map(([, set]) => set)) expect(status.replicas ?? 0).toBe(spec.replicas)
    expect(await sizesOf(there)).toEqual(sizes)
    return true
  }).then(() => undefined)

test(title('RollingUpdateDeployment should delete old pods and create new ones'), async () => {
  const there = await place()
  // A revision is 64 bits wide.
  const { metadata } = await createReplicaSet(there, { [revision]: '3546343826724305832' })
  await create(there)
  expect(revisionOf(await complete(there.at))).toBe('3546343826724305833')
  await untilSizes(there, { '3546343826724305832': 0, '3546343826724305833': 1 })
  const sets = await setsOf(there)
  expect(sets['3546343826724305832'].metadata.uid).toBe(metadata.uid)
  const pods: Wire[] = (await api.get(`${there.core}/pods`)).items
  expect(pods.map(({ spec }) => spec.containers[0].image)).toEqual([otherPause])
})

test(title('RecreateDeployment should delete old pods and create new ones'), async () => {
  const there = await place()
  await create(there, { replicas: 2, strategy: { type: 'Recreate' } }, { terminationGracePeriodSeconds: 5 })
  expect(revisionOf(await complete(there.at))).toBe('1')
  const watching = await api.watch(`${there.core}/pods`)
  const containers = [{ name: 'renamed', image: pause }]
  await api.change(there.at, ({ spec }) => (spec.template.spec.containers = containers))
  await eventually('revision 2', async () => revisionOf(await api.get(there.at)) === '2')
  await complete(there.at)
  const created = watching.events.findIndex(({ type, object }) => type === 'ADDED' && imageOf(object) === pause)
  const deleted = watching.events.slice(0, created).filter(({ type }) => type === 'DELETED')
  expect(deleted.map(({ object }) => imageOf(object))).toEqual([otherPause, otherPause])
})

const imageOf = ({ spec }: Wire): string => spec.containers[0].image

test(title('deployment should delete old replica sets'), async () => {
  const there = await place()
  const { metadata } = await createReplicaSet(there)
  const { resourceVersion } = (await api.get(`${there.core}/pods`)).metadata
  const watching = await api.watch(`${there.core}/pods`, { resourceVersion })
  await create(there, { revisionHistoryLimit: 0 })
  await complete(there.at)
  await eventually('the old ReplicaSet is gone', async () => {
    return (await api.ask('GET', `${there.apps}/replicasets/${metadata.name}`)).status === 404
  })
  expect(await sizesOf(there)).toEqual({ '1': 1 })
  const added = watching.events.filter(({ type }) => type === 'ADDED')
  expect(added.map(({ object }) => imageOf(object))).toEqual([otherPause])
})

test(title('deployment should support rollover'), async () => {
  const there = await place()
  const { metadata } = await createReplicaSet(there)
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  await create(there, { strategy, minReadySeconds: 2 }, stuck)
  await eventually('a pod of the new template', async () => (await api.get(there.at)).status?.updatedReplicas === 1)
  expect(revisionOf(await api.get(there.at))).toBe('1')
  const old = await api.get(`${there.apps}/replicasets/${metadata.name}`)
  expect([old.spec.replicas, old.status.replicas]).toEqual([1, 1])
  const { metadata: first } = (await setsOf(there))['1']

  // That rollout never ends: the next begins in its middle.
  const watching = await api.watch(`${there.core}/pods`)
  await api.change(there.at, ({ spec }) => {
    delete spec.template.spec.readinessGates
    spec.template.spec.containers = [{ name: 'updated', image: pause }]
  })
  await eventually('revision 2', async () => revisionOf(await api.get(there.at)) === '2')
  const { status } = await complete(there.at)
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
  )
  for (const { name } of [metadata, first]) {
    const { spec, status } = await eventually(`${name} is empty`, async () => {
      const set = await api.get(`${there.apps}/replicasets/${name}`)
      return (set.status.replicas ?? 0) === 0 && set
    })
    expect([spec.replicas, status.replicas]).toEqual([0, 0])
  }
  expect(leastReady(watching.events)).toBe(1)
})

/** The least ready pods at any moment after the first. */
function leastReady(events: readonly WatchEvent[]): number {
  const ready = new Set<string>()
  let least = Infinity
  for (const { type, object } of events) {
    const { uid, deletionTimestamp } = object.metadata
    if (type !== 'DELETED' && isReady(object) && !deletionTimestamp) ready.add(uid)
    else if (ready.delete(uid)) least = Math.min(least, ready.size)
  }
  return least
}

test(title('deployment should support proportional scaling'), async () => {
  const there = await place()
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } }
  await create(there, { replicas: 10, strategy })
  await complete(there.at)
  await api.patch(there.at, { spec: { template: { spec: stuck } } })
  // 10 - 2 must be available, 10 + 3 may be there.
  await untilSizes(there, { '1': 8, '2': 5 })
  const before = await setsOf(there)
  expect([before['1'].status.availableReplicas, before['2'].status.availableReplicas ?? 0]).toEqual([8, 0])
  const paused = await api.get(there.at)
  expect(paused.status).toMatchObject({
    replicas: 13,
    updatedReplicas: 5,
    availableReplicas: 8,
    unavailableReplicas: 5,
  })

  await kubectl.ok('-n', paused.metadata.namespace, 'scale', 'deployment/sample', '--replicas=30')
  // Both grow in proportion, to 30 + 3.
  await untilSizes(there, { '1': 20, '2': 13 })
})

test(title('Deployment should have a working scale subresource'), async () => {
  const there = await place()
  await create(there)
  await expectScale(api, there.at)
})

test(title('should validate Deployment Status endpoints'), async () => {
  const there = await place()
  await create(there)
  await complete(there.at)
  await expectStatusEndpoint(api, there.at)
})

test(title('should run the lifecycle of a Deployment'), async () => {
  const there = await place()
  const { at } = there
  const name = uniqueName('deployment')
  const watching = await api.watch(`${there.apps}/deployments`, { labelSelector: `test-deployment-static=${name}` })
  await create(there, { replicas: 2 }, { terminationGracePeriodSeconds: 1 }, { 'test-deployment-static': name })
  expect((await watching.next()).type).toBe('ADDED')
  await watching.until(({ object }) => object.status.readyReplicas === 2)

  const patch = {
    metadata: { labels: { 'test-deployment': 'patched' } },
    spec: {
      replicas: 1,
      template: { spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'pause', image: pause }] } },
    },
  }
  await api.patch(at, patch, 'strategic')
  const isAt = ({ metadata, status }: Wire, replicas: number): boolean =>
    status.observedGeneration === metadata.generation &&
    status.readyReplicas === replicas &&
    status.updatedReplicas === replicas &&
    (status.unavailableReplicas ?? 0) === 0
  const { type } = await watching.until(({ object }) => object.metadata.labels['test-deployment'] === 'patched')
  expect(type).toBe('MODIFIED')
  const { object: patched } = await watching.until(({ object }) => isAt(object, 1))
  expect(patched.spec.template.spec).toMatchObject({ terminationGracePeriodSeconds: 2, containers: [{ image: pause }] })

  const mine = { labelSelector: `test-deployment-static=${name}` }
  const { items } = await api.get('/apis/apps/v1/deployments', mine)
  expect(items.map(({ metadata }: Wire) => metadata.uid)).toEqual([patched.metadata.uid])

  await api.change(at, ({ metadata, spec }) => {
    metadata.labels['test-deployment'] = 'updated'
    spec.replicas = 2
    spec.template.spec.containers = [{ name: 'pause', image: 'registry.k8s.io/pause:3.8' }]
  })
  await watching.until(({ object }) => object.metadata.labels['test-deployment'] === 'updated' && isAt(object, 2))
  const fetched = await api.get(`${at}/status`)
  expect(imageOf(fetched.spec.template)).toBe('registry.k8s.io/pause:3.8')

  await api.patch(
    `${at}/status`,
    {
      metadata: { labels: { 'test-deployment': 'patched-status' } },
      status: { readyReplicas: 0, availableReplicas: 0 },
    },
    'strategic',
  )
  const { object: zeroed } = await watching.until(({ object }) => (object.status.readyReplicas ?? 0) === 0)
  // Labels are not the status endpoint's to change.
  expect(zeroed.metadata.labels['test-deployment']).toBe('updated')
  // The controller puts the counts right again.
  await watching.until(({ object }) => isAt(object, 2) && object.status.availableReplicas === 2)
  expect(imageOf((await api.get(`${at}/status`)).spec.template)).toBe('registry.k8s.io/pause:3.8')

  await expectListedAndDeleted(api, at, `test-deployment-static=${name}`)
  await watching.until(({ type }) => type === 'DELETED')
})
