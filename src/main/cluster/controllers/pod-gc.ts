import type { Stop } from '#shared/base/disposable.ts'
import { refOf } from '#shared/client/client.ts'
import { keyOf } from '#shared/client/informer.ts'
import { isAnotherObject, isNotFound } from '#shared/kube/error-kinds.ts'
import type { Node, Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { isPodTerminal } from '#shared/kube/pod.ts'
import { nodes, pods } from '#shared/kube/resources.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { withDisruption, type Disruption } from '#shared/reconcile/pod-disruption.ts'

export interface PodGcOptions {
  /** How long a node may be absent before its pods are deleted, ms: it may be registering again. 40 s when unset. */
  quarantineMs?: number
  /** How many finished pods are kept; 12,500 as in Kubernetes when unset. */
  terminatedThreshold?: number
}

const outOfService = 'node.kubernetes.io/out-of-service'

/** Force-deletes pods that no kubelet will finish: their node is gone, or was declared out of service. */
export function startPodGc(context: ControllerContext, options: PodGcOptions = {}): Stop {
  const { client, clock } = context
  const { quarantineMs = 40_000, terminatedThreshold = 12_500 } = options
  const log = context.log.child({ controller: 'pod-gc' })
  const nodeInformer = context.informers.share(nodes)
  const podInformer = context.informers.share(pods)
  podInformer.addIndex('node-name', (pod) => pod.spec?.nodeName)
  podInformer.addIndex('terminal', (pod) => (isPodTerminal(pod) ? 'true' : undefined))
  const missingSince = new Map<string, number>()

  async function reconcile(key: string): Promise<Outcome> {
    if (key === everything) return trimTerminated()
    const pod = podInformer.get(key)
    if (!pod) return undefined
    const nodeName = pod.spec?.nodeName
    if (!nodeName) return pod.metadata.deletionTimestamp ? forceDelete(pod) : undefined
    const node = nodeInformer.get(nodeName)
    if (node) return pod.metadata.deletionTimestamp && isOutOfService(node) ? forceDelete(pod) : undefined
    const wait = quarantineLeft(nodeName)
    if (wait > 0) return { requeueAfter: wait }
    return (await isGone(nodeName)) ? forceDelete(pod, orphaned) : undefined
  }

  function quarantineLeft(nodeName: string): number {
    const since = missingSince.get(nodeName) ?? clock.now()
    missingSince.set(nodeName, since)
    return since + quarantineMs - clock.now()
  }

  /** Reads the API server, not the cache: a stale cache must not delete pods. */
  async function isGone(name: string): Promise<boolean> {
    try {
      await client.get(nodes, { name })
      return false
    } catch (error) {
      if (isNotFound(error)) return true
      throw error
    }
  }

  /** A pod that has not ended becomes Failed first: Jobs replace such a pod only once it has. */
  async function forceDelete(pod: Stored<Pod>, disruption?: Disruption): Promise<undefined> {
    log.info('deleting a pod that has no kubelet', { pod: keyOf(pod), node: pod.spec?.nodeName })
    try {
      if (!isPodTerminal(pod)) {
        const failed = withPhaseFailed(pod)
        const now = timestamp(clock.now())
        await client.updateStatus(pods, disruption ? withDisruption(failed, disruption, now) : failed)
      }
      await client.delete(pods, refOf(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } })
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error
    }
  }

  /** Deletes finished pods beyond the threshold. */
  async function trimTerminated(): Promise<undefined> {
    const terminated = podInformer.byIndex('terminal', 'true').filter(({ metadata }) => !metadata.deletionTimestamp)
    const excess = terminated.length - terminatedThreshold
    if (excess <= 0) return undefined
    await Promise.all(
      terminated
        .sort(byEvictionAndAge)
        .slice(0, excess)
        .map((pod) => forceDelete(pod)),
    )
  }

  const podsOn = (node: Stored<Node>): string[] => podInformer.byIndex('node-name', node.metadata.name).map(keyOf)

  const controller = runController({
    ...context,
    name: 'pod-gc',
    reconcile,
    shares: [nodeInformer, podInformer],
    workers: 8,
    watches: [
      watch(nodeInformer, podsOn, (previous, node) => isOutOfService(previous) !== isOutOfService(node)),
      watch(
        podInformer,
        (pod) => (isPodTerminal(pod) ? [keyOf(pod), everything] : keyOf(pod)),
        (previous, pod) =>
          previous.spec?.nodeName !== pod.spec?.nodeName ||
          previous.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
          previous.status?.phase !== pod.status?.phase,
      ),
    ],
  })
  const returning = nodeInformer.onChange({ added: ({ metadata }) => missingSince.delete(metadata.name) })

  return async () => {
    void returning()
    await controller.stop()
  }
}

/** The queue key for counting finished pods; keys of pods contain a slash. */
const everything = 'terminated'

/** Whether an administrator has declared that the pods of a node that is not ready no longer run. */
const isOutOfService = ({ spec, status }: Node): boolean =>
  (spec?.taints?.some(({ key }) => key === outOfService) ?? false) &&
  status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True'

/** Of pods whose node is gone; those that are deleted already are disrupted by nothing else. */
const orphaned = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' }

const withPhaseFailed = (pod: Stored<Pod>): Stored<Pod> => ({ ...pod, status: { ...pod.status, phase: 'Failed' } })

/** Evicted pods go first, then the oldest. */
const byEvictionAndAge = (a: Stored<Pod>, b: Stored<Pod>): number =>
  Number(isEvicted(b)) - Number(isEvicted(a)) ||
  compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
  compareText(a.metadata.name, b.metadata.name)

const isEvicted = ({ status }: Pod): boolean => status?.phase === 'Failed' && status.reason === 'Evicted'

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
