import type { Job } from '#shared/kube/generated/types.ts'
import { humanDuration } from '#shared/kube/human-duration.ts'
import { jobs } from '#shared/kube/resources.ts'
import { suspend } from '../actions/suspend.ts'
import { images } from '../cells.ts'
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
      value: ({ status }) =>
        status?.completionTime ? duration(status, 0) : 1e15 - Date.parse(status?.startTime ?? ''),
      text: ({ status }, now) => (status?.startTime ? humanDuration(duration(status, now)) : '–'),
      numeric: true,
      width: '104px',
    },
    { id: 'images', value: ({ spec }) => images(spec?.template) },
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

const duration = (status: Job['status'], now: number): number =>
  status?.startTime
    ? (status.completionTime ? Date.parse(status.completionTime) : now) - Date.parse(status.startTime)
    : 0
