import { messageOf } from '#shared/base/message-of.ts'
import { isKnownZone, parseSchedule, type CronSchedule } from '#shared/kube/cron-schedule.ts'
import type { CronJob, CronJobStatus, Job, ObjectReference } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { dueOf, type Due } from './due.ts'
import { nameOfRun } from './run.ts'
import { endOf, observe, type CronJobEvent } from './status.ts'

export interface Snapshot {
  cronJob: Stored<CronJob>
  /** The Jobs that it controls. */
  jobs: readonly Stored<Job>[]
  /** Uids of active Jobs that the API server does not have. */
  gone: ReadonlySet<string>
  /** ms since the epoch. */
  now: number
}

/** What one reconcile does, in the order of the fields. */
export interface Decision {
  events: CronJobEvent[]
  /** Active Jobs that make room for the next run. */
  replace: ObjectReference[]
  /** The run to start, by the time at which it was due, ms. */
  run?: number
  /** Finished Jobs beyond the history limits. */
  expired: Stored<Job>[]
  /** The status before `replace` and `run`. */
  status: CronJobStatus
  /** ms until the next run is due. */
  requeueAfter?: number
}

/** Takes note of the Jobs' ends, then decides whether a run is due and may start. */
export function decide(snapshot: Snapshot): Decision {
  const { cronJob, jobs, gone } = snapshot
  const { status, events } = observe(cronJob, jobs, gone)
  const decision: Decision = { events, replace: [], expired: expiredJobs(cronJob, jobs), status }
  if (cronJob.metadata.deletionTimestamp) return decision
  return scheduleRun(snapshot, decision)
}

/** Runs become due a moment before their controller looks, as in Kubernetes. */
const wakeLateMs = 100

function scheduleRun({ cronJob, now }: Snapshot, decision: Decision): Decision {
  const say = (type: CronJobEvent['type'], reason: string, message: string): void =>
    void decision.events.push({ type, reason, message })
  const { schedule: text, timeZone, suspend } = cronJob.spec ?? { schedule: '' }
  if (timeZone !== undefined && !isKnownZone(timeZone)) {
    say('Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`)
    return decision
  }
  if (suspend) return decision
  if (text.includes('TZ')) say('Warning', 'UnsupportedSchedule', unsupportedZone(text))

  let schedule: CronSchedule
  try {
    schedule = parseSchedule(text, timeZone)
  } catch (error) {
    say('Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(text)} : ${messageOf(error)}`)
    return decision
  }
  let due: Due
  try {
    due = dueOf({ ...cronJob, status: decision.status }, schedule, now)
  } catch (error) {
    say('Warning', 'InvalidSchedule', `invalid schedule: ${text} : ${messageOf(error)}`)
    return decision
  }
  if (due.next !== undefined) decision.requeueAfter = due.next + wakeLateMs - now
  if (due.run === undefined) return decision
  if (due.tooManyMissed) say('Warning', 'TooManyMissedTimes', tooManyMissed)
  return start(cronJob, due.run, decision)
}

/** A run that is due may have started already, and others may still be active. The deadline is heeded in due.ts. */
function start(cronJob: Stored<CronJob>, run: number, decision: Decision): Decision {
  const { concurrencyPolicy } = cronJob.spec ?? {}
  const { active = [] } = decision.status
  const name = nameOfRun(cronJob, run)
  if (active.some((reference) => reference.name === name)) return decision
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    decision.events.push({ type: 'Normal', reason: 'JobAlreadyActive', message: jobAlreadyActive })
    return decision
  }
  return { ...decision, run, replace: concurrencyPolicy === 'Replace' ? active : [] }
}

const jobAlreadyActive = 'Not starting job because prior execution is running and concurrency policy is Forbid'
const tooManyMissed = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
const unsupportedZone = (schedule: string): string =>
  `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`

/** The oldest finished Jobs beyond the limits for successes and failures. */
function expiredJobs({ spec }: CronJob, jobs: readonly Stored<Job>[]): Stored<Job>[] {
  const beyond = (end: 'Complete' | 'Failed', limit: number | undefined): Stored<Job>[] => {
    const ended = jobs.filter((job) => endOf(job) === end && !job.metadata.deletionTimestamp)
    return limit === undefined ? [] : ended.sort(byStart).slice(0, Math.max(0, ended.length - limit))
  }
  return [...beyond('Complete', spec?.successfulJobsHistoryLimit), ...beyond('Failed', spec?.failedJobsHistoryLimit)]
}

/** Jobs that never started come last. */
function byStart(a: Stored<Job>, b: Stored<Job>): number {
  const [first, second] = [a, b].map(({ status }) => Date.parse(status?.startTime ?? '') || Infinity)
  if (first !== second) return (first ?? 0) < (second ?? 0) ? -1 : 1
  return a.metadata.name < b.metadata.name ? -1 : 1
}
