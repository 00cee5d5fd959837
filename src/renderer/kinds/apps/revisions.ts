import { stringify } from 'yaml'
import type { PodTemplateSpec, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { images } from '../cells.ts'
import { isOwned } from '../related.ts'

const revisionKey = 'deployment.kubernetes.io/revision'
const causeKey = 'kubernetes.io/change-cause'

/** A revision of a Deployment: the ReplicaSet that holds its template. */
export interface Revision {
  number: number
  set: Stored<ReplicaSet>
  /** When its ReplicaSet was made, RFC 3339: an undone rollout keeps the time of the first. */
  createdAt: string
  changeCause: string
  images: string
}

/** The revisions that are kept, newest first. @param sets ReplicaSets of the Deployment's namespace */
export const revisionsOf = (uid: string, sets: readonly Stored<ReplicaSet>[]): Revision[] =>
  sets
    .filter((set) => isOwned(set, uid))
    .map((set) => ({
      number: Number(set.metadata.annotations?.[revisionKey] ?? 0),
      set,
      createdAt: set.metadata.creationTimestamp ?? '',
      changeCause: set.metadata.annotations?.[causeKey] ?? '',
      images: images(set.spec?.template),
    }))
    .sort((a, b) => b.number - a.number)

/** A template as YAML, without what the controller adds: two of one revision are equal. */
export function templateText(template: PodTemplateSpec | undefined): string {
  const { metadata, spec } = template ?? {}
  const { 'pod-template-hash': _, ...labels } = metadata?.labels ?? {}
  const { annotations } = metadata ?? {}
  return stringify({ metadata: { labels, ...(annotations ? { annotations } : {}) }, spec }, { lineWidth: 0 })
}
