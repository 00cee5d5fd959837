import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EndpointSlice, Pod, Service } from '#shared/kube/generated/types.ts'
import { endpoints, endpointSlices, pods, services } from '#shared/kube/resources.ts'
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
