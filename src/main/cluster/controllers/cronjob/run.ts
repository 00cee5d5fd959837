import { timestampIn } from '#shared/kube/cron-schedule.ts'
import type { CronJob, CronJobStatus, Job, ObjectReference } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { cronJobs } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { controllerReference } from '#shared/reconcile/ownership.ts'
import { defined } from '#shared/kube/json.ts'

const scheduledTimeAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** The Job of the run at `time`, ms. Its name follows from the time, so that no run is started twice. */
export function jobOfRun(cronJob: Stored<CronJob>, time: number): Job & Named {
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {}
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: nameOfRun(cronJob, time),
      namespace: cronJob.metadata.namespace,
      ...(metadata?.labels ? { labels: { ...metadata.labels } } : {}),
      annotations: {
        ...metadata?.annotations,
        [scheduledTimeAnnotation]: timestampIn(cronJob.spec?.timeZone ?? 'UTC', time),
      },
      ownerReferences: [controllerReference(cronJob, cronJobs)],
    },
    ...(spec ? { spec: structuredClone(spec) } : {}),
  }
}

export const nameOfRun = ({ metadata }: Stored<CronJob>, time: number): string =>
  `${metadata.name}-${Math.floor(time / 60_000)}`

/** When the run of a Job was due, ms; undefined of a Job that the CronJob owns but did not schedule. */
export function timeOfRun(cronJob: Stored<CronJob>, { metadata }: Job): number | undefined {
  const time = Date.parse(metadata.annotations?.[scheduledTimeAnnotation] ?? '')
  return metadata.name === nameOfRun(cronJob, time) ? time : undefined
}

/** The status of a CronJob that has started `job` for the run at `time`, ms. @param isActive whether it runs still */
export function withRun(status: CronJobStatus, job: Job, time: number, isActive = true): CronJobStatus {
  const last = Date.parse(status.lastScheduleTime ?? '') || 0
  return {
    ...status,
    active: [...(status.active ?? []), ...(isActive ? [referenceTo(job)] : [])],
    lastScheduleTime: timestamp(Math.max(last, time)),
  }
}

const referenceTo = ({ metadata }: Job): ObjectReference =>
  defined({
    apiVersion: 'batch/v1',
    kind: 'Job',
    name: metadata.name,
    namespace: metadata.namespace,
    resourceVersion: metadata.resourceVersion,
    uid: metadata.uid,
  })
