import { findCondition } from '#shared/kube/conditions.ts'
import type { Job, JobStatus, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { asNumber } from '#shared/kube/json.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { byDeletionOrder, isTracked, type NewPod } from './pods.ts'
import { metSuccessRule } from './success-policy.ts'
import type { Tally } from './tally.ts'

/** Most creations, and most deletions, of one reconcile. */
const burst = 500

/** What brings the Job one step closer to its end. Written in the order of the fields. */
export interface Decision {
  status: JobStatus
  events: JobEvent[]
  /** Pods that lose their finalizer and are in no count. */
  release: Stored<Pod>[]
  remove: Stored<Pod>[]
  create: NewPod[]
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
  const { backoffLimit = 6, suspend } = job.spec ?? {}
  const restarts = tally.restarts()
  if ((status.failed ?? 0) > backoffLimit || (restarts > 0 && restarts > backoffLimit - 1))
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
  if (!suspend && deadlineOf(job) <= now)
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
  return indexVerdict(tally) ?? completion(tally)
}

/** What the indexes of an Indexed Job say about the whole. */
function indexVerdict({ job, failedIndexes, completed }: Tally): Verdict | undefined {
  const { maxFailedIndexes, completions = 0 } = job.spec ?? {}
  if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes)
    return {
      type: 'Failed',
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    }
  if (failedIndexes.size > 0 && failedIndexes.size + completed.size >= completions)
    return { type: 'Failed', reason: 'FailedIndexes', message: 'Job has failed indexes' }
  const rule = metSuccessRule(job, completed)
  return rule === undefined ? undefined : { type: 'Complete', reason: 'SuccessPolicy', message: rule }
}

function completion({ job, status, active }: Tally): Verdict | undefined {
  const completions = job.spec?.completions
  const succeeded = status.succeeded ?? 0
  const isComplete = completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions
  return isComplete
    ? { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined
}

/**
 * First a condition that says how the Job will end, then the end of all its pods, then the condition that it has. Pods
 * that a failed Job stops count as failed, those that a successful one stops do not count.
 */
function finish(tally: Tally, verdict: Verdict, now: number): Decision {
  const { type, reason, message } = verdict
  const { active, terminating } = tally
  tally.setCondition({ type: type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', reason, message }, now)
  if (active.length > 0 || terminating.length > 0 || tally.isUnfinished) {
    // What is decided is written before the first pod goes: its end is judged by it.
    const release = type === 'Complete' ? [...active, ...terminating].filter(isTracked) : []
    return { status: tally.currentStatus(), events: [], release, remove: active, create: [] }
  }
  tally.setCondition({ type, reason, message }, now)
  if (type === 'Complete') tally.status.completionTime = timestamp(now)
  return { status: tally.currentStatus(), events: endEvents(tally, verdict), release: [], remove: [], create: [] }
}

function endEvents({ job, status }: Tally, { type, reason, message }: Verdict): JobEvent[] {
  if (type === 'Failed') return [{ type: 'Warning', reason, message }]
  const completed: JobEvent = { type: 'Normal', reason: 'Completed', message: 'Job completed' }
  const { completions } = job.spec ?? {}
  if (completions === undefined || (status.succeeded ?? 0) <= completions) return [completed]
  const tooMany = 'Too many succeeded pods running after completion count reached'
  return [{ type: 'Warning', reason: 'TooManySucceededPods', message: tooMany }, completed]
}

function suspend(tally: Tally, now: number): Decision {
  const isNew = !tally.has('Suspended')
  tally.setCondition({ type: 'Suspended', reason: 'JobSuspended', message: 'Job suspended' }, now)
  delete tally.status.startTime
  const events: JobEvent[] = isNew ? [{ type: 'Normal', reason: 'Suspended', message: 'Job suspended' }] : []
  const { active } = tally
  return { status: tally.currentStatus(), events, release: active.filter(isTracked), remove: active, create: [] }
}

/** As many active pods as parallelism and the completions that are left allow. */
function matchParallelism(tally: Tally, now: number): Decision {
  const events: JobEvent[] = []
  if (tally.has('Suspended')) {
    tally.setCondition({ type: 'Suspended', reason: 'JobResumed', message: 'Job resumed' }, now, 'False')
    events.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' })
  }
  const decision: Decision = { status: tally.currentStatus(), events, release: [], remove: [], create: [] }
  const wanted = tally.wantedActive()
  const remove = surplus(tally, tally.active.length - wanted)
  // Pods are deleted or created, never both: indexes that become free are given with the next reconcile.
  if (remove.length > 0) return { ...decision, release: remove.filter(isTracked), remove }
  const missing = Math.min(burst, wanted - tally.active.length - tally.replacementsHeldBack())
  let wait = Infinity
  if (missing > 0) {
    const startable = tally.startable(missing, now)
    decision.create = startable.pods
    if (startable.wait > 0) wait = startable.wait
  }
  const next = Math.min(deadlineOf(tally.job) - now, wait)
  return next === Infinity ? decision : { ...decision, requeueAfter: Math.max(1, next) }
}

/** Misplaced pods and, where these are fewer than `count`, those that Kubernetes would miss least. */
function surplus(tally: Tally, count: number): Stored<Pod>[] {
  const ranked = [...tally.active].sort(byDeletionOrder)
  const misplaced = new Set(tally.misplaced(ranked))
  const others = ranked.filter((pod) => !misplaced.has(pod))
  return [...misplaced, ...others.slice(0, Math.max(0, count - misplaced.size))].slice(0, burst)
}

/** When activeDeadlineSeconds is over, ms since the epoch. */
const deadlineOf = ({ spec, status }: Job): number =>
  status?.startTime && spec?.activeDeadlineSeconds !== undefined
    ? Date.parse(status.startTime) + asNumber(spec.activeDeadlineSeconds) * 1000
    : Infinity
