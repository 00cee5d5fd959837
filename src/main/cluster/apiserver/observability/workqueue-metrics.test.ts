import { expect, it } from 'vitest'
import { WorkqueueMetrics } from './workqueue-metrics.ts'

it('tells of each queue by its name', () => {
  const metrics = new WorkqueueMetrics()
  metrics.observe({ controller: 'job', key: 'a', waitedMs: 0.5, ms: 5, result: 'done', depth: 2 })
  metrics.observe({ controller: 'job', key: 'b', waitedMs: 20, ms: 50, result: 'conflict', depth: 1 })
  const text = metrics.text()
  expect(text).toContain('workqueue_depth{name="job"} 1\n')
  expect(text).toContain('workqueue_adds_total{name="job"} 3\n')
  expect(text).toContain('workqueue_retries_total{name="job"} 1\n')
  expect(text).toContain('workqueue_queue_duration_seconds_bucket{name="job",le="0.001"} 1\n')
  expect(text).toContain('workqueue_queue_duration_seconds_count{name="job"} 2\n')
  expect(text).toContain('workqueue_work_duration_seconds_bucket{name="job",le="0.01"} 1\n')
  expect(text).toContain('workqueue_work_duration_seconds_count{name="job"} 2\n')
})
