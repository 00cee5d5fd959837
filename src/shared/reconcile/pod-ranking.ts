import type { Pod } from '../kube/generated/types.ts'
import type { Stored } from '../kube/object.ts'
import { isPodReady, readySince } from '../kube/pod.ts'

/**
 * The order in which pods are deleted when a workload shrinks, as in Kubernetes: unassigned before
 * assigned, pending before running, not ready before ready, cheap before dear by the deletion-cost annotation, on a
 * node with many of `related` before few, ready for a short time before long, often restarted before seldom, young
 * before old. Ages compare by their logarithm, so that old pods of nearly the same age have no fixed order.
 */
export function byDeletionRank(related: readonly Pod[], now: number): (a: Stored<Pod>, b: Stored<Pod>) => number {
  const doubledUp = new Map<string, number>()
  for (const { spec } of related) {
    if (spec?.nodeName) doubledUp.set(spec.nodeName, (doubledUp.get(spec.nodeName) ?? 0) + 1)
  }
  const neighbours = (pod: Pod): number => doubledUp.get(pod.spec?.nodeName ?? '') ?? 0

  return (a, b) =>
    Number(Boolean(a.spec?.nodeName)) - Number(Boolean(b.spec?.nodeName)) ||
    phaseRank(a) - phaseRank(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    neighbours(b) - neighbours(a) ||
    (isPodReady(a) && isPodReady(b) ? compareAges(readySince(a), readySince(b), now) : 0) ||
    restarts(b) - restarts(a) ||
    compareAges(createdAt(a), createdAt(b), now) ||
    a.metadata.uid.localeCompare(b.metadata.uid)
}

const phaseRank = ({ status }: Pod): number => (status?.phase === 'Running' ? 2 : status?.phase === 'Unknown' ? 1 : 0)

function deletionCost({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
  return Number.isInteger(cost) ? cost : 0
}

const createdAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0

const restarts = ({ status }: Pod): number =>
  Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount ?? 0))

/** Younger first, by powers of two of the age in seconds. */
const compareAges = (a: number, b: number, now: number): number => magnitude(now - a) - magnitude(now - b)

const magnitude = (ms: number): number => Math.floor(Math.log2(Math.max(1, ms / 1000)))
