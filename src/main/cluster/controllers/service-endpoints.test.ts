import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EndpointSlice, Pod, Service } from '#shared/kube/generated/types.ts'
import type { ObjectMeta } from '#shared/kube/object.ts'
import { endpoints, endpointSlices, nodes, pods, services } from '#shared/kube/resources.ts'
import { startControlPlane, type TestControlPlane } from '#test/support/control-plane.ts'
import { startEndpointSliceMirroring } from './endpoint-slice-mirroring.ts'
import { startEndpointSlices } from './endpoint-slice.ts'
import { startEndpoints } from './endpoints.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startControlPlane()
  plane.start(startEndpoints)
  plane.start(startEndpointSlices)
  plane.start(startEndpointSliceMirroring)
})
afterEach(() => plane.stop())

it('tells which pods are behind a Service, on which ports', async () => {
  plane.startKubelets()
  await plane.client.create(services, service({ ports: [{ name: 'http', port: 80, targetPort: 'web' }] }))
  await plane.client.create(pods, pod('a', [{ name: 'web', containerPort: 8080 }]))
  await plane.client.create(pods, pod('b', [{ name: 'web', containerPort: 8080 }]))
  await plane.client.create(pods, { ...pod('other', []), metadata: { name: 'other', namespace: 'default' } })
  const [slice] = await slicesWith(2)
  expect(slice).toMatchObject({
    addressType: 'IPv4',
    metadata: {
      labels: {
        tier: 'front',
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
    },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  })
  for (const endpoint of slice?.endpoints ?? []) {
    expect(endpoint.conditions).toEqual({ ready: true, serving: true, terminating: false })
    expect(endpoint.nodeName).toBe('node-1')
    expect(['a', 'b']).toContain(endpoint.targetRef?.name)
  }
  const legacy = await plane.untilOne(endpoints, 'web', ({ subsets }) => subsets?.[0]?.addresses?.length === 2)
  expect(legacy.subsets).toMatchObject([{ ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }])
})

it('tells unready and terminating pods apart, and takes them in where the Service wants them', async () => {
  plane.startKubelets({ run: ({ metadata }) => (metadata.name === 'slow' ? 'running' : 'ready'), ends: () => false })
  await plane.client.create(services, service({}))
  await plane.client.create(services, service({ publishNotReadyAddresses: true }, 'all'))
  for (const name of ['good', 'slow', 'leaving']) await plane.client.create(pods, pod(name, []))
  await slicesWith(3)
  await plane.client.delete(pods, { namespace: 'default', name: 'leaving' })
  await plane.until(endpointSlices, (all) =>
    all.some((slice) => states(slice).leaving?.endsWith('terminating') ?? false),
  )
  const slices = await plane.until(
    endpointSlices,
    (all) => all.length === 2 && all.every((slice) => states(slice).leaving?.endsWith('terminating') ?? false),
  )
  const of = (name: string): EndpointSlice | undefined =>
    slices.find(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
  expect(states(of('web'))).toEqual({ good: 'ready serving', slow: '', leaving: 'serving terminating' })
  expect(states(of('all'))).toEqual({ good: 'ready serving', slow: 'ready', leaving: 'ready serving terminating' })
  const legacy = await plane.untilOne(endpoints, 'web', ({ subsets }) => subsets?.[0]?.addresses?.length === 1)
  expect(legacy.subsets?.[0]?.notReadyAddresses?.map(({ targetRef }) => targetRef?.name)).toEqual(['slow'])
})

it('splits pods by their port numbers, and names headless ones', async () => {
  plane.startKubelets()
  await plane.client.create(
    services,
    service({ clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80, targetPort: 'web' }] }),
  )
  const named = pod('a', [{ name: 'web', containerPort: 8080 }])
  await plane.client.create(pods, { ...named, spec: { ...named.spec!, hostname: 'first', subdomain: 'web' } })
  await plane.client.create(pods, pod('b', [{ name: 'web', containerPort: 9090 }]))
  const slices = await plane.until(
    endpointSlices,
    (all) => all.length === 2 && all.every((slice) => slice.endpoints?.length === 1),
  )
  const byPort = Object.fromEntries(slices.map((slice) => [slice.ports?.[0]?.port, slice]))
  expect(byPort[8080]?.endpoints?.[0]?.hostname).toBe('first')
  expect(byPort[9090]?.endpoints?.[0]?.hostname).toBeUndefined()
  expect(slices.every(({ metadata }) => metadata.labels?.['service.kubernetes.io/headless'] === '')).toBe(true)
})

it('fills slices of at most a hundred, and changes few of them', async () => {
  plane.startKubelets()
  await plane.client.create(services, service({}))
  await Promise.all(Array.from({ length: 230 }, (_, index) => plane.client.create(pods, pod(`pod-${index}`, []))))
  const full = await slicesWith(230)
  expect(full.every((slice) => (slice.endpoints?.length ?? 0) <= 100)).toBe(true)
  expect(full.length).toBeLessThan(6)
  const before = new Map(full.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
  await plane.client.delete(pods, { namespace: 'default', name: 'pod-7' })
  const after = await slicesWith(229)
  const changed = after.filter(({ metadata }) => before.get(metadata.name) !== metadata.resourceVersion)
  expect(changed).toHaveLength(1)
})

it('keeps an empty slice for a Service without pods, and takes Endpoints away with their Service', async () => {
  await plane.client.create(services, service({}))
  const [slice] = await plane.until(endpointSlices, (all) => all.length === 1)
  expect(slice?.endpoints ?? []).toEqual([])
  await plane.until(endpoints, (all) => all.length === 1)
  await plane.client.delete(services, { namespace: 'default', name: 'web' })
  await plane.until(endpoints, (all) => all.length === 0)
})

const triggerOf = ({ metadata }: { metadata: ObjectMeta }): string | undefined =>
  metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time']

it('keeps empty Endpoints when the last pod of a Service goes', async () => {
  plane.startKubelets()
  await plane.client.create(services, service({}))
  await plane.client.create(pods, pod('a', []))
  await plane.untilOne(endpoints, 'web', ({ subsets }) => subsets?.[0]?.addresses?.length === 1)
  await plane.client.delete(pods, { namespace: 'default', name: 'a' })
  await plane.untilOne(endpoints, 'web', ({ subsets }) => subsets === undefined)
})

it('dates what it writes by the change that caused it, and counts generations', async () => {
  const { metadata } = await plane.client.create(services, service({}))
  const [empty] = await plane.until(endpointSlices, (all) => all.length === 1)
  const legacy = await plane.until(endpoints, (all) => all.length === 1)
  expect([empty, ...legacy].map((object) => object && triggerOf(object))).toEqual([
    metadata.creationTimestamp,
    metadata.creationTimestamp,
  ])
  expect(empty?.metadata.generation).toBe(1)
  const later = '2031-05-06T07:08:09Z'
  const { metadata: made, ...of } = await plane.client.create(pods, pod('a', []))
  await plane.client.post(pods, { namespace: 'default', name: 'a' }, 'binding', {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'a' },
    target: { kind: 'Node', name: 'n' },
  })
  const status: Pod['status'] = {
    phase: 'Running',
    podIP: '10.244.0.9',
    podIPs: [{ ip: '10.244.0.9' }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: later }],
  }
  const { resourceVersion: _, ...unversioned } = made
  await plane.client.updateStatus(pods, { ...of, metadata: unversioned, status })
  const [filled] = await slicesWith(1)
  expect(filled && triggerOf(filled)).toBe(later)
  // The slice that was empty is used again.
  expect([filled?.metadata.name, filled?.metadata.generation]).toEqual([empty?.metadata.name, 2])
  await plane.until(endpoints, (all) => all.some((each) => triggerOf(each) === later))
  await plane.client.patch(
    services,
    { namespace: 'default', name: 'web' },
    { type: 'merge', body: { metadata: { labels: { tier: 'back' } } } },
  )
  const [relabelled] = await plane.until(endpointSlices, (all) => all[0]?.metadata.labels?.tier === 'back')
  expect(relabelled && triggerOf(relabelled)).toBeUndefined()
  expect(relabelled?.metadata.generation).toBe((filled?.metadata.generation ?? 0) + 1)
})

it.each([
  ['PreferSameNode', { forNodes: [{ name: 'node-1' }], forZones: [{ name: 'z1' }] }],
  ['PreferSameZone', { forZones: [{ name: 'z1' }] }],
  ['PreferClose', { forZones: [{ name: 'z1' }] }],
  [undefined, undefined],
])('hints where traffic is to stay by %s', async (trafficDistribution, hints) => {
  await plane.client.create(nodes, {
    metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'z1' } },
  })
  plane.startKubelets({ run: ({ metadata }) => (metadata.name === 'slow' ? 'running' : 'ready') })
  await plane.client.create(services, service(trafficDistribution ? { trafficDistribution } : {}))
  for (const name of ['good', 'slow']) await plane.client.create(pods, pod(name, []))
  const [slice] = await plane.until(endpointSlices, (all) =>
    all.some((each) => states(each).good === 'ready serving' && states(each).slow === ''),
  )
  const hintsOf = (name: string) => slice?.endpoints?.find(({ targetRef }) => targetRef?.name === name)?.hints
  expect(hintsOf('good')).toEqual(hints)
  expect(hintsOf('slow')).toBeUndefined()
})

it('mirrors hand-written Endpoints of a Service without selector, and follows them', async () => {
  const { selector: _, ...spec } = service({}).spec ?? {}
  await plane.client.create(services, { ...service({}), spec })
  const written = await plane.client.create(endpoints, {
    metadata: { name: 'web', namespace: 'default' },
    subsets: [{ addresses: [{ ip: '192.0.2.7' }], notReadyAddresses: [{ ip: '192.0.2.8' }], ports: [{ port: 5432 }] }],
  })
  const [slice] = await slicesWith(2)
  expect(slice?.endpoints).toEqual([
    { addresses: ['192.0.2.7'], conditions: { ready: true } },
    { addresses: ['192.0.2.8'], conditions: { ready: false } },
  ])
  await plane.client.update(endpoints, { ...written, subsets: [] })
  await plane.until(endpointSlices, (all) => all.length === 0)
})

it('names mirrored slices at random, one for each family and set of ports, and keeps them when subsets change places', async () => {
  const { selector: _, ...spec } = service({}).spec ?? {}
  await plane.client.create(services, { ...service({}), spec })
  const subset = (port: number, ...ips: string[]) => ({ addresses: ips.map((ip) => ({ ip })), ports: [{ port }] })
  const written = await plane.client.create(endpoints, {
    metadata: { name: 'web', namespace: 'default', labels: { a: 'b' }, annotations: { note: 'x' } },
    subsets: [subset(80, '192.0.2.1', '2001:db8::1'), subset(81, '192.0.2.2')],
  })
  const first = await slicesWith(3)
  expect(first.map(({ metadata: { generateName, name = '' } }) => [generateName, /^web-\w{5}$/.test(name)])).toEqual(
    Array(3).fill(['web-', true]),
  )
  expect(first[0]?.metadata).toMatchObject({ labels: { a: 'b' }, annotations: { note: 'x' } })
  const namesOf = (slices: readonly EndpointSlice[]): Record<string, string | undefined> =>
    Object.fromEntries(
      slices.map(({ addressType, ports, metadata }) => [`${addressType} ${String(ports?.[0]?.port)}`, metadata.name]),
    )
  const names = namesOf(first)
  await plane.client.update(endpoints, {
    ...written,
    subsets: [subset(81, '192.0.2.2', '192.0.2.3'), subset(80, '192.0.2.1', '2001:db8::1')],
  })
  expect(namesOf(await slicesWith(4))).toEqual(names)
  // A slice that nothing needs any more is used again.
  const current = await plane.client.get(endpoints, { namespace: 'default', name: 'web' })
  await plane.client.update(endpoints, { ...current, subsets: [subset(90, '192.0.2.9')] })
  const [last] = await plane.until(endpointSlices, (all) => all.length === 1 && all[0]?.ports?.[0]?.port === 90)
  expect(Object.values(names)).toContain(last?.metadata.name)
})

const slicesWith = (count: number): Promise<EndpointSlice[]> =>
  plane.until(endpointSlices, (all) => {
    const mine = all.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web')
    return mine.reduce((sum, slice) => sum + (slice.endpoints?.length ?? 0), 0) === count && mine.every(settled)
  })

const settled = (slice: EndpointSlice): boolean =>
  slice.endpoints?.every(({ targetRef, nodeName }) => !targetRef || nodeName) ?? true

const states = (slice: EndpointSlice | undefined): Record<string, string> =>
  Object.fromEntries(
    slice?.endpoints?.map(({ targetRef, conditions }) => [
      targetRef?.name ?? '',
      Object.entries(conditions ?? {})
        .filter(([, value]) => value)
        .map(([name]) => name)
        .join(' '),
    ]) ?? [],
  )

const service = (spec: Partial<Service['spec']>, name = 'web'): Service => ({
  metadata: { name, namespace: 'default', labels: { tier: 'front' } },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
})

const pod = (name: string, ports: { name: string; containerPort: number }[]): Pod => ({
  metadata: { name, namespace: 'default', labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'nginx', ports }] },
})
