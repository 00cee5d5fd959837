import type { Pod } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { t } from '../../texts/index.ts'
import { allOr } from './action.ts'

const isRunning = ({ status }: Pod): boolean =>
  [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].some(({ state }) => state?.running !== undefined)

/** Whether a pod is on a worker and has not ended, so that a container can be added to it; else why not. */
export function placedOr({ metadata, spec, status }: Pod & Stored): true | string {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed')
    return t('dock.action.ended', { name: metadata.name })
  return spec?.nodeName ? true : t('dock.action.unplaced', { name: metadata.name })
}

/** Whether there is a container to connect to; else why not, and what else can be done. */
export const runningOr = (pod: Pod & Stored): true | string =>
  allOr(placedOr(pod), isRunning(pod) || t('dock.action.noneRuns', { name: pod.metadata.name }))

/**
 * Whether a pod or a Job can have a pod that answers, now or after a restart; else why not. Other kinds make new pods for as long as
 * they are there.
 */
export function answersOr(plural: string, object: KubeObject & Stored): true | string {
  if (plural === 'pods')
    return allOr(placedOr(object), hasStarted(object) || t('dock.action.notStarted', nameOf(object)))
  if (plural === 'jobs') return !hasJobEnded(object) || t('dock.action.jobEnded', nameOf(object))
  return true
}

/** The part of a Job's status that tells its end. */
export interface JobEnd {
  conditions?: { type: string; status: string }[]
}

/** Whether a Job has ended, well or not: it starts no more pods. A CronJob has no conditions: it never ends. */
export const hasJobEnded = ({ status }: KubeObject & { status?: JobEnd }): boolean =>
  status?.conditions?.some(({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed')) ??
  false

const nameOf = ({ metadata: { name } }: Stored): { name: string } => ({ name })

/** A container ran once: one that crashes comes back, and the forward waits for it. */
const hasStarted = ({ status }: Pod): boolean =>
  (status?.containerStatuses ?? []).some(
    ({ state, lastState, restartCount }) =>
      (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined || restartCount > 0,
  )
