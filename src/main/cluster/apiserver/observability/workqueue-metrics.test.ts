import { expect, it } from 'vitest'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { WorkqueueMetrics } from './workqueue-metrics.ts'

it('tells of each queue by its name', async () => {
  const clock = createFakeClock()
  const metrics = new WorkqueueMetrics({ clock })
  metrics.observe({ controller: 'job', key: 'a', waitedMs: 0.5, ms: 5, result: 'done', depth: 2 })
  metrics.observe({ controller: 'job', key: 'b', waitedMs: 20, ms: 50, result: 'conflict', depth: 1 })
  metrics.observe({ controller: 'job', key: 'c', result: 'running' })
  await clock.advance(1_000)
  metrics.observe({ controller: 'job', key: 'd', result: 'running' })
  await clock.advance(2_000)
  const text = metrics.text()
  expect(text).toContain('workqueue_unfinished_work_seconds{name="job"} 5\n')
  expect(text).toContain('workqueue_longest_running_processor_seconds{name="job"} 3\n')
  expect(text).toContain('workqueue_depth{name="job"} 1\n')
  expect(text).toContain('workqueue_adds_total{name="job"} 5\n')
  expect(text).toContain('workqueue_retries_total{name="job"} 1\n')
  expect(text).toContain('workqueue_queue_duration_seconds_bucket{name="job",le="0.001"} 1\n')
  expect(text).toContain('workqueue_queue_duration_seconds_count{name="job"} 2\n')
  expect(text).toContain('workqueue_work_duration_seconds_bucket{name="job",le="0.01"} 1\n')
  expect(text).toContain('workqueue_work_duration_seconds_count{name="job"} 2\n')
})
