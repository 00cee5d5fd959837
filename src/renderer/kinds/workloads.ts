import type { DaemonSet, Deployment, Job, ReplicaSet } from '#shared/kube/generated/types.ts'
import { humanDuration } from '#shared/kube/human-duration.ts'
import { daemonSets, deployments, jobs, replicaSets } from '#shared/kube/resources.ts'
import type { Tone } from '../components/tone.ts'
import { describe, selectorText } from './descriptor.ts'

const toneOf = (have: number, want: number): Tone => (have >= want ? 'good' : 'warn')
const images = (template?: { spec?: { containers: { image?: string }[] } }): string =>
  (template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(', ')

export const deployment = describe<Deployment>({
  resource: deployments,
  title: 'Deployments',
  group: 'Workloads',
  columns: [
    {
      id: 'ready',
      title: 'Ready',
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
      tone: ({ spec, status }) => toneOf(status?.readyReplicas ?? 0, spec?.replicas ?? 1),
      width: '90px',
    },
    {
      id: 'updated',
      title: 'Up to date',
      value: ({ status }) => status?.updatedReplicas ?? 0,
      numeric: true,
      width: '116px',
    },
    {
      id: 'available',
      title: 'Available',
      value: ({ status }) => status?.availableReplicas ?? 0,
      numeric: true,
      width: '104px',
    },
    { id: 'images', title: 'Images', value: ({ spec }) => images(spec?.template) },
  ],
  details: ({ spec }) => [
    ['Replicas', String(spec?.replicas ?? 1)],
    ['Strategy', spec?.strategy?.type ?? ''],
    ['Selector', selectorText(spec?.selector)],
    ['Images', images(spec?.template)],
  ],
  logs: ({ spec }) => ({ selector: selectorText(spec?.selector) }),
  actions: ['scale', 'restart', 'rollback'],
})

export const replicaSet = describe<ReplicaSet>({
  resource: replicaSets,
  title: 'ReplicaSets',
  group: 'Workloads',
  columns: [
    { id: 'desired', title: 'Desired', value: ({ spec }) => spec?.replicas ?? 1, numeric: true, width: '92px' },
    { id: 'current', title: 'Current', value: ({ status }) => status?.replicas ?? 0, numeric: true, width: '92px' },
    {
      id: 'ready',
      title: 'Ready',
      value: ({ status }) => status?.readyReplicas ?? 0,
      tone: ({ spec, status }) => toneOf(status?.readyReplicas ?? 0, spec?.replicas ?? 1),
      width: '90px',
    },
    { id: 'owner', title: 'Owner', value: ({ metadata }) => metadata.ownerReferences?.[0]?.name ?? '' },
  ],
  details: ({ spec }) => [
    ['Selector', selectorText(spec?.selector)],
    ['Images', images(spec?.template)],
  ],
  logs: ({ spec }) => ({ selector: selectorText(spec?.selector) }),
  actions: ['scale'],
})

export const daemonSet = describe<DaemonSet>({
  resource: daemonSets,
  title: 'DaemonSets',
  group: 'Workloads',
  columns: [
    {
      id: 'desired',
      title: 'Desired',
      value: ({ status }) => status?.desiredNumberScheduled ?? 0,
      numeric: true,
      width: '92px',
    },
    {
      id: 'ready',
      title: 'Ready',
      value: ({ status }) => status?.numberReady ?? 0,
      tone: ({ status }) => toneOf(status?.numberReady ?? 0, status?.desiredNumberScheduled ?? 0),
      width: '90px',
    },
    {
      id: 'available',
      title: 'Available',
      value: ({ status }) => status?.numberAvailable ?? 0,
      numeric: true,
      width: '104px',
    },
    { id: 'images', title: 'Images', value: ({ spec }) => images(spec?.template) },
  ],
  details: ({ spec }) => [
    ['Selector', selectorText(spec?.selector)],
    ['Images', images(spec?.template)],
  ],
  logs: ({ spec }) => ({ selector: selectorText(spec?.selector) }),
  actions: ['restart'],
})

export const job = describe<Job>({
  resource: jobs,
  title: 'Jobs',
  group: 'Workloads',
  columns: [
    {
      id: 'status',
      title: 'Status',
      value: jobStatus,
      tone: (object) =>
        ({ Complete: 'done' as const, Failed: 'bad' as const, Suspended: 'quiet' as const })[jobStatus(object)] ??
        'warn',
      width: '110px',
    },
    {
      id: 'completions',
      title: 'Completions',
      value: ({ spec, status }) => `${status?.succeeded ?? 0}/${spec?.completions ?? 1}`,
      width: '110px',
    },
    {
      id: 'duration',
      title: 'Duration',
      value: ({ status }, now) => duration(status, now),
      text: ({ status }, now) => (status?.startTime ? humanDuration(duration(status, now)) : '–'),
      numeric: true,
      width: '104px',
    },
    { id: 'images', title: 'Images', value: ({ spec }) => images(spec?.template) },
  ],
  logs: ({ metadata }) => ({ selector: `batch.kubernetes.io/job-name=${metadata.name ?? ''}` }),
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
