import type { Pod, StatefulSet, StatefulSetStatus } from '#shared/kube/generated/types.ts'
import { withoutZeros } from '#shared/kube/without-zeros.ts'
import { isRunningAndAvailable, isRunningAndReady, isTerminating, revisionOf } from './pods.ts'
import { defined, setField } from '#shared/kube/json.ts'

/** What a status is counted from. */
export interface Counted {
  set: StatefulSet
  /** Those that the StatefulSet controls. */
  pods: readonly Pod[]
  /** Names of the revisions that pods below the partition have, and that the present template has. */
  current: string | undefined
  update: string | undefined
  collisionCount: number
  /** ms since the epoch */
  now: number
}

/** The status of a StatefulSet. Pods under deletion count as replicas until they are gone, and to no revision. */
export function statusOf({ set, pods, current, update, collisionCount, now }: Counted): StatefulSetStatus {
  const count = (accepts: (pod: Pod) => boolean): number => pods.filter(accepts).length
  const ofRevision = (name: string | undefined): number =>
    count((pod) => !isTerminating(pod) && revisionOf(pod) === name)
  const status: StatefulSetStatus = defined({
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: count(isRunningAndReady),
    availableReplicas: count((pod) => isRunningAndAvailable(set, pod, now)),
    currentReplicas: ofRevision(current),
    updatedReplicas: ofRevision(update),
    currentRevision: current,
    updateRevision: update,
    collisionCount,
  })
  if (isRolledOut(set, status)) {
    setField(status, 'currentRevision', status.updateRevision)
    setField(status, 'currentReplicas', status.updatedReplicas)
  }
  // Conditions are other people's: Kubernetes defines none.
  const { conditions } = set.status ?? {}
  return {
    ...withoutZeros(status, 'replicas', 'availableReplicas', 'collisionCount'),
    ...(conditions ? { conditions } : {}),
  }
}

/** Whether the update revision becomes the current one: every pod is of it and ready. Never so by itself on OnDelete. */
const isRolledOut = ({ spec }: StatefulSet, { replicas, readyReplicas, updatedReplicas }: StatefulSetStatus): boolean =>
  (spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate' &&
  [replicas, readyReplicas, updatedReplicas].every((count) => count === (spec?.replicas ?? 1))
