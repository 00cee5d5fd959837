import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
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
