import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  configMaps,
  endpoints,
  endpointSlices,
  namespaces,
  pods,
  secrets,
  serviceAccounts,
  services,
} from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startKubernetesService } from './kubernetes-service.ts'
import { startNamespaces } from './namespace.ts'
import { startRootCa } from './root-ca.ts'
import { startServiceAccounts } from './service-account.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
})
afterEach(() => plane.stop())

const namespacedResources = [pods, configMaps, secrets, serviceAccounts]
const startAll = (): void => {
  plane.start((context) => startNamespaces(context, { namespacedResources: () => namespacedResources }))
  plane.start((context) => startRootCa(context, { rootCa: 'PEM' }))
  plane.start(startServiceAccounts)
}

it('furnishes every namespace with a ServiceAccount and the root CA, and puts them back', async () => {
  startAll()
  await plane.client.create(namespaces, { metadata: { name: 'shop' } })
  const shop = { namespace: 'shop' }
  await plane.until(serviceAccounts, (all) => all.length === 1, shop)
  const [map] = await plane.until(configMaps, (all) => all.length === 1, shop)
  expect(map).toMatchObject({ metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': 'PEM' } })
  await plane.client.delete(serviceAccounts, { namespace: 'shop', name: 'default' })
  await plane.until(
    serviceAccounts,
    (all) => all.length === 1 && all[0]?.metadata.deletionTimestamp === undefined,
    shop,
  )
  await plane.client.patch(
    configMaps,
    { namespace: 'shop', name: 'kube-root-ca.crt' },
    { type: 'merge', body: { data: { 'ca.crt': 'forged' } } },
  )
  await plane.until(configMaps, (all) => all[0]?.data?.['ca.crt'] === 'PEM', shop)
})

it('empties a deleted namespace, pods first, and lets it go', async () => {
  const ending = { allowed: false }
  plane.startKubelets({ ends: () => ending.allowed })
  startAll()
  await plane.client.create(namespaces, { metadata: { name: 'shop' } })
  await plane.client.create(secrets, { metadata: { name: 'used-by-pod', namespace: 'shop' } })
  await plane.client.create(pods, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: [{ name: 'web', image: 'nginx' }] },
  })
  await plane.until(pods, (all) => all[0]?.spec?.nodeName !== undefined, { namespace: 'shop' })
  await plane.client.delete(namespaces, { name: 'shop' })
  const waiting = await plane.untilOne(namespaces, 'shop', ({ status }) => (status?.conditions?.length ?? 0) > 0)
  expect(waiting.status?.phase).toBe('Terminating')
  expect(waiting.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'NamespaceContentRemaining',
      status: 'True',
      message: 'Some resources are remaining: pods has 1 resource instances',
    }),
  )
  expect((await plane.client.list(secrets, { namespace: 'shop' })).items).toHaveLength(1)
  ending.allowed = true
  await plane.client.delete(pods, { namespace: 'shop', name: 'web' }, { gracePeriodSeconds: 0 })
  await plane.until(namespaces, (all) => all.every(({ metadata }) => metadata.name !== 'shop'))
  for (const resource of namespacedResources)
    expect((await plane.client.list(resource, { namespace: 'shop' })).items).toEqual([])
})

it('names what holds a namespace back by a finalizer', async () => {
  startAll()
  await plane.client.create(namespaces, { metadata: { name: 'shop' } })
  await plane.client.create(configMaps, {
    metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/hold'] },
  })
  await plane.client.delete(namespaces, { name: 'shop' })
  const held = await plane.untilOne(
    namespaces,
    'shop',
    ({ status }) =>
      status?.conditions?.some(
        ({ type, status: state }) => type === 'NamespaceFinalizersRemaining' && state === 'True',
      ) ?? false,
  )
  expect(held.status?.conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining')?.message).toBe(
    'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  )
  await plane.client.patch(
    configMaps,
    { namespace: 'shop', name: 'held' },
    { type: 'merge', body: { metadata: { finalizers: null } } },
  )
  await plane.until(namespaces, (all) => all.every(({ metadata }) => metadata.name !== 'shop'))
})

it('finishes the deletion of a namespace that was under way at the start', async () => {
  await plane.client.create(namespaces, { metadata: { name: 'shop' } })
  await plane.client.create(secrets, { metadata: { name: 'left', namespace: 'shop' } })
  await plane.client.delete(namespaces, { name: 'shop' })
  startAll()
  await plane.until(namespaces, (all) => all.every(({ metadata }) => metadata.name !== 'shop'))
})

it('keeps the Service kubernetes and its endpoints as they should be', async () => {
  const options = { clusterIP: '10.96.0.1', advertised: { address: '192.0.2.1', port: 6443 } }
  plane.start((context) => startKubernetesService(context, options))
  const service = await plane.untilOne(services, 'kubernetes', () => true)
  expect(service.spec).toMatchObject({
    clusterIP: '10.96.0.1',
    ports: [{ name: 'https', port: 443, targetPort: 6443 }],
  })
  await plane.untilOne(endpointSlices, 'kubernetes', ({ endpoints: list }) => list?.[0]?.addresses[0] === '192.0.2.1')
  const written = await plane.untilOne(endpoints, 'kubernetes', () => true)
  await plane.client.update(endpoints, {
    ...written,
    subsets: [{ addresses: [{ ip: '198.51.100.1' }], ports: [{ port: 1 }] }],
  })
  await plane.untilOne(endpoints, 'kubernetes', ({ subsets }) => subsets?.[0]?.addresses?.[0]?.ip === '192.0.2.1')
  await plane.client.delete(services, { namespace: 'default', name: 'kubernetes' })
  await plane.untilOne(services, 'kubernetes', ({ metadata }) => metadata.uid !== service.metadata.uid)
})
