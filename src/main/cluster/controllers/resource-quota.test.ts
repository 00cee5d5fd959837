import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  customResourceDefinitions,
  namespaces,
  pods,
  replicationControllers,
  resourceQuotas,
} from '#shared/kube/resources.ts'
import type { Resource } from '#shared/client/client.ts'
import { startSimulatedCluster, type SimulatedCluster } from '#test/support/simulated-cluster.ts'

/** With the admission plugin and the controllers of a real control plane: they write the same status. */
let cluster: SimulatedCluster
beforeAll(async () => {
  cluster = await startSimulatedCluster({ count: 1 })
})
afterAll(() => cluster.stop())

it('gives nothing out twice while pods are created side by side, and says so in the status of who asked', async () => {
  const { client } = cluster.plane
  const names = ['a', 'b', 'c', 'd']
  await Promise.all(
    names.map(async (namespace) => {
      await client.create(namespaces, { metadata: { name: namespace } })
      await client.create(resourceQuotas, { metadata: { name: 'few', namespace }, spec: { hard: { pods: '2' } } })
      await expect
        .poll(async () => (await client.get(resourceQuotas, { namespace, name: 'few' })).status?.used, {
          timeout: 10_000,
        })
        .toEqual({ pods: '0' })
      const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } }
      await client.create(replicationControllers, {
        metadata: { name: 'many', namespace },
        spec: { replicas: 5, selector: { app: 'x' }, template },
      })
      await expect
        .poll(
          async () => (await client.get(replicationControllers, { namespace, name: 'many' })).status?.conditions?.[0],
          { timeout: 10_000 },
        )
        .toMatchObject({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' })
      expect((await client.list(pods, { namespace })).items).toHaveLength(2)
    }),
  )
})

it('counts down when a pod is gone, and lets its successor in', async () => {
  const { client } = cluster.plane
  const before = (await client.list(pods, { namespace: 'a' })).items.map(({ metadata }) => metadata.name)
  await client.delete(pods, { namespace: 'a', name: before[0] ?? '' })
  await expect
    .poll(
      async () => {
        const now = (await client.list(pods, { namespace: 'a' })).items
        return now.filter(({ metadata }) => metadata.name !== before[0]).length
      },
      { timeout: 20_000 },
    )
    .toBe(2)
})

it('counts custom resources from their definition on, frees them, and refuses what is too many', async () => {
  const { client } = cluster.plane
  const namespace = 'custom'
  const group = 'toys.example.com'
  const tops: Resource = { group, version: 'v1', plural: 'tops', kind: 'Top', namespaced: true }
  const top = (name: string) => client.create(tops, { metadata: { name, namespace } })
  await client.create(namespaces, { metadata: { name: namespace } })
  await client.create(resourceQuotas, {
    metadata: { name: 'few', namespace },
    spec: { hard: { 'count/tops.toys.example.com': '2' } },
  })
  const used = async () =>
    (await client.get(resourceQuotas, { namespace, name: 'few' })).status?.used?.['count/tops.toys.example.com']
  await expect.poll(used, { timeout: 10_000 }).toBe('0')
  await client.create(customResourceDefinitions, {
    metadata: { name: `tops.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'tops', kind: 'Top' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  })
  await expect
    .poll(
      () =>
        top('a').then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true)
  await top('b')
  expect(await used()).toBe('2')
  await expect(top('c')).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining(
      'exceeded quota: few, requested: count/tops.toys.example.com=1, used: count/tops.toys.example.com=2, limited: count/tops.toys.example.com=2',
    ) as string,
  })
  await client.delete(tops, { namespace, name: 'a' })
  await expect.poll(used, { timeout: 10_000 }).toBe('1')
  await client.delete(customResourceDefinitions, { name: `tops.${group}` })
  await expect.poll(used, { timeout: 10_000 }).toBe('0')
})
