import type { Stop } from '#shared/base/disposable.ts'
import { keyOf } from '#shared/client/informer.ts'
import { withType } from '#shared/client/kube-client.ts'
import { withTransitionTime } from '#shared/kube/conditions.ts'
import { isNotFound } from '#shared/kube/error-kinds.ts'
import type {
  Condition,
  LabelSelector,
  Pod,
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from '#shared/kube/generated/types.ts'
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
import { recorderOf, type ControllerContext } from '#shared/reconcile/context.ts'
import { runController, watch, type Outcome } from '#shared/reconcile/controller.ts'
import { controllerOf } from '#shared/reconcile/ownership.ts'

/** An approved eviction whose pod is still there after this long counts as failed, ms. */
const evictionMs = 120_000

/** Counts for every disruption budget how many of its pods may be evicted now. Evictions subtract from that number. */
export function startDisruption(context: ControllerContext): Stop {
  const { client, clock } = context
  const recorder = recorderOf(context, 'disruption', 'controllermanager')
  const budgets = context.informers.share(podDisruptionBudgets)
  const podInformer = context.informers.share(pods)
  budgets.addIndex('namespace', ({ metadata }) => metadata.namespace)
  podInformer.addIndex('namespace', ({ metadata }) => metadata.namespace)

  async function reconcile(key: string): Promise<Outcome> {
    const budget = budgets.get(key)
    if (!budget || budget.metadata.deletionTimestamp) return undefined
    const matching = podInformer
      .byIndex('namespace', budget.metadata.namespace)
      .filter((pod) => selects(budget.spec?.selector, pod.metadata.labels))
    if (matching.length === 0)
      recorder.event(withType(podDisruptionBudgets, budget), 'Normal', 'NoPods', 'No matching pods found')
    const selected = matching.filter((pod) => !isPodTerminal(pod))
    const { expected, unmanaged } = await expectedOf(budget, selected)
    if (unmanaged)
      recorder.event(withType(podDisruptionBudgets, budget), 'Warning', 'UnmanagedPods', unmanagedMessage(budget))
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
  async function expectedOf(
    { spec }: PodDisruptionBudget,
    selected: readonly Pod[],
  ): Promise<{ expected: number; unmanaged: boolean }> {
    if (typeof spec?.minAvailable === 'number') return { expected: selected.length, unmanaged: false }
    const seen = new Map<string, number>()
    for (const pod of selected) {
      const owner = controllerOf(pod)
      if (!owner) continue
      if (!seen.has(owner.uid)) seen.set(owner.uid, await replicasOf(pod, owner.kind, owner.name))
    }
    const expected = [...seen.values()].reduce((sum, replicas) => sum + replicas, 0)
    return { expected, unmanaged: selected.some((pod) => !controllerOf(pod)) }
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

const unmanagedMessage = ({ spec }: PodDisruptionBudget): string =>
  `Pods selected by this PodDisruptionBudget (selector: ${goText(spec?.selector)}) were found to be unmanaged. As a ` +
  'result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account ' +
  'for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'

/** A selector as Go prints it. */
function goText(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil'
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return (
    `&LabelSelector{MatchLabels:map[string]string{${labels.map(([key, value]) => `${key}: ${value},`).join('')}},` +
    `MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
  )
}

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
