import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { extendedResource, nodeNames } from '../support/extended-resource.ts'
import { removeAfterwards, simulatedServer, uniqueName } from '../support/server.ts'
import { isReady, pause, podUntil } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
const podsOf = (space: string): string => `/api/v1/namespaces/${space}/pods`

/** @returns the name of a PriorityClass of this test alone */
async function priorityClass(value: number): Promise<string> {
  const { metadata } = await api.create(classes, { metadata: { name: uniqueName('priority') }, value })
  removeAfterwards(api, `${classes}/${metadata.name}`)
  return metadata.name
}

interface Wanted {
  priorityClassName: string
  resource: string
  amount: string
  /** The only node that will do. */
  node?: string
}

function specOf({ priorityClassName, resource, amount, node }: Wanted): object {
  const requests = { [resource]: amount }
  return {
    priorityClassName,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'pause', image: pause, resources: { requests, limits: requests } }],
    ...(node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
  }
}

const start = async (pods: string, wanted: Wanted, metadata: object = {}): Promise<Wire> =>
  api.create(pods, { metadata: { name: uniqueName('pod'), ...metadata }, spec: specOf(wanted) })
const ready = async (pods: string, wanted: Wanted, metadata?: object): Promise<Wire> =>
  podUntil(api, `${pods}/${(await start(pods, wanted, metadata)).metadata.name}`, isReady)

const disruption = ({ status }: Wire): Wire =>
  (status.conditions ?? []).find(({ type }: Wire) => type === 'DisruptionTarget')

/** Fills every node with two pods; the first one is less important than the others. */
async function fillNodes(): Promise<{ pods: string; resource: string; low: Wire; others: Wire[] }> {
  const pods = podsOf(await namespace())
  const nodes = await nodeNames(api)
  const resource = await extendedResource(api, nodes, '5')
  const [lowClass, mediumClass] = [await priorityClass(1), await priorityClass(100)]
  const made: Wire[] = []
  for (const node of [...nodes, ...nodes]) {
    const priorityClassName = made.length === 0 ? lowClass : mediumClass
    made.push(await ready(pods, { priorityClassName, resource, amount: '2', node }))
  }
  const [low, ...others] = made
  return { pods, resource, low, others }
}

/** The pod takes the place of the least important one, and the others stay. */
async function expectPreemption(
  space: string,
  priorityClassName: string,
  filled: Awaited<ReturnType<typeof fillNodes>>,
) {
  const { pods, resource, low, others } = filled
  const preemptor = await start(podsOf(space), { priorityClassName, resource, amount: '2' })
  removeAfterwards(api, `${podsOf(space)}/${preemptor.metadata.name}`, { body: { gracePeriodSeconds: 0 } })
  const placed = await podUntil(api, `${podsOf(space)}/${preemptor.metadata.name}`, isReady)
  expect(placed.spec.nodeName).toBe(low.spec.nodeName)
  expect(placed.status.nominatedNodeName).toBeUndefined()
  const left = (await api.get(pods)).items.filter(({ metadata }: Wire) => metadata.uid !== placed.metadata.uid)
  expect(left.map(({ metadata }: Wire) => metadata.name).sort()).toEqual(
    others.map(({ metadata }) => metadata.name).sort(),
  )
  const { items } = await api.get(pods.replace(/pods$/, 'events'), {
    fieldSelector: `involvedObject.name=${low.metadata.name},reason=Preempted`,
  })
  expect(items.map(({ message }: Wire) => message)).toEqual([
    `Preempted by pod ${placed.metadata.uid} on node ${low.spec.nodeName}`,
  ])
}

test('[sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works [Conformance]', async () => {
  const filled = await fillNodes()
  const space = filled.low.metadata.namespace
  await expectPreemption(space, await priorityClass(1000), filled)
})

test('[sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod [Conformance]', async () => {
  await expectPreemption('kube-system', 'system-cluster-critical', await fillNodes())
})

test('[sig-scheduling] SchedulerPreemption [Serial] validates pod disruption condition is added to the preempted pod [Conformance]', async () => {
  const pods = podsOf(await namespace())
  const [node = ''] = await nodeNames(api)
  const resource = await extendedResource(api, [node], '1')
  const wanted = { resource, amount: '1', node }
  const finalizers = ['example.com/test-finalizer']
  const victim = await ready(pods, { ...wanted, priorityClassName: await priorityClass(1) }, { finalizers })
  const path = `${pods}/${victim.metadata.name}`
  const preemptor = await start(pods, { ...wanted, priorityClassName: await priorityClass(1000) })
  const preempted = await podUntil(api, path, (pod) => disruption(pod) && pod.metadata.deletionTimestamp)
  expect(disruption(preempted)).toMatchObject({ status: 'True', reason: 'PreemptionByScheduler' })
  const nominated = await api.get(`${pods}/${preemptor.metadata.name}`)
  expect(nominated.status.nominatedNodeName).toBe(node)
  await api.patch(path, { metadata: { finalizers: null } })
  await podUntil(api, `${pods}/${preemptor.metadata.name}`, isReady)
})

test('[sig-scheduling] SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption running path [Conformance]', async () => {
  const space = await namespace()
  const pods = podsOf(space)
  const [node = ''] = await nodeNames(api)
  const resource = await extendedResource(api, [node], '1000')
  const seen = new Map<string, Set<string>>()
  const watching = await api.watch(pods)
  const runSet = async (name: string, priority: number, amount: string): Promise<void> => {
    const spec = specOf({ priorityClassName: await priorityClass(priority), resource, amount, node })
    await api.create(`/apis/apps/v1/namespaces/${space}/replicasets`, {
      metadata: { name },
      spec: { replicas: 1, selector: { matchLabels: { name } }, template: { metadata: { labels: { name } }, spec } },
    })
    await watching.until(({ object }) => {
      const { labels, uid } = object.metadata
      seen.set(labels.name, (seen.get(labels.name) ?? new Set()).add(uid))
      return labels.name === name && isReady(object)
    })
  }
  // 950 of 1000 are taken; the fourth has room once the two least important ones are gone.
  await runSet('rs-pod1', 1, '200')
  await runSet('rs-pod2', 2, '300')
  await runSet('rs-pod3', 3, '450')
  await runSet('rs-pod4', 4, '500')
  const everMade = async (name: string, count: number): Promise<void> => {
    while ((seen.get(name)?.size ?? 0) < count) {
      const { metadata } = (await watching.next()).object
      seen.get(metadata.labels.name)?.add(metadata.uid)
    }
  }
  await everMade('rs-pod1', 2)
  await everMade('rs-pod2', 2)
  expect(Object.fromEntries([...seen].map(([name, uids]) => [name, uids.size]))).toEqual({
    'rs-pod1': 2,
    'rs-pod2': 2,
    'rs-pod3': 1,
    'rs-pod4': 1,
  })
})

test('[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance]', async () => {
  const [first, second] = [await priorityClass(1), await priorityClass(2)]
  const { items } = await api.get(classes)
  expect(items.map(({ metadata }: Wire) => metadata.name)).toEqual(expect.arrayContaining([first, second]))
  const path = `${classes}/${first}`
  expect(await api.patch(path, { description: 'patched' })).toMatchObject({ description: 'patched', value: 1 })
  expect(await api.change(path, (found) => (found.description = 'updated'))).toMatchObject({ description: 'updated' })
  await expect(api.patch(path, { value: 7 })).rejects.toMatchObject({ code: 422 })
  await expect(api.change(path, (found) => (found.value = 7))).rejects.toMatchObject({ code: 422 })
  await expect(api.patch(path, { preemptionPolicy: 'Never' })).rejects.toMatchObject({ code: 422 })
  expect(await api.get(path)).toMatchObject({ value: 1, description: 'updated' })
})
