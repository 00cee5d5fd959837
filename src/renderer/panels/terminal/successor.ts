import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/** Labels that tell revisions of a workload apart. */
const ofRevision = new Set(['pod-template-hash', 'controller-revision-hash', 'pod-template-generation'])

/**
 * The pod that has taken the place of one that is gone: of its name (StatefulSet), of its controller, or with its labels
 * (the next revision of a Deployment); the newest of several.
 */
export function successorOf(gone: Pod, all: readonly Stored<Pod>[]): Stored<Pod> | undefined {
  const { name, uid, labels = {} } = gone.metadata
  const owner = controllerOf(gone)?.uid
  const wanted = Object.entries(labels).filter(([key]) => !ofRevision.has(key))
  const candidates = all.filter(
    ({ metadata, status }) =>
      metadata.uid !== uid &&
      metadata.deletionTimestamp === undefined &&
      status?.phase !== 'Failed' &&
      status?.phase !== 'Succeeded',
  )
  const isOf: ((pod: Stored<Pod>) => boolean)[] = [
    ({ metadata }) => metadata.name === name,
    (pod) => owner !== undefined && controllerOf(pod)?.uid === owner,
    ({ metadata }) => wanted.length > 0 && wanted.every(([key, value]) => metadata.labels?.[key] === value),
  ]
  for (const is of isOf) {
    const found = candidates.filter(is).sort((a, b) => createdAt(b) - createdAt(a))
    if (found[0]) return found[0]
  }
  return undefined
}

const createdAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0
