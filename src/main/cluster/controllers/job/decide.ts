import { findCondition } from '#shared/kube/conditions.ts'
import type { Job, JobStatus, Pod } from '#shared/kube/generated/types.ts'
import { asNumber } from '#shared/kube/json.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { byDeletionRank } from '#shared/reconcile/pod-ranking.ts'
import type { Tally } from './tally.ts'

/** Most creations of one reconcile. */
const burst = 500

/** What brings the Job one step closer to its end. Written in the order of the fields. */
export interface Decision {
  status: JobStatus
  events: JobEvent[]
  remove: Pod[]
  /** One pod each; its completion index where the Job is Indexed. */
  create: (number | undefined)[]
  /** ms until the next decision, even if nothing changes. */
  requeueAfter?: number
}

export interface JobEvent {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
}

/** Judges the Job as a whole, then decides about its pods. @param tally with all finished pods counted */
export function decide(tally: Tally, now: number): Decision {
  const verdict = verdictOn(tally, now)
  if (verdict) return finish(tally, verdict, now)
  if (tally.job.spec?.suspend) return suspend(tally, now)
  return matchParallelism(tally, now)
}

interface Verdict {
  type: 'Complete' | 'Failed'
  reason: string
  message: string
}

/** Whether the Job is decided, by an earlier reconcile or by this one. */
function verdictOn(tally: Tally, now: number): Verdict | undefined {
  const { job, status } = tally
  for (const [interim, type] of [
    ['SuccessCriteriaMet', 'Complete'],
    ['FailureTarget', 'Failed'],
  ] as const) {
    const decided = tally.has(interim) ? findCondition(status.conditions, interim) : undefined
    if (decided) return { type, reason: decided.reason ?? '', message: decided.message ?? '' }
  }
  if (tally.judgement.failJob) return { type: 'Failed', reason: 'PodFailurePolicy', message: tally.judgement.failJob }
  const { backoffLimit = 6, completions, suspend } = job.spec ?? {}
  const restarts = tally.restarts()
  if ((status.failed ?? 0) > backoffLimit || (restarts > 0 && restarts > backoffLimit - 1))
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
  if (!suspend && deadlineOf(job) <= now)
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
  const succeeded = status.succeeded ?? 0
  const isComplete = completions === undefined ? succeeded > 0 && tally.active.length === 0 : succeeded >= completions
  return isComplete
    ? { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined
}

/** First a condition that says how the Job will end, then the end of all its pods, then the condition that it has. */
function finish(tally: Tally, verdict: Verdict, now: number): Decision {
  const { type, reason, message } = verdict
  tally.setCondition({ type: type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', reason, message }, now)
  if (tally.active.length > 0 || tally.terminating.length > 0)
    return { status: tally.currentStatus(), events: [], remove: tally.active, create: [] }
  tally.setCondition({ type, reason, message }, now)
  if (type === 'Complete') tally.status.completionTime = timestamp(now)
  const event: JobEvent =
    type === 'Complete'
      ? { type: 'Normal', reason: 'Completed', message: 'Job completed' }
      : { type: 'Warning', reason, message }
  return { status: tally.currentStatus(), events: [event], remove: [], create: [] }
}

function suspend(tally: Tally, now: number): Decision {
  const isNew = !tally.has('Suspended')
  tally.setCondition({ type: 'Suspended', reason: 'JobSuspended', message: 'Job suspended' }, now)
  delete tally.status.startTime
  const events: JobEvent[] = isNew ? [{ type: 'Normal', reason: 'Suspended', message: 'Job suspended' }] : []
  return { status: tally.currentStatus(), events, remove: tally.active, create: [] }
}

/** As many active pods as parallelism and the completions that are left allow. */
function matchParallelism(tally: Tally, now: number): Decision {
  const events: JobEvent[] = []
  if (tally.has('Suspended')) {
    tally.setCondition({ type: 'Suspended', reason: 'JobResumed', message: 'Job resumed' }, now, 'False')
    events.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' })
  }
  const decision: Decision = { status: tally.currentStatus(), events, remove: [], create: [] }
  const wanted = tally.wantedActive()
  const surplus = tally.active.length - wanted
  if (surplus > 0) {
    const ranked = [...tally.active].sort(byDeletionRank(tally.active, now))
    return { ...decision, remove: ranked.slice(0, surplus) }
  }
  decision.remove = tally.repeatedIndexes()
  const missing = Math.min(burst, wanted - tally.active.length - tally.replacementsHeldBack())
  const wait = missing > 0 ? tally.failureDelayLeft(now) : 0
  if (missing > 0 && wait === 0)
    decision.create = tally.isIndexed ? tally.freeIndexes(missing) : Array.from({ length: missing }, () => undefined)
  const next = Math.min(deadlineOf(tally.job) - now, wait > 0 ? wait : Infinity)
  return next === Infinity ? decision : { ...decision, requeueAfter: Math.max(1, next) }
}

/** When activeDeadlineSeconds is over, ms since the epoch. */
const deadlineOf = ({ spec, status }: Job): number =>
  status?.startTime && spec?.activeDeadlineSeconds !== undefined
    ? Date.parse(status.startTime) + asNumber(spec.activeDeadlineSeconds) * 1000
    : Infinity
