import { jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { createEventRecorder } from '#shared/client/event-recorder.ts'
import { refOf, type Resource } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { apiVersionOf } from '#shared/client/kube-client.ts'
import { isAnotherObject, isNamespaceTerminating, isNotFound, messageOf } from '#shared/kube/error-kinds.ts'
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '#shared/kube/generated/types.ts'
import { isPodActive, isPodAvailable, isPodReady, isPodTerminal, readySince } from '#shared/kube/pod.ts'
import { podFromTemplate } from '#shared/kube/pod-template.ts'
import { pods, replicaSets, replicationControllers } from '#shared/kube/resources.ts'
import { selects, type LabelSelectorShape } from '#shared/kube/selectors.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { withoutZeros } from '#shared/kube/without-zeros.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import {
  claim,
  controllerOf,
  controllerReference,
  dependentsOf,
  indexByController,
} from '#shared/reconcile/ownership.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { byDeletionRank } from '#shared/reconcile/pod-ranking.ts'
import { slowStart } from '#shared/reconcile/slow-start.ts'

/** As many creations or deletions as one look at a ReplicaSet may ask for. */
const burst = 500

/**
 * Keeps as many pods of a ReplicaSet alive as it asks for.
 *
 * The exemplar of a controller: informers and indexes first, then one `reconcile(key)` that reads everything anew and
 * does the difference between what is and what should be. It ends only when the informer shows what it wrote, so the
 * next look never creates or deletes twice because of a cache that lags behind.
 */
export function startReplicaSets(context: ControllerContext): Stop {
  return startReplicas(context, {
    resource: replicaSets,
    name: 'replicaset',
    component: 'replicaset-controller',
    selectorOf: ({ spec }) => spec?.selector,
  })
}

/** ReplicationControllers differ in their selector alone, which is a map: theirs are the same steps. */
export function startReplicationControllers(context: ControllerContext): Stop {
  return startReplicas(context, {
    // What this file reads and writes of it has the ReplicaSet's shape.
    resource: replicationControllers as unknown as Resource<ReplicaSet>,
    name: 'replicationcontroller',
    component: 'replication-controller',
    selectorOf: ({ spec }) => spec?.selector && { matchLabels: spec.selector as Record<string, string> },
  })
}

interface ReplicaKind {
  resource: Resource<ReplicaSet>
  name: string
  /** As events name it. */
  component: string
  selectorOf(set: ReplicaSet): LabelSelectorShape | undefined
}

function startReplicas(context: ControllerContext, { resource, name, component, selectorOf }: ReplicaKind): Stop {
  const { client, clock } = context
  const log = context.log.child({ controller: name })
  const recorder = createEventRecorder({ client, clock, log, component })
  const sets = context.informers.share(resource)
  const podInformer = context.informers.share(pods)
  indexByController(sets)
  indexByController(podInformer)
  sets.addIndex('namespace', (set) => set.metadata.namespace)

  async function reconcile(key: string): Promise<Outcome> {
    const set = sets.get(key)
    if (!set) return undefined
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
    // Pods have come or gone, which brings us back here at once: the status can wait for that.
    if (change && !change.failure) return undefined
    await writeStatus(set, claimed, change?.failure)
    if (change?.failure) throw change.failure.error
    return nextAvailability(set, active)
  }

  /** Creates what is missing, deletes what is too much; undefined when there was nothing to do. */
  async function matchReplicas(set: ReplicaSet, active: readonly Pod[]): Promise<Change | undefined> {
    const missing = (set.spec?.replicas ?? 1) - active.length
    if (missing > 0) return createPods(set, Math.min(missing, burst))
    if (missing < 0) return deletePods(set, active, Math.min(-missing, burst))
    return undefined
  }

  async function createPods(set: ReplicaSet, count: number): Promise<Change> {
    const created: Pod[] = []
    const { error } = await slowStart(count, async () => {
      created.push(await createPod(set))
    })
    await podInformer.caughtUp(...created)
    return error === undefined || isNamespaceTerminating(error) ? {} : { failure: { reason: 'FailedCreate', error } }
  }

  async function createPod(set: ReplicaSet): Promise<Pod> {
    try {
      const reference = controllerReference(set, resource)
      const pod = await client.create(pods, podFromTemplate(set.spec?.template, set, reference))
      say(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name ?? ''}`)
      return pod
    } catch (error) {
      if (!isNamespaceTerminating(error)) say(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  }

  async function deletePods(set: ReplicaSet, active: readonly Pod[], count: number): Promise<Change> {
    const victims = [...active].sort(byDeletionRank(relatedPods(set), clock.now())).slice(0, count)
    const results = await Promise.allSettled(victims.map((pod) => deletePod(set, pod)))
    const failed = results.find((result) => result.status === 'rejected')
    return failed ? { failure: { reason: 'FailedDelete', error: failed.reason } } : {}
  }

  async function deletePod(set: ReplicaSet, pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? ''
    try {
      await client.delete(pods, refOf(pod), { preconditions: { uid } })
      say(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name ?? ''}`)
    } catch (error) {
      if (isNotFound(error) || isAnotherObject(error)) return
      say(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
      throw error
    }
    // A pod under grace is as good as gone.
    await podInformer.until(keyOf(pod), (seen) => seen?.metadata.uid !== uid || !isPodActive(seen))
  }

  /** Active pods of this set and of its siblings under the same Deployment: they count as doubled up on a node. */
  function relatedPods(set: ReplicaSet): Pod[] {
    const controller = controllerOf(set)
    const siblings = controller ? sets.byIndex('controller-uid', controller.uid) : [set]
    return siblings.flatMap((sibling) => dependentsOf(podInformer, sibling)).filter(isPodActive)
  }

  async function writeStatus(set: ReplicaSet, claimed: readonly Pod[], failure: Failure | undefined): Promise<void> {
    const status = withoutZeros(statusOf(set, claimed, failure, clock.now()), 'replicas', 'terminatingReplicas')
    if (jsonEqual(status, set.status)) return
    await sets.caughtUp(await client.updateStatus(resource, { ...set, status }))
  }

  function say(set: ReplicaSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
    // Items of lists may lack their type; what is said about them names it.
    recorder.event({ ...set, apiVersion: apiVersionOf(resource), kind: resource.kind }, type, reason, message)
  }

  /** Time passes without an event: look again when the next ready pod has been so for minReadySeconds. */
  function nextAvailability(set: ReplicaSet, active: readonly Pod[]): Outcome {
    const minReady = set.spec?.minReadySeconds ?? 0
    const waiting = active.filter((pod) => isPodReady(pod) && !isPodAvailable(pod, minReady, clock.now()))
    if (minReady === 0 || waiting.length === 0) return undefined
    const times = waiting.map((pod) => readySince(pod) + minReady * 1000 - clock.now())
    return { requeueAfter: Math.max(1, Math.min(...times)) }
  }

  /** The set that controls the pod, or those that might adopt it. */
  function setsOf(pod: Pod): string[] {
    const controller = controllerOf(pod)
    if (controller)
      return controller.kind === resource.kind ? [`${pod.metadata.namespace ?? ''}/${controller.name}`] : []
    return sets
      .byIndex('namespace', pod.metadata.namespace ?? '')
      .filter((set) => selects(selectorOf(set), pod.metadata.labels))
      .map(keyOf)
  }

  const controller = runController({
    ...context,
    name,
    reconcile,
    shares: [sets, podInformer],
    workers: 16,
    watches: [watch(sets, keyOf), watch(podInformer, setsOf)],
  })

  return () => controller.stop()
}

/** Pods were created or deleted; perhaps not all that should have been. */
interface Change {
  failure?: Failure
}

interface Failure {
  reason: 'FailedCreate' | 'FailedDelete'
  error: unknown
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
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => carries(pod, labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((pod) => isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now)).length,
    terminatingReplicas: claimed.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length,
    observedGeneration: set.metadata.generation,
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

const carries = (pod: Pod, labels: Record<string, string>): boolean =>
  Object.entries(labels).every(([name, value]) => pod.metadata.labels?.[name] === value)

/** `ReplicaFailure` says why pods could not be created or deleted; it goes when they could. */
function conditionsOf(set: ReplicaSet, failure: Failure | undefined, now: number): ReplicaSetCondition[] {
  const others = set.status?.conditions?.filter(({ type }) => type !== 'ReplicaFailure') ?? []
  if (!failure) return others
  const present = set.status?.conditions?.find(({ type }) => type === 'ReplicaFailure')
  const unchanged = present?.status === 'True' && present.reason === failure.reason
  const condition: ReplicaSetCondition = unchanged
    ? present
    : {
        type: 'ReplicaFailure',
        status: 'True',
        lastTransitionTime: timestamp(now),
        reason: failure.reason,
        message: messageOf(failure.error),
      }
  return [...others, condition]
}
