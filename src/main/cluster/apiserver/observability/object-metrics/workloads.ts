import { parseSchedule, scheduleProblem } from '#shared/kube/cron-schedule.ts'
import type {
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '#shared/kube/generated/types.ts'
import { resolveCount } from '#shared/kube/int-or-string.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { quantityNumber } from '#shared/kube/quantity.ts'
import {
  cronJobs,
  daemonSets,
  deployments,
  horizontalPodAutoscalers,
  jobs,
  podDisruptionBudgets,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '#shared/kube/resources.ts'
import {
  conditionSamples,
  created,
  deleted,
  each,
  generation,
  info,
  namespaced,
  owner,
  resourceVersion,
  seconds,
  states,
  value,
  type Family,
  type KindMetrics,
  type Sample,
} from './family.ts'

/** A count of the status; 0 where it is unset. */
const counted = <S>(
  name: string,
  help: string,
  read: (status: S) => number | undefined,
): Family<KubeObject & { status?: S }> =>
  value<KubeObject & { status?: S }>(name, help, ({ status }) => (status ? (read(status) ?? 0) : 0))

export const deploymentMetrics: KindMetrics<Deployment> = {
  resource: deployments,
  prefix: 'kube_deployment',
  identity: namespaced('deployment'),
  families: [
    created(),
    deleted(),
    counted('status_replicas', 'Pods of the deployment.', ({ replicas }) => replicas),
    counted('status_replicas_ready', 'Ready pods.', ({ readyReplicas }) => readyReplicas),
    counted('status_replicas_available', 'Available pods.', ({ availableReplicas }) => availableReplicas),
    counted('status_replicas_unavailable', 'Unavailable pods.', ({ unavailableReplicas }) => unavailableReplicas),
    counted('status_replicas_updated', 'Pods of the newest template.', ({ updatedReplicas }) => updatedReplicas),
    counted('status_observed_generation', 'Generation seen.', ({ observedGeneration }) => observedGeneration),
    each('status_condition', 'Conditions of the deployment.', ({ status }) =>
      conditionSamples(status?.conditions, ({ type, reason }) => ({ reason, condition: type })),
    ),
    value('spec_replicas', 'Wanted pods.', ({ spec }) => spec?.replicas ?? 1),
    value('spec_paused', 'Whether rollouts are paused.', ({ spec }) => spec?.paused ?? false),
    value(
      'spec_strategy_rollingupdate_max_unavailable',
      'Most unavailable pods during a rollout.',
      ({ spec }) =>
        spec?.strategy?.rollingUpdate &&
        resolveCount(spec.strategy.rollingUpdate.maxUnavailable, spec.replicas ?? 1, 'down'),
    ),
    value(
      'spec_strategy_rollingupdate_max_surge',
      'Most additional pods during a rollout.',
      ({ spec }) =>
        spec?.strategy?.rollingUpdate && resolveCount(spec.strategy.rollingUpdate.maxSurge, spec.replicas ?? 1, 'up'),
    ),
    generation(),
  ],
}

export const replicaSetMetrics: KindMetrics<ReplicaSet> = {
  resource: replicaSets,
  prefix: 'kube_replicaset',
  identity: namespaced('replicaset'),
  families: [
    created(),
    owner(),
    counted('status_replicas', 'Pods of the set.', ({ replicas }) => replicas),
    counted('status_fully_labeled_replicas', 'Pods with all labels.', (status) => status.fullyLabeledReplicas),
    counted('status_ready_replicas', 'Ready pods.', ({ readyReplicas }) => readyReplicas),
    counted('status_terminating_replicas', 'Pods that end.', ({ terminatingReplicas }) => terminatingReplicas),
    counted('status_observed_generation', 'Generation seen.', ({ observedGeneration }) => observedGeneration),
    value('spec_replicas', 'Wanted pods.', ({ spec }) => spec?.replicas ?? 1),
    generation(),
  ],
}

export const replicationControllerMetrics: KindMetrics<ReplicationController> = {
  resource: replicationControllers,
  prefix: 'kube_replicationcontroller',
  identity: namespaced('replicationcontroller'),
  families: [
    created(),
    owner(),
    counted('status_replicas', 'Pods of the controller.', ({ replicas }) => replicas),
    counted('status_fully_labeled_replicas', 'Pods with all labels.', (status) => status.fullyLabeledReplicas),
    counted('status_ready_replicas', 'Ready pods.', ({ readyReplicas }) => readyReplicas),
    counted('status_available_replicas', 'Available pods.', ({ availableReplicas }) => availableReplicas),
    counted('status_observed_generation', 'Generation seen.', ({ observedGeneration }) => observedGeneration),
    value('spec_replicas', 'Wanted pods.', ({ spec }) => spec?.replicas ?? 1),
    generation(),
  ],
}

export const statefulSetMetrics: KindMetrics<StatefulSet> = {
  resource: statefulSets,
  prefix: 'kube_statefulset',
  identity: namespaced('statefulset'),
  families: [
    created(),
    deleted(),
    counted('status_replicas', 'Pods of the set.', ({ replicas }) => replicas),
    counted('status_replicas_available', 'Available pods.', ({ availableReplicas }) => availableReplicas),
    counted('status_replicas_current', 'Pods of the current revision.', ({ currentReplicas }) => currentReplicas),
    counted('status_replicas_ready', 'Ready pods.', ({ readyReplicas }) => readyReplicas),
    counted('status_replicas_updated', 'Pods of the update revision.', ({ updatedReplicas }) => updatedReplicas),
    counted('status_observed_generation', 'Generation seen.', ({ observedGeneration }) => observedGeneration),
    info('Current revision.', ({ status }) => ({ revision: status?.currentRevision }), 'status_current_revision'),
    info(
      'Revision that is rolled out.',
      ({ status }) => ({ revision: status?.updateRevision }),
      'status_update_revision',
    ),
    value('replicas', 'Wanted pods.', ({ spec }) => spec?.replicas ?? 1),
    value('ordinals_start', 'First ordinal.', ({ spec }) => spec?.ordinals?.start),
    info(
      'What becomes of claims.',
      ({ spec }) =>
        spec?.persistentVolumeClaimRetentionPolicy && {
          when_deleted: spec.persistentVolumeClaimRetentionPolicy.whenDeleted,
          when_scaled: spec.persistentVolumeClaimRetentionPolicy.whenScaled,
        },
      'persistentvolumeclaim_retention_policy',
    ),
    generation(),
  ],
}

export const daemonSetMetrics: KindMetrics<DaemonSet> = {
  resource: daemonSets,
  prefix: 'kube_daemonset',
  identity: namespaced('daemonset'),
  families: [
    created(),
    deleted(),
    counted(
      'status_current_number_scheduled',
      'Nodes that have a pod and should.',
      (status) => status.currentNumberScheduled,
    ),
    counted(
      'status_desired_number_scheduled',
      'Nodes that should have a pod.',
      (status) => status.desiredNumberScheduled,
    ),
    counted('status_number_available', 'Nodes with an available pod.', ({ numberAvailable }) => numberAvailable),
    counted(
      'status_number_misscheduled',
      'Nodes that should not have their pod.',
      (status) => status.numberMisscheduled,
    ),
    counted('status_number_ready', 'Nodes with a ready pod.', ({ numberReady }) => numberReady),
    counted('status_number_unavailable', 'Nodes without an available pod.', (status) => status.numberUnavailable),
    counted('status_observed_generation', 'Generation seen.', ({ observedGeneration }) => observedGeneration),
    counted(
      'status_updated_number_scheduled',
      'Nodes with a pod of the newest template.',
      (status) => status.updatedNumberScheduled,
    ),
    generation(),
  ],
}

const failureReasons = ['BackoffLimitExceeded', 'DeadlineExceeded', 'Evicted']

export const jobMetrics: KindMetrics<Job> = {
  resource: jobs,
  prefix: 'kube_job',
  identity: namespaced('job_name'),
  families: [
    info('A job.'),
    created(),
    owner(),
    value('spec_parallelism', 'Most pods at once.', ({ spec }) => spec?.parallelism),
    value('spec_completions', 'Wanted successes.', ({ spec }) => spec?.completions),
    value('spec_active_deadline_seconds', 'Time until the job ends.', ({ spec }) => spec?.activeDeadlineSeconds),
    counted('status_active', 'Pods that run.', ({ active }) => active),
    counted('status_succeeded', 'Pods that succeeded.', ({ succeeded }) => succeeded),
    each('status_failed', 'Pods that failed, and why the job did.', failures),
    value('status_start_time', 'Unix time of the start.', ({ status }) => seconds(status?.startTime)),
    value('status_completion_time', 'Unix time of the end.', ({ status }) => seconds(status?.completionTime)),
    value('status_suspended', 'Whether the job is suspended.', ({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Suspended' && is === 'True'),
    ),
    each('complete', 'Whether the job has completed.', (job) => jobCondition(job, 'Complete')),
    each('failed', 'Whether the job has failed.', (job) => jobCondition(job, 'Failed')),
  ],
}

const jobCondition = ({ status }: Stored<Job>, type: string): Sample[] =>
  conditionSamples(
    status?.conditions?.filter((condition) => condition.type === type),
    () => ({}),
    'condition',
  )

function failures({ status }: Stored<Job>): readonly Sample[] {
  const failed = status?.failed ?? 0
  if (failed === 0) return [[{}, 0]]
  const condition = status?.conditions?.find(({ type }) => type === 'Failed')
  return condition ? states('reason', failureReasons, condition.reason) : [[{ reason: '' }, failed]]
}

export const cronJobMetrics: KindMetrics<CronJob> = {
  resource: cronJobs,
  prefix: 'kube_cronjob',
  identity: namespaced('cronjob'),
  families: [
    info('A cron job.', ({ spec }) => ({
      schedule: spec?.schedule,
      concurrency_policy: spec?.concurrencyPolicy,
      timezone: spec?.timeZone ?? 'local',
    })),
    created(),
    value('next_schedule_time', 'Unix time of the next run.', nextRun),
    value('status_active', 'Jobs that run.', ({ status }) => status?.active?.length ?? 0),
    value('status_last_schedule_time', 'Unix time of the last run.', ({ status }) => seconds(status?.lastScheduleTime)),
    value('status_last_successful_time', 'Unix time of the last success.', ({ status }) =>
      seconds(status?.lastSuccessfulTime),
    ),
    value('spec_suspend', 'Whether runs are suspended.', ({ spec }) => spec?.suspend),
    value(
      'spec_starting_deadline_seconds',
      'Latest start of a missed run.',
      ({ spec }) => spec?.startingDeadlineSeconds,
    ),
    value('spec_successful_job_history_limit', 'Successful jobs kept.', ({ spec }) => spec?.successfulJobsHistoryLimit),
    value('spec_failed_job_history_limit', 'Failed jobs kept.', ({ spec }) => spec?.failedJobsHistoryLimit),
    resourceVersion(),
  ],
}

function nextRun({ metadata, spec, status }: Stored<CronJob>): number | undefined {
  if (!spec || spec.suspend || scheduleProblem(spec.schedule) !== undefined) return undefined
  const last = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '')
  const next = Number.isNaN(last) ? undefined : parseSchedule(spec.schedule, spec.timeZone).next(last)
  return next === undefined ? undefined : next / 1_000
}

export const horizontalPodAutoscalerMetrics: KindMetrics<HorizontalPodAutoscaler> = {
  resource: horizontalPodAutoscalers,
  prefix: 'kube_horizontalpodautoscaler',
  identity: namespaced('horizontalpodautoscaler'),
  families: [
    info('What an autoscaler scales.', ({ spec }) => ({
      scaletargetref_api_version: spec?.scaleTargetRef.apiVersion,
      scaletargetref_kind: spec?.scaleTargetRef.kind,
      scaletargetref_name: spec?.scaleTargetRef.name,
    })),
    created(),
    generation(),
    value('spec_max_replicas', 'Most replicas.', ({ spec }) => spec?.maxReplicas),
    value('spec_min_replicas', 'Fewest replicas.', ({ spec }) => spec?.minReplicas),
    each('spec_target_metric', 'Targets of the metrics.', ({ spec }) =>
      (spec?.metrics ?? []).flatMap((metric) => targetSamples(metric, (source) => source.target)),
    ),
    each('status_target_metric', 'Current values of the metrics.', ({ status }) =>
      (status?.currentMetrics ?? []).flatMap((metric) => targetSamples(metric, (source) => source.current)),
    ),
    each('status_condition', 'Conditions of the autoscaler.', ({ status }) =>
      conditionSamples(status?.conditions, ({ type }) => ({ condition: type })),
    ),
    value('status_current_replicas', 'Replicas that there are.', ({ status }) => status?.currentReplicas ?? 0),
    value('status_desired_replicas', 'Replicas that are wanted.', ({ status }) => status?.desiredReplicas ?? 0),
  ],
}

interface Amounts {
  value?: string
  averageValue?: string
  averageUtilization?: number
}
/** A metric of the spec has a target, one of the status a current value. */
interface MetricSource {
  name?: string
  metric?: { name: string }
  target?: Amounts
  current?: Amounts
}
interface MetricLike {
  type: string
  resource?: MetricSource
  containerResource?: MetricSource
  pods?: MetricSource
  object?: MetricSource
  external?: MetricSource
}

function targetSamples(metric: MetricLike, read: (source: MetricSource) => Amounts | undefined): Sample[] {
  const source = metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external
  const amounts = source && read(source)
  if (!amounts) return []
  const metric_name = source.name ?? source.metric?.name
  const of = (metric_target_type: string, amount: number): Sample => [{ metric_name, metric_target_type }, amount]
  return [
    ...(amounts.value === undefined ? [] : [of('value', quantityNumber(amounts.value))]),
    ...(amounts.averageUtilization === undefined ? [] : [of('utilization', amounts.averageUtilization)]),
    ...(amounts.averageValue === undefined ? [] : [of('average', quantityNumber(amounts.averageValue))]),
  ]
}

export const podDisruptionBudgetMetrics: KindMetrics<PodDisruptionBudget> = {
  resource: podDisruptionBudgets,
  prefix: 'kube_poddisruptionbudget',
  identity: namespaced('poddisruptionbudget'),
  families: [
    created(),
    deleted(),
    counted('status_current_healthy', 'Healthy pods.', ({ currentHealthy }) => currentHealthy),
    counted('status_desired_healthy', 'Fewest healthy pods.', ({ desiredHealthy }) => desiredHealthy),
    counted(
      'status_pod_disruptions_allowed',
      'Pods that may be evicted.',
      ({ disruptionsAllowed }) => disruptionsAllowed,
    ),
    counted('status_expected_pods', 'Pods of the budget.', ({ expectedPods }) => expectedPods),
    counted('status_observed_generation', 'Generation seen.', ({ observedGeneration }) => observedGeneration),
  ],
}
