import { expect, test } from 'vitest'
import type { Wire } from '../support/api.ts'
import { eventually } from '../support/eventually.ts'
import { expectDiscovered, expectOperations, expectStatusOperations, type ResourceCase } from '../support/operations.ts'
import { removeAfterwards, simulatedServer, uniqueName } from '../support/server.ts'

/** The objects of networks as objects: what their API must do with them. */

const { api, namespace } = await simulatedServer()
const networking = { group: 'networking.k8s.io', version: 'v1' }

test('[sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]', async () => {
  const slices: ResourceCase = {
    group: 'discovery.k8s.io',
    version: 'v1',
    resource: 'endpointslices',
    kind: 'EndpointSlice',
    namespace: await namespace(),
    object: () => ({
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }],
      ports: [{ name: 'http', port: 80 }],
    }),
    change: (slice) => void (slice.endpoints[0].conditions = { ready: false }),
  }
  await expectDiscovered(api, slices)
  await expectOperations(api, slices)
})

test('[sig-network] Ingress API should support creating Ingress API operations [Conformance]', async () => {
  const rule = (serviceName: string): object => ({
    host: 'foo.bar.com',
    http: {
      paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: serviceName, port: { number: 80 } } } }],
    },
  })
  const ingresses: ResourceCase = {
    ...networking,
    resource: 'ingresses',
    kind: 'Ingress',
    namespace: await namespace(),
    subresources: ['status'],
    object: () => ({
      // Of a controller that is not there.
      spec: {
        ingressClassName: 'nobody',
        defaultBackend: { service: { name: 'default', port: { number: 80 } } },
        rules: [rule('first')],
      },
    }),
    change: (ingress) => void (ingress.spec.rules = [rule('second')]),
  }
  await expectDiscovered(api, ingresses)
  await expectOperations(api, ingresses)
  await expectStatusOperations(api, ingresses, {
    patch: { status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } } },
    update: ({ status }) => {
      expect(status.loadBalancer.ingress).toEqual([{ ip: '169.1.1.1' }])
      status.loadBalancer = { ingress: [{ ip: '169.1.1.2' }] }
    },
    shown: ({ status }) => expect(status.loadBalancer.ingress).toEqual([{ ip: '169.1.1.2' }]),
  })
})

test('[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]', async () => {
  const classes: ResourceCase = {
    ...networking,
    resource: 'ingressclasses',
    kind: 'IngressClass',
    object: () => ({ spec: { controller: 'example.com/controller' } }),
    change: (ingressClass) =>
      void (ingressClass.spec.parameters = { apiGroup: 'example.com', kind: 'Parameters', name: 'one' }),
  }
  await expectDiscovered(api, classes)
  await expectOperations(api, classes)
})

test('[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations [Conformance]', async () => {
  const ranges: ResourceCase = {
    ...networking,
    resource: 'servicecidrs',
    kind: 'ServiceCIDR',
    subresources: ['status'],
    object: () => ({ spec: { cidrs: ['10.1.1.0/24'] } }),
    // What is in it is for ever.
    change: ({ metadata }) => void (metadata.labels.updated = 'true'),
  }
  await expectDiscovered(api, ranges)
  await expectOperations(api, ranges)
  const condition = (type: string): object => ({
    type,
    status: 'True',
    reason: 'E2E',
    message: 'Set from e2e test',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  const typesOf = ({ status }: Wire): string[] => status.conditions.map(({ type }: Wire) => type)
  await expectStatusOperations(api, ranges, {
    patch: { status: { conditions: [condition('StatusPatched')] } },
    update: ({ status }) => void status.conditions.push(condition('StatusUpdate')),
    shown: (range) => expect(typesOf(range)).toContain('StatusUpdate'),
  })
  const made = await api.create('/apis/networking.k8s.io/v1/servicecidrs', {
    metadata: { name: uniqueName('range') },
    spec: { cidrs: ['10.1.2.0/24'] },
  })
  const at = `/apis/networking.k8s.io/v1/servicecidrs/${made.metadata.name as string}`
  removeAfterwards(api, at)
  await expect(api.patch(at, { spec: { cidrs: ['10.1.3.0/24'] } })).rejects.toMatchObject({ code: 422 })
})

test('[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations [Conformance]', async () => {
  const addresses: ResourceCase = {
    ...networking,
    resource: 'ipaddresses',
    kind: 'IPAddress',
    object: () => ({}),
    change: () => undefined,
  }
  await expectDiscovered(api, addresses)
  const path = '/apis/networking.k8s.io/v1/ipaddresses'
  const label = uniqueName('case')
  const mine = { labelSelector: `case=${label}` }
  removeAfterwards(api, path, { query: mine })
  // An address is named by itself; each belongs to what its parentRef names.
  const names = ['192.168.2.2', '192.168.2.3', '192.168.2.4'] as const
  for (const name of names) {
    const made = await api.create(path, {
      metadata: { name, labels: { case: label } },
      spec: { parentRef: { resource: 'services', namespace: 'foo', name: 'bar' } },
    })
    expect((await api.get(`${path}/${name}`)).metadata.uid).toBe(made.metadata.uid)
  }
  const list = await api.get(path, mine)
  expect(list.items.map(({ metadata }: Wire) => metadata.name)).toEqual(names)
  const watching = await api.watch(path, { ...mine, resourceVersion: list.metadata.resourceVersion })
  const first = `${path}/${names[0]}`
  const patched = await api.patch(first, { metadata: { annotations: { patched: 'true' } } })
  expect(patched.metadata.annotations).toEqual({ patched: 'true' })
  const updated = await api.change(first, ({ metadata }) => void (metadata.annotations.updated = 'true'))
  expect(updated.metadata.annotations).toEqual({ patched: 'true', updated: 'true' })
  await expect(api.patch(first, { spec: { parentRef: { name: 'other' } } })).rejects.toMatchObject({ code: 422 })
  await watching.until(({ object }) => object.metadata.annotations?.patched === 'true')
  await watching.until(({ object }) => object.metadata.annotations?.updated === 'true')
  await api.delete(first)
  await watching.until(({ type, object }) => type === 'DELETED' && object.metadata.name === names[0])
  await expect(api.get(first)).rejects.toMatchObject({ code: 404 })
  expect((await api.get(path, mine)).items).toHaveLength(2)
  await api.delete(path, undefined, mine)
  for (let left = 2; left > 0; left--) await watching.until(({ type }) => type === 'DELETED')
  expect((await api.get(path, mine)).items).toEqual([])
})

test('[sig-network] Endpoints should test the lifecycle of an Endpoint [Conformance]', async () => {
  const space = await namespace()
  const path = `/api/v1/namespaces/${space}/endpoints`
  const labels = { 'test-endpoint-static': uniqueName('value') }
  const mine = { labelSelector: `test-endpoint-static=${labels['test-endpoint-static']}` }
  const watching = await api.watch(path, mine)
  await api.create(path, {
    metadata: { name: 'testservice', labels },
    subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }],
  })
  expect((await watching.next()).type).toBe('ADDED')
  const everywhere = (await api.get('/api/v1/endpoints', mine)).items
  expect(everywhere.map(({ metadata }: Wire) => [metadata.namespace, metadata.name])).toEqual([[space, 'testservice']])

  await api.change(`${path}/testservice`, ({ metadata }) => void (metadata.labels['test-service'] = 'updated'))
  await watching.until(({ object }) => object.metadata.labels['test-service'] === 'updated')
  expect((await api.get(`${path}/testservice`)).metadata.labels).toMatchObject({ 'test-service': 'updated' })

  const subsets = [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080, protocol: 'TCP' }] }]
  await api.patch(`${path}/testservice`, { metadata: { labels: { 'test-service': 'patched' } }, subsets }, 'strategic')
  const { object } = await watching.until(({ object }) => object.metadata.labels['test-service'] === 'patched')
  expect(object.subsets).toEqual(subsets)
  expect((await api.get(`${path}/testservice`)).subsets).toEqual(subsets)

  await api.delete(path, undefined, mine)
  await watching.until(({ type }) => type === 'DELETED')
  await expect(api.get(`${path}/testservice`)).rejects.toMatchObject({ code: 404 })
})

test('[sig-network] Services should complete a service status lifecycle [Conformance]', async () => {
  const path = `/api/v1/namespaces/${await namespace()}/services`
  const mine = { labelSelector: 'test-service-static=true' }
  const watching = await api.watch(path, mine)
  await api.create(path, {
    metadata: { name: 'test-service', labels: { 'test-service-static': 'true' } },
    spec: {
      type: 'LoadBalancer',
      // Of a controller that is not there: the status is the test's.
      loadBalancerClass: 'example.com/internal-vip',
      ports: [{ name: 'http', port: 80, targetPort: 80 }],
    },
  })
  expect((await watching.next()).type).toBe('ADDED')
  const at = `${path}/test-service`
  expect((await api.get(`${at}/status`)).status).toEqual({ loadBalancer: {} })

  const loadBalancer = { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] }
  const patched = await api.patch(`${at}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
  })
  expect(patched.status.loadBalancer).toEqual(loadBalancer)
  const shown = await watching.until(({ object }) => object.metadata.annotations?.patchedstatus === 'true')
  expect(shown.object.status.loadBalancer).toEqual(loadBalancer)

  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' }
  const updated = await api.change(`${at}/status`, ({ status }) => void (status.conditions = [condition]))
  expect(updated.status.conditions).toMatchObject([condition])
  await watching.until(({ object }) => object.status.conditions?.[0]?.type === 'StatusUpdate')

  await api.patch(at, { metadata: { labels: { 'test-service': 'patched' } } }, 'strategic')
  const { object } = await watching.until(({ object }) => object.metadata.labels['test-service'] === 'patched')
  expect(object.status.conditions).toMatchObject([condition])
  await api.delete(at)
  await watching.until(({ type }) => type === 'DELETED')
})

test('[sig-network] Services should delete a collection of services [Conformance]', async () => {
  const path = `/api/v1/namespaces/${await namespace()}/services`
  const made = ['one', 'two', 'three'] as const
  for (const name of made)
    await api.create(path, {
      metadata: { name, labels: { collection: name === 'three' ? 'stays' : 'goes' } },
      spec: { type: 'ClusterIP', selector: { app: name }, ports: [{ port: 80, targetPort: 80 }] },
    })
  const namesNow = async (): Promise<string[]> =>
    (await api.get(path)).items.map(({ metadata }: Wire) => metadata.name).sort()
  expect(await namesNow()).toEqual([...made].sort())
  await api.delete(path, undefined, { labelSelector: 'collection=goes' })
  expect(await namesNow()).toEqual(['three'])
})

test('[sig-network] Services should find a service from listing all namespaces [Conformance]', async () => {
  const { items } = await api.get('/api/v1/services')
  expect(items.map(({ metadata }: Wire) => `${metadata.namespace}/${metadata.name}`)).toContain('default/kubernetes')
})

test('[sig-network] API Server should provide secure master service [Conformance]', async () => {
  const { spec } = await api.get('/api/v1/namespaces/default/services/kubernetes')
  expect(spec).toMatchObject({ type: 'ClusterIP', ports: [{ name: 'https', port: 443, protocol: 'TCP' }] })
})

test('[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server [Conformance]', async () => {
  await api.get('/api/v1/namespaces/default/services/kubernetes')
  const { subsets } = await api.get('/api/v1/namespaces/default/endpoints/kubernetes')
  const inEndpoints = subsets.flatMap((subset: Wire) => subset.addresses.map(({ ip }: Wire) => ip))
  expect(inEndpoints).not.toEqual([])
  const { items } = await api.get('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    labelSelector: 'kubernetes.io/service-name=kubernetes',
  })
  const inSlices = items.flatMap((slice: Wire) => slice.endpoints.flatMap(({ addresses }: Wire) => addresses))
  expect(inSlices.sort()).toEqual(inEndpoints.sort())
  const portsOf = (all: Wire[]): unknown[] => all.map(({ name, port, protocol }) => ({ name, port, protocol }))
  expect(portsOf(items[0].ports)).toEqual(portsOf(subsets[0].ports))
})

test('[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete [Conformance]', async () => {
  const space = await namespace()
  const slicesAt = `/apis/discovery.k8s.io/v1/namespaces/${space}/endpointslices`
  const mirrored = async (): Promise<Wire[]> =>
    (await api.get(slicesAt, { labelSelector: 'kubernetes.io/service-name=example-custom-endpoints' })).items
  const metadata = { name: 'example-custom-endpoints' }
  const ports = [{ name: 'example', port: 80, protocol: 'TCP' }]
  await api.create(`/api/v1/namespaces/${space}/services`, { metadata, spec: { ports: [{ ...ports[0] }] } })
  const endpoints = `/api/v1/namespaces/${space}/endpoints`
  await api.create(endpoints, { metadata, subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports }] })
  const [slice] = await eventually('it is mirrored', async () => {
    const slices = await mirrored()
    return slices.length === 1 ? slices : undefined
  })
  expect(slice).toMatchObject({ addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'] }], ports })
  expect(slice.metadata.labels).toMatchObject({
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  })
  await api.change(`${endpoints}/${metadata.name}`, ({ subsets }) => (subsets[0].addresses[0].ip = '10.2.3.4'))
  await eventually('its change is mirrored', async () => {
    const slices = await mirrored()
    return slices.length === 1 && slices[0].endpoints[0].addresses.join() === '10.2.3.4'
  })
  await api.delete(`${endpoints}/${metadata.name}`)
  await eventually('its end is mirrored', async () => (await mirrored()).length === 0)
})
