import type { CronJob } from '#shared/kube/generated/types.ts'
import { ageOf } from '#shared/kube/human-duration.ts'
import { fieldInvalid, fieldRequired, fieldNotSupported, type FieldError } from '#shared/kube/status.ts'
import { setPodTemplateDefaults } from '../../defaulting/pod-spec.ts'
import type { KindDeclaration } from '../../registry/kind.ts'
import { checkNotNegative, checkOneOf } from '../../validation/fields.ts'
import { checkPodTemplate } from '../../validation/pod-spec.ts'
import { podWarnings } from '../../validation/pod-warnings.ts'
import type { Wire } from '../../validation/wire.ts'
import { age, text, workloadColumns } from '../columns.ts'

/** Jobs by the clock. */
export const cronJob: KindDeclaration<CronJob> = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.batch.v1.CronJob',
  setDefaults,
  prepareForCreate(object) {
    object.status = {}
  },
  status: {},
  validate,
  warnings: ({ spec }) => podWarnings(spec?.jobTemplate.spec?.template.spec, 'spec.jobTemplate.spec.template.spec'),
  columns: [
    text('Schedule', 'When it makes a job.', ({ spec }) => spec?.schedule ?? ''),
    text('Timezone', 'By which clock.', ({ spec }) => spec?.timeZone ?? '<none>'),
    { name: 'Suspend', type: 'boolean', description: 'Whether it rests.', value: ({ spec }) => spec?.suspend ?? false },
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

function setDefaults({ spec }: Wire<CronJob>): void {
  if (!spec) return
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  setPodTemplateDefaults(spec.jobTemplate?.spec?.template)
}

function validate({ spec = {}, metadata }: Wire<CronJob>): FieldError[] {
  const errors: FieldError[] = []
  if ((metadata?.name ?? '').length > 52)
    errors.push(fieldInvalid('metadata.name', metadata?.name, 'must be no more than 52 characters'))
  const { schedule = '' } = spec
  if (schedule === '') errors.push(fieldRequired('spec.schedule'))
  else if (/TZ=/.test(schedule))
    errors.push(
      fieldInvalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
    )
  else if (!isSchedule(schedule))
    errors.push(
      fieldInvalid(
        'spec.schedule',
        schedule,
        `expected exactly 5 fields, found ${schedule.trim().split(/\s+/).length}: [${schedule}]`,
      ),
    )
  if (spec.timeZone !== undefined && !isTimeZone(spec.timeZone))
    errors.push(fieldInvalid('spec.timeZone', spec.timeZone, `unknown time zone ${spec.timeZone}`))
  checkOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy', errors)
  for (const name of ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const)
    checkNotNegative(spec[name], `spec.${name}`, errors)
  const template = spec.jobTemplate?.spec?.template
  if (!template) errors.push(fieldRequired('spec.jobTemplate.spec.template'))
  else {
    const field = 'spec.jobTemplate.spec.template'
    checkPodTemplate(template, field, errors)
    const policy = template.spec?.restartPolicy
    if (policy === 'Always')
      errors.push(fieldRequired(`${field}.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'))
    else if (policy !== 'OnFailure' && policy !== 'Never')
      errors.push(fieldNotSupported(`${field}.spec.restartPolicy`, policy, ['OnFailure', 'Never']))
  }
  return errors
}

const macros = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every \d+\S*)$/
const names = '[a-zA-Z]{3}'
const part = `(\\*|\\?|\\d+|${names})(-(\\d+|${names}))?(/\\d+)?`
const schedulePattern = new RegExp(`^(${part}(,${part})*\\s+){4}${part}(,${part})*$`)

const isSchedule = (text: string): boolean => macros.test(text.trim()) || schedulePattern.test(text.trim())

function isTimeZone(name: string): boolean {
  if (name === '' || name.toLowerCase() === 'local') return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
