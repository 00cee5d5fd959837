import { afterEach, beforeEach, expect, it } from 'vitest'
import { ipAddresses, services } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startServiceAddresses } from './service-addresses.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startServiceAddresses)
})
afterEach(() => plane.stop())

const service = (name: string, clusterIP: string) =>
  plane.client.create(services, {
    metadata: { name, namespace: 'default' },
    spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] },
  })
const parents = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await plane.client.list(ipAddresses)).items.map(({ metadata, spec }) => [
      metadata.name,
      `${spec?.parentRef.resource ?? ''}/${spec?.parentRef.namespace ?? ''}/${spec?.parentRef.name ?? ''}`,
    ]),
  )

it('has one for each cluster IP, as long as a Service has it', async () => {
  await service('web', '10.96.0.20')
  await service('headless', 'None')
  await expect.poll(parents).toEqual({ '10.96.0.20': 'services/default/web' })
  const [made] = (await plane.client.list(ipAddresses)).items
  expect(made?.metadata.labels).toEqual({
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  })
  await plane.client.delete(services, { namespace: 'default', name: 'web' })
  await service('next', '10.96.0.20')
  await expect.poll(parents).toEqual({ '10.96.0.20': 'services/default/next' })
  await plane.client.delete(services, { namespace: 'default', name: 'next' })
  await expect.poll(parents).toEqual({})
})

it('is left as it is while its Service has it', async () => {
  await service('web', '10.96.0.23')
  await expect.poll(parents).toEqual({ '10.96.0.23': 'services/default/web' })
  const [made] = (await plane.client.list(ipAddresses)).items
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  const [later] = (await plane.client.list(ipAddresses)).items
  expect(later?.metadata.uid).toBe(made?.metadata.uid)
})

it("leaves others' alone", async () => {
  const spec = { parentRef: { resource: 'gateways', name: 'x', group: 'g', namespace: 'n' } }
  await plane.client.create(ipAddresses, { metadata: { name: '192.0.2.1' }, spec })
  await service('web', '10.96.0.21')
  await expect.poll(parents).toEqual({ '10.96.0.21': 'services/default/web', '192.0.2.1': 'gateways/n/x' })
})

it('puts back an address that somebody deleted', async () => {
  await service('web', '10.96.0.22')
  const first = await plane.untilOne(ipAddresses, '10.96.0.22', () => true)
  await plane.client.delete(ipAddresses, { name: '10.96.0.22' })
  await plane.untilOne(ipAddresses, '10.96.0.22', ({ metadata }) => metadata.uid !== first.metadata.uid)
})

it('follows a Service that gets and loses its address', async () => {
  const made = await service('web', '10.96.0.23')
  await expect.poll(parents).toEqual({ '10.96.0.23': 'services/default/web' })
  const named = await plane.client.update(services, {
    ...made,
    spec: { type: 'ExternalName', externalName: 'example.org' },
  })
  await expect.poll(parents).toEqual({})
  const spec = { type: 'ClusterIP', clusterIP: '10.96.0.24', clusterIPs: ['10.96.0.24'], ports: [{ port: 80 }] }
  await plane.client.update(services, { ...named, spec })
  await expect.poll(parents).toEqual({ '10.96.0.24': 'services/default/web' })
})
