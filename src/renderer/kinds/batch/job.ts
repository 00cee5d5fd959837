import type { Job } from '#shared/kube/generated/types.ts'
import { jobs } from '#shared/kube/resources.ts'
import { ageText } from '../../texts/format.ts'
import { suspend } from '../actions/suspend.ts'
import { imagesColumn } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const job = describe<Job>({
  resource: jobs,
  title: 'Jobs',
  group: 'workloads',
  columns: [
    {
      id: 'status',
      value: jobStatus,
      tone: (object) =>
        ({ Complete: 'done' as const, Failed: 'bad' as const, Suspended: 'quiet' as const })[jobStatus(object)] ??
        'warn',
      width: '110px',
    },
    {
      id: 'completions',
      value: ({ spec, status }) => `${status?.succeeded ?? 0}/${spec?.completions ?? 1}`,
      width: '110px',
    },
    {
      id: 'duration',
      // Running jobs come after the finished ones, the longest last.
      value: ({ status }) => (jobEnd(status) ? jobDuration(status, 0) : 1e15 - Date.parse(status?.startTime ?? '')),
      text: ({ status }, now) => (status?.startTime ? ageText(jobDuration(status, now)) : '–'),
      numeric: true,
      width: '104px',
    },
    imagesColumn(({ spec }) => spec?.template),
  ],
  actions: [suspend],
  logs: ({ metadata }) => ({ selector: `batch.kubernetes.io/job-name=${metadata.name}` }),
})

function jobStatus({ status }: Job): string {
  const end = status?.conditions?.find(
    ({ type, status: value }) => value === 'True' && ['Complete', 'Failed', 'Suspended'].includes(type),
  )
  return end?.type ?? 'Running'
}

/** When a Job ended, RFC 3339; undefined for one that goes on. One that failed has no time of completion. */
export const jobEnd = (status: Job['status']): string | undefined =>
  status?.completionTime ??
  status?.conditions?.find(({ type, status: value }) => type === 'Failed' && value === 'True')?.lastTransitionTime

/** How long a Job has run, ms. */
export function jobDuration(status: Job['status'], now: number): number {
  const end = jobEnd(status)
  return status?.startTime ? (end === undefined ? now : Date.parse(end)) - Date.parse(status.startTime) : 0
}
