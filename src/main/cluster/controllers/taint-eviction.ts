import { refOf } from '#shared/client/client.ts'
import { asNumber, jsonEqual } from '#shared/kube/json.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Node, Pod, Taint } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal, podCondition } from '#shared/kube/pod.ts'
import { nodes, pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import { tolerates } from '#shared/kube/tolerations.ts'
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { withDisruption } from '#shared/reconcile/pod-disruption.ts'

/** Evicts pods from nodes with NoExecute taints: at once, or when their toleration of the taint ends. */
export function startTaintEviction(context: ControllerContext): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'taint-eviction', 'taint-eviction-controller')
  const nodeInformer = context.informers.share(nodes)
  const podInformer = context.informers.share(pods)
  podInformer.addIndex('node-name', (pod) => pod.spec?.nodeName)
  const times = new TaintTimes(() => clock.now())
  // Before the watches: a reconcile finds the times of the taints that caused it.
  const stopTimes = nodeInformer.onChange({
    added: (node) => times.see(node),
    updated: (_, node) => times.see(node),
    deleted: (node) => times.forget(node),
  })

  async function reconcile(key: string): Promise<Outcome> {
    const pod = podInformer.get(key)
    if (!pod || pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined
    const taints = noExecuteTaints(pod.spec?.nodeName)
    const wait = toleratedMs(pod, taints, (taint) => times.since(pod.spec?.nodeName, taint), clock.now())
    if (wait === Infinity) return undefined
    if (wait > 0) return { requeueAfter: wait }
    await evict(pod)
    return undefined
  }

  async function evict(pod: Stored<Pod>): Promise<void> {
    const about = { ...pod, apiVersion: 'v1', kind: 'Pod' }
    recorder.event(about, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${keyOf(pod)}`)
    try {
      const marked = withDisruption(pod, disruption, timestamp(clock.now()))
      // Marked by an attempt that was cut short: only the deletion is missing.
      if (!jsonEqual(marked.status, pod.status)) await client.updateStatus(pods, marked)
      await client.delete(pods, refOf(pod), { preconditions: { uid: pod.metadata.uid } })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  const noExecuteTaints = (nodeName: string | undefined): Taint[] =>
    nodeName ? noExecute(nodeInformer.get(nodeName)?.spec?.taints) : []

  const controller = runController({
    ...context,
    name: 'taint-eviction',
    reconcile,
    shares: [nodeInformer, podInformer],
    workers: 8,
    watches: [
      watch(
        nodeInformer,
        (node) => podInformer.byIndex('node-name', node.metadata.name).map(keyOf),
        (previous, node) => !jsonEqual(previous.spec?.taints, node.spec?.taints),
      ),
      watch(
        podInformer,
        (pod) => (noExecuteTaints(pod.spec?.nodeName).length > 0 ? keyOf(pod) : undefined),
        (previous, pod) =>
          previous.spec?.nodeName !== pod.spec?.nodeName ||
          !jsonEqual(previous.spec?.tolerations, pod.spec?.tolerations),
      ),
    ],
  })

  return async () => {
    void stopTimes()
    await controller.stop()
  }
}

/**
 * When the NoExecute taints of nodes were added. `kubectl taint` and most other writers leave `timeAdded` unset: such a
 * taint counts from when it was first seen.
 */
class TaintTimes {
  readonly #now: () => number
  /** By node, then by taint, ms. */
  readonly #seen = new Map<string, Map<string, number>>()

  constructor(now: () => number) {
    this.#now = now
  }

  see({ metadata, spec }: Stored<Node>): void {
    const before = this.#seen.get(metadata.name)
    const undated = noExecute(spec?.taints).filter(({ timeAdded }) => !timeAdded)
    const times = new Map(undated.map((taint) => [idOf(taint), before?.get(idOf(taint)) ?? this.#now()]))
    if (times.size > 0) this.#seen.set(metadata.name, times)
    else this.#seen.delete(metadata.name)
  }

  forget({ metadata }: Stored<Node>): void {
    this.#seen.delete(metadata.name)
  }

  /** ms since the epoch */
  since(nodeName: string | undefined, taint: Taint): number {
    const added = Date.parse(taint.timeAdded ?? '')
    return Number.isNaN(added) ? (this.#seen.get(nodeName ?? '')?.get(idOf(taint)) ?? this.#now()) : added
  }
}

const noExecute = (taints: readonly Taint[] = []): Taint[] => taints.filter(({ effect }) => effect === 'NoExecute')

const idOf = ({ key, value = '' }: Taint): string => `${key}=${value}`

/**
 * How much longer the pod may stay, ms: for ever when every taint is tolerated without limit, not at all when one is
 * not tolerated, else by the shortest limit of the tolerations in use. A limit counts from when the taint was added, or
 * from when the pod came to the node where that was later.
 */
function toleratedMs(pod: Pod, taints: readonly Taint[], addedAt: (taint: Taint) => number, now: number): number {
  const arrival = arrivalOf(pod)
  let left = Infinity
  for (const taint of taints) {
    const tolerations = pod.spec?.tolerations?.filter((toleration) => tolerates(toleration, taint)) ?? []
    if (tolerations.length === 0) return 0
    for (const { tolerationSeconds } of tolerations) {
      if (tolerationSeconds === undefined) continue
      const since = Math.max(addedAt(taint), arrival)
      left = Math.min(left, Math.max(0, since + asNumber(tolerationSeconds) * 1000 - now))
    }
  }
  return left
}

/** When the pod was bound to its node, ms; 0 where it does not say. */
const arrivalOf = (pod: Pod): number =>
  Date.parse(podCondition(pod, 'PodScheduled')?.lastTransitionTime ?? pod.metadata.creationTimestamp ?? '') || 0

const disruption = {
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
}
