import { expect, it } from 'vitest'
import { SchedulerMetrics } from './scheduler-metrics.ts'

it('tells of attempts by their result, and of pods that wait by their queue', () => {
  const metrics = new SchedulerMetrics()
  const attempt = { choiceMs: 0.5, ms: 3, attempts: 1, sinceCreationMs: 30 }
  metrics.observe({ ...attempt, result: 'unschedulable' })
  metrics.observe({ ...attempt, result: 'scheduled', attempts: 2 })
  metrics.countPending(() => ({ active: 1, backoff: 0, unschedulable: 4, gated: 2 }))
  metrics.preempted(3)
  metrics.preempted(0)
  metrics.observePoint({ point: 'Filter', status: 'Success', profile: 'default-scheduler', ms: 0.15 })
  metrics.observePoint({ point: 'Bind', status: 'Error', profile: 'of two words', ms: 1 })
  metrics.queued('active', 'PodAdd')
  metrics.queued('active', 'PodAdd')
  const lines = metrics.text().split('\n')
  for (const line of [
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="unschedulable"} 1',
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="error"} 0',
    'scheduler_scheduling_attempt_duration_seconds_bucket{profile="default-scheduler",result="scheduled",le="0.002"} 0',
    'scheduler_scheduling_attempt_duration_seconds_bucket{profile="default-scheduler",result="scheduled",le="0.004"} 1',
    'scheduler_scheduling_algorithm_duration_seconds_count{} 2',
    'scheduler_pod_scheduling_attempts_bucket{le="1"} 0',
    'scheduler_pod_scheduling_attempts_bucket{le="2"} 1',
    'scheduler_pod_scheduling_sli_duration_seconds_bucket{attempts="2",le="0.02"} 0',
    'scheduler_pod_scheduling_sli_duration_seconds_bucket{attempts="2",le="0.04"} 1',
    'scheduler_framework_extension_point_duration_seconds_bucket{extension_point="Filter",profile="default-scheduler",status="Success",le="0.0001"} 0',
    'scheduler_framework_extension_point_duration_seconds_bucket{extension_point="Filter",profile="default-scheduler",status="Success",le="0.0002"} 1',
    'scheduler_framework_extension_point_duration_seconds_count{extension_point="Bind",profile="of two words",status="Error"} 1',
    'scheduler_pending_pods{queue="unschedulable"} 4',
    'scheduler_pending_pods{queue="gated"} 2',
    'scheduler_preemption_attempts_total 2',
    'scheduler_preemption_victims_bucket{le="4"} 1',
    'scheduler_preemption_victims_count{} 1',
    'scheduler_queue_incoming_pods_total{event="PodAdd",queue="active"} 2',
  ])
    expect(lines).toContain(line)
})
