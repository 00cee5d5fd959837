import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '#shared/kube/generated/types.ts'
import { jsonEqual } from '#shared/kube/json.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { isPodReady, isPodTerminal } from '#shared/kube/pod.ts'
import {
  deployments,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
  type Resource,
} from '#shared/kube/resources.ts'
import { selects } from '#shared/kube/selectors.ts'
import { timestamp } from '#shared/kube/timestamp.ts'
import type { ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/** An approved eviction whose pod is still there after this long counts as failed, ms. */
const evictionMs = 120_000

/** Counts for every disruption budget how many of its pods may be evicted now. Evictions subtract from that number. */
export function startDisruption(context: ControllerContext): Stop {
  const { client, clock } = context
  const budgets = context.informers.share(podDisruptionBudgets)
  const podInformer = context.informers.share(pods)
  budgets.addIndex('namespace', ({ metadata }) => metadata.namespace)
  podInformer.addIndex('namespace', ({ metadata }) => metadata.namespace)

  async function reconcile(key: string): Promise<Outcome> {
    const budget = budgets.get(key)
    if (!budget || budget.metadata.deletionTimestamp) return undefined
    const selected = podInformer
      .byIndex('namespace', budget.metadata.namespace)
      .filter((pod) => selects(budget.spec?.selector, pod.metadata.labels) && !isPodTerminal(pod))
    const expected = await expectedOf(budget, selected)
    const desired = desiredOf(budget, expected)
    const going = stillGoing(budget.status?.disruptedPods ?? {}, selected, clock.now())
    const healthy = selected.filter(
      (pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp && going[pod.metadata.name] === undefined,
    ).length
    const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0
    const status: PodDisruptionBudgetStatus = {
      observedGeneration: budget.metadata.generation ?? 0,
      ...(Object.keys(going).length > 0 ? { disruptedPods: going } : {}),
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed: allowed,
      expectedPods: expected,
      conditions: [conditionOf(budget, allowed)],
    }
    if (!jsonEqual(status, budget.status))
      await budgets.caughtUp(await client.updateStatus(podDisruptionBudgets, { ...budget, status }))
    return Object.keys(going).length > 0 ? { requeueAfter: evictionMs } : undefined
  }

  /** How many pods are expected: the sum of their controllers' replicas, or the present pods for a plain number. */
  async function expectedOf({ spec }: PodDisruptionBudget, selected: readonly Pod[]): Promise<number> {
    if (typeof spec?.minAvailable === 'number') return selected.length
    const seen = new Map<string, number>()
    for (const pod of selected) {
      const owner = controllerOf(pod)
      if (!owner) continue
      if (!seen.has(owner.uid)) seen.set(owner.uid, await replicasOf(pod, owner.kind, owner.name))
    }
    return [...seen.values()].reduce((sum, replicas) => sum + replicas, 0)
  }

  async function replicasOf(of: KubeObject, kind: string, name: string): Promise<number> {
    const resource = scaled[kind]
    if (!resource) return 0
    try {
      const owner = (await client.get(resource, { name, namespace: of.metadata.namespace })) as KubeObject & {
        spec?: { replicas?: number }
      }
      const above = controllerOf(owner)
      if (above?.kind === 'Deployment') return await replicasOf(owner, above.kind, above.name)
      return owner.spec?.replicas ?? 1
    } catch (error) {
      if (isNotFound(error)) return 0
      throw error
    }
  }

  function conditionOf({ status, metadata }: PodDisruptionBudget, allowed: number): Condition {
    const update = {
      type: 'DisruptionAllowed',
      status: allowed > 0 ? 'True' : 'False',
      observedGeneration: metadata.generation ?? 0,
      reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    }
    return withTransitionTime<Condition>(status?.conditions, update, timestamp(clock.now()))
  }

  const controller = runController({
    ...context,
    name: 'disruption',
    reconcile,
    shares: [budgets, podInformer],
    workers: 2,
    watches: [
      watch(budgets, keyOf),
      watch(podInformer, (pod) =>
        budgets
          .byIndex('namespace', pod.metadata.namespace)
          .filter(({ spec }) => selects(spec?.selector, pod.metadata.labels))
          .map(keyOf),
      ),
    ],
  })
  return () => controller.stop()
}

const scaled: Readonly<Record<string, Resource>> = {
  ReplicaSet: replicaSets,
  ReplicationController: replicationControllers,
  StatefulSet: statefulSets,
  Deployment: deployments,
}

/** How many of the expected pods must stay healthy; percentages round up, as in Kubernetes. */
function desiredOf({ spec }: PodDisruptionBudget, expected: number): number {
  const { minAvailable, maxUnavailable } = spec ?? {}
  if (maxUnavailable !== undefined) return Math.max(0, expected - amountOf(maxUnavailable, expected))
  return minAvailable === undefined ? 0 : amountOf(minAvailable, expected)
}

const amountOf = (value: number | string, of: number): number =>
  typeof value === 'number' ? value : Math.ceil((parseInt(value, 10) * of) / 100)

function stillGoing(
  disrupted: Readonly<Record<string, string>>,
  selected: readonly Pod[],
  now: number,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(disrupted).filter(([name, since]) => {
      const pod = selected.find(({ metadata }) => metadata.name === name)
      return pod !== undefined && !pod.metadata.deletionTimestamp && Date.parse(since) + evictionMs > now
    }),
  )
}
