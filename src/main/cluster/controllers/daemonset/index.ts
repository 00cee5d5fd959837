import { Backoff } from '#shared/base/backoff.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import type { DaemonSet, Node } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import { msUntilAvailable } from '#shared/kube/pod.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { podTemplateHash } from '#shared/kube/template-hash.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { claim, indexByController, workloadsOf } from '#shared/reconcile/ownership.ts'
import { createPodControl } from '#shared/reconcile/pod-control.ts'
import { hashOf, keepHistory, revisionHashLabel, trimHistory } from '#shared/reconcile/revisions.ts'
import { decide, type Decision, type Removal, type Snapshot } from './decide.ts'
import { daemonPod } from './pods.ts'
import { statusOf } from './status.ts'

/** Most creations and most deletions of one reconcile. */
const burst = 250

/** A pod that fails over and over on a node is replaced after 1 s, 2 s, 4 s … up to 15 min. */
const failureDelays = { initial: 1000, max: 900_000 }

/** Reconciles DaemonSets: keeps the template's revision, decides (decide.ts), writes pods, then the status (status.ts). */
export function startDaemonSets(context: ControllerContext): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'daemonset', 'daemonset-controller')
  const sets = context.informers.share(daemonSets)
  const podInformer = context.informers.share(pods)
  const nodeInformer = context.informers.share(nodes)
  const revisions = context.informers.share(controllerRevisions)
  indexByController(podInformer)
  indexByController(revisions)
  const podControl = createPodControl({ client, resource: daemonSets, informer: podInformer, recorder })
  const failures = new Backoff(failureDelays)
  /** By set and node: when the next failed pod there may be replaced. */
  const replaceableAt = new Map<string, number>()

  async function reconcile(key: string): Promise<Outcome> {
    const set = sets.get(key)
    if (!set) return undefined
    const claimed = await claim({
      client,
      owner: set,
      ownerResource: daemonSets,
      resource: pods,
      informer: podInformer,
      selected: (pod) => selects(set.spec?.selector, pod.metadata.labels),
    })
    if (set.metadata.deletionTimestamp) return undefined
    const history = await keepHistory(client, revisions, {
      owner: set,
      resource: daemonSets,
      template: set.spec?.template,
      collisionCount: set.status?.collisionCount,
      hash: (_, collisions) => podTemplateHash(set.spec?.template, collisions),
    })
    const snapshot = { set, pods: claimed, nodes: nodeInformer.list(), hash: history.hash, now: clock.now() }
    const decision = decide(snapshot)
    const { remove, requeueAfter } = holdBackFailing(set, decision.remove)
    const changed = await carryOut(snapshot, decision.create, remove)
    if (!changed) {
      const inUse = new Set(claimed.map(({ metadata }) => metadata.labels?.[revisionHashLabel] ?? ''))
      await trimHistory(client, history, set.spec?.revisionHistoryLimit ?? 10, (revision) =>
        inUse.has(hashOf(revision)),
      )
      await writeStatus(snapshot, decision)
    }
    // After a change the pods' events cause another reconcile, which writes the status.
    const next = requeueAfter ?? msUntilAvailable(claimed, set.spec?.minReadySeconds ?? 0, clock.now())
    return next === undefined ? undefined : { requeueAfter: next }
  }

  /** Leaves out failed pods whose node had a failure shortly before. @returns also when to look at them again, ms */
  function holdBackFailing(
    set: Stored<DaemonSet>,
    removals: readonly Removal[],
  ): { remove: Removal[]; requeueAfter?: number } {
    const now = clock.now()
    let wait = Infinity
    const remove = removals.filter(({ pod, why }) => {
      if (why?.reason !== 'FailedDaemonPod') return true
      const key = `${set.metadata.uid}/${pod.spec?.nodeName ?? ''}`
      const left = (replaceableAt.get(key) ?? 0) - now
      if (left > 0) wait = Math.min(wait, left)
      else replaceableAt.set(key, now + failures.next(key))
      return left <= 0
    })
    return wait === Infinity ? { remove } : { remove, requeueAfter: wait }
  }

  function forgetFailures({ metadata }: Stored<DaemonSet>): void {
    for (const key of replaceableAt.keys()) {
      if (!key.startsWith(`${metadata.uid}/`)) continue
      replaceableAt.delete(key)
      failures.forget(key)
    }
  }

  /** @returns whether anything was created or deleted. */
  async function carryOut({ set, hash }: Snapshot, create: readonly string[], remove: Removal[]): Promise<boolean> {
    const victims = remove.slice(0, burst)
    const targets = create.slice(0, burst)
    for (const { why } of victims) if (why) recorder.event(withType(daemonSets, set), why.type, why.reason, why.message)
    const [deleted, created] = await Promise.all([
      podControl.delete(
        set,
        victims.map(({ pod }) => pod),
      ),
      podControl.create(set, targets.length, (index) => daemonPod(set, targets[index] ?? '', hash)),
    ])
    const error = created.error ?? deleted.error
    if (error) throw error
    return created.count + victims.length > 0
  }

  async function writeStatus(snapshot: Snapshot, decision: Decision): Promise<void> {
    const { set } = snapshot
    const status = statusOf({ ...snapshot, now: clock.now() }, decision.nodes)
    if (!jsonEqual(status, set.status)) await sets.caughtUp(await client.updateStatus(daemonSets, { ...set, status }))
  }

  const stopForgetting = sets.onChange({ deleted: forgetFailures })
  const controller = runController({
    ...context,
    name: 'daemonset',
    reconcile,
    shares: [sets, podInformer, nodeInformer, revisions],
    workers: 8,
    watches: [
      watch(sets, keyOf),
      watch(
        podInformer,
        workloadsOf({ informer: sets, resource: daemonSets, selectorOf: ({ spec }) => spec?.selector }),
      ),
      watch(nodeInformer, () => sets.list().map(keyOf), changesFit),
    ],
  })

  return async () => {
    void stopForgetting()
    await controller.stop()
  }
}

/** Heartbeats change a node's status; where its pods may be depends on labels and taints alone. */
const changesFit = (previous: Node, node: Node): boolean =>
  !jsonEqual(previous.metadata.labels, node.metadata.labels) || !jsonEqual(previous.spec?.taints, node.spec?.taints)
