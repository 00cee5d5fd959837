import { isConditionTrue } from '#shared/kube/conditions.ts'
import type { CronJob, CronJobStatus, Job } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { timeOfRun, withRun } from './run.ts'

export interface CronJobEvent {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
}

export interface Observed {
  status: CronJobStatus
  events: CronJobEvent[]
}

/**
 * The status that follows from the Jobs that are there: finished and missing ones leave the list of active Jobs.
 * @param gone uids of active Jobs that the API server does not have
 */
export function observe(cronJob: Stored<CronJob>, jobs: readonly Stored<Job>[], gone: ReadonlySet<string>): Observed {
  const events: CronJobEvent[] = []
  const say = (type: CronJobEvent['type'], reason: string, message: string): void =>
    void events.push({ type, reason, message })
  let status: CronJobStatus = structuredClone(cronJob.status ?? {})
  const drop = (uid: string | undefined): void => {
    if (status.active) status.active = status.active.filter((reference) => reference.uid !== uid)
  }

  for (const job of jobs) {
    const { uid, name } = job.metadata
    const isListed = status.active?.some((reference) => reference.uid === uid) ?? false
    const end = endOf(job)
    const time = timeOfRun(cronJob, job)
    // A controller that ended between starting a run and writing the status left it out.
    if (!isListed && time !== undefined) status = withRun(status, job, time, end === undefined)
    if (!isListed && !end) {
      if (time === undefined)
        say('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`)
    } else if (isListed && end) {
      say('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${end}`)
      drop(uid)
    }
    if (end === 'Complete') noteSuccess(status, job)
  }
  for (const { uid = '', name = '' } of status.active ?? []) {
    if (!gone.has(uid)) continue
    say('Normal', 'MissingJob', `Active job went missing: ${name}`)
    drop(uid)
  }
  return { status: withoutEmptyList(status), events }
}

/** The condition with which a Job has ended; undefined while it runs. */
export function endOf({ status }: Job): 'Complete' | 'Failed' | undefined {
  if (isConditionTrue(status?.conditions, 'Complete')) return 'Complete'
  return isConditionTrue(status?.conditions, 'Failed') ? 'Failed' : undefined
}

function noteSuccess(status: CronJobStatus, { status: jobStatus }: Job): void {
  const completed = Date.parse(jobStatus?.completionTime ?? '')
  if (completed > (Date.parse(status.lastSuccessfulTime ?? '') || 0)) status.lastSuccessfulTime = timestamp(completed)
}

/** As Kubernetes serves it: no list rather than an empty one. */
export function withoutEmptyList(status: CronJobStatus): CronJobStatus {
  const { active = [], ...rest } = status
  return active.length > 0 ? { ...rest, active } : rest
}
