import type { Job } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import { explain } from '../../explain/index.ts'
import { quotedValue } from '../../kinds/filter/parse.ts'
import { t } from '../../texts/index.ts'
import type { Neighbourhood, Snapshot, Workload } from '../snapshot.ts'
import { patience, type AttentionRule, type Finding } from './rule.ts'

/** The kinds of workloads that keep pods running, with the lists that hold them. */
const kinds = [
  { kind: 'Deployment', id: 'apps/Deployment', plural: 'deployments', list: 'deployments' },
  { kind: 'StatefulSet', id: 'apps/StatefulSet', plural: 'statefulsets', list: 'statefulSets' },
  { kind: 'DaemonSet', id: 'apps/DaemonSet', plural: 'daemonsets', list: 'daemonSets' },
] as const

/** Workloads without the pods that they should have: refused by a quota or a policy, paused, over their deadline. */
export const shortWorkloads: AttentionRule = {
  id: 'short',
  needs: ['pods', 'replicaSets', 'events'],
  find: (snapshot, around) => [
    ...refusedJobs(snapshot, around),
    ...kinds.flatMap(({ kind, id, list }) =>
      (snapshot[list] ?? []).flatMap((object): Finding[] => {
        const { name, namespace, uid } = object.metadata
        if (snapshot.now - Date.parse(object.metadata.creationTimestamp ?? '') < patience) return []
        const explanation = explain(id, object, around.near({ kind, namespace, name }, uid))
        if (!explanation || (explanation.tone !== 'bad' && explanation.tone !== 'warn')) return []
        // What is wrong with a pod is told by the rules for pods.
        if (isToldByPods(object, around)) return []
        return [{ tone: explanation.tone, about: { kind, name, namespace }, says: explanation.sentence }]
      }),
    ),
  ],
}

/** Jobs whose pods the server refuses. One that has given up has a rule of its own. */
function refusedJobs({ jobs = [] }: Snapshot, around: Neighbourhood): Finding[] {
  return jobs.flatMap((job): Finding[] => {
    const { name, namespace, uid } = job.metadata
    const explanation = explain('batch/Job', job, around.near({ kind: 'Job', namespace, name }, uid))
    return explanation?.state === 'FailedCreate'
      ? [{ tone: 'bad', about: { kind: 'Job', name, namespace }, says: explanation.sentence }]
      : []
  })
}

function isToldByPods({ metadata }: Workload, { podsOf, setsOf }: Neighbourhood): boolean {
  const pods = [podsOf(metadata.uid), ...setsOf(metadata.uid).map((set) => podsOf(set.metadata.uid))].flat()
  return pods.some(
    ({ status }) => !status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  )
}

/** Jobs that have given up. Of a CronJob, the newest run counts. */
export const failedJobs: AttentionRule = {
  id: 'jobs',
  needs: ['jobs'],
  find: (snapshot, around) =>
    newestRuns(snapshot.jobs ?? []).flatMap((job): Finding[] => {
      const failed = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True')
      if (!failed) return []
      const { name, namespace, uid } = job.metadata
      const explanation = explain('batch/Job', job, around.near({ kind: 'Job', namespace, name }, uid))
      return [
        {
          tone: 'bad',
          about: { kind: 'Job', name, namespace },
          says: explanation?.sentence ?? failed.message ?? failed.reason ?? '',
          since: Date.parse(failed.lastTransitionTime ?? '') || undefined,
        },
      ]
    }),
}

function newestRuns(jobs: readonly Stored<Job>[]): Stored<Job>[] {
  const byOwner = Map.groupBy(jobs, (job) => controllerOf(job)?.uid ?? job.metadata.uid)
  return [...byOwner.values()].flatMap((runs) => {
    const ended = runs.filter(({ status }) => status?.conditions?.some(({ status: is }) => is === 'True'))
    return ended
      .toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))
      .slice(0, 1)
  })
}

/** Workloads with a container that has no limit of memory: one of them can take all of its node. */
export const missingLimits: AttentionRule = {
  id: 'limits',
  needs: [],
  find: (snapshot) =>
    kinds.flatMap(({ kind, plural, list }) => {
      const without = (snapshot[list] ?? []).filter((each) => !isSystem(each) && lacksLimit(each))
      const groups = Map.groupBy(without, ({ metadata }) => metadata.namespace)
      return [...groups].flatMap(([namespace, objects]) => findingOf({ kind, plural, namespace, objects }))
    }),
}

/** The cluster's own parts are not the user's to limit. */
const isSystem = ({ metadata: { namespace } }: Workload): boolean => namespace.startsWith('kube-')
const lacksLimit = ({ spec }: Workload): boolean => {
  const pod = spec?.template.spec
  return (
    pod?.resources?.limits?.memory === undefined &&
    !!pod?.containers.some(({ resources }) => !resources?.limits?.memory)
  )
}

function findingOf(found: {
  kind: string
  plural: string
  namespace: string
  objects: readonly Workload[]
}): Finding[] {
  const { kind, plural, namespace, objects } = found
  const [first] = objects
  if (!first) return []
  const names = objects.map(({ metadata }) => metadata.name)
  const about = { kind, name: first.metadata.name, namespace }
  if (names.length === 1) return [{ tone: 'quiet', about, says: t('overview.attention.limit') }]
  return [
    {
      tone: 'quiet',
      about,
      says: t('overview.attention.limits', { n: names.length }),
      list: {
        plural,
        filter: `ns:${quotedValue(namespace)} name:${names.map(quotedValue).join(',')}`,
        title: t('overview.attention.several', { n: names.length, kind, namespace }),
      },
    },
  ]
}
