import type { Deployment, Pod, ReplicaSet } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { newReplicaSet } from './new-replica-set.ts'
import { annotationsOfCurrent, desiredAnnotation, maxAnnotation, revisionAnnotation } from './revision.ts'
import { replicasOf, Rollout, total, type PlannedSet } from './rollout.ts'
import { countsOf, isComplete, type Progress } from './status.ts'

/** What a decision is made from: the caches, at one moment. */
export interface Snapshot {
  deployment: Stored<Deployment>
  /** Those that the Deployment controls. */
  sets: readonly Stored<ReplicaSet>[]
  podsOf(set: PlannedSet): readonly Pod[]
}

/** What brings the cluster one step closer to the Deployment; further steps follow from the events that this causes. */
export interface Decision {
  /** In the order in which they are written. */
  changes: Change[]
  /** The revision to note on the Deployment, where it differs. */
  revision?: string
  /** What the condition `Progressing` has to say about the changes. */
  progress?: Progress
  /** The Deployment and its ReplicaSets as they are once the changes are written. */
  rollout: Rollout
}

export interface Change {
  verb: 'create' | 'update' | 'delete'
  set: PlannedSet
  /** Message of an event `ScalingReplicaSet`. */
  event?: string
}

/** Rolls the pods of a Deployment from one template to the next by scaling ReplicaSets, one per template. */
export function decide({ deployment, sets, podsOf }: Snapshot): Decision {
  const plan = new Plan(new Rollout(deployment, sets))
  const { rollout } = plan
  if (deployment.metadata.deletionTimestamp) return plan.decision()
  if (rollout.paused || rollout.wasResized()) resize(plan)
  else if (rollout.isRecreate) recreate(plan, podsOf)
  else rollOver(plan)
  return plan.decision()
}

/** A paused Deployment still follows spec.replicas; so does one in the middle of a rollout, before the rollout goes on. */
function resize(plan: Plan): void {
  const { rollout } = plan
  if (rollout.current) ensureCurrent(plan)
  scaleInProportion(plan)
  if (rollout.paused) plan.deleteHistory()
}

/** RollingUpdate: the new ReplicaSet grows within maxSurge, the old ones shrink within maxUnavailable, by turns. */
function rollOver(plan: Plan): void {
  const { rollout } = plan
  const current = ensureCurrent(plan)
  if (plan.scale(current, rollout.sizeWithinSurge(current))) return
  if (shrinkOld(plan)) return
  if (isComplete(rollout, countsOf(rollout))) plan.deleteHistory()
}

/** Recreate: no new pod before every old one is gone, terminating ones included. */
function recreate(plan: Plan, podsOf: Snapshot['podsOf']): void {
  const { rollout } = plan
  const active = rollout.old.filter((set) => replicasOf(set) > 0)
  if (active.length > 0) {
    for (const set of active) plan.scale(set, 0)
    return
  }
  const isEmpty = (set: PlannedSet): boolean => (set.status?.replicas ?? 0) === 0 && podsOf(set).every(isPodTerminal)
  if (!rollout.old.every(isEmpty)) return
  plan.scale(ensureCurrent(plan), rollout.replicas)
  if (isComplete(rollout, countsOf(rollout))) plan.deleteHistory()
}

/** The ReplicaSet of the Deployment's template: kept up to date, or created as large as the bounds allow. */
function ensureCurrent(plan: Plan): PlannedSet {
  const { rollout } = plan
  const { deployment, current, old } = rollout
  const set = current ?? newReplicaSet(deployment)
  const annotations = annotationsOfCurrent(deployment, set, old)
  const { minReadySeconds = 0 } = deployment.spec ?? {}
  if (current) {
    plan.found(current)
    const unchanged =
      jsonEqual(annotations, current.metadata.annotations ?? {}) &&
      (current.spec?.minReadySeconds ?? 0) === minReadySeconds
    return unchanged ? current : plan.update(withSpec(current, annotations, { minReadySeconds }))
  }
  const size = rollout.isRecreate ? rollout.replicas : rollout.sizeWithinSurge(set)
  return plan.create(withSpec(set, { ...annotations, ...sizeAnnotations(rollout) }, { replicas: size }))
}

/** Scales down old ReplicaSets: first by their unhealthy pods, then by what available new pods make up for. */
function shrinkOld(plan: Plan): boolean {
  const { rollout } = plan
  const { current, old, all } = rollout
  if (!current || total(old) === 0) return false
  const leastAvailable = rollout.replicas - rollout.maxUnavailable
  const newNotAvailable = replicasOf(current) - availableOf(current)
  const spare = total(all) - leastAvailable - newNotAvailable
  if (spare <= 0) return false

  const sizes = new Map(old.map((set) => [set, replicasOf(set)]))
  takeAway(sizes, spare, (set) => replicasOf(set) - availableOf(set))
  const available = all.reduce((sum, set) => sum + availableOf(set), 0)
  takeAway(sizes, available - leastAvailable, (set) => sizes.get(set) ?? 0)
  return [...sizes].map(([set, size]) => plan.scale(set, size)).includes(true)
}

const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0

/** Takes up to `amount` from `sizes` in their order, at most `most(set)` from each. */
function takeAway(sizes: Map<PlannedSet, number>, amount: number, most: (set: PlannedSet) => number): void {
  let left = amount
  for (const [set, size] of sizes) {
    const taken = Math.max(0, Math.min(left, size, most(set)))
    sizes.set(set, size - taken)
    left -= taken
  }
}

function scaleInProportion(plan: Plan): void {
  const { rollout } = plan
  const only = rollout.activeOrLatest()
  if (only) plan.scale(only, rollout.replicas)
  else if (rollout.isSaturated()) for (const set of rollout.old) plan.scale(set, 0)
  else if (!rollout.isRecreate) for (const [set, size] of rollout.proportions()) plan.scale(set, size)
}

/** Size annotations tell a later reconcile whether spec.replicas has changed, and from what. */
const sizeAnnotations = ({ replicas, maxSurge }: Rollout): Record<string, string> => ({
  [desiredAnnotation]: String(replicas),
  [maxAnnotation]: String(replicas + maxSurge),
})

const withSpec = (
  set: PlannedSet,
  annotations: Record<string, string>,
  spec: { replicas?: number; minReadySeconds?: number },
): PlannedSet => {
  const { minReadySeconds, ...others } = { ...set.spec, ...spec }
  return {
    ...set,
    metadata: { ...set.metadata, annotations },
    // minReadySeconds is left out when 0 (`omitempty` in Go).
    spec: { ...others, selector: set.spec?.selector ?? {}, ...(minReadySeconds ? { minReadySeconds } : {}) },
  }
}

/** Collects changes, one per ReplicaSet, and keeps the rollout as it is after them. */
class Plan {
  readonly rollout: Rollout
  readonly #changes = new Map<string, Change>()
  #progress: Progress | undefined

  constructor(rollout: Rollout) {
    this.rollout = rollout
  }

  /** The current ReplicaSet was there already: worth a condition where none says anything yet. */
  found({ metadata }: PlannedSet): void {
    this.#progress ??= {
      status: 'True',
      reason: 'FoundNewReplicaSet',
      message: `Found new replica set "${metadata.name}"`,
      onlyFirst: true,
    }
  }

  create(set: PlannedSet): PlannedSet {
    const message = `Created new replica set "${set.metadata.name}"`
    this.#progress = { status: 'True', reason: 'NewReplicaSetCreated', message }
    const size = replicasOf(set)
    return this.#put({ verb: 'create', set, ...(size > 0 ? { event: scaled(set, 0, size) } : {}) })
  }

  update(set: PlannedSet): PlannedSet {
    return this.#put({ verb: 'update', set })
  }

  /** @returns whether the size changes. */
  scale(set: PlannedSet, size: number): boolean {
    const before = replicasOf(set)
    const annotations = { ...set.metadata.annotations, ...sizeAnnotations(this.rollout) }
    if (before === size && jsonEqual(annotations, set.metadata.annotations)) return false
    const event = before === size ? {} : { event: scaled(set, before, size) }
    this.#put({ verb: 'update', set: withSpec(set, annotations, { replicas: size }), ...event })
    return before !== size
  }

  deleteHistory(): void {
    for (const set of this.rollout.expiredHistory()) this.#changes.set(nameOf(set), { verb: 'delete', set })
  }

  decision(): Decision {
    const { rollout } = this
    const revision = rollout.current?.metadata.annotations?.[revisionAnnotation]
    const isNoted = revision === rollout.deployment.metadata.annotations?.[revisionAnnotation]
    const advances = !rollout.deployment.metadata.deletionTimestamp
    return {
      changes: [...this.#changes.values()],
      ...(revision !== undefined && !isNoted && advances ? { revision } : {}),
      ...(this.#progress ? { progress: this.#progress } : {}),
      rollout,
    }
  }

  /** Several changes of one ReplicaSet are written as one. */
  #put(change: Change): PlannedSet {
    const planned = this.#changes.get(nameOf(change.set))
    this.#changes.set(nameOf(change.set), { ...planned, ...change, verb: planned?.verb ?? change.verb })
    this.rollout.replace(change.set)
    return change.set
  }
}

const nameOf = ({ metadata }: PlannedSet): string => metadata.name

const scaled = (set: PlannedSet, from: number, to: number): string =>
  `Scaled ${to > from ? 'up' : 'down'} replica set ${nameOf(set)} from ${from} to ${to}`
