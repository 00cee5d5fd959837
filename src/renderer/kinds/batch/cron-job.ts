import type { CronJob } from '#shared/kube/generated/types.ts'
import { cronJobs } from '#shared/kube/resources.ts'
import { runNow } from '../actions/run-now.ts'
import { suspend } from '../actions/suspend.ts'
import { images, imagesColumn, timeColumn } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const cronJob = describe<CronJob>({
  resource: cronJobs,
  title: 'CronJobs',
  group: 'workloads',
  columns: [
    { id: 'schedule', value: ({ spec }) => spec?.schedule ?? '', width: '140px' },
    { id: 'timeZone', value: ({ spec }) => spec?.timeZone ?? '', width: '120px' },
    {
      id: 'status',
      value: ({ spec }) => (spec?.suspend ? 'Suspended' : 'Scheduled'),
      tone: ({ spec }) => (spec?.suspend ? 'quiet' : 'good'),
      width: '120px',
    },
    { id: 'active', value: ({ status }) => status?.active?.length ?? 0, numeric: true, width: '76px' },
    timeColumn('lastRun', ({ status }) => status?.lastScheduleTime),
    imagesColumn(({ spec }) => spec?.jobTemplate.spec?.template),
  ],
  details: ({ spec }) => [
    ['Schedule', spec?.schedule ?? ''],
    ['Concurrency', spec?.concurrencyPolicy ?? 'Allow'],
    ['Images', images(spec?.jobTemplate.spec?.template)],
  ],
  actions: [runNow, suspend],
})
