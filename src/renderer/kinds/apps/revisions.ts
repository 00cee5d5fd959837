import type { ControllerRevision, PodTemplateSpec, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { KubeObject, Stored } from '#shared/kube/object.ts'
import { images } from '../cells.ts'
import { isOwned } from '../owned.ts'

const revisionKey = 'deployment.kubernetes.io/revision'
const causeKey = 'kubernetes.io/change-cause'

/** A template that a workload had, and can be rolled back to. */
export interface Revision {
  number: number
  template: PodTemplateSpec | undefined
  /** When the object that keeps it was made, RFC 3339: an undone rollout keeps the time of the first. */
  createdAt: string
  changeCause: string
  images: string
}

/** A revision of a Deployment: the ReplicaSet that holds its template. */
export interface SetRevision extends Revision {
  set: Stored<ReplicaSet>
}

/**
 * Whether the workload itself tells that it has had one template only: a Deployment counts its revisions, and whatever was never
 * changed has one. Where it does not tell, its revisions have to be read.
 */
export function hasOneRevision(workload: KubeObject & { spec?: { revisionHistoryLimit?: number } }): boolean {
  const { annotations, generation } = workload.metadata
  return annotations?.[revisionKey] === '1' || generation === 1 || workload.spec?.revisionHistoryLimit === 0
}

/** The revisions of a Deployment that are kept, newest first. @param sets ReplicaSets of the Deployment's namespace */
export const revisionsOf = (uid: string, sets: readonly Stored<ReplicaSet>[]): SetRevision[] =>
  sets
    .filter((set) => isOwned(set, uid))
    .map((set) => ({
      ...revision(set, Number(set.metadata.annotations?.[revisionKey] ?? 0), set.spec?.template),
      set,
    }))
    .sort(newestFirst)

/** The revisions of a StatefulSet or DaemonSet that are kept, newest first. @param kept those of its namespace */
export const controllerRevisionsOf = (uid: string, kept: readonly Stored<ControllerRevision>[]): Revision[] =>
  kept
    .filter((each) => isOwned(each, uid))
    .map((each) => {
      // Their data are a strategic merge patch of the workload, which says that the template is to be replaced.
      const { spec } = (each.data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } }
      const { $patch: _, ...template } = spec?.template ?? {}
      return revision(each, each.revision, template)
    })
    .sort(newestFirst)

const revision = ({ metadata }: Stored, number: number, template: PodTemplateSpec | undefined): Revision => ({
  number,
  template,
  createdAt: metadata.creationTimestamp ?? '',
  changeCause: metadata.annotations?.[causeKey] ?? '',
  images: images(template),
})

const newestFirst = (a: Revision, b: Revision): number => b.number - a.number
