import type { Stop } from '#shared/base/disposable.ts'
import type { Resource } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { findCondition, setCondition, withoutCondition } from '#shared/kube/conditions.ts'
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { defined, jsonEqual } from '#shared/kube/json.ts'
import { isPodActive, isPodAvailable, isPodReady, isPodTerminal, msUntilAvailable } from '#shared/kube/pod.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { pods, replicaSets, replicationControllers } from '#shared/kube/resources.ts'
import { selects, type LabelSelectorShape } from '#shared/kube/selectors.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { withoutZeros } from '#shared/kube/without-zeros.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import {
  claim,
  controllerOf,
  controllerReference,
  dependentsOf,
  indexByController,
  workloadsOf,
} from '#shared/reconcile/ownership.ts'
import { createPodControl } from '#shared/reconcile/pod-control.ts'
import { byDeletionRank } from '#shared/reconcile/pod-ranking.ts'

/** Most creations or deletions of one reconcile. */
const burst = 500

/**
 * Keeps as many pods of a ReplicaSet alive as it asks for.
 *
 * The exemplar of a controller: informers and indexes first, then one `reconcile(key)` that reads the caches anew and
 * writes the difference between what is and what should be. It ends only when the informer shows its writes, so that
 * the next reconcile never creates or deletes twice because of a cache that lags behind.
 */
export function startReplicaSets(context: ControllerContext): Stop {
  return startReplicas(context, {
    resource: replicaSets,
    name: 'replicaset',
    component: 'replicaset-controller',
    countsTerminating: true,
    selectorOf: ({ spec }) => spec?.selector,
  })
}

/** A ReplicationController differs in its selector alone, which is a map of labels. */
export function startReplicationControllers(context: ControllerContext): Stop {
  return startReplicas(context, {
    // The fields that this file uses have the ReplicaSet's shape.
    resource: replicationControllers as unknown as Resource<ReplicaSet>,
    name: 'replicationcontroller',
    component: 'replication-controller',
    countsTerminating: false,
    selectorOf: ({ spec }) => spec?.selector && { matchLabels: spec.selector as Record<string, string> },
  })
}

interface ReplicaKind {
  resource: Resource<ReplicaSet>
  name: string
  /** `source.component` of events. */
  component: string
  /** Whether its status has `terminatingReplicas`. */
  countsTerminating: boolean
  selectorOf(set: ReplicaSet): LabelSelectorShape | undefined
}

function startReplicas(context: ControllerContext, kind: ReplicaKind): Stop {
  const { resource, name, component, countsTerminating, selectorOf } = kind
  const { client, clock } = context
  const recorder = recorderOf(context, name, component)
  const sets = context.informers.share(resource)
  const podInformer = context.informers.share(pods)
  indexByController(sets)
  indexByController(podInformer)
  const podControl = createPodControl({ client, resource, informer: podInformer, recorder })

  /** When the status of a large set was last written, by key. */
  const written = new Map<string, number>()

  async function reconcile(key: string): Promise<Outcome> {
    const set = sets.get(key)
    if (!set) {
      written.delete(key)
      return undefined
    }
    const rest = (written.get(key) ?? -Infinity) + pauseOf(set) - clock.now()
    if (rest > 0) return { requeueAfter: rest }
    const claimed = await claim({
      client,
      owner: set,
      ownerResource: resource,
      resource: pods,
      informer: podInformer,
      selected: (pod) => selects(selectorOf(set), pod.metadata.labels),
    })
    const active = claimed.filter(isPodActive)
    const change = set.metadata.deletionTimestamp ? undefined : await matchReplicas(set, active)
    // The pods that came or went cause another reconcile at once, which writes the status.
    if (change && !change.failure) return undefined
    await writeStatus(set, claimed, change?.failure)
    if (change?.failure) throw change.failure.error
    const requeueAfter = msUntilAvailable(active, set.spec?.minReadySeconds ?? 0, clock.now())
    return requeueAfter === undefined ? undefined : { requeueAfter }
  }

  /** Creates missing pods or deletes surplus ones; undefined when there was nothing to do. */
  async function matchReplicas(set: Stored<ReplicaSet>, active: readonly Stored<Pod>[]): Promise<Change | undefined> {
    const missing = (set.spec?.replicas ?? 1) - active.length
    if (missing > 0) return createPods(set, Math.min(missing, burst))
    if (missing < 0) return deletePods(set, active, Math.min(-missing, burst))
    return undefined
  }

  const createPods = async (set: Stored<ReplicaSet>, count: number): Promise<Change> => {
    const reference = controllerReference(set, resource)
    const { error } = await podControl.create(set, count, () => podFromTemplate(set.spec?.template, set, reference))
    return error === undefined ? {} : { failure: { reason: 'FailedCreate', error } }
  }

  async function deletePods(set: Stored<ReplicaSet>, active: readonly Stored<Pod>[], count: number): Promise<Change> {
    const ranked = [...active].sort(byDeletionRank(relatedPods(set), clock.now()))
    const { error } = await podControl.delete(set, ranked.slice(0, count))
    return error === undefined ? {} : { failure: { reason: 'FailedDelete', error } }
  }

  /** Active pods of this set and of its siblings under the same Deployment: those that share a node go first. */
  function relatedPods(set: Stored<ReplicaSet>): Pod[] {
    const controller = controllerOf(set)
    const siblings = controller ? sets.byIndex('controller-uid', controller.uid) : [set]
    return siblings.flatMap((sibling) => dependentsOf(podInformer, sibling)).filter(isPodActive)
  }

  async function writeStatus(
    set: Stored<ReplicaSet>,
    claimed: readonly Pod[],
    failure: Failure | undefined,
  ): Promise<void> {
    const { terminatingReplicas, ...counts } = statusOf(set, claimed, failure, clock.now())
    const status = { ...withoutZeros(counts, 'replicas'), ...(countsTerminating ? { terminatingReplicas } : {}) }
    if (jsonEqual(status, set.status)) return
    await sets.caughtUp(await client.updateStatus(resource, { ...set, status }))
    if (pauseOf(set) > 0) written.set(keyOf(set), clock.now())
  }

  const controller = runController({
    ...context,
    name,
    reconcile,
    shares: [sets, podInformer],
    workers: 16,
    watches: [watch(sets, keyOf), watch(podInformer, workloadsOf({ informer: sets, resource, selectorOf }))],
  })

  return () => controller.stop()
}

/**
 * Shortest time between two statuses of a large set, ms. Counting its pods takes milliseconds, and while it grows every
 * one of them changes several times: a status for each change would cost the square of its size.
 */
const pauseOf = ({ spec, status }: ReplicaSet): number => {
  const size = Math.max(spec?.replicas ?? 1, status?.replicas ?? 0)
  return size < 500 ? 0 : Math.min(size / 50, 500)
}

/** Pods were created or deleted, up to the first failure. */
interface Change {
  failure?: Failure
}

interface Failure {
  reason: 'FailedCreate' | 'FailedDelete'
  error: Error
}

function statusOf(
  set: ReplicaSet,
  claimed: readonly Pod[],
  failure: Failure | undefined,
  now: number,
): ReplicaSetStatus {
  const active = claimed.filter(isPodActive)
  const labels = set.spec?.template?.metadata?.labels ?? {}
  const conditions = conditionsOf(set, failure, now)
  const { generation } = set.metadata
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => carries(pod, labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now)).length,
    terminatingReplicas: claimed.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

const carries = (pod: Pod, labels: Record<string, string>): boolean =>
  Object.entries(labels).every(([name, value]) => pod.metadata.labels?.[name] === value)

/** `ReplicaFailure` says why pods could not be created or deleted; it goes when they could. */
function conditionsOf(set: ReplicaSet, failure: Failure | undefined, now: number): ReplicaSetCondition[] {
  const { conditions } = set.status ?? {}
  if (!failure) return withoutCondition(conditions, 'ReplicaFailure')
  const { reason, error } = failure
  const present = findCondition(conditions, 'ReplicaFailure')
  // The same failure keeps its first message: those of quotas name amounts that change all the time.
  const message = present?.status === 'True' && present.reason === reason ? present.message : error.message
  const update = defined({ type: 'ReplicaFailure', status: 'True', reason, message })
  return setCondition(conditions, update, timestamp(now), { position: 'last' })
}
