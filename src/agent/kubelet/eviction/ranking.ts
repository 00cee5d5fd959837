import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { podRequests } from '#shared/kube/pod.ts'
import { quantityValue } from '#shared/kube/quantity.ts'
import type { StarvedResource } from './decide.ts'

/** A pod that may be evicted. */
export interface Candidate {
  pod: Stored<Pod>
  /** What it and its containers use; unset where nothing has been measured, which makes it the first to go. */
  use?: Use & { containers: readonly (Use & { name: string })[] }
}

/** Bytes, inodes, processes. */
export interface Use {
  memory: number
  disk: { bytes: number; inodes: number }
  pids: number
}

/**
 * Who is evicted first when `resource` is short: pods that use more than they requested, then those of lower priority, then
 * those that use most beyond their requests. Process ids are not requested: priority comes first.
 */
export function rank(candidates: readonly Candidate[], resource: StarvedResource): Candidate[] {
  const judged = candidates.map((candidate) => ({ candidate, ...judge(candidate, resource) }))
  return judged
    .sort(
      (a, b) =>
        Number(b.exceeds) - Number(a.exceeds) ||
        priorityOf(a.candidate.pod) - priorityOf(b.candidate.pod) ||
        b.excess - a.excess,
    )
    .map(({ candidate }) => candidate)
}

function judge({ pod, use }: Candidate, resource: StarvedResource): { exceeds: boolean; excess: number } {
  if (!use) return { exceeds: true, excess: Infinity }
  const used = usedOf(use, resource)
  const requested = quantityValue(podRequests(pod)[resource] ?? '0')
  return { exceeds: resource !== 'pids' && used > requested, excess: used - requested }
}

export function usedOf({ memory, disk, pids }: Use, resource: StarvedResource): number {
  if (resource === 'memory') return memory
  if (resource === 'pids') return pids
  return resource === 'inodes' ? disk.inodes : disk.bytes
}

const priorityOf = ({ spec }: Pod): number => spec?.priority ?? 0
