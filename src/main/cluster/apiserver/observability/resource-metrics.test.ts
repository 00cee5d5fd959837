import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/base/clock.ts'
import { namespaces, nodes, pods } from '#shared/kube/resources.ts'
import { admin, startApiServer, type TestApiServer } from '#test/support/api-server.ts'
import type { MeasuredUsage, UsageReader } from '../api/usage.ts'
import { kinds } from '../kinds/index.ts'
import { metricsKinds, resourceMetrics } from './resource-metrics.ts'

const at = Date.parse('2026-01-01T00:00:10.500Z')
const measured = (cpuNanocores: number, memoryBytes: number): MeasuredUsage => ({
  at,
  windowMs: 10_012,
  cpuNanocores,
  memoryBytes,
})
const usage: UsageReader = {
  node: (name) => (name === 'fresh' ? undefined : measured(250_000_000, 65_536 * 1024)),
  pod: (_, name) =>
    name.startsWith('fresh')
      ? undefined
      : {
          at,
          windowMs: 10_012,
          containers: [
            { name: 'main', ...measured(1_234_567, 1_000 * 1024) },
            { name: 'side', ...measured(0, 1_023) },
          ],
        },
}

let api: TestApiServer
beforeAll(async () => {
  api = await startApiServer({
    kinds: [...kinds, ...metricsKinds],
    around: ({ reader }) => ({ views: resourceMetrics({ usage, reader, clock: systemClock }) }),
  })
  const { client } = api
  for (const name of ['shop', 'yard']) await client.create(namespaces, { metadata: { name } })
  await client.create(nodes, { metadata: { name: 'w1', labels: { zone: 'a' } } })
  await client.create(nodes, { metadata: { name: 'fresh' } })
  const create = async (namespace: string, name: string, phase: string) => {
    const spec = { containers: [{ name: 'main', image: 'x' }] }
    const made = await client.create(pods, { metadata: { namespace, name, labels: { app: name } }, spec })
    await client.updateStatus(pods, { ...made, status: { phase } })
  }
  await create('shop', 'web', 'Running')
  await create('shop', 'done', 'Succeeded')
  await create('shop', 'fresh', 'Running')
  await create('yard', 'crane', 'Running')
})
afterAll(() => api.stop())

const base = '/apis/metrics.k8s.io/v1beta1'
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
const ask = (path: string, method: Method = 'GET', accept?: string): Promise<unknown> =>
  api.server.transportFor(admin).request({ method, path: base + path, ...(accept === undefined ? {} : { accept }) })
const namesOf = async (path: string): Promise<string[]> =>
  ((await ask(path)) as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name)

describe('metrics.k8s.io', () => {
  it('shows the usage of a node, with its labels', async () => {
    expect(await ask('/nodes/w1')).toEqual({
      kind: 'NodeMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: { name: 'w1', creationTimestamp: expect.any(String) as string, labels: { zone: 'a' } },
      timestamp: '2026-01-01T00:00:10Z',
      window: '10.012s',
      usage: { cpu: '250m', memory: '64Mi' },
    })
  })

  it('shows the usage of the containers of a pod', async () => {
    expect(await ask('/namespaces/shop/pods/web')).toMatchObject({
      kind: 'PodMetrics',
      metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
      containers: [
        { name: 'main', usage: { cpu: '1234567n', memory: '1000Ki' } },
        { name: 'side', usage: { cpu: '0', memory: '1023' } },
      ],
    })
  })

  it('lists what is measured and runs, by namespace and selectors', async () => {
    expect(await ask('/nodes')).toMatchObject({ kind: 'NodeMetricsList', metadata: {} })
    expect(await namesOf('/nodes')).toEqual(['w1'])
    expect(await namesOf('/pods')).toEqual(['web', 'crane'])
    expect(await namesOf('/namespaces/yard/pods')).toEqual(['crane'])
    expect(await namesOf('/pods?labelSelector=app%3Dweb')).toEqual(['web'])
    expect(await namesOf('/pods?fieldSelector=metadata.namespace%3Dyard')).toEqual(['crane'])
    expect(await namesOf('/nodes?labelSelector=zone!%3Da')).toEqual([])
  })

  it.each([
    ['/nodes/nowhere', 'nodes "nowhere" not found'],
    ['/nodes/fresh', 'nodemetrics.metrics.k8s.io "fresh" not found'],
    ['/namespaces/shop/pods/none', 'pods "none" not found'],
    ['/namespaces/yard/pods/web', 'pods "web" not found'],
    ['/namespaces/shop/pods/done', 'pods "done" not found'],
    ['/namespaces/shop/pods/fresh', 'podmetrics.metrics.k8s.io "shop/fresh" not found'],
  ])('has no %s', async (path, message) => {
    await expect(ask(path)).rejects.toMatchObject({ code: 404, message })
  })

  it.each([
    ['POST', '/nodes'],
    ['DELETE', '/nodes/w1'],
    ['PATCH', '/namespaces/shop/pods/web'],
    ['DELETE', '/namespaces/shop/pods'],
    ['GET', '/pods?watch=1'],
  ] as const)('refuses %s %s', async (method, path) => {
    await expect(ask(path, method)).rejects.toMatchObject({ code: 405 })
  })

  it('refuses fields that are not selectable', async () => {
    await expect(ask('/pods?fieldSelector=status.phase%3DRunning')).rejects.toMatchObject({ code: 400 })
  })

  it('prints the columns of metrics-server', async () => {
    const table = (await ask('/pods', 'GET', 'application/json;as=Table;v=v1;g=meta.k8s.io')) as {
      columnDefinitions: { name: string; format: string }[]
      rows: { cells: unknown[] }[]
    }
    expect(table.columnDefinitions.map(({ name, format }) => `${name}:${format}`)).toEqual([
      'Name:name',
      'cpu:quantity',
      'memory:quantity',
      'Window:duration',
    ])
    expect(table.rows[0]?.cells).toEqual(['web', '1234567n', '1025023', '10.012s'])
  })

  it('is told by discovery and OpenAPI', async () => {
    const { resources } = (await ask('')) as { resources: unknown[] }
    expect(resources).toEqual([
      { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
      { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    ])
    const document = (await api.server
      .transportFor(admin)
      .request({ method: 'GET', path: '/openapi/v3/apis/metrics.k8s.io/v1beta1' })) as {
      components: { schemas: Record<string, { properties: object }> }
    }
    const { properties } = document.components.schemas['io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics'] ?? {}
    expect(Object.keys(properties ?? {})).toEqual([
      'apiVersion',
      'kind',
      'metadata',
      'timestamp',
      'window',
      'containers',
    ])
  })
})
