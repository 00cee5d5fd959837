import { expect, it } from 'vitest'
import { Histogram, labelText } from '#shared/base/prometheus-text.ts'
import { RequestMetrics, type CountedRequest } from './request-metrics.ts'

const request: CountedRequest = {
  verb: 'create',
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  subresource: '',
  scope: 'resource',
  dryRun: false,
  code: 201,
}

it('counts requests with the labels of Kubernetes', () => {
  const metrics = new RequestMetrics()
  metrics.count(request, 0.01)
  metrics.count(request, 0.01)
  metrics.count({ ...request, dryRun: true }, 0.01)
  expect(metrics.text()).toContain(
    'apiserver_request_total{component="apiserver",group="apps",resource="deployments",scope="resource",subresource="",verb="POST",version="v1",code="201",dry_run=""} 2\n',
  )
  expect(metrics.text()).toContain('dry_run="All"} 1\n')
})

it('merges the latencies of all codes, and leaves out those of watches', () => {
  const metrics = new RequestMetrics()
  metrics.count(request, 0.01, 2000)
  metrics.count({ ...request, code: 409 }, 0.3)
  metrics.count({ ...request, verb: 'watch', code: 200 }, 0.3)
  const text = metrics.text()
  const labels =
    'component="apiserver",group="apps",resource="deployments",scope="resource",subresource="",verb="POST",version="v1"'
  expect(text).toContain(`apiserver_request_duration_seconds_bucket{${labels},le="0.025"} 1\n`)
  expect(text).toContain(`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} 2\n`)
  expect(text).toContain(`apiserver_response_sizes_count{${labels}} 1\n`)
  expect(text).not.toContain('duration_seconds_count{component="apiserver",group="apps",verb="WATCH"')
  expect(text.match(/duration_seconds_count/g)).toHaveLength(1)
})

it('puts what equals a bound below it', () => {
  const histogram = new Histogram([1, 2])
  for (const value of [1, 1.5, 3]) histogram.observe(value)
  expect(histogram.text('x', '')).toBe(
    'x_bucket{le="1"} 1\nx_bucket{le="2"} 2\nx_bucket{le="+Inf"} 3\nx_sum{} 5.5\nx_count{} 3\n',
  )
})

it('escapes labels', () => {
  expect(labelText({ a: 'b"\\\n' })).toBe('a="b\\"\\\\\\n"')
})
