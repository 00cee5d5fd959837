import { describe, expect, it } from 'vitest'
import type { MetricSpec } from '#shared/kube/generated/types.ts'
import { ApiError, failure } from '#shared/kube/status.ts'
import { createMetricsClient } from './metrics-client.ts'

const at = '2026-01-01T12:00:00Z'
const customGroup = { preferredVersion: { version: 'v1beta2' }, versions: [{ version: 'v1beta1' }] }

/** A client whose API answers by path; what is not there is not served. */
function clientOf(pages: Record<string, unknown>) {
  const asked: string[] = []
  const transport = {
    request: ({ path }: { path: string }) => {
      asked.push(path)
      const page = pages[path]
      if (page instanceof Error) return Promise.reject(page)
      if (page === undefined)
        return Promise.reject(failure(404, 'NotFound', 'the server could not find the requested resource'))
      return Promise.resolve(page)
    },
    watch: () => () => undefined,
  }
  const resourceOf = ({ kind }: { kind: string }): string => {
    if (kind !== 'Ingress') throw new Error(`no matches for kind "${kind}" in group ""`)
    return 'ingresses.networking.k8s.io'
  }
  return {
    asked,
    read: (spec: MetricSpec) => createMetricsClient({ transport, resourceOf }).read(spec, 'shop', 'app=web'),
  }
}

const cpu: MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }
const container: MetricSpec = {
  type: 'ContainerResource',
  containerResource: { name: 'cpu', container: 'web', target: { type: 'Utilization' } },
}
const hits: MetricSpec = {
  type: 'Pods',
  pods: { metric: { name: 'hits', selector: { matchLabels: { verb: 'GET' } } }, target: { type: 'AverageValue' } },
}
const rate = (kind: string): MetricSpec => ({
  type: 'Object',
  object: {
    metric: { name: 'rate' },
    describedObject: { apiVersion: kind === 'Ingress' ? 'networking.k8s.io/v1' : 'v1', kind, name: 'main' },
    target: { type: 'Value' },
  },
})
const queue: MetricSpec = {
  type: 'External',
  external: { metric: { name: 'queue', selector: { matchLabels: { name: 'a' } } }, target: { type: 'Value' } },
}

const podsPath = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dweb'
const metricsOf = (name: string, ...cpus: (string | undefined)[]) => ({
  metadata: { name, namespace: 'shop' },
  timestamp: at,
  window: '1m0.5s',
  containers: cpus.map((value, i) => ({
    name: i === 0 ? 'web' : 'side',
    usage: value === undefined ? { memory: '1Mi' } : { cpu: value, memory: '1Mi' },
  })),
})
const sample = (value: number, windowMs = 60_500) => ({ value, at: Date.parse(at), windowMs })

describe('resource metrics', () => {
  it('are summed over the containers; a pod that lacks one has no sample', async () => {
    const { read } = clientOf({
      [podsPath]: {
        items: [metricsOf('a', '100m', '50m'), metricsOf('b', '1', undefined), metricsOf('c', '1234567n')],
      },
    })
    expect(await read(cpu)).toEqual({
      samples: new Map([
        ['a', sample(150)],
        ['c', sample(2)],
      ]),
    })
  })

  it('are read of one container', async () => {
    const { read } = clientOf({
      [podsPath]: { items: [metricsOf('a', '100m', '50m'), metricsOf('b', undefined, '1')] },
    })
    expect(await read(container)).toEqual({ samples: new Map([['a', sample(100)]]) })
  })

  it.each<[MetricSpec, unknown, string]>([
    [cpu, { items: [] }, 'no metrics returned from resource metrics API'],
    [
      cpu,
      undefined,
      'unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)',
    ],
    [
      cpu,
      failure(503, 'ServiceUnavailable', 'service unavailable'),
      'unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)',
    ],
    [
      cpu,
      new ApiError(failure(403, 'Forbidden', 'no entry').status),
      'unable to fetch metrics from resource metrics API: no entry',
    ],
    [
      container,
      { items: [{ metadata: { name: 'a', namespace: 'shop' }, containers: [{ name: 'x' }] }] },
      'failed to get container metrics: container web not present in metrics for pod shop/a',
    ],
  ])('%# say why they are missing', async (spec, page, error) => {
    expect(await clientOf({ [podsPath]: page }).read(spec)).toEqual({ error })
  })
})

describe('custom metrics', () => {
  const custom = '/apis/custom.metrics.k8s.io'
  const item = (name: string, value: string) => ({ describedObject: { name }, timestamp: at, windowSeconds: 30, value })

  it('of pods are read in the preferred version', async () => {
    const path = `${custom}/v1beta2/namespaces/shop/pods/*/hits?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET`
    const { read } = clientOf({ [custom]: customGroup, [path]: { items: [item('a', '1500m')] } })
    expect(await read(hits)).toEqual({ samples: new Map([['a', sample(1500, 30_000)]]) })
  })

  it('of objects are read by resource, and of the namespace by its own path', async () => {
    const { read } = clientOf({
      [custom]: { versions: [{ version: 'v1beta1' }] },
      [`${custom}/v1beta1/namespaces/shop/ingresses.networking.k8s.io/main/rate`]: { items: [item('main', '3')] },
      [`${custom}/v1beta1/namespaces/shop/metrics/rate`]: { items: [item('shop', '4')] },
    })
    expect(await read(rate('Ingress'))).toEqual({ values: [3000] })
    expect(await read(rate('Namespace'))).toEqual({ values: [4000] })
  })

  it.each<[MetricSpec, Record<string, unknown>, string]>([
    [hits, {}, 'no custom metrics API (custom.metrics.k8s.io) registered'],
    [hits, { [custom]: { versions: [{ version: 'v9' }] } }, 'no known available metric versions found'],
    [
      rate('Top'),
      { [custom]: customGroup },
      'unable to map kind Top to resource: no matches for kind "Top" in group ""',
    ],
  ])('%# say why they are missing', async (spec, pages, why) => {
    const error = `unable to fetch metrics from custom metrics API: ${why}`
    expect(await clientOf(pages).read(spec)).toEqual({ error })
  })
})

describe('external metrics', () => {
  const path = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue?labelSelector=name%3Da'

  it('are all values of the selector', async () => {
    expect(await clientOf({ [path]: { items: [{ value: '3' }, { value: '500m' }] } }).read(queue)).toEqual({
      values: [3000, 500],
    })
  })

  it.each([
    [{ items: [] }, 'no metrics returned from external metrics API'],
    [
      undefined,
      'unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
    ],
    [{ items: [{ value: 'many' }] }, /quantities must match/],
    ['nonsense', 'no metrics returned from external metrics API'],
  ])('%# say why they are missing', async (page, why) => {
    const error: unknown = typeof why === 'string' ? why : expect.stringMatching(why)
    expect(await clientOf({ [path]: page }).read(queue)).toEqual({ error })
  })
})
