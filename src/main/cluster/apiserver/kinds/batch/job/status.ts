import type { Job, JobStatus } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { fieldDuplicate, fieldInvalid, fieldRequired, type FieldError } from '#shared/kube/status.ts'
import { checkNotNegative, invalidWhole } from '../../../validation/fields.ts'
import { commonIndex, countIndexes } from '../../../validation/index-intervals.ts'

/**
 * Validates the status that a Job controller, built-in or external, writes: fields and conditions must be consistent.
 */
export function checkJobStatus(next: Job, previous: Job): FieldError[] {
  const errors: FieldError[] = []
  const { status = {} } = next
  for (const name of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const)
    checkNotNegative(status[name], `status.${name}`, errors)
  checkUncounted(status, errors)
  // Unchanged fields that were accepted before stay valid.
  const changed = (...names: (keyof JobStatus)[]): boolean =>
    names.some((name) => !jsonEqual(status[name], previous.status?.[name]))
  if (changed('conditions', 'completionTime', 'startTime')) checkEnd(next, errors)
  if (changed('conditions', 'active', 'uncountedTerminatedPods', 'terminating', 'startTime'))
    checkFinished(next, errors)
  if (changed('completedIndexes', 'failedIndexes')) checkIndexes(next, errors)
  if (changed('ready', 'active') && (status.ready ?? 0) > (status.active ?? 0))
    errors.push(fieldInvalid('status.ready', status.ready, 'cannot set more ready pods than active'))
  checkPermanent(next, previous, errors)
  return errors
}

function checkUncounted({ uncountedTerminatedPods }: JobStatus, errors: FieldError[]): void {
  const seen = new Set<string>()
  for (const name of ['succeeded', 'failed'] as const)
    uncountedTerminatedPods?.[name]?.forEach((uid, i) => {
      const field = `status.uncountedTerminatedPods.${name}[${i}]`
      if (uid === '') errors.push(fieldInvalid(field, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(fieldDuplicate(field, uid))
      seen.add(uid)
    })
}

/** Reports whether a condition of the Job is true. */
const is = ({ status }: Job, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false

const refuse = (detail: string, errors: FieldError[]): number => errors.push(invalidWhole('status.conditions', detail))

function checkEnd(job: Job, errors: FieldError[]): void {
  const { completionTime, startTime } = job.status ?? {}
  const [complete, failed] = [is(job, 'Complete'), is(job, 'Failed')]
  const [succeeding, failing] = [is(job, 'SuccessCriteriaMet'), is(job, 'FailureTarget')]
  if (complete && failed) refuse('cannot set Complete=True and Failed=true conditions', errors)
  if (complete && failing) refuse('cannot set Complete=True and FailureTarget=true conditions', errors)
  if (completionTime && !complete)
    errors.push(
      fieldInvalid(
        'status.completionTime',
        completionTime,
        'cannot set completionTime when there is no Complete=True condition',
      ),
    )
  if (!completionTime && complete)
    errors.push(fieldRequired('status.completionTime', 'completionTime is required for Complete jobs'))
  if (startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime))
    errors.push(fieldInvalid('status.completionTime', completionTime, 'completionTime cannot be set before startTime'))
  if (failed && !failing) refuse('cannot set Failed=True condition without the FailureTarget=true condition', errors)
  if (complete && !succeeding)
    refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition', errors)
  if (succeeding && failed) refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions', errors)
  if (succeeding && failing) refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions', errors)
}

function checkFinished(job: Job, errors: FieldError[]): void {
  if (!is(job, 'Complete') && !is(job, 'Failed')) return
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods: uncounted } = job.status ?? {}
  if (active > 0) errors.push(fieldInvalid('status.active', active, 'active>0 is invalid for finished job'))
  if (!startTime && !job.spec?.suspend)
    errors.push(fieldRequired('status.startTime', 'startTime is required for finished job'))
  if ((uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0) > 0)
    errors.push(
      fieldInvalid(
        'status.uncountedTerminatedPods',
        uncounted,
        'uncountedTerminatedPods needs to be empty for finished job',
      ),
    )
  if (terminating > 0)
    errors.push(fieldInvalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'))
}

function checkIndexes({ spec, status }: Job, errors: FieldError[]): void {
  const { completedIndexes: completed = '', failedIndexes: failed } = status ?? {}
  const { completions, completionMode, backoffLimitPerIndex } = spec ?? {}
  if (completed !== '' && completionMode !== 'Indexed')
    errors.push(
      fieldInvalid(
        'status.completedIndexes',
        completed,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    )
  if (failed !== undefined && backoffLimitPerIndex === undefined)
    errors.push(
      fieldInvalid(
        'status.failedIndexes',
        failed,
        'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ),
    )
  if (completions === undefined) return
  for (const [name, text] of Object.entries({ completedIndexes: completed, failedIndexes: failed })) {
    const problem = countIndexes(text ?? '', completions)
    if (typeof problem === 'string')
      errors.push(fieldInvalid(`status.${name}`, text, `error parsing ${name}: ${problem}`))
  }
  const both = commonIndex(completed, failed ?? '', completions)
  if (both !== undefined)
    errors.push(
      fieldInvalid('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${both}`),
    )
}

/** Terminal conditions, counters and times cannot be reverted. */
function checkPermanent(next: Job, previous: Job, errors: FieldError[]): void {
  const [status, old] = [next.status ?? {}, previous.status ?? {}]
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (is(previous, type) && !is(next, type)) refuse(`cannot disable the terminal ${type}=True condition`, errors)
  if (is(previous, 'SuccessCriteriaMet') && !is(next, 'SuccessCriteriaMet'))
    refuse('cannot disable the SuccessCriteriaMet=True condition', errors)
  if ((status.failed ?? 0) < (old.failed ?? 0))
    errors.push(fieldInvalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter'))
  // An elastic Indexed Job that is scaled down drops the completed indexes beyond its new end.
  const { completionMode, completions, parallelism } = next.spec ?? {}
  if ((completionMode !== 'Indexed' || completions !== parallelism) && (status.succeeded ?? 0) < (old.succeeded ?? 0))
    errors.push(fieldInvalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter'))
  if (status.completionTime && old.completionTime && status.completionTime !== old.completionTime)
    errors.push(fieldInvalid('status.completionTime', status.completionTime, 'completionTime cannot be mutated'))
  if (old.startTime && status.startTime !== old.startTime && !next.spec?.suspend)
    errors.push(fieldRequired('status.startTime', 'startTime cannot be removed for unsuspended job'))
}
