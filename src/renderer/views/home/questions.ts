import type { Cluster } from '#shared/contract/clusters.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#shared/kube/generated/types.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'
import type { Question } from '../../stores/dialogs.ts'
import { t } from '../../texts/index.ts'

/** What a question says: who is meant, what runs there, and what is lost. The verb names its target. */
export type Asked = Omit<Question, 'act'>

/** A pod is brought back by its controller; one without is gone. Mirrors of static pods come back with their node. */
const isBare = ({ metadata }: Pod): boolean =>
  !controllerOf({ metadata }) && metadata.annotations?.['kubernetes.io/config.mirror'] === undefined
/** Pods that have ended run nowhere. */
const runs = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
const scratchOf = ({ spec }: Pod): number => (spec?.volumes ?? []).filter(({ emptyDir }) => emptyDir).length

/** Volumes whose data are on one node alone: those that may be mounted nowhere else. */
export const volumesOn = (node: string, volumes: readonly PersistentVolume[]): PersistentVolume[] =>
  volumes.filter(({ spec }) => {
    const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []
    const names = terms.map(({ matchExpressions = [] }) =>
      matchExpressions.find(({ key, operator }) => key === 'kubernetes.io/hostname' && operator === 'In'),
    )
    return names.length > 0 && names.every((each) => each?.values?.length === 1 && each.values[0] === node)
  })

/** `3 pods run there. No one brings back 1 of them, which has no controller.` */
function podsText(pods: readonly Pod[], text: 'home.ask.runs' | 'home.ask.runsHere'): string {
  const running = pods.filter(runs)
  const bare = running.filter(isBare).length
  return [t(text, { n: running.length }), ...(bare > 0 ? [t('home.ask.bare', { n: bare })] : [])].join(' ')
}

interface WorkerPlace {
  cluster: string
  worker: string
  /** Of that worker. */
  pods: readonly Pod[]
}

export const killQuestion = ({ cluster, worker, pods }: WorkerPlace): Asked => ({
  title: t('home.ask.killTitle', { worker, cluster }),
  text: t('home.ask.killText', { runs: podsText(pods, 'home.ask.runs') }),
  verb: t('home.ask.kill', { worker }),
})

/** The worker's disk goes: scratch volumes of its pods, and volumes that are on it alone. Its name is typed then. */
export function removeQuestion({
  cluster,
  worker,
  pods,
  volumes,
}: WorkerPlace & { volumes: readonly PersistentVolume[] }): Asked {
  const lost = volumesOn(worker, volumes).length + pods.filter(runs).reduce((sum, pod) => sum + scratchOf(pod), 0)
  return {
    title: t('home.ask.removeTitle', { worker, cluster }),
    text: `${t('home.ask.removeText', { runs: podsText(pods, 'home.ask.runs') })} ${t('home.ask.volumes', { n: lost })}`,
    verb: t('home.ask.remove', { worker }),
    ...(lost > 0 ? { typed: worker } : {}),
  }
}

export const stopQuestion = (cluster: Cluster, pods: readonly Pod[]): Asked => ({
  title: t('home.ask.stopTitle', { cluster: cluster.name }),
  text: t('home.ask.stopText', {
    workers: t('home.ask.workers', { n: cluster.workers.length }),
    runs: podsText(pods, 'home.ask.runsHere'),
  }),
  verb: t('home.ask.stop', { cluster: cluster.name }),
})

/** @param claims and pods: as far as they are known; those of a cluster that does not run are not */
export const deleteQuestion = (
  cluster: Cluster,
  pods: readonly Pod[],
  claims: readonly PersistentVolumeClaim[],
): Asked => ({
  title: t('home.ask.deleteTitle', { cluster: cluster.name }),
  text: t('home.ask.deleteText', {
    workers: t('home.ask.workers', { n: cluster.workers.length }),
    runs: cluster.context
      ? `${podsText(pods, 'home.ask.runsHere')} ${t('home.ask.volumes', { n: claims.length })}`
      : '',
  }).replace(/ {2,}/g, ' '),
  verb: t('home.ask.delete', { cluster: cluster.name }),
  typed: cluster.name,
})
