import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ConfigMap } from '#shared/kube/generated/types.ts'
import type { OwnerReference } from '#shared/kube/object.ts'
import { configMaps, nodes, secrets } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { settle } from '#test/support/fake-clock.ts'
import { startGarbageCollector } from './garbage-collector.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(() => plane.stop())

const start = (): ReturnType<TestControlPlane['start']> =>
  plane.start((context) => startGarbageCollector(context, { resources: [configMaps, secrets, nodes] }))

it('deletes dependents of a deleted owner, and theirs', async () => {
  start()
  const owner = await create('owner')
  const child = await create('child', [owner])
  await create('grandchild', [child])
  await create('bystander')
  await remove('owner', 'Background')
  await left(['bystander'])
})

it('keeps what has another owner, and drops the reference to the one that is gone', async () => {
  start()
  const first = await create('first')
  const second = await create('second')
  await create('child', [first, second])
  await remove('first', 'Background')
  const child = await plane.untilOne(configMaps, 'child', ({ metadata }) => metadata.ownerReferences?.length === 1)
  expect(child.metadata.ownerReferences?.[0]?.name).toBe('second')
  await remove('second', 'Background')
  await left([])
})

it('sets dependents free where the owner is deleted as Orphan', async () => {
  start()
  const owner = await create('owner')
  await create('child', [owner])
  await remove('owner', 'Orphan')
  await left(['child'])
  const child = await plane.client.get(configMaps, { namespace: 'default', name: 'child' })
  expect(child.metadata.ownerReferences ?? []).toEqual([])
})

it('deletes dependents that block before their owner in the foreground, through generations', async () => {
  start()
  const owner = await create('owner')
  const child = await create('child', [owner])
  await create('grandchild', [child], ['example.com/hold'])
  await remove('owner', 'Foreground')
  await plane.untilOne(configMaps, 'grandchild', ({ metadata }) => metadata.deletionTimestamp !== undefined)
  await settle()
  expect(await names()).toEqual(['child', 'grandchild', 'owner'])
  await plane.client.patch(
    configMaps,
    { namespace: 'default', name: 'grandchild' },
    { type: 'merge', body: { metadata: { finalizers: null } } },
  )
  await left([])
})

it('does not wait in the foreground for a dependent that has another owner', async () => {
  start()
  const going = await create('going')
  const staying = await create('staying')
  await create('child', [going, staying])
  await remove('going', 'Foreground')
  await left(['child', 'staying'])
})

it('does not wait in the foreground for dependents that do not block', async () => {
  start()
  const owner = await create('owner')
  await create('child', [{ ...owner, blockOwnerDeletion: false }], ['example.com/hold'])
  await remove('owner', 'Foreground')
  await plane.until(configMaps, (all) => all.every(({ metadata }) => metadata.name !== 'owner'))
  expect(await names()).toEqual(['child'])
})

it('gets rings of owners out of the way', async () => {
  start()
  const a = await create('a')
  const b = await create('b', [a])
  await plane.client.patch(
    configMaps,
    { namespace: 'default', name: 'a' },
    { type: 'merge', body: { metadata: { ownerReferences: [b] } } },
  )
  await settle()
  await remove('a', 'Foreground')
  await left([])
})

it('deletes what is born with an owner that does not exist, asking the server first', async () => {
  start()
  await create('child', [{ apiVersion: 'v1', kind: 'Secret', name: 'never', uid: 'never' }])
  await left([])
})

it('takes an owner of the same name but another uid for absent', async () => {
  start()
  const owner = await create('owner')
  await create('child', [{ ...owner, uid: 'of-its-predecessor' }])
  await left(['owner'])
})

it('leaves alone what is owned by a kind that it does not know', async () => {
  start()
  await create('child', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' }])
  await create('done', [{ apiVersion: 'v1', kind: 'Secret', name: 'never', uid: 'never' }])
  await left(['child'])
})

it('lets cluster-scoped objects own, and finishes what was under way at the start', async () => {
  const node = await plane.client.create(nodes, { metadata: { name: 'node-1' } })
  await create('lease', [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: node.metadata.uid }])
  const owner = await create('owner')
  await create('child', [owner])
  await remove('owner', 'Foreground')
  start()
  await left(['lease'])
  await plane.client.delete(nodes, { name: 'node-1' })
  await left([])
})

async function create(name: string, owners: OwnerReference[] = [], finalizers: string[] = []): Promise<OwnerReference> {
  const created = await plane.client.create(configMaps, {
    metadata: { name, namespace: 'default', ownerReferences: owners, finalizers },
  })
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: created.metadata.uid, blockOwnerDeletion: true }
}

const remove = (name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan'): Promise<unknown> =>
  plane.client.delete(configMaps, { namespace: 'default', name }, { propagationPolicy })

const left = (expected: string[]): Promise<ConfigMap[]> =>
  plane.until(
    configMaps,
    (all) =>
      all
        .map(({ metadata }) => metadata.name)
        .sort()
        .join() === expected.join(),
  )

const names = async (): Promise<unknown[]> =>
  (await plane.client.list(configMaps)).items.map(({ metadata }) => metadata.name).sort()
