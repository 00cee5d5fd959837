import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { qosClassOf } from '#shared/kube/pod.ts'
import { shortage } from './admission.ts'
import { isCriticalPod } from './critical.ts'

/** What an evicted pod's status and event say (pkg/kubelet/preemption). */
export const preempted = { reason: 'Preempting', message: 'Preempted in order to admit critical pod' }

/**
 * Pods that make room for a critical one which lacks resources: none of which could stay, guaranteed ones spared first.
 * @param others pods that this node runs @returns undefined where even all of them are not enough
 */
export function victimsFor(
  pod: Stored<Pod>,
  node: Stored<Node>,
  others: readonly Stored<Pod>[],
): Stored<Pod>[] | undefined {
  let victims = others.filter((other) => !isCriticalPod(other)).sort(guaranteedFirst)
  const fitsWithout = (gone: readonly Stored<Pod>[]): boolean =>
    shortage(
      pod,
      node,
      others.filter((other) => !gone.includes(other)),
    ) === undefined
  if (!fitsWithout(victims)) return undefined
  for (const candidate of [...victims]) {
    const fewer = victims.filter((victim) => victim !== candidate)
    if (fitsWithout(fewer)) victims = fewer
  }
  return victims
}

const ranks: Readonly<Record<string, number>> = { Guaranteed: 0, Burstable: 1, BestEffort: 2 }
const guaranteedFirst = (a: Pod, b: Pod): number => (ranks[qosClassOf(a)] ?? 0) - (ranks[qosClassOf(b)] ?? 0)
