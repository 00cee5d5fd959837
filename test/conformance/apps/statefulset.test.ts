import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer } from '../support/server.ts'
import type { WatchEvent, Watching } from '../support/watching.ts'
import { isReady, otherPause, pause, podWith } from '../support/workloads.ts'

/**
 * The cases of StatefulSets on nodes without machines. What the originals do with a probe that fails is done with a
 * readiness gate here: the test says which pods are healthy.
 */

const { api, namespace } = await simulatedServer()
const title = (words: string): string =>
  `[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] ${words}`

interface Place {
  name: string
  sets: string
  pods: string
  revisions: string
}
const place = async (): Promise<Place> => {
  const name = await namespace()
  const core = `/api/v1/namespaces/${name}`
  await api.create(`${core}/services`, {
    metadata: { name: 'test' },
    spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80, name: 'http' }] },
  })
  const apps = `/apis/apps/v1/namespaces/${name}`
  return { name, sets: `${apps}/statefulsets`, pods: `${core}/pods`, revisions: `${apps}/controllerrevisions` }
}

const labels = { foo: 'bar', baz: 'blah' }
const gate = 'conformance/healthy'

const set = (replicas: number, more: object = {}, pod: object = {}): Wire => {
  const template: Wire = podWith(labels)
  Object.assign(template.spec, pod)
  return {
    metadata: { name: 'ss', labels },
    spec: { serviceName: 'test', replicas, selector: { matchLabels: labels }, template, ...more },
  }
}
const gated = { readinessGates: [{ conditionType: gate }] }

const podsOf = async ({ pods }: Place): Promise<Wire[]> =>
  (await api.get(pods)).items.sort((a: Wire, b: Wire) => (a.metadata.name < b.metadata.name ? -1 : 1))
const namesOf = async (there: Place): Promise<string[]> => (await podsOf(there)).map(({ metadata }) => metadata.name)

/** Opens or closes the readiness gate of a pod. */
const setHealth = async ({ pods }: Place, pod: string, healthy: boolean): Promise<void> => {
  await api.patch(
    `${pods}/${pod}/status`,
    { status: { conditions: [{ type: gate, status: healthy ? 'True' : 'False' }] } },
    'strategic',
  )
}

/** Waits until the status says so, for the generation of now. */
const statusUntil = ({ sets }: Place, what: string, wanted: (status: Wire) => boolean): Promise<Wire> =>
  eventually(`the status of ss: ${what}`, async () => {
    const { metadata, status } = await api.get(`${sets}/ss`)
    return status.observedGeneration >= metadata.generation && wanted(status) ? status : undefined
  })

const readyPods = (there: Place, count: number): Promise<Wire> =>
  statusUntil(
    there,
    `${count} ready`,
    ({ replicas, readyReplicas = 0 }) => replicas === count && readyReplicas === count,
  )

/** Waits for this many pods of the set that run, whether ready or not. */
const runningPods = (there: Place, count: number): Promise<Wire> =>
  eventually(`${count} pods run`, async () => {
    const all = await podsOf(there)
    return all.length === count && all.every(({ status }) => status.phase === 'Running')
  })

const scale = ({ sets }: Place, replicas: number): Promise<Wire> =>
  api.patch(`${sets}/ss/scale`, { spec: { replicas } })

const setImage = ({ sets }: Place, image: string): Promise<Wire> =>
  api.patch(`${sets}/ss`, { spec: { template: { spec: { containers: [{ name: 'pause', image }] } } } }, 'strategic')

const imagesOf = async (there: Place): Promise<string[]> =>
  (await podsOf(there)).map(({ spec }) => spec.containers[0].image)

const revisionsOf = async (there: Place): Promise<string[]> =>
  (await podsOf(there)).map(({ metadata }) => metadata.labels['controller-revision-hash'])

/** The names of pods in the order in which they came or went. */
const orderOf = ({ events }: Watching, type: WatchEvent['type']): string[] =>
  events.filter((event) => event.type === type).map(({ object }) => object.metadata.name)

test(
  title('Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]'),
  async () => {
    const there = await place()
    const watching = await api.watch(there.pods)
    await api.create(there.sets, set(1, {}, gated))
    await runningPods(there, 1)
    await scale(there, 3)
    // The first is not ready: the others wait for it.
    await statusUntil(there, 'one waits', ({ replicas, readyReplicas = 0 }) => replicas === 1 && readyReplicas === 0)
    expect(await namesOf(there)).toEqual(['ss-0'])
    for (const name of ['ss-0', 'ss-1', 'ss-2']) {
      await eventually(`${name} runs`, async () => (await api.get(`${there.pods}/${name}`)).status.phase === 'Running')
      await setHealth(there, name, true)
    }
    await readyPods(there, 3)
    expect(orderOf(watching, 'ADDED')).toEqual(['ss-0', 'ss-1', 'ss-2'])

    const names = ['ss-0', 'ss-1', 'ss-2']
    for (const name of names) await setHealth(there, name, false)
    await statusUntil(there, 'none is ready', ({ readyReplicas = 0 }) => readyReplicas === 0)
    await scale(there, 0)
    await statusUntil(there, 'nothing goes', ({ replicas }) => replicas === 3)
    expect(orderOf(watching, 'DELETED')).toEqual([])
    for (const name of names) await setHealth(there, name, true)
    await eventually('all are gone', async () => (await podsOf(there)).length === 0)
    await eventually('the watch saw it', () => Promise.resolve(orderOf(watching, 'DELETED').length === 3))
    expect(orderOf(watching, 'DELETED')).toEqual(['ss-2', 'ss-1', 'ss-0'])
  },
)

test(title('Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]'), async () => {
  const there = await place()
  await api.create(there.sets, set(1, { podManagementPolicy: 'Parallel' }, gated))
  await runningPods(there, 1)
  await scale(there, 3)
  await runningPods(there, 3)
  expect((await api.get(`${there.sets}/ss`)).status.readyReplicas ?? 0).toBe(0)
  for (const name of ['ss-0', 'ss-1', 'ss-2']) await setHealth(there, name, true)
  await readyPods(there, 3)
  for (const name of ['ss-0', 'ss-1', 'ss-2']) await setHealth(there, name, false)
  await statusUntil(there, 'none is ready', ({ readyReplicas = 0 }) => readyReplicas === 0)
  await scale(there, 0)
  await eventually('all are gone', async () => (await podsOf(there)).length === 0)
  await statusUntil(there, 'no replicas', ({ replicas }) => replicas === 0)
})

test(title('Should recreate evicted statefulset [Conformance]'), async () => {
  const there = await place()
  await api.create(there.sets, set(1))
  await readyPods(there, 1)
  const { metadata } = await api.get(`${there.pods}/ss-0`)
  const watching = await api.watch(there.pods, { resourceVersion: metadata.resourceVersion })
  // As a kubelet does that evicts a pod, or refuses one that does not fit.
  await api.patch(`${there.pods}/ss-0/status`, { status: { phase: 'Failed', reason: 'Evicted' } })
  await watching.until(({ type, object }) => type === 'DELETED' && object.metadata.uid === metadata.uid)
  const { object } = await watching.until(({ object }) => object.metadata.name === 'ss-0' && isReady(object))
  expect(object.metadata.uid).not.toBe(metadata.uid)
  await readyPods(there, 1)
})

test(title('should have a working scale subresource [Conformance]'), async () => {
  const there = await place()
  await api.create(there.sets, set(1))
  await readyPods(there, 1)
  const scaleAt = `${there.sets}/ss/scale`
  const read = await api.get(scaleAt)
  expect(read).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { replicas: 1 } })
  expect(read.status.selector.split(',').sort()).toEqual(['baz=blah', 'foo=bar'])
  await api.change(scaleAt, ({ spec }) => (spec.replicas = 2))
  expect((await api.get(`${there.sets}/ss`)).spec.replicas).toBe(2)
  await readyPods(there, 2)
  await api.patch(scaleAt, { spec: { replicas: 4 } })
  expect((await api.get(`${there.sets}/ss`)).spec.replicas).toBe(4)
  await readyPods(there, 4)
})

test(title('should list, patch and delete a collection of StatefulSets [Conformance]'), async () => {
  const there = await place()
  await api.create(there.sets, set(1))
  await readyPods(there, 1)
  const mine = { labelSelector: 'foo=bar' }
  const everywhere: Wire[] = (await api.get('/apis/apps/v1/statefulsets', mine)).items
  expect(everywhere.filter(({ metadata }) => metadata.namespace === there.name)).toHaveLength(1)
  await api.patch(
    `${there.sets}/ss`,
    {
      metadata: { labels: { 'test-ss': 'patched' } },
      spec: {
        replicas: 2,
        template: { spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'pause', image: otherPause }] } },
      },
    },
    'strategic',
  )
  const patched = await api.get(`${there.sets}/ss`)
  expect(patched).toMatchObject({
    metadata: { labels: { 'test-ss': 'patched' } },
    spec: { replicas: 2, template: { spec: { containers: [{ image: otherPause }] } } },
  })
  await statusUntil(there, 'updated', (status) => status.updatedReplicas === 2 && status.readyReplicas === 2)
  await api.delete(there.sets, { propagationPolicy: 'Background' }, { labelSelector: 'test-ss=patched' })
  expect((await api.get(there.sets)).items).toEqual([])
  await eventually('its pods go with it', async () => (await podsOf(there)).length === 0)
})

test(
  title('should perform canary updates and phased rolling updates of template modifications [Conformance]'),
  async () => {
    const there = await place()
    const strategy = (partition: number): object => ({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
    })
    await api.create(there.sets, set(3, strategy(3)))
    const { currentRevision: old, updateRevision } = await readyPods(there, 3)
    expect(updateRevision).toBe(old)
    await setImage(there, otherPause)
    // No pod lies at or above the partition: there is a new revision, and nothing is replaced.
    const { currentRevision, updateRevision: fresh } = await statusUntil(
      there,
      'a new revision',
      (status) => status.updateRevision !== old,
    )
    expect(currentRevision).toBe(old)
    expect(await revisionsOf(there)).toEqual([old, old, old])

    await api.patch(`${there.sets}/ss`, { spec: strategy(2) })
    await statusUntil(there, 'the canary', (status) => status.updatedReplicas === 1 && status.readyReplicas === 3)
    expect(await revisionsOf(there)).toEqual([old, old, fresh])
    expect(await imagesOf(there)).toEqual([pause, pause, otherPause])

    // Pods that are deleted in the middle of it come back on their own side of the partition.
    for (const name of ['ss-0', 'ss-2']) {
      const { metadata } = await api.get(`${there.pods}/${name}`)
      await api.delete(`${there.pods}/${name}`)
      await eventually(`another ${name}`, async () => {
        const pod = await api.get(`${there.pods}/${name}`)
        return pod.metadata.uid !== metadata.uid && isReady(pod)
      })
    }
    await readyPods(there, 3)
    expect(await revisionsOf(there)).toEqual([old, old, fresh])

    for (const partition of [1, 0]) {
      await api.patch(`${there.sets}/ss`, { spec: strategy(partition) })
      await statusUntil(
        there,
        `partition ${partition}`,
        (status) => status.updatedReplicas === 3 - partition && status.readyReplicas === 3,
      )
      expect(await revisionsOf(there)).toEqual([0, 1, 2].map((ordinal) => (ordinal < partition ? old : fresh)))
    }
    await statusUntil(there, 'the update is complete', (status) => status.currentRevision === fresh)
  },
)

test(title('should perform rolling updates and roll backs of template modifications [Conformance]'), async () => {
  const there = await place()
  await api.create(there.sets, set(3, {}, gated))
  for (const name of ['ss-0', 'ss-1', 'ss-2']) await becomesHealthy(there, name)
  const { currentRevision: first } = await readyPods(there, 3)

  const rollOut = async (image: string): Promise<Wire> => {
    const watching = await api.watch(there.pods)
    await setImage(there, image)
    // From the last to the first, each when the one before it is healthy.
    for (const name of ['ss-2', 'ss-1', 'ss-0']) {
      await eventually(`another ${name}`, async () => {
        const pod = await api.get(`${there.pods}/${name}`)
        return pod.spec.containers[0].image === image && pod.status.phase === 'Running'
      })
      await becomesHealthy(there, name)
    }
    const status = await statusUntil(
      there,
      `${image} everywhere`,
      (now) => now.updatedReplicas === 3 && now.readyReplicas === 3 && now.currentRevision === now.updateRevision,
    )
    expect(orderOf(watching, 'DELETED')).toEqual(['ss-2', 'ss-1', 'ss-0'])
    watching.stop()
    expect(await imagesOf(there)).toEqual([image, image, image])
    return status
  }
  // A pod that is not healthy holds the update up before it begins.
  await setHealth(there, 'ss-1', false)
  await statusUntil(there, 'one is not ready', ({ readyReplicas }) => readyReplicas === 2)
  await setImage(there, otherPause)
  await statusUntil(there, 'a new revision', (status) => status.updateRevision !== first)
  expect(await imagesOf(there)).toEqual([pause, pause, pause])
  await setHealth(there, 'ss-1', true)
  const second = await rollOut(otherPause)
  expect(second.currentRevision).not.toBe(first)
  // The old template again is the old revision again.
  const third = await rollOut(pause)
  expect(third.currentRevision).toBe(first)
  const revisions: Wire[] = (await api.get(there.revisions)).items
  expect(revisions.map(({ revision }) => revision).sort()).toEqual([2, 3])
})

async function becomesHealthy(there: Place, name: string): Promise<void> {
  await eventually(`${name} runs`, async () => {
    const answer = await api.ask('GET', `${there.pods}/${name}`)
    return answer.json?.status?.phase === 'Running' && !answer.json.metadata.deletionTimestamp
  })
  await setHealth(there, name, true)
}

test(title('should validate Statefulset Status endpoints [Conformance]'), async () => {
  const there = await place()
  const watching = await api.watch(there.sets)
  await api.create(there.sets, set(1))
  await readyPods(there, 1)
  const at = `${there.sets}/ss/status`
  expect((await api.get(at)).status.replicas).toBe(1)
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' }
  await api.change(at, ({ status }) => (status.conditions = [...(status.conditions ?? []), condition]))
  await watching.until(({ object }) =>
    (object.status?.conditions ?? []).some(({ type }: Wire) => type === 'StatusUpdate'),
  )
  const patched = await api.patch(at, { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } })
  expect(patched.status.conditions).toMatchObject([{ type: 'StatusPatched', status: 'True' }])
  await watching.until(({ object }) => object.status?.conditions?.[0]?.type === 'StatusPatched')
  expect((await api.get(`${there.sets}/ss`)).status.conditions).toHaveLength(1)
})
