import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { simulatedServer } from '../support/server.ts'
import { isReady, podUntil, podWith } from '../support/workloads.ts'

const { api, namespace } = await simulatedServer()

interface Place {
  core: string
  apps: string
}
const place = async (): Promise<Place> => {
  const name = await namespace()
  return { core: `/api/v1/namespaces/${name}`, apps: `/apis/apps/v1/namespaces/${name}` }
}
const itemsOf = async (path: string): Promise<Wire[]> => (await api.get(path)).items
const isGone = async (path: string): Promise<boolean> => (await api.ask('GET', path)).status === 404

const controller = (name: string, replicas: number): object => ({
  metadata: { name },
  spec: { replicas, selector: { app: name }, template: podWith({ app: name }) },
})

/** Makes a controller and waits for all its pods. @returns the controller */
async function controllerWithPods({ core }: Place, name: string, replicas: number): Promise<Wire> {
  const made = await api.create(`${core}/replicationcontrollers`, controller(name, replicas))
  await eventually(`${replicas} pods of ${name}`, async () => (await itemsOf(`${core}/pods`)).length === replicas)
  return made
}

const deployment = {
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: podWith({ app: 'web' }) },
}

test('[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]', async () => {
  const there = await place()
  await controllerWithPods(there, 'simple', 2)
  await api.delete(`${there.core}/replicationcontrollers/simple`, { propagationPolicy: 'Background' })
  await eventually('no pods', async () => (await itemsOf(`${there.core}/pods`)).length === 0)
  expect(await isGone(`${there.core}/replicationcontrollers/simple`)).toBe(true)
})

test('[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Serial] [Conformance]', async () => {
  const there = await place()
  await controllerWithPods(there, 'many', 30)
  const pods = await itemsOf(`${there.core}/pods`)
  await api.delete(`${there.core}/replicationcontrollers/many`, { propagationPolicy: 'Orphan' })
  await eventually('the controller is gone', () => isGone(`${there.core}/replicationcontrollers/many`))
  // What the collector is told now, it is told after all of that.
  await collectorIsThrough(there)
  const left = (await itemsOf(`${there.core}/pods`)).filter(({ metadata }) => metadata.labels.app === 'many')
  expect(left.map(({ metadata }) => metadata.uid).sort()).toEqual(pods.map(({ metadata }) => metadata.uid).sort())
  for (const { metadata } of left) {
    expect(metadata.deletionTimestamp).toBeUndefined()
    expect(metadata.ownerReferences ?? []).toEqual([])
  }
})

test('[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]', async () => {
  const { core, apps } = await place()
  await api.create(`${apps}/deployments`, deployment)
  await eventually('a replica set with pods', async () => (await itemsOf(`${core}/pods`)).length === 2)
  await api.delete(`${apps}/deployments/web`, { propagationPolicy: 'Background' })
  await eventually('no replica sets', async () => (await itemsOf(`${apps}/replicasets`)).length === 0)
  await eventually('no pods', async () => (await itemsOf(`${core}/pods`)).length === 0)
})

test('[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]', async () => {
  const there = await place()
  const { core, apps } = there
  await api.create(`${apps}/deployments`, deployment)
  await eventually('a replica set with pods', async () => (await itemsOf(`${core}/pods`)).length === 2)
  await api.delete(`${apps}/deployments/web`, { propagationPolicy: 'Orphan' })
  await eventually('the deployment is gone', () => isGone(`${apps}/deployments/web`))
  await collectorIsThrough(there)
  const [set, ...others] = await itemsOf(`${apps}/replicasets`)
  expect(others).toEqual([])
  expect(set.metadata.deletionTimestamp).toBeUndefined()
  expect(set.metadata.ownerReferences ?? []).toEqual([])
  const pods = (await itemsOf(`${core}/pods`)).filter(({ metadata }) => metadata.labels.app === 'web')
  expect(pods).toHaveLength(2)
  for (const { metadata } of pods) expect(metadata.ownerReferences[0].uid).toBe(set.metadata.uid)
})

test('[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial] [Conformance]', async () => {
  const there = await place()
  await controllerWithPods(there, 'many', 30)
  const [first] = await itemsOf(`${there.core}/pods`)
  await api.patch(`${there.core}/pods/${first.metadata.name}`, { metadata: { finalizers: ['e2e.example.com/held'] } })
  const at = `${there.core}/replicationcontrollers/many`
  await api.delete(at, { propagationPolicy: 'Foreground' })
  expect((await api.get(at)).metadata).toMatchObject({
    deletionTimestamp: expect.any(String),
    finalizers: ['foregroundDeletion'],
  })
  await eventually('one pod left', async () => (await itemsOf(`${there.core}/pods`)).length === 1)
  expect((await api.get(at)).metadata.finalizers).toEqual(['foregroundDeletion'])
  await api.patch(`${there.core}/pods/${first.metadata.name}`, { metadata: { finalizers: null } })
  await eventually('the controller is gone', () => isGone(at))
  expect(await itemsOf(`${there.core}/pods`)).toEqual([])
})

test("[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial] [Conformance]", async () => {
  const there = await place()
  await controllerWithPods(there, 'going', 20)
  const staying = await api.create(`${there.core}/replicationcontrollers`, controller('staying', 0))
  const pods = await itemsOf(`${there.core}/pods`)
  const shared = pods.slice(0, 10)
  for (const { metadata } of shared)
    await api.patch(`${there.core}/pods/${metadata.name}`, {
      metadata: {
        ownerReferences: [
          ...metadata.ownerReferences,
          { apiVersion: 'v1', kind: 'ReplicationController', name: 'staying', uid: staying.metadata.uid },
        ],
      },
    })
  await api.delete(`${there.core}/replicationcontrollers/going`, { propagationPolicy: 'Foreground' })
  await eventually('the controller is gone', () => isGone(`${there.core}/replicationcontrollers/going`))
  const left = await itemsOf(`${there.core}/pods`)
  expect(left.map(({ metadata }) => metadata.uid).sort()).toEqual(shared.map(({ metadata }) => metadata.uid).sort())
  for (const { metadata } of left) {
    expect(metadata.deletionTimestamp).toBeUndefined()
    expect(metadata.ownerReferences.map(({ uid }: Wire) => uid)).toEqual([staying.metadata.uid])
  }
})

test('[sig-api-machinery] Garbage collector should not be blocked by dependency circle [Conformance]', async () => {
  const { core } = await place()
  const names = ['pod1', 'pod2', 'pod3']
  const pods: Wire[] = []
  for (const name of names) {
    await api.create(`${core}/pods`, { ...podWith({}), metadata: { name } })
    pods.push(await podUntil(api, `${core}/pods/${name}`, isReady))
  }
  for (const [index, { metadata }] of pods.entries()) {
    const owner = pods[(index + 2) % 3]
    await api.patch(`${core}/pods/${metadata.name}`, {
      metadata: {
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Pod',
            name: owner.metadata.name,
            uid: owner.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
    })
  }
  await api.delete(`${core}/pods/pod1`, { propagationPolicy: 'Foreground' })
  await eventually('no pods', async () => (await itemsOf(`${core}/pods`)).length === 0)
})

/** Has the collector do one more piece of work to its end, so that whatever it was to do before is done. */
async function collectorIsThrough({ core }: Place): Promise<void> {
  const owner = await api.create(`${core}/configmaps`, { metadata: { name: 'owner' } })
  await api.create(`${core}/configmaps`, {
    metadata: {
      name: 'owned',
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }],
    },
  })
  await api.delete(`${core}/configmaps/owner`)
  await eventually('the owned is gone', () => isGone(`${core}/configmaps/owned`))
}
