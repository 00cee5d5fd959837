import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import {
  flowSchemas,
  namespaces,
  priorityClasses,
  priorityLevelConfigurations,
  serviceCidrs,
  services,
  storageClasses,
} from '#shared/kube/resources.ts'
import { startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import { ensureDefaultObjects } from './default-objects.ts'
import { kinds } from '../kinds/index.ts'
import { serviceAllocator } from '../registry/service-allocator.ts'

let api: TestApiServer
beforeEach(async () => {
  api = await startApiServer({ kinds, admission: [serviceAllocator({ clock: systemClock })] })
})
afterEach(() => api.stop())

const names = (items: readonly { metadata: { name?: string } }[]): (string | undefined)[] =>
  items.map(({ metadata }) => metadata.name)

it('gives a new cluster its namespaces, priorities, storage class and DNS', async () => {
  const { client } = api
  await ensureDefaultObjects({ client })
  expect(names((await client.list(namespaces)).items)).toEqual([
    'default',
    'kube-node-lease',
    'kube-public',
    'kube-system',
  ])
  expect(names((await client.list(priorityClasses)).items)).toEqual(['system-cluster-critical', 'system-node-critical'])
  expect(names((await client.list(storageClasses)).items)).toEqual(['standard'])
  expect(await client.get(services, { namespace: 'kube-system', name: 'kube-dns' })).toMatchObject({
    spec: { clusterIP: '10.96.0.10', ports: [{ name: 'dns', targetPort: 53 }, { name: 'dns-tcp' }] },
  })
})

it('leaves alone what is there, and does not bring a deleted storage class back', async () => {
  const { client } = api
  await ensureDefaultObjects({ client })
  await client.delete(storageClasses, { name: 'standard' })
  const before = await client.list(namespaces)
  await ensureDefaultObjects({ client })
  expect((await client.list(namespaces)).items).toEqual(before.items)
  expect((await client.list(storageClasses)).items).toEqual([])
})

it('lets the volumes of an older cluster’s storage class be expanded, and keeps to what its user says', async () => {
  const { client } = api
  await ensureDefaultObjects({ client })
  const body = { allowVolumeExpansion: null }
  await client.patch(storageClasses, { name: 'standard' }, { type: 'merge', body })
  await ensureDefaultObjects({ client })
  expect((await client.get(storageClasses, { name: 'standard' })).allowVolumeExpansion).toBe(true)
  await client.patch(storageClasses, { name: 'standard' }, { type: 'merge', body: { allowVolumeExpansion: false } })
  await ensureDefaultObjects({ client })
  expect((await client.get(storageClasses, { name: 'standard' })).allowVolumeExpansion).toBe(false)
})

it('has a range of Services and flow control as Kubernetes sets it up', async () => {
  const { client } = api
  await ensureDefaultObjects({ client })
  await ensureDefaultObjects({ client })
  expect(await client.get(serviceCidrs, { name: 'kubernetes' })).toMatchObject({
    spec: { cidrs: ['10.96.0.0/16'] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })
  const levels = names((await client.list(priorityLevelConfigurations)).items)
  expect(levels).toHaveLength(8)
  const schemas = (await client.list(flowSchemas)).items
  expect(schemas).toHaveLength(13)
  for (const { spec, status } of schemas) {
    expect(levels).toContain(spec?.priorityLevelConfiguration.name)
    expect(status?.conditions).toMatchObject([{ type: 'Dangling', status: 'False' }])
  }
})
