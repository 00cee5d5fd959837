import { isKnownZone, scheduleProblem } from '#shared/kube/cron-schedule.ts'
import type { CronJob, JobSpec } from '#shared/kube/generated/types.ts'
import { ageOf } from '#shared/kube/human-duration.ts'
import { fieldInvalid, fieldRequired, fieldNotSupported, type FieldError } from '#shared/kube/status.ts'
import { setFailurePolicyDefaults } from '../../../defaulting/job-spec.ts'
import { setPodTemplateDefaults } from '../../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../../api/kind.ts'
import { checkNotNegative, checkOneOf } from '../../../validation/fields.ts'
import { checkJobSpec } from '../../../validation/jobs.ts'
import { templateWarnings } from '../../../validation/pod-warnings.ts'
import type { Wire } from '../../../api/wire.ts'
import { age, text, workloadColumns } from '../../../api/columns.ts'

/** Creates Jobs on a schedule. */
export const cronJob: KindDeclaration<CronJob> = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  metadataOnUpdate: 'change',
  schema: 'io.k8s.api.batch.v1.CronJob',
  setDefaults,
  prepareForCreate(object) {
    object.status = {}
  },
  status: {},
  validate,
  warnings: (object, previous) =>
    templateWarnings(object, previous, object.spec?.jobTemplate.spec?.template, {
      at: 'spec.jobTemplate.spec.template.',
    }),
  columns: [
    text('Schedule', 'When it makes a job.', ({ spec }) => spec?.schedule ?? ''),
    text('Timezone', 'By which clock.', ({ spec }) => spec?.timeZone ?? '<none>'),
    {
      name: 'Suspend',
      type: 'boolean',
      description: 'Whether it rests.',
      // Kubernetes prints the value into a column of booleans.
      value: ({ spec }) => (spec?.suspend ? 'True' : 'False'),
    },
    {
      name: 'Active',
      type: 'integer',
      description: 'How many of its jobs run.',
      value: ({ status }) => status?.active?.length ?? 0,
    },
    text('Last Schedule', 'How long ago it made the last one.', ({ status }, now) =>
      status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : '<none>',
    ),
    age,
    ...workloadColumns<CronJob>(
      ({ spec }) => spec?.jobTemplate.spec?.template.spec?.containers ?? [],
      ({ spec }) => spec?.jobTemplate.spec?.selector,
    ),
  ],
}

function setDefaults(object: Wire<CronJob>): void {
  const spec = (object.spec ??= {})
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  const jobSpec = ((spec.jobTemplate ??= {}).spec ??= {})
  // The defaults of a Job are set when the Job is created.
  setFailurePolicyDefaults(jobSpec)
  setPodTemplateDefaults((jobSpec.template ??= {}))
}

const maxName = 52

function validate({ spec = {}, metadata }: Wire<CronJob>, previous?: Wire<CronJob>): FieldError[] {
  const errors: FieldError[] = []
  checkSchedule(spec, previous?.spec, errors)
  checkNotNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', errors)
  if (!previous || spec.timeZone !== previous.spec?.timeZone) checkTimeZone(spec.timeZone, errors)
  checkOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy', errors)
  checkTemplate(spec.jobTemplate?.spec ?? {}, errors)
  for (const name of ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const)
    checkNotNegative(spec[name], `spec.${name}`, errors)
  // Names of its Jobs are eleven characters longer.
  if (!previous && (metadata?.name ?? '').length > maxName)
    errors.push(fieldInvalid('metadata.name', metadata?.name, `must be no more than ${maxName} characters`))
  return errors
}

function checkTemplate(spec: Wire<JobSpec>, errors: FieldError[]): void {
  const field = 'spec.jobTemplate.spec'
  checkJobSpec(spec, field, errors)
  if (spec.selector) errors.push(fieldInvalid(`${field}.selector`, spec.selector, '`selector` will be auto-generated'))
  if (spec.manualSelector)
    errors.push(fieldNotSupported(`${field}.manualSelector`, spec.manualSelector, ['nil', 'false']))
}

type Spec = NonNullable<Wire<CronJob>['spec']>

function checkSchedule({ schedule = '', timeZone }: Spec, previous: Spec | undefined, errors: FieldError[]): void {
  const field = 'spec.schedule'
  if (schedule === '') {
    errors.push(fieldRequired(field))
    return
  }
  const problem = scheduleProblem(schedule)
  if (problem) errors.push(fieldInvalid(field, schedule, problem))
  if (!schedule.includes('TZ')) return
  // Schedules that predate this validation may stay.
  if (!previous?.schedule?.includes('TZ'))
    errors.push(fieldInvalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'))
  else if (timeZone !== undefined)
    errors.push(fieldInvalid(field, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'))
}

function checkTimeZone(zone: string | undefined, errors: FieldError[]): void {
  const refuse = (detail: string): number => errors.push(fieldInvalid('spec.timeZone', zone, detail))
  if (zone === undefined) return
  if (zone === '') refuse('timeZone must be nil or non-empty string')
  else if (zone.toLowerCase() === 'local')
    refuse('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')
  else if (!isZonePath(zone) || !isKnownZone(zone)) refuse(`unknown time zone ${zone}`)
}

/** Names of time zones are paths in the IANA database, with short segments. */
const isZonePath = (zone: string): boolean =>
  zone
    .split('/')
    .every((part) => part !== '.' && part !== '..' && !part.startsWith('-') && /^[A-Za-z.\-_0-9+]{1,14}$/.test(part))
