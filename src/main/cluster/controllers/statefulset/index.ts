import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { msUntilAvailable } from '#shared/kube/pod.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { revisionHash } from '#shared/kube/template-hash.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { claim, dependentsOf, indexByController, workloadsOf } from '#shared/reconcile/ownership.ts'
import { keepHistory, trimHistory, type History } from '#shared/reconcile/revisions.ts'
import { slowStart } from '#shared/reconcile/slow-start.ts'
import { setOfClaim } from './claims.ts'
import { decide, isOrdered, type Step } from './decide.ts'
import { ordinalOf, revisionOf } from './pods.ts'
import { statusOf, type Counted } from './status.ts'
import { createStepWriter } from './writes.ts'

/** Reconciles StatefulSets: keeps the template's revision, decides (decide.ts), writes (writes.ts), then the status. */
export function startStatefulSets(context: ControllerContext): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'statefulset', 'statefulset-controller')
  const sets = context.informers.share(statefulSets)
  const podInformer = context.informers.share(pods)
  const claims = context.informers.share(persistentVolumeClaims)
  const revisions = context.informers.share(controllerRevisions)
  indexByController(podInformer)
  indexByController(revisions)
  const writer = createStepWriter({ client, pods: podInformer, claims, recorder })

  async function reconcile(key: string): Promise<Outcome> {
    const set = sets.get(key)
    if (!set) return undefined
    const claimed = await claimPods(set)
    // Pods of a set on its way out are the garbage collector's; so are its revisions, and none is made anew.
    if (set.metadata.deletionTimestamp) return writeStatus(set, revisionsInStatus(set))
    await claimRevisions(set)
    const history = await keepHistory(client, revisions, {
      owner: set,
      resource: statefulSets,
      template: set.spec?.template,
      collisionCount: set.status?.collisionCount,
      hashLabel: 'controller.kubernetes.io/hash',
      hash: revisionHash,
    })
    const current = currentRevision(set, history)
    const steps = decide({
      set,
      pods: claimed,
      claimOf: (name) => claims.get(`${set.metadata.namespace}/${name}`),
      current,
      update: history.current,
      now: clock.now(),
    })
    const error = await carryOut(set, steps)
    await writeStatus(set, {
      current: current.metadata.name,
      update: history.current.metadata.name,
      collisionCount: history.collisionCount,
    })
    if (error) throw error
    await trim(set, current, history)
    const requeueAfter = msUntilAvailable(membersOf(set), set.spec?.minReadySeconds ?? 0, clock.now())
    return requeueAfter === undefined ? undefined : { requeueAfter }
  }

  const isMember = (set: Stored<StatefulSet>, pod: Stored<Pod>): boolean =>
    selects(set.spec?.selector, pod.metadata.labels) && ordinalOf(set, pod) !== undefined

  const membersOf = (set: Stored<StatefulSet>): Pod[] =>
    dependentsOf(podInformer, set).filter((pod) => isMember(set, pod))

  const claimPods = (set: Stored<StatefulSet>): Promise<Stored<Pod>[]> =>
    claim({
      client,
      owner: set,
      ownerResource: statefulSets,
      resource: pods,
      informer: podInformer,
      selected: (pod) => isMember(set, pod),
    })

  /** Revisions that a set of the same name left behind are taken over with its pods. */
  const claimRevisions = (set: Stored<StatefulSet>): Promise<ControllerRevision[]> =>
    claim({
      client,
      owner: set,
      ownerResource: statefulSets,
      resource: controllerRevisions,
      informer: revisions,
      selected: ({ metadata }) => selects(set.spec?.selector, metadata.labels),
    })

  /** One step after the other in an ordered set, else growing batches; up to the first failure, which is returned. */
  async function carryOut(set: Stored<StatefulSet>, steps: readonly Step[]): Promise<Error | undefined> {
    if (!isOrdered(set)) {
      const { error } = await slowStart(steps.length, (index) => writer.carryOut(set, steps.slice(index, index + 1)))
      return error
    }
    const { error } = await slowStart(1, () => writer.carryOut(set, steps))
    return error
  }

  async function writeStatus(set: Stored<StatefulSet>, names: RevisionNames): Promise<undefined> {
    const status = statusOf({ set, pods: membersOf(set), ...names, now: clock.now() })
    if (!jsonEqual(status, set.status)) await sets.caughtUp(await client.updateStatus(statefulSets, { ...set, status }))
  }

  async function trim(set: Stored<StatefulSet>, current: ControllerRevision, history: History): Promise<void> {
    const inUse = new Set([current.metadata.name, ...membersOf(set).map(revisionOf)])
    const limit = set.spec?.revisionHistoryLimit ?? 10
    await trimHistory(client, history, limit, ({ metadata }) => inUse.has(metadata.name))
  }

  function keyOfClaimingSet(claim: Stored<PersistentVolumeClaim>): string | undefined {
    const set = setOfClaim(claim, (name) => sets.get(`${claim.metadata.namespace}/${name}`))
    return set && keyOf(set)
  }

  const controller = runController({
    ...context,
    name: 'statefulset',
    reconcile,
    shares: [sets, podInformer, claims, revisions],
    workers: 16,
    watches: [
      watch(sets, keyOf),
      watch(
        podInformer,
        workloadsOf({ informer: sets, resource: statefulSets, selectorOf: ({ spec }) => spec?.selector }),
      ),
      // A pod waits for the end of a claim of its name; a claim that vanishes under a waiting pod is made anew.
      watch(claims, keyOfClaimingSet),
    ],
  })

  return () => controller.stop()
}

type RevisionNames = Pick<Counted, 'current' | 'update' | 'collisionCount'>

const revisionsInStatus = ({ status }: StatefulSet): RevisionNames => ({
  current: status?.currentRevision,
  update: status?.updateRevision,
  collisionCount: status?.collisionCount ?? 0,
})

/** The revision that the status names; the present template's where that is gone or there is none yet. */
const currentRevision = ({ status }: Stored<StatefulSet>, { current, old }: History): Stored<ControllerRevision> =>
  old.find(({ metadata }) => metadata.name === status?.currentRevision) ?? current
