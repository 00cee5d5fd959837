import type { DaemonSetStatus } from '#shared/kube/generated/types.ts'
import { isPodReady } from '#shared/kube/pod.ts'
import { withoutZeros } from '#shared/kube/without-zeros.ts'
import type { NodeState, Snapshot } from './decide.ts'
import { byAge, isAvailable, isOfRevision, isStaying } from './pods.ts'

/** The status of a DaemonSet, counted in nodes. */
export function statusOf({ set, hash, now }: Snapshot, nodes: readonly NodeState[]): DaemonSetStatus {
  const wanted = nodes.filter(({ shouldRun }) => shouldRun)
  // One pod a node counts, the oldest: under a surge the successor counts when it is alone.
  const counted = wanted.map(({ pods }) => [...pods].sort(byAge)[0]).filter((pod) => pod !== undefined)
  const available = counted.filter((pod) => isStaying(pod) && isAvailable(set, pod, now)).length
  // Conditions are others' to write.
  const { collisionCount, conditions } = set.status ?? {}
  const { generation } = set.metadata
  const status = {
    currentNumberScheduled: counted.length,
    numberMisscheduled: nodes.filter(({ shouldRun, pods }) => !shouldRun && pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: counted.filter(isPodReady).length,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    updatedNumberScheduled: counted.filter((pod) => isOfRevision(pod, hash)).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  }
  return withoutZeros(status, ...requiredCounts)
}

/** Counts that are written even where they are 0. */
const requiredCounts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
] as const
