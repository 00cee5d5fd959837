import { describe, expect, it } from 'vitest'
import { cells, change, defaulted, findings, updateFindings } from '#test/support/kinds.ts'
import { cronJob } from './index.ts'

const nightly = {
  metadata: { name: 'c', namespace: 'ns' },
  spec: {
    schedule: '0 3 * * *',
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }] } } },
    },
  },
}

it('defaults to a history of three successful jobs and one failed job', () => {
  const { spec } = defaulted(cronJob, nightly)
  expect(spec).toMatchObject({
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  })
  // The defaults of a Job are set when the Job is created.
  expect(Object.keys(spec?.jobTemplate.spec ?? {})).toEqual(['template'])
})

describe('a schedule', () => {
  it.each(['*/5 * * * *', '0 0 1 1 *', '@hourly', '@every 1h30m', '1-5,7 0-23/2 ? jan-MAR mon,fri', '5/15 * * * *'])(
    'may be %s',
    (schedule) => {
      expect(findings(cronJob, change(nightly, { 'spec.schedule': schedule }))).toEqual([])
    },
  )

  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/1/2 * * * *', 'too many slashes: */1/2'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax: a'],
    ['@fortnightly', 'unrecognized descriptor: @fortnightly'],
    ['@every day', 'failed to parse duration @every day: time: invalid duration "day"'],
    ['TZ=UTC 0 3 * * *', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
    ['CRON_TZ=UTC 0 3 * * *', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
  ])('may not be %s', (schedule, problem) => {
    expect(findings(cronJob, change(nightly, { 'spec.schedule': schedule }))).toEqual([
      `spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${problem}`,
    ])
  })

  it('may keep an older schedule with a time zone, but not add a second one', () => {
    const old = change(nightly, { 'spec.schedule': 'TZ=UTC 0 3 * * *' })
    expect(updateFindings(cronJob, change(old, { 'spec.suspend': true }), old)).toEqual([])
    expect(updateFindings(cronJob, change(old, { 'spec.timeZone': 'Etc/UTC' }), old)).toEqual([
      'spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ])
  })
})

describe('is refused', () => {
  const template = 'spec.jobTemplate.spec'

  it.each<[string, Record<string, unknown>, string[]]>([
    ['without a schedule', { 'spec.schedule': '' }, ['spec.schedule: Required value']],
    [
      'in an unknown time zone',
      { 'spec.timeZone': 'Mars/Olympus' },
      ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
    ],
    [
      'in a time zone with a path outside the database',
      { 'spec.timeZone': '../etc' },
      ['spec.timeZone: Invalid value: "../etc": unknown time zone ../etc'],
    ],
    [
      'in the time zone Local',
      { 'spec.timeZone': 'Local' },
      [
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ],
    ],
    [
      'in an empty time zone',
      { 'spec.timeZone': '' },
      ['spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
    ],
    [
      'with an unknown concurrency policy',
      { 'spec.concurrencyPolicy': 'Race' },
      ['spec.concurrencyPolicy: Unsupported value: "Race": supported values: "Allow", "Forbid", "Replace"'],
    ],
    [
      'with negative numbers',
      { 'spec.startingDeadlineSeconds': -1, 'spec.successfulJobsHistoryLimit': -2, 'spec.failedJobsHistoryLimit': -3 },
      [
        'spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.successfulJobsHistoryLimit: Invalid value: -2: must be greater than or equal to 0',
        'spec.failedJobsHistoryLimit: Invalid value: -3: must be greater than or equal to 0',
      ],
    ],
    [
      'with a name that is too long for job names',
      { 'metadata.name': 'x'.repeat(53) },
      [`metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`],
    ],
    [
      'with a selector in the job template',
      { [`${template}.selector`]: {}, [`${template}.manualSelector`]: true },
      [
        `${template}.selector: Invalid value: {}: \`selector\` will be auto-generated`,
        `${template}.manualSelector: Unsupported value: true: supported values: "nil", "false"`,
      ],
    ],
    [
      'with an invalid job template',
      {
        [`${template}.completionMode`]: 'NonIndexed',
        [`${template}.backoffLimitPerIndex`]: 1,
        [`${template}.template.spec.restartPolicy`]: 'Always',
      },
      [
        `${template}.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode`,
        `${template}.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`,
      ],
    ],
  ])('%s', (_, changes, errors) => {
    expect(findings(cronJob, change(nightly, changes))).toEqual(errors)
  })
})

it('keeps a name that predates the limit', () => {
  const old = change(nightly, { 'metadata.name': 'x'.repeat(53) })
  expect(updateFindings(cronJob, change(old, { 'spec.suspend': true }), old)).toEqual([])
})

it('is printed as kubectl prints it', () => {
  const object = change(nightly, { status: { active: [{}], lastScheduleTime: '2026-01-01T00:00:00Z' } })
  expect(cells(cronJob, object, Date.parse('2026-01-01T00:01:00Z'))).toMatchObject({
    Schedule: '0 3 * * *',
    Timezone: '<none>',
    Suspend: 'False',
    Active: 1,
    'Last Schedule': '60s',
    Containers: 'c',
  })
})
