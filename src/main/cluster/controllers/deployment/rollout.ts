import type { Deployment, PodTemplateSpec, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { Named, Stored } from '#shared/kube/object.ts'
import { resolveCount } from '#shared/kube/int-or-string.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { hashLabel } from './new-replica-set.ts'
import { desiredAnnotation, maxAnnotation, revisionOf } from './revision.ts'

/** A ReplicaSet that is there, or that is going to be. */
export type PlannedSet = ReplicaSet & Named

/**
 * A Deployment and the ReplicaSets that it controls: which is the current one, how large they are together, and how
 * large they may be. `decide` keeps it up to date with the changes that it plans.
 */
export class Rollout {
  readonly deployment: Stored<Deployment>
  current: PlannedSet | undefined
  /** Oldest first. */
  old: PlannedSet[]

  constructor(deployment: Stored<Deployment>, sets: readonly PlannedSet[]) {
    this.deployment = deployment
    const byAge = [...sets].sort(compareAges)
    // The oldest of equal templates, so that every reconcile agrees on which it is.
    this.current = byAge.find((set) => sameTemplate(set.spec?.template, deployment.spec?.template))
    this.old = byAge.filter((set) => set !== this.current)
  }

  /** Puts the planned state of a ReplicaSet in the place of its present one; one that is not there is the current. */
  replace(set: PlannedSet): void {
    const isSame = ({ metadata }: PlannedSet): boolean => metadata.name === set.metadata.name
    if (this.old.some(isSame)) this.old = this.old.map((other) => (isSame(other) ? set : other))
    else this.current = set
  }

  /** spec.replicas */
  get replicas(): number {
    return this.deployment.spec?.replicas ?? 1
  }

  get paused(): boolean {
    return this.deployment.spec?.paused ?? false
  }

  get isRecreate(): boolean {
    return this.deployment.spec?.strategy?.type === 'Recreate'
  }

  get all(): PlannedSet[] {
    return this.current ? [...this.old, this.current] : this.old
  }

  get maxSurge(): number {
    return this.#bounds().surge
  }

  get maxUnavailable(): number {
    return this.replicas === 0 ? 0 : Math.min(this.#bounds().unavailable, this.replicas)
  }

  /** Surge rounds up, unavailability down; where both resolve to 0, one pod may be unavailable, or nothing could move. */
  #bounds(): { surge: number; unavailable: number } {
    if (this.isRecreate) return { surge: 0, unavailable: 0 }
    const { rollingUpdate } = this.deployment.spec?.strategy ?? {}
    const surge = resolveCount(rollingUpdate?.maxSurge ?? '25%', this.replicas, 'up')
    const unavailable = resolveCount(rollingUpdate?.maxUnavailable ?? '25%', this.replicas, 'down')
    return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
  }

  /** The size for the current ReplicaSet that the surge allows; spec.replicas at most. */
  sizeWithinSurge(set: ReplicaSet): number {
    const size = replicasOf(set)
    if (size > this.replicas) return this.replicas
    const room = Math.max(0, this.replicas + this.maxSurge - total(this.all))
    return Math.min(this.replicas, size + room)
  }

  /** Whether spec.replicas has changed since the ReplicaSets were sized. */
  wasResized(): boolean {
    return this.all.some((set) => {
      const desired = set.metadata.annotations?.[desiredAnnotation]
      return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== this.replicas
    })
  }

  /** The one ReplicaSet with replicas, or the latest where none has any; undefined when several have. */
  activeOrLatest(): PlannedSet | undefined {
    const active = this.all.filter((set) => replicasOf(set) > 0)
    if (active.length > 1) return undefined
    return active[0] ?? this.current ?? this.old.at(-1)
  }

  /** Whether the current ReplicaSet alone has all the pods that are wanted, available. */
  isSaturated(): boolean {
    const { current } = this
    return (
      current !== undefined &&
      replicasOf(current) === this.replicas &&
      current.metadata.annotations?.[desiredAnnotation] === String(this.replicas) &&
      (current.status?.availableReplicas ?? 0) === this.replicas
    )
  }

  /** Sizes for the ReplicaSets with replicas when the whole is resized: each keeps its share, the largest the rest. */
  proportions(): Map<PlannedSet, number> {
    const active = this.all.filter((set) => replicasOf(set) > 0)
    const allowed = this.replicas > 0 ? this.replicas + this.maxSurge : 0
    const toAdd = allowed - total(active)
    // Growing favours the newer of equally large sets, shrinking takes from the older.
    active.sort((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? compareAges(b, a) : compareAges(a, b)))
    const sizes = new Map<PlannedSet, number>()
    let added = 0
    for (const set of active) {
      const left = toAdd - added
      const share = this.#shareOf(set)
      const change = toAdd > 0 ? Math.min(share, left) : toAdd < 0 ? Math.max(share, left) : 0
      sizes.set(set, replicasOf(set) + change)
      added += change
    }
    const largest = active[0]
    if (largest) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added))
    return sizes
  }

  /** By how much a ReplicaSet changes when the whole does, in proportion to the whole that it was sized for. */
  #shareOf(set: ReplicaSet): number {
    if (this.replicas === 0) return -replicasOf(set)
    const before = Number(set.metadata.annotations?.[maxAnnotation] ?? this.deployment.status?.replicas ?? 0)
    if (!(before > 0)) return 0
    return Math.round((replicasOf(set) * (this.replicas + this.maxSurge)) / before) - replicasOf(set)
  }

  /** Old ReplicaSets beyond revisionHistoryLimit that hold no pods, oldest revision first. */
  expiredHistory(): PlannedSet[] {
    const alive = this.old.filter((set) => !set.metadata.deletionTimestamp)
    const excess = alive.length - (this.deployment.spec?.revisionHistoryLimit ?? 10)
    if (excess <= 0) return []
    return alive.sort(compareRevisions).slice(0, excess).filter(isEmptyAndObserved)
  }
}

export const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 1

export const total = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0)

const compareAges = (a: PlannedSet, b: PlannedSet): number =>
  Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '') ||
  a.metadata.name.localeCompare(b.metadata.name)

function compareRevisions(a: PlannedSet, b: PlannedSet): number {
  const [left, right] = [revisionOf(a), revisionOf(b)]
  return left < right ? -1 : left > right ? 1 : compareAges(a, b)
}

const isEmptyAndObserved = ({ metadata, spec, status }: ReplicaSet): boolean =>
  (status?.replicas ?? 0) === 0 &&
  (spec?.replicas ?? 0) === 0 &&
  (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)

/** Whether two templates make the same pods; the label that tells ReplicaSets apart does not count. */
export const sameTemplate = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean =>
  jsonEqual(withoutHash(a), withoutHash(b))

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {}
  return { ...template, metadata: { ...template?.metadata, labels } }
}
